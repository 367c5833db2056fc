/* SPDX-License-Identifier: MIT */
/*
 * machine.c - the hardware and the parts of the hypervisor below the code
 * under test: frames of an array, CPUs that are threads, a clock that runs
 * fast, PV page-table entries for grant mappings that are slots of a list.
 */
#include "stress.h"

#include "../../xen/common/grant_private.h"

#include <asm/current.h>
#include <asm/mm.h>
#include <asm/page.h>
#include <asm/page_type.h>
#include <asm/processor.h>
#include <asm/pv.h>
#include <asm/smp.h>
#include <asm/traps.h>
#include <cairn/bootmem.h>
#include <cairn/console.h>
#include <cairn/errno.h>
#include <cairn/faultinject.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <cairn/softirq.h>
#include <cairn/stretch.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

/* stdlib.h, whose strtoul() is another than lib.h's. */
noreturn void abort(void);
void *aligned_alloc(size_t align, size_t size);
void free(void *p);

#define CLOCK_SPEED 200 /* a slice passes in 50 us */

__thread unsigned int stress_cpu;
struct cpu_info stress_cpu_info[NR_CPUS];
struct page_info stress_frames[NR_FRAMES];
struct page_info *const stress_frame_base = stress_frames;
static char memory[NR_FRAMES][PAGE_SIZE] __aligned(PAGE_SIZE);

struct bootmem boot_mem;
unsigned long max_page = NR_FRAMES;
cpumask_t cpu_online_mask;
unsigned int nr_cpus_online;
bool opt_noreboot;

/* ---- saying things ---- */

static void say(const char *fmt, va_list args)
{
    if (fmt[0] == '<')
        fmt += 3;
    vfprintf(stderr, fmt, args);
}

void printk(const char *fmt, ...)
{
    /* What domains say of themselves is of no interest. */
}

void panic(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fprintf(stderr, "CPU %u: panic: ", stress_cpu);
    say(fmt, args);
    fputc('\n', stderr);
    abort();
}

void bug(const char *file, int line, const char *what)
{
    panic("%s:%d: %s", file, line, what);
}

void console_flush(void) {}
void vcpu_dump_registers(struct vcpu *v) {}
noreturn void machine_poweroff(void)
{
    abort();
}
noreturn void machine_restart(void)
{
    abort();
}
noreturn void machine_halt(void)
{
    abort();
}

/* ---- time ---- */

s_time_t NOW(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (t.tv_sec * 1000000000ll + t.tv_nsec) * CLOCK_SPEED;
}

static s_time_t armed[NR_CPUS]; /* each CPU's own */

void reprogram_timer(s_time_t expires)
{
    armed[stress_cpu] = expires;
}

/* ---- CPUs ---- */

static struct vcpu *on_cpu[NR_CPUS];

/* A vCPU runs in one place at a time. */
static void check_alone(const struct vcpu *v)
{
    for (unsigned int cpu = 0; cpu < nr_cpus_online; cpu++)
        BUG_ON(__atomic_load_n(&on_cpu[cpu], __ATOMIC_ACQUIRE) == v);
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    check_alone(next);
    __atomic_store_n(&on_cpu[stress_cpu], next, __ATOMIC_RELEASE);
    set_current(next);
    sched_context_saved(prev);
}

void cpu_poll(void)
{
    if (armed[stress_cpu] && armed[stress_cpu] <= NOW()) {
        armed[stress_cpu] = 0;
        softirq_raise(TIMER_SOFTIRQ);
    }
    if (softirq_pending())
        do_softirq();
}

void machine_quiesce(void)
{
    for (unsigned int i = 0; i < 8 * nr_cpus_online; i++) {
        stress_cpu = i % nr_cpus_online;
        do_softirq();
    }
    stress_cpu = 0;
}

void cpu_kick(unsigned int cpu) {}

void smp_poll(void)
{
    sched_yield();
}

