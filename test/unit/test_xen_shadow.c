/* SPDX-License-Identifier: MIT */
/*
 * Shadow paging as a whole, in a machine of arrays: what other vCPUs do at the
 * worst moment.  That moment is hvm_ask_domain(), by which the code under test
 * makes them leave the guest: up to then they may have written to memory.
 */
/* sources: xen/arch/x86/mm/shadow/alloc.c xen/arch/x86/mm/shadow/audit.c xen/arch/x86/mm/shadow/fault.c xen/arch/x86/mm/shadow/frame.c xen/arch/x86/mm/shadow/hash.c xen/arch/x86/mm/shadow/propagate.c xen/arch/x86/mm/shadow/role.c xen/arch/x86/mm/shadow/root.c xen/arch/x86/mm/shadow/shadow.c xen/arch/x86/mm/shadow/sync.c xen/arch/x86/mm/guest_walk.c */
/* defines: -D__XEN__ -include shadow_host.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../xen/arch/x86/mm/shadow/shadow.h"

#include <asm/processor.h>
#include <cairn/console.h>
#include <cairn/errno.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>

#define NR_FRAMES 1024u
#define GUEST     512u /* the guest's frames begin here; ours are below */
#define NR_GFNS   (NR_FRAMES - GUEST)
#define RW        (PTE_P | PTE_W | PTE_A | PTE_D)

/* ---- the machine ---- */

__thread unsigned int stress_cpu;
struct cpu_info stress_cpu_info[NR_CPUS];
static struct page_info frames[NR_FRAMES];
static uint64_t memory[NR_FRAMES][PT_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static unsigned int next_frame;

static struct domain dom;
static struct vcpu vcpus[2], *vcpu_list[2];
static bool crashed;

void bug(const char *file, int line, const char *what)
{
    fail_msg("%s:%d: %s", file, line, what);
    abort();
}
void printk(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vprintf(fmt[0] == '<' ? fmt + 3 : fmt, args);
    va_end(args);
}
void domain_crash(struct domain *d, const char *fmt, ...)
{
    crashed = true;
}
struct domain *domain_next(domid_t after)
{
    return NULL;
}
void put_domain(struct domain *d) {}
static bool preempting;
bool preempt_check(void)
{
    return preempting;
}

mfn_t virt_to_mfn(const void *va)
{
    return _mfn(((const char *)va - (const char *)memory) / PAGE_SIZE);
}
void *mfn_to_virt(mfn_t mfn)
{
    return memory[mfn_x(mfn)];
}
struct page_info *mfn_to_page(mfn_t mfn)
{
    return &frames[mfn_x(mfn)];
}
void *alloc_xen_pages(unsigned int order, unsigned int memf)
{
    return next_frame < GUEST ? memory[next_frame++] : NULL;
}
void free_xen_pages(void *va, unsigned int order) {}
void *xzalloc_bytes(size_t size, size_t align)
{
    void *p = aligned_alloc(64, (size + 63) & ~63ul);
    return p ? memset(p, 0, size) : NULL;
}
void xfree(void *p)
{
    free(p);
}
unsigned long get_gpfn_from_mfn(mfn_t mfn)
{
    return mfn_x(mfn) >= GUEST ? mfn_x(mfn) - GUEST : INVALID_M2P_ENTRY;
}
mfn_t p2m_lookup_order(struct domain *d, gfn_t gfn, enum p2m_type *type, unsigned int *order)
{
    bool there = gfn_x(gfn) < NR_GFNS;
    *order = 0;
    *type = there ? P2M_ram_rw : P2M_none;
    return there ? _mfn(GUEST + gfn_x(gfn)) : INVALID_MFN;
}
mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type)
{
    unsigned int order;
    return p2m_lookup_order(d, gfn, type, &order);
}

/* ---- CPUs: the lock can only be waited for by giving up ---- */

static unsigned int held;
static bool waited;
static jmp_buf give_up;

void spin_lock(spinlock_t *l)
{
    if (held) {
        waited = true;
        longjmp(give_up, 1);
    }
    held++;
}
void spin_unlock(spinlock_t *l)
{
    held--;
}

static void (*others)(void); /* once, when they are asked to leave the guest */

void hvm_ask_domain(struct domain *d, uint32_t asks)
{
    void (*now)(void) = others;
    others = NULL;
    if (now)
        now();
}

static maddr_t hardware_cr3;
void hvm_set_hardware_cr3(struct vcpu *v, maddr_t cr3)
{
    hardware_cr3 = cr3;
}
unsigned int hvm_get_cpl(void)
{
    return 0;
}
uint64_t hvm_get_rflags(void)
{
    return 0;
}

/* ---- the guest ---- */

