/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs that disagree about EFER.  They share one set of page tables, in
 * which bit 63 is set at one level after the other: for the CPU with NXE the
 * page can be read, for the one without every read is #PF 9, whatever the
 * other did to the same translation just before; in turns, then both at will,
 * then with NXE exchanged (T43).  And with NXE and SCE clear on both, each
 * leaves for the hypervisor over and over while it sends interrupts, and NMIs,
 * to the other: none is lost, and EFER and the host are as before (T46).
 *
 * rounds=N reads and exits=N exits on each CPU; runner system efer.two_cpus asks
 * for many.  Bare it wants --cpus 2, and then the same holds, without exits.
 * Source: SDM vol. 3A, "Reserved Bit Checking", "Page-Fault Exceptions".
 */
#include <guest/ap.h>
#include <guest/apic.h>
#include <guest/test.h>

const char test_title[] = "Two CPUs with EFERs of their own";

#define BSP 0
#define AP  1

static volatile uint32_t done, wrong[2];

static void set_efer(ulong bits)
{
    wrmsr(MSR_EFER, (rdmsr(MSR_EFER) & ~(uint64_t)(EFER_NXE | EFER_SCE)) | bits);
    write_cr3(read_cr3());
}

/* The AP does fn(AP) while we do fn(BSP). */
static void both(void (*fn)(ulong))
{
    done = wrong[BSP] = wrong[AP] = 0;
    ap_run_nowait(fn, AP);
    fn(BSP);
    while (!done)
        ap_relax();
    check_true("the AP is ready for more", ap_wait());
}

#if PAGING_LEVELS > 2
#define OPEN (PTE_P | PTE_RW | PTE_US)

static unsigned int rounds;
static volatile uint32_t turn;
static fault_t want[2], last_wrong[2];

static void read_once(ulong me)
{
    fault_t got = access_read_smp(WINDOW);

    if (got != want[me]) {
        wrong[me]++;
        last_wrong[me] = got;
    }
}

static void read_in_turns(ulong me)
{
    for (unsigned int i = 0; i < rounds; i++) {
        while (turn != me)
            ap_relax();
        read_once(me);
        turn = 1 - me;
    }
    done |= me == AP;
}

/* Ours never fault and would be over at once: go on as long as the AP does. */
static void read_at_will(ulong me)
{
    for (unsigned int i = 0; i < rounds || (me == BSP && !done); i++) {
        read_once(me);
        if (i % 64 == 0)
            ap_relax();
    }
    done |= me == AP;
}

static void reads(const char *what, void (*fn)(ulong), unsigned int count)
{
    char text[80];

    rounds = count;
    both(fn);
    for (unsigned int i = 0; i < 2; i++)
        if (wrong[i]) {
            snprintf(text, sizeof(text), "T43: %s: CPU %u, %u of %u reads", what, i, wrong[i],
                     count);
            check_fault(text, last_wrong[i], want[i]);
        }
}

static void flush(ulong unused)
{
    write_cr3(read_cr3());
}

static void set_entry(unsigned int level, pte_t pte)
{
    window_set(level, pte);
    check_true("the AP flushes", ap_run(flush, 0));
}

/* From here on one CPU has NXE, and the other has not. */
static void give_nxe_to(unsigned int who)
{
    want[who] = 0;
    want[1 - who] = PF(PF_P | PF_RSVD);
    check_true("the AP writes EFER", ap_run(set_efer, who == AP ? EFER_NXE : 0));
    set_efer(who == BSP ? EFER_NXE : 0);
}