void stretch_begin(enum stretch_kind kind, unsigned int detail) {}
void stretch_point(void) {}
void stretch_end(void) {}

/* ---- memory ---- */

bool frame_present(uint32_t frame)
{
    return frame < NR_FRAMES;
}
bool mfn_valid(mfn_t mfn)
{
    return mfn_x(mfn) < NR_FRAMES;
}
struct page_info *mfn_to_page(mfn_t mfn)
{
    return &stress_frames[mfn_x(mfn)];
}
mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn(pg - stress_frames);
}
void *mfn_to_virt(mfn_t mfn)
{
    return memory[mfn_x(mfn)];
}
mfn_t virt_to_mfn(const void *va)
{
    return _mfn(((const char *)va - memory[0]) / PAGE_SIZE);
}
void set_gpfn_from_mfn(mfn_t mfn, unsigned long pfn) {}
unsigned long get_gpfn_from_mfn(mfn_t mfn)
{
    return mfn_x(mfn);
}
mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type)
{
    return INVALID_MFN;
}
void *xzalloc_bytes(size_t size, size_t align)
{
    void *p = aligned_alloc(max(align, sizeof(void *)), ROUNDUP(size, max(align, sizeof(void *))));

    return p ? memset(p, 0, size) : NULL;
}
void xfree(void *p)
{
    free(p);
}
bool faultinject_fail(void)
{
    return false;
}

int raw_copy_from_guest(void *dst, unsigned long va, size_t len)
{
    memcpy(dst, (const void *)va, len);
    return 0;
}
int raw_copy_to_guest(unsigned long va, const void *src, size_t len)
{
    memcpy((void *)va, src, len);
    return 0;
}
void hypercall_set_arg(unsigned int n, unsigned long value) {}

/* ---- page types: tables are checked in steps, and may be preempted ---- */

#define STEP 200u

int pv_validate_table(struct page_info *pg, uint64_t type)
{
    pg->entries_done = min(pg->entries_done + STEP, (unsigned int)PT_ENTRIES);
    return pg->entries_done < PT_ENTRIES ? -ERESTART : 0;
}
int pv_devalidate_table(struct page_info *pg, uint64_t type)
{
    pg->entries_done -= min((unsigned int)pg->entries_done, STEP);
    return pg->entries_done ? -ERESTART : 0;
}

static uint32_t flush_clock = 1;

uint32_t tlb_clock(void)
{
    return __atomic_load_n(&flush_clock, __ATOMIC_SEQ_CST);
}
bool tlb_may_know(uint32_t stamp)
{
    return stamp && stamp == tlb_clock();
}
void tlb_flush_mask(cpumask_t cpus)
{
    __atomic_fetch_add(&flush_clock, 1, __ATOMIC_SEQ_CST);
}

/* ---- grant mappings: slots, as L1 entries hold references ---- */

struct slot {
    struct page_info *pg;
    uint32_t flags;
};
static struct slot slots[NR_DOMAINS][NR_HANDLES];

static struct slot *slot_of(const struct domain *d, uint64_t host_addr)
{
    return &slots[d->domain_id][host_addr / PAGE_SIZE % NR_HANDLES];
}

static void slot_put(struct slot *s)
{
    if (s->flags & GNTMAP_readonly)
        put_page(s->pg);
    else
        put_page_and_type(s->pg);
    *s = (struct slot){NULL};
}

int16_t arch_grant_check_flags(const struct domain *d, uint32_t flags)
{
    return GNTST_okay;
}

int16_t arch_grant_map(struct domain *rd, struct page_info *pg, uint64_t host_addr, uint32_t flags)
{
    struct domain *d = current->domain;
    struct slot *s = slot_of(d, host_addr);
    int16_t status = GNTST_general_error;

    spin_lock(&d->arch.paging_lock);
    if (!s->pg && (flags & GNTMAP_readonly ? get_page(pg, rd)
                                           : get_page_and_type(pg, rd, PGT_writable_page) == 0)) {
        *s = (struct slot){pg, flags};
        status = GNTST_okay;
    }
    spin_unlock(&d->arch.paging_lock);
    return status;
}