static uint64_t *table(unsigned int gfn)
{
    return memory[GUEST + gfn];
}
static uint64_t to(unsigned int gfn)
{
    return (uint64_t)gfn << PAGE_SHIFT | RW;
}
static gva_t va_of(unsigned int l4, unsigned int l3, unsigned int l2, unsigned int l1)
{
    return (gva_t)l4 << 39 | (gva_t)l3 << 30 | (gva_t)l2 << 21 | (gva_t)l1 << 12;
}

static void set_mode(struct vcpu *v, uint64_t cr0, uint64_t cr4, uint64_t efer, unsigned int root)
{
    v->arch.hvm.ctrl = (struct x86_ctrl){.cr0 = X86_CR0_PE | X86_CR0_PG | cr0,
                                         .cr3 = (uint64_t)root << PAGE_SHIFT,
                                         .cr4 = X86_CR4_PAE | cr4,
                                         .efer = EFER_LME | EFER_LMA | efer};
    v->arch.hvm.work |= HVM_WORK_ROLE;
    shadow_ops.update_root(v);
    v->arch.hvm.work = 0;
}

static enum paging_fault fault_once(gva_t va, uint32_t ec)
{
    gaddr_t addr;
    return shadow_ops.page_fault(&vcpus[0], va, &ec, &addr);
}

/* The frame that the hardware would reach, or 0. */
static uint64_t reached(gva_t va, uint64_t want)
{
    uint64_t e = maddr_x(hardware_cr3) | want;
    for (unsigned int level = 4; level > 0; level--) {
        e = memory[(e & PTE_ADDR_MASK) >> PAGE_SHIFT][PT_INDEX(va, level)];
        if ((e & want) != want)
            return 0;
    }
    return (e & PTE_ADDR_MASK) >> PAGE_SHIFT;
}

/* As the processor would do it again and again. */
static void touch(gva_t va, bool write)
{
    uint64_t want = PTE_P | (write ? PTE_W : 0);
    for (unsigned int i = 0; i < 8 && !reached(va, want); i++)
        assert_int_equal(fault_once(va, write ? PFEC_W : 0), PAGING_RETRY);
    assert_int_not_equal(reached(va, want), 0);
}

enum { L4 = 1, L3, L2, L1, PAGE, OTHER, WINDOW, FIRST_FREE };

/* VA(0, 0, 0, n): by L1; VA(0, 0, 1, n): the frame n itself, writable. */
static int setup(void **state)
{
    memset(memory, 0, sizeof(memory));
    memset(&dom, 0, sizeof(dom));
    memset(vcpus, 0, sizeof(vcpus));
    next_frame = 1;
    others = NULL;
    crashed = waited = false;
    held = 0;
    dom.vcpu = vcpu_list;
    dom.max_vcpus = 2;
    dom.arch.policy.maxphysaddr = 40;
    table(L4)[0] = to(L3);
    table(L3)[0] = to(L2);
    table(L2)[0] = to(L1);
    table(L2)[1] = to(WINDOW);
    table(L1)[0] = to(PAGE);
    for (unsigned int i = 0; i < NR_GFNS; i++)
        table(WINDOW)[i] = to(i);
    if (shadow_ops.domain_create(&dom) || shadow_ops.set_allocation(&dom, 1))
        return -1;
    for (unsigned int i = 0; i < 2; i++) {
        vcpu_list[i] = &vcpus[i];
        vcpus[i].domain = &dom;
        vcpus[i].vcpu_id = i;
        if (shadow_ops.vcpu_create(&vcpus[i]))
            return -1;
    }
    set_current(&vcpus[0]);
    set_mode(&vcpus[0], X86_CR0_WP, 0, EFER_NXE, L4);
    return 0;
}

static int teardown(void **state)
{
    for (unsigned int i = 0; i < 2; i++)
        shadow_ops.vcpu_destroy(&vcpus[i]);
    shadow_ops.domain_teardown(&dom);
    shadow_ops.domain_free(&dom);
    return 0;
}

static gva_t window(unsigned int gfn)
{
    return va_of(0, 0, 1, gfn);
}

/* ---- tests ---- */

static void map_the_other(void)
{
    table(L1)[0] = to(OTHER);
}

/* A table is protected after the walk has read it: what was written in
 * between needs no flush that could still come. */
static void test_written_before_protected(void **state)
{
    touch(window(L1), true); /* so there is something to take away */
    others = map_the_other;
    touch(va_of(0, 0, 0, 0), false);
    assert_null(others);
    assert_int_equal(reached(va_of(0, 0, 0, 0), PTE_P), GUEST + OTHER);
    assert_int_equal(shadow_audit(&dom), 0);
}

static void unmap_upper(void)
{
    table(L2)[0] = to(FIRST_FREE);
}

