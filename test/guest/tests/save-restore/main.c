/* SPDX-License-Identifier: MIT */
/*
 * What a processor is must survive `xl save' and `xl restore': EFER, also with
 * LME set and paging off [T56]; PDPTEs of PAE paging that memory contradicts;
 * control and debug registers, MSRs, the local APIC and its running timer, SSE
 * registers, the time, and the rings that this kernel talks over.
 *
 * With `wait' on the command line the kernel says so in data/ready and goes on
 * when data/go appears; meanwhile it may be saved and restored as often as one
 * likes.  Otherwise, and bare, it waits for a while only: all must stay too.
 */
#include <guest/apic.h>
#include <guest/test.h>
#include <guest/xenstore.h>

const char test_title[] = "State over save and restore";

#define VECTOR 0x81

struct state {
    uint64_t efer, pat, star, lstar, fmask, cstar, kernel_gs, sysenter[3];
    uint64_t cr0, cr2, cr3, cr4, dr[4], apic_base, xmm[2];
    uint32_t apic_lvtt, apic_tmict, apic_spiv, apic_tdcr, memory;
};

/* clang-format off */
#define FIELDS(X) \
    X(efer) X(pat) X(star) X(lstar) X(fmask) X(cstar) X(kernel_gs) X(sysenter[0]) X(sysenter[1]) \
    X(sysenter[2]) X(cr0) X(cr2) X(cr3) X(cr4) X(dr[0]) X(dr[1]) X(dr[2]) X(dr[3]) X(apic_base) \
    X(xmm[0]) X(xmm[1]) X(apic_lvtt) X(apic_tmict) X(apic_spiv) X(apic_tdcr) X(memory)
/* clang-format on */

static struct state before, after;

#if PAGING_LEVELS == 3
static pte_t *const pdpt = (pte_t *)page_root;
static pte_t other_l2[512] PAGE_BSS, other_l1[512] PAGE_BSS;
static volatile uint32_t other_page[1024] PAGE_BSS;

/* The window shows one page by the loaded PDPTE, another by the one in memory. */
static void prepare_memory(void)
{
    const pte_t open = PTE_P | PTE_RW | PTE_US;

    window_map(WINDOW_PTE(open));
    other_l1[0] = (ulong)other_page | open;
    other_l2[0] = (ulong)other_l1 | open;
    *(volatile uint32_t *)window_page = 0x11111111;
    other_page[0] = 0x22222222;
    pdpt[1] = (ulong)other_l2 | PTE_P;
}

static uint32_t memory(void)
{
    invlpg((void *)WINDOW);
    return *(volatile uint32_t *)WINDOW;
}
#else
static volatile uint32_t word = 0x11111111;
static void prepare_memory(void) {}
static uint32_t memory(void)
{
    return word;
}
#endif