int16_t arch_grant_unmap(mfn_t mfn, uint64_t host_addr, uint64_t new_addr, uint32_t flags)
{
    struct domain *d = current->domain;
    struct slot *s = slot_of(d, host_addr);
    int16_t status = GNTST_general_error;

    spin_lock(&d->arch.paging_lock);
    if (s->pg == mfn_to_page(mfn) && !((s->flags ^ flags) & GNTMAP_readonly)) {
        slot_put(s);
        status = GNTST_okay;
    }
    spin_unlock(&d->arch.paging_lock);
    return status;
}

void arch_grant_flush(struct domain *d)
{
    tlb_flush_mask(CPU_MASK_ALL);
}
void arch_grant_cache_flush(mfn_t mfn, unsigned int offset, unsigned int len) {}

static void check_held(const void *va, bool writable)
{
    const struct page_info *pg = virt_to_page(va);
    uint64_t type = pg->type_info;

    BUG_ON(!(pg->count_info & PGC_count_mask));
    BUG_ON(writable && ((type & PGT_type_mask) != PGT_writable_page || !(type & PGT_count_mask)));
}

/* The copy of grant_copy.c: guests may race for what is in their pages, but
 * meanwhile nobody else may have them.  Linked with --wrap. */
void *__wrap_memmove(void *d, const void *s, size_t n);
void *__wrap_memmove(void *d, const void *s, size_t n)
{
    for (unsigned int i = 0; i < 2; i++) {
        check_held(d, true);
        check_held(s, false);
        sched_yield();
    }
    return d;
}

void release_slots(const struct domain *d)
{
    for (unsigned int i = 0; i < NR_HANDLES; i++)
        if (slots[d->domain_id][i].pg)
            slot_put(&slots[d->domain_id][i]);
}

/* ---- the x86 part of domains ---- */

bool hvm_event_deliverable(struct vcpu *v)
{
    return false;
}
void vcpu_mark_events_pending(struct vcpu *v)
{
    vcpu_unblock(v);
    vcpu_kick(v);
}

int arch_domain_create(struct domain *d, const struct xen_domctl_createdomain *cfg)
{
    void *page = alloc_xen_page();

    if (!page)
        return -ENOMEM;
    share_xen_page_with_guest(virt_to_page(page), d, false);
    d->shared_info = page;
    d->shinfo_32 = d->domain_id % 2;
    return 0;
}

int arch_domain_teardown(struct domain *d)
{
    release_slots(d);
    if (d->shared_info)
        put_page_alloc_ref(virt_to_page(d->shared_info));
    return 0;
}

void arch_domain_free(struct domain *d)
{
    free_xen_page(d->shared_info);
}
int arch_vcpu_create(struct vcpu *v)
{
    return 0;
}
void arch_vcpu_destroy(struct vcpu *v) {}

/* ---- start ---- */

void machine_init(unsigned int nr_cpus)
{
    nr_cpus_online = nr_cpus;
    cpu_online_mask = (1ul << nr_cpus) - 1;
    boot_mem.nr = 1;
    boot_mem.range[0].start = PAGE_SIZE;
    boot_mem.range[0].end = (uint64_t)NR_FRAMES * PAGE_SIZE;
    total_pages = NR_FRAMES - 1;
    page_alloc_init();
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        timer_cpu_init(cpu);
    timers_init();
    domain_init();
    sched_init();
    for (unsigned int cpu = 1; cpu < nr_cpus; cpu++)
        cpu_info_of(cpu)->current_vcpu = sched_cpu_init(cpu);
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
        on_cpu[cpu] = cpu_info_of(cpu)->current_vcpu;
}
