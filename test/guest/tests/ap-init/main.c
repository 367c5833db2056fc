/* SPDX-License-Identifier: MIT */
/*
 * What INIT makes of a second CPU, and that it comes up again from there.  In
 * each environment's own mode (64-bit: EFER = D01h, CR0.WP) it finds EFER, CR3
 * and CR4 zero in real mode, and of CR0 only ET and what CD and NW were (T53);
 * other MSRs stay.
 * Unpaged, with NXE, WP and SMEP set, twice; then it is brought up with PAE
 * paging and NXE, in which bit 63 means what it should, and again without NXE,
 * in which it is reserved (T54).  With paging on, the translations of before
 * are forgotten (T55).
 *
 * rounds=N more INITs in the environment's mode: the hypervisor's counters then
 * tell what one costs in rebuilt paging contexts (runner system efer).
 * Bare it wants a second CPU (--cpus 2).
 * Source: SDM vol. 3A, "Processor State After Reset", "MP Initialization".
 */
#include <guest/access.h>
#include <guest/ap.h>
#include <guest/apic.h>
#include <guest/mode.h>
#include <guest/test.h>

#define MSR_SYSENTER_ESP 0x175

const char test_title[] = "INIT, from every mode";

static volatile uint32_t ap_value;

/* CD and NW keep what they had, @kept; Bochs 2.7 sets both (emulators.md, INIT). */
static void check_first_state(const char *when, uint32_t kept)
{
    if (!on_xen())
        kept = CR0_CD | CR0_NW;
    printk("%s\n", when);
    check_equal("T53: CR0 after INIT", ap_first.cr0, CR0_ET | kept);
    check_equal("T53: CR3 after INIT", ap_first.cr3, 0);
    check_equal("T53: CR4 after INIT", ap_first.cr4, 0);
    check_equal("T53: EFER after INIT", ap_first.efer, 0);
}

static void restart(const char *when, uint32_t kept)
{
    ap_init();
    if (!ap_startup())
        report_failure("%s: the AP does not come up", when);
    check_first_state(when, kept);
}

/* All that EFER and the control registers can have in this mode, and paging. */
static void busy_state(ulong unused)
{
    uint64_t bits = (cpu_has_nx() ? EFER_NXE : 0) | (cpu_has_long_mode() ? EFER_SCE : 0);

    if (cpu_has_nx() || cpu_has_long_mode())
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | bits);
    write_cr4(read_cr4() | (cpu_has_smep() && PAGING_LEVELS == 0 ? CR4_SMEP : 0) | CR4_OSFXSR);
    write_cr0(read_cr0() | CR0_WP | CR0_AM | CR0_CD);
    wrmsr(MSR_SYSENTER_ESP, 0x1230);
    ap_value = rdmsr(MSR_EFER);
}

static void read_sysenter(ulong unused)
{
    ap_value = rdmsr(MSR_SYSENTER_ESP);
}

static void check_busy(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        check_true("busy state", ap_run(busy_state, 0));
        if (PAGING_LEVELS == 4 && cpu_has_nx())
            check_equal("T53: EFER before INIT", ap_value, 0xd01);
        restart("after INIT in the environment's mode, all bits set", CR0_CD);
        ap_run(read_sysenter, 0);
        check_equal("an MSR that INIT leaves alone", ap_value, 0x1230);
    }
    restart("after INIT again", 0);
}

static fault_t ap_fault;

#if PAGING_LEVELS > 0
static uint32_t page_a[1024] __attribute__((aligned(4096)));
static uint32_t page_b[1024] __attribute__((aligned(4096)));

static void read_page(ulong unused)
{
    ap_fault = access_read_smp(page_a);
    ap_value = ap_fault ? 0 : *(volatile uint32_t *)page_a;
}

static void check_translations(void)
{
    volatile pte_t *pte = pte_of(page_a);
    pte_t old = *pte;

    page_a[0] = 0xaaaa;
    page_b[0] = 0xbbbb;
    ap_run(read_page, 0);
    check_equal("T55: the AP reads through its tables", ap_value, 0xaaaa);
    pte_set(page_a, (old & 0xfff) | (ulong)page_b);
    restart("after INIT with paging on", 0);
    ap_run(read_page, 0);
    check_equal("T55: no stale translation", ap_value, 0xbbbb);
    pte_set(page_a, 0);
    restart("after INIT with paging on, page gone", 0);
    ap_run(read_page, 0);
    check_fault("T55: no stale translation of a page that is gone", ap_fault, PF(0));
    pte_set(page_a, old);
}
#else
static uint32_t page[1024] __attribute__((aligned(4096)));

static void read_window(ulong unused)
{
    const volatile uint32_t *window = (const volatile uint32_t *)MODE_WINDOW;

    ap_fault = access_read_smp(window);
    ap_value = ap_fault ? 0 : *window;
}

static void check_pae(const char *what, uint32_t efer, fault_t want)
{
    ap_init();
    check_true(
        "T54: the AP comes up with PAE paging",
        ap_startup_in(read_cr0() | CR0_PG | CR0_WP, mode_root(3), read_cr4() | CR4_PAE, efer));
    check_first_state(what, 0);
    ap_run(read_window, 0);
    check_fault(what, ap_fault, want);
    check_equal(what, ap_value, want ? 0 : 0x5a5a5a5a);
}

/* From where INIT left an unpaged CPU, PAE paging works, and from there again. */
static void check_translations(void)
{
    const uint32_t target[5] = {0, 0, (ulong)page, (ulong)page, (ulong)page};

    if (!cpu_has_nx()) {
        report_part_skipped("T54: no NX");
        return;
    }
    page[0] = 0x5a5a5a5a;
    mode_build_tables(target);
    *(uint64_t *)mode_window_entry(3) |= 1ull << 63;
    check_pae("T54: bit 63 with NXE", EFER_NXE, 0);
    check_pae("T54: bit 63 without NXE", 0, PF(PF_P | PF_RSVD));
    check_pae("T54: bit 63 with NXE again", EFER_NXE, 0);
    restart("T54: after INIT with PAE paging", 0);
}
#endif

void test_main(void)
{
    irq_init();
    if (!apic_init()) {
        report_skip("no local APIC");
        return;
    }
    ap_init();
    if (!ap_startup()) {
        if (on_xen())
            report_failure("the AP does not come up");
        else
            report_skip("one CPU only");
        return;
    }
    check_first_state("first start, after RESET and INIT", CR0_CD | CR0_NW);
    check_busy();
    check_translations();
    for (unsigned int i = cmdline_number("rounds", 0); i; i--) {
        if (PAGING_LEVELS == 0)
            check_true("busy state", ap_run(busy_state, 0));
        restart("one more", PAGING_LEVELS == 0 ? CR0_CD : 0);
    }
    report_success(NULL);
}