#define READ_DR(n, to)                                    \
    do {                                                  \
        ulong value;                                      \
        asm volatile("mov %%dr" #n ", %0" : "=r"(value)); \
        (to) = value;                                     \
    } while (0)

static void read_state(struct state *s)
{
    s->efer = rdmsr(MSR_EFER);
    s->pat = rdmsr(0x277);
    s->star = rdmsr(0xc0000081);
    s->lstar = rdmsr(0xc0000082);
    s->cstar = rdmsr(0xc0000083);
    s->fmask = rdmsr(0xc0000084);
    s->kernel_gs = rdmsr(0xc0000102);
    for (unsigned int i = 0; i < 3; i++)
        s->sysenter[i] = rdmsr(0x174 + i);
    s->cr0 = read_cr0();
    s->cr2 = read_cr2();
    s->cr3 = read_cr3();
    s->cr4 = read_cr4();
    READ_DR(0, s->dr[0]);
    READ_DR(1, s->dr[1]);
    READ_DR(2, s->dr[2]);
    READ_DR(3, s->dr[3]);
    asm volatile("movups %%xmm3, %0" : "=m"(s->xmm));
    s->apic_base = rdmsr(MSR_APIC_BASE);
    s->apic_lvtt = apic_read(APIC_LVTT);
    s->apic_tmict = apic_read(APIC_TMICT);
    s->apic_spiv = apic_read(APIC_SPIV);
    s->apic_tdcr = apic_read(APIC_TDCR);
    s->memory = memory();
}

static void print_state(const char *when, const struct state *s)
{
    printk("  %s: EFER %x, CR0 %x, CR3 %lx, CR4 %lx, the window shows %x\n", when,
           (uint32_t)s->efer, (uint32_t)s->cr0, (ulong)s->cr3, (ulong)s->cr4, s->memory);
}

/* Nothing is as after a reset. */
static void prepare(void)
{
    static const uint64_t xmm[2] = {0x0123456789abcdef, 0xfedcba9876543210};

    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | (cpu_has_nx() ? EFER_NXE : 0) |
                        (PAGING_LEVELS == 0 ? EFER_LME : 0));
    wrmsr(0x277, 0x0007010600070406);
    wrmsr(0xc0000081, 0x0023001000000000);
    wrmsr(0xc0000082, 0x1234560);
    wrmsr(0xc0000083, 0x2345670);
    wrmsr(0xc0000084, 0x47700);
    wrmsr(0xc0000102, 0x3456780);
    for (unsigned int i = 0; i < 3; i++)
        wrmsr(0x174 + i, 0x1000 * (i + 1));
    asm volatile("mov %0, %%dr0" : : "r"((ulong)0x11000));
    asm volatile("mov %0, %%dr1" : : "r"((ulong)0x22000));
    asm volatile("mov %0, %%dr2" : : "r"((ulong)0x33000));
    asm volatile("mov %0, %%dr3" : : "r"((ulong)0x44000));
    write_cr4(read_cr4() | 1 << 9); /* OSFXSR */
    write_cr0(read_cr0() & ~(ulong)(CR0_TS | CR0_EM));
    asm volatile("movups %0, %%xmm3" : : "m"(xmm));
    apic_write(APIC_TDCR, 0xb);
    apic_write(APIC_LVTT, LVT_PERIODIC | VECTOR);
    apic_write(APIC_TMICT, 1000000);
    prepare_memory();
}

/* Until data/go is there; or a while: in an NMI's handler, where no other is taken. */
static uint32_t nmis_in_handler;
static void wait_in_nmi(void)
{
    if (nmi_count > 1)
        return;
    if (on_xen() && cmdline_has("wait"))
        check_true("ready, and let go", xenstore_await_go());
    else
        irq_wait(~0u, 50);
    apic_icr(apic_id(), ICR_NMI);
    apic_read(APIC_ID);
    nmis_in_handler = nmi_count;
}

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    if (!cpu_has_long_mode() || !apic_init()) {
        report_skip("no long mode, or no local APIC");
        return;
    }
    irq_init();
    prepare();
    read_state(&before);
    print_state("before", &before);
    uint64_t tsc = rdtsc();
    nmi_hook = wait_in_nmi;
    apic_icr(apic_id(), ICR_NMI);
    apic_read(APIC_ID);
    check_equal("NMIs while one is handled", nmis_in_handler, 1);
    check_equal("and after its IRET", nmi_count, 2);
    read_state(&after);
    print_state("after", &after);
#define COMPARE(field) check_equal(#field, after.field, before.field);
    FIELDS(COMPARE)
    check_true("time does not go back", rdtsc() > tsc);
    uint32_t nr = irq_log.count[VECTOR];
    irq_on();
    check_true("the timer goes on", irq_wait(irq_log.nr + 3, 1000));
    irq_off();
    check_true("with its vector", irq_log.count[VECTOR] >= nr + 3);
    apic_write(APIC_LVTT, LVT_MASKED);
    report_success(NULL);
}