static void check_shared_tables(unsigned int count)
{
    window_map(window_default(1));
    give_nxe_to(BSP);
    set_entry(1, WINDOW_PTE(OPEN) | PTE_NX);
    reads("leaf, in turns", read_in_turns, count);
    reads("leaf, at will", read_at_will, count);
    check_access("T43: fetch with NXE", WINDOW, ACCESS_FETCH, PF(PF_P | PF_I));
    give_nxe_to(AP);
    reads("leaf, NXE exchanged", read_in_turns, count / 10);
    give_nxe_to(BSP);
    reads("leaf, NXE exchanged again", read_in_turns, count / 10);

    fault_t fault = want[AP];
    want[AP] = 0;
    set_entry(1, WINDOW_PTE(OPEN));
    reads("bit 63 gone", read_in_turns, count / 10);
    want[AP] = fault;
    /* Bit 63 of a PDPTE is reserved in PAE paging. */
    for (unsigned int level = 2; level <= (PAGING_LEVELS == 4 ? 4 : 2); level++) {
        char what[24];

        snprintf(what, sizeof(what), "level %u", level);
        set_entry(level, window_default(level) | PTE_NX);
        reads(what, read_in_turns, count / 10);
        set_entry(level, window_default(level));
    }
}
#endif

/* ---- T46 ---- */

#define VECTOR_OF(cpu) (0x61 + (cpu))

static unsigned int exits;
static uint32_t vendor, id[2], sent[2], nmis;
static uint64_t efer_after[2];

static bool all_arrived(void)
{
    return irq_log.count[VECTOR_OF(AP)] == sent[BSP] && irq_log.count[VECTOR_OF(BSP)] == sent[AP] &&
           nmi_count == nmis;
}

static void leave_often(ulong me)
{
    ulong other = 1 - me;

    irq_on();
    for (unsigned int i = 0; i < exits; i++) {
        wrong[me] += cpuid(0, 0).b != vendor;
        if (i % 256 == 0) /* on one CPU the scheduler owes one of us time after T43 */
            ap_relax();
        if (i % 16 == 0 && irq_log.count[VECTOR_OF(other)] == sent[me]) {
            sent[me]++;
            apic_icr(id[other], ICR_FIXED | VECTOR_OF(other));
        }
        if (i % 1024 == 0 && me == BSP && nmi_count == nmis) {
            nmis++;
            apic_icr(id[AP], ICR_NMI);
        }
    }
    efer_after[me] = rdmsr(MSR_EFER);
    if (me == AP)
        done = 1;
    while (!done)
        ap_relax();
    /* What is under way arrives soon, if ever. */
    for (unsigned int i = 0; i < 3000 && me == BSP && !all_arrived(); i++)
        ap_relax();
    if (me == BSP)
        done = 2;
    while (done != 2)
        ap_relax();
    irq_off();
}

/* INIT left the AP's local APIC switched off by software: it takes no interrupt. */
static void apic_on(ulong me)
{
    apic_write(APIC_SPIV, 0x1ff);
    id[me] = apic_id();
}

static void check_exits(void)
{
    irq_reset();
    vendor = cpuid(0, 0).b;
    check_true("the AP writes EFER", ap_run(set_efer, 0));
    set_efer(0);
    uint64_t efer = rdmsr(MSR_EFER);
    both(leave_often);
    for (unsigned int i = 0; i < 2; i++) {
        check_equal("T46: CPUID answers that differ", wrong[i], 0);
        check_equal("T46: EFER after the exits", efer_after[i], efer);
        check_equal("T46: interrupts that arrived", irq_log.count[VECTOR_OF(1 - i)], sent[i]);
    }
    check_equal("T46: NMIs that arrived", nmi_count, nmis);
    check_true("T46: there were some", sent[BSP] > 1 && sent[AP] > 1 && nmis > 1);
    printk("%u exits each, %u and %u interrupts, %u NMIs\n", exits, sent[BSP], sent[AP], nmis);
}

void test_main(void)
{
    irq_init();
    if (!apic_init()) {
        report_skip("no local APIC");
        return;
    }
    if (!cpu_has_nx() && !cpu_has_long_mode()) {
        report_skip("no EFER");
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
    apic_on(BSP);
    check_true("the AP answers", ap_run(apic_on, AP));
#if PAGING_LEVELS > 2
    if (cpu_has_nx())
        check_shared_tables(cmdline_number("rounds", 2000));
    else
        report_part_skipped("T43: no NX");
#endif
    exits = cmdline_number("exits", 10000);
    check_exits();
    report_success(NULL);
}
