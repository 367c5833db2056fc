/* SPDX-License-Identifier: MIT */
/*
 * smp_boot.c - brings up the other CPUs, one after the other: what each needs
 * is made by CPU 0 before it starts, and the newcomer says in the end whether
 * it can be used.
 *
 * A CPU is used only if it offers all that CPU 0 offers and we rely on: guests
 * move between CPUs.  One that does not halts for good, and a line says why.
 * Source: SDM "Multiple-Processor (MP) Initialization".
 */
#include <asm/smp.h>

#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <asm/pv.h>
#include <asm/setup.h>
#include <asm/traps.h>
#include <cairn/acpi.h>
#include <cairn/boot_info.h>
#include <cairn/lib.h>
#include <cairn/mm.h>
#include <cairn/sched.h>
#include <cairn/time.h>

#define START_TIMEOUT MILLISECS(200)
#define INIT_DELAY    MILLISECS(10)
#define STARTUP_DELAY MICROSECS(200)

static bool opt_nosmp;
boolean_param("nosmp", opt_nosmp);
static unsigned int opt_maxcpus = NR_CPUS;
integer_param("maxcpus", opt_maxcpus);

extern char trampoline_start[], trampoline_end[], trampoline_cr3[];
unsigned long ap_boot_stack; /* trampoline.S reads it */

enum ap_state { AP_WAITING, AP_STARTED, AP_ONLINE, AP_REFUSED };
static volatile enum ap_state ap_state;
static volatile bool ap_go; /* the newcomer may go on to compare clocks */
static char ap_reason[80];

/* ---- what the newcomers need ---- */

/* A page of RAM that real mode reaches and that nobody uses. */
static __init uint64_t find_low_page(void)
{
    uint64_t best = 0;

    for_each_ram(e) {
        uint64_t end = min(e->addr + e->size, (uint64_t)0x9f000) & PAGE_MASK;

        if (e->addr < end && end >= max(e->addr, 0x1000ul) + PAGE_SIZE)
            best = max(best, end - PAGE_SIZE);
    }
    return best;
}

/* The hypervisor's tables with the one low page mapped where it is, to read
 * and execute.  The root; *@tables gets all four, to be freed. */
static __init pte_t *make_tables(uint64_t page, pte_t *tables[4])
{
    for (unsigned int i = 0; i < 4; i++) {
        tables[i] = alloc_xen_pages(0, MEMF_below_4g);
        if (!tables[i])
            return NULL;
    }
    memcpy(tables[0], idle_pgt, PAGE_SIZE);
    for (unsigned int i = 0; i < 3; i++)
        tables[i][0] = pte_make(virt_to_mfn(tables[i + 1]), PTE_P | PTE_W | PTE_A);
    tables[3][PFN_DOWN(page)] = pte_make(_mfn(PFN_DOWN(page)), PTE_P | PTE_A);
    return tables[0];
}

static __init int map_stack(unsigned int cpu)
{
    unsigned long base = (unsigned long)cpu_info_of(cpu) & -(unsigned long)STACK_SIZE;

    for (unsigned int i = 0; i < STACK_SIZE / PAGE_SIZE; i++) {
        void *page = i == 3 ? NULL : alloc_xen_page(); /* 3: the guard */

        if (i == 3)
            continue;
        if (!page || map_pages_to_xen(base + i * PAGE_SIZE, virt_to_mfn(page), 1, PAGE_HYPERVISOR))
            return -ENOMEM;
    }
    return 0;
}

static __init int prepare_cpu(unsigned int cpu)
{
    unsigned int order = 0;
    struct cpu_info *info = cpu_info_of(cpu);
    char *area;

    while ((PAGE_SIZE << order) < (size_t)(__percpu_end - __percpu_start))
        order++;
    area = alloc_xen_pages(order, 0);
    if (!area || map_stack(cpu) || desc_cpu_prepare(cpu))
        return -ENOMEM;
    info->processor_id = cpu;
    info->percpu_offset = (unsigned long)area - (unsigned long)__percpu_start;
    info->cr4 = get_cpu_info()->cr4 & ~X86_CR4_VMXE;
    timer_cpu_init(cpu);
    info->current_vcpu = sched_cpu_init(cpu);
    return info->current_vcpu ? 0 : -ENOMEM;
}

/* ---- the newcomer ---- */

static noreturn void refuse(const char *why)
{
    strlcpy(ap_reason, why, sizeof(ap_reason));
    __atomic_store_n(&ap_state, AP_REFUSED, __ATOMIC_RELEASE);
    for (;;)
        __asm__ volatile("cli; hlt" ::: "memory");
}

static __init void check_clock(void)
{
    char text[80];
    uint64_t off;

    while (!ap_go)
        cpu_relax();
    if (tsc_sync_target(&off))
        return;
    snprintf(text, sizeof(text), "its TSC differs by %lu ticks and cannot be set", off);
    refuse(text);
}