static void test_upper_written_before_protected(void **state)
{
    table(L2)[2] = to(L1); /* a second way to the window's table */
    table(L3)[1] = to(FIRST_FREE + 1);
    table(FIRST_FREE + 1)[0] = to(WINDOW);
    table(FIRST_FREE)[0] = to(OTHER);
    touch(va_of(0, 1, 0, L2), true);
    others = unmap_upper;
    touch(va_of(0, 0, 0, 0), false);
    assert_null(others);
    assert_int_equal(reached(va_of(0, 0, 0, 0), PTE_P), GUEST + OTHER);
    assert_int_equal(shadow_audit(&dom), 0);
}

/* A write to a table takes it out of sync, for which the list's oldest, the
 * one that the write goes through, is brought in sync. */
static void test_own_table_resynced(void **state)
{
    const unsigned int first = 32;

    for (unsigned int i = 0; i <= SHADOW_OOS_MAX; i++) {
        table(L2)[2 + i] = to(first + i);
        table(first + i)[0] = to(OTHER);
        touch(va_of(0, 0, 2 + i, 0), false);
    }
    table(L1)[0] = to(first + SHADOW_OOS_MAX);
    touch(va_of(0, 0, 0, 0), false);
    touch(window(L1), true);
    for (unsigned int i = 0; i < SHADOW_OOS_MAX - 1; i++)
        touch(window(first + i), true);
    assert_int_equal(dom.arch.shadow->nr_oos, SHADOW_OOS_MAX);
    assert_int_equal(dom.arch.shadow->oos[0], L1);
    others = map_the_other;
    touch(va_of(0, 0, 0, 0), true);
    assert_null(others);
    assert_int_equal(reached(va_of(0, 0, 0, 0), PTE_W), GUEST + OTHER);
    assert_int_equal(shadow_audit(&dom), 0);
}

static void (*flush_of_other)(void);

static void flush_meanwhile(void)
{
    if (!setjmp(give_up))
        flush_of_other();
}
static void flush_all(void)
{
    shadow_ops.flush(&vcpus[1]);
}
static void flush_one(void)
{
    shadow_ops.invlpg(&vcpus[1], va_of(0, 0, 0, 0));
}

/* A flush ends after those of others that were under way: they are comparing
 * what it is to compare. */
static void test_flush_waits(void **state)
{
    static void (*const flushes[])(void) = {flush_all, flush_one};

    touch(va_of(0, 0, 0, 0), false);
    for (unsigned int i = 0; i < 2; i++) {
        touch(window(L1), true);
        flush_of_other = flushes[i];
        waited = false;
        others = flush_meanwhile;
        shadow_ops.flush(&vcpus[0]);
        assert_null(others);
        assert_true(waited);
    }
}

/* One page as table of all levels in many roles makes a long chain.  Room is
 * made in it for a table below another that is in the same chain. */
static void test_table_stays_on_the_way(void **state)
{
    const unsigned int self = FIRST_FREE;
    const gva_t all_levels = va_of(1, 1, 2, 1), two_levels = va_of(1, 0, 0, 0);

    table(self)[0] = to(L2);
    table(self)[1] = table(self)[2] = to(self);
    for (unsigned int role = 0; role < 13; role++) {
        set_mode(&vcpus[0], role & 1 ? 0 : X86_CR0_WP,
                 (role & 2 ? X86_CR4_SMEP : 0) | (role & 4 ? X86_CR4_SMAP : 0),
                 role & 8 ? 0 : EFER_NXE, self);
        touch(role == 0 || role == 12 ? two_levels : all_levels, false);
    }
    set_mode(&vcpus[0], X86_CR0_WP, 0, EFER_NXE, self);
    touch(all_levels, false);
    assert_int_equal(reached(all_levels, PTE_P), GUEST + self);
    assert_int_equal(shadow_audit(&dom), 0);
}

/* A pool that is being freed gives out no more of its tables, half of which
 * are gone: the guest has none and ends. */
static void test_pool_half_freed(void **state)
{
    touch(va_of(0, 0, 0, 0), false);
    preempting = true;
    assert_int_equal(shadow_ops.set_allocation(&dom, 0), -ERESTART);
    preempting = false;
    assert_null(shadow_get(&dom, L1, shadow_kind_direct(1)));
    shadow_ops.update_root(&vcpus[0]);
    assert_true(crashed);
    assert_int_equal(shadow_ops.set_allocation(&dom, 0), 0);
    assert_non_null(shadow_get(&dom, L1, shadow_kind_direct(1)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_written_before_protected), TEST(test_upper_written_before_protected),
        TEST(test_own_table_resynced),       TEST(test_flush_waits),
        TEST(test_table_stays_on_the_way),   TEST(test_pool_half_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