static __init void check_and_init(void)
{
    const char *why = host_cpu_lacks();

    if (why)
        refuse(why);
    write_cr4(get_cpu_info()->cr4);
    fpu_init();
    apic_cpu_init();
    check_clock();
    if (pv_cpu_init())
        refuse("no memory for its SYSCALL stubs");
    why = vmx_cpu_up();
    if (why)
        refuse(why);
}

/* Not in .init: it goes on after that is freed. */
void start_ap(void)
{
    cpu_load_descriptors();
    __atomic_store_n(&ap_state, AP_STARTED, __ATOMIC_RELEASE);
    check_and_init();
    local_irq_enable();
    __atomic_store_n(&ap_state, AP_ONLINE, __ATOMIC_RELEASE);
    reset_stack_and_jump(idle_loop);
}

/* ---- CPU 0 ---- */

static __init void delay(s_time_t ns)
{
    for (s_time_t end = NOW() + ns; NOW() < end;)
        cpu_relax();
}

static __init bool wait_while(enum ap_state state, s_time_t limit)
{
    for (s_time_t end = NOW() + limit; ap_state == state;) {
        if (NOW() > end)
            return false;
        cpu_relax();
    }
    return true;
}

static __init const char *start_cpu(unsigned int cpu, uint32_t id, uint64_t page)
{
    if (prepare_cpu(cpu))
        return "no memory";
    apic_set_cpu_id(cpu, id);
    ap_boot_stack = (unsigned long)cpu_info_of(cpu) - 8;
    ap_go = false;
    __atomic_store_n(&ap_state, AP_WAITING, __ATOMIC_SEQ_CST);
    apic_send(id, ICR_STARTUP | PFN_DOWN(page));
    if (!wait_while(AP_WAITING, STARTUP_DELAY)) {
        apic_send(id, ICR_STARTUP | PFN_DOWN(page));
        if (!wait_while(AP_WAITING, START_TIMEOUT)) {
            apic_send(id, ICR_INIT); /* should it come late, not into our pages */
            return "it does not respond";
        }
    }
    /* From its check of features on; a refusal may come first. */
    ap_go = true;
    for (s_time_t end = NOW() + START_TIMEOUT; ap_state == AP_STARTED && NOW() < end;)
        if (tsc_sync_begun()) {
            tsc_sync_source();
            break;
        }
    if (!wait_while(AP_STARTED, START_TIMEOUT))
        return "it hangs while starting";
    return ap_state == AP_ONLINE ? NULL : ap_reason;
}

static __init unsigned int wanted_cpus(void)
{
    return opt_nosmp || !opt_maxcpus ? 1 : min(opt_maxcpus, (unsigned int)NR_CPUS);
}

static __init void start_all(uint64_t page)
{
    unsigned int cpu = 1;

    for (unsigned int i = 0; i < acpi.nr_cpus; i++)
        if (acpi.cpu_apic_id[i] != apic_id() && apic_can_address(acpi.cpu_apic_id[i]))
            apic_send(acpi.cpu_apic_id[i], ICR_INIT);
    delay(INIT_DELAY);
    for (unsigned int i = 0; i < acpi.nr_cpus && cpu < wanted_cpus(); i++) {
        uint32_t id = acpi.cpu_apic_id[i];
        const char *why;

        if (id == apic_id() || !apic_can_address(id))
            continue;
        why = start_cpu(cpu, id, page);
        if (why) {
            printk(XENLOG_WARNING "SMP: CPU with APIC id %u stays offline: %s\n", id, why);
        } else {
            __atomic_fetch_or(&cpu_online_mask, 1ul << cpu, __ATOMIC_SEQ_CST);
            nr_cpus_online++;
        }
        cpu++; /* its number is not used again: the stacks it has are its own */
    }
}

__init void smp_init(void)
{
    uint64_t page = find_low_page();
    pte_t *tables[4] = {NULL}, *root;

    if (wanted_cpus() > 1 && acpi.nr_cpus > 1) {
        root = page ? make_tables(page, tables) : NULL;
        if (root) {
            uint32_t cr3 = virt_to_maddr(root);

            memcpy(trampoline_cr3, &cr3, sizeof(cr3));
            memcpy(boot_phys_to_virt(page), trampoline_start, trampoline_end - trampoline_start);
            start_all(page);
        } else {
            printk(XENLOG_WARNING "SMP: no memory below 1 MiB to start CPUs\n");
        }
        for (unsigned int i = 0; i < 4; i++)
            free_xen_page(tables[i]);
    }
    printk(XENLOG_INFO "SMP: %u of %u CPUs online\n", nr_cpus_online, max(acpi.nr_cpus, 1u));
}
