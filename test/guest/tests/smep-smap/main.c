/* SPDX-License-Identifier: MIT */
/*
 * SMEP keeps ring 0 from fetching user pages, SMAP from reading and writing
 * them unless EFLAGS.AC is set.  SMEP also makes page faults tell fetches from
 * reads, NXE or not; SMAP has no say in fetches, and neither has a say in what
 * ring 3 does.  Unpaged both must do nothing, though a hypervisor may have
 * paging on underneath with user pages only: then ring 0 would stand still.
 *
 * Source: SDM vol. 3A, "Access Rights", "Page-Fault Exceptions".
 */
#include <guest/test.h>

const char test_title[] = "SMEP and SMAP";

#define OPEN  (PTE_P | PTE_RW | PTE_US)
#define SUP   (PTE_P | PTE_RW)
#define READ  ACCESS_READ
#define WRITE ACCESS_WRITE
#define FETCH ACCESS_FETCH
#define USER  ACCESS_USER

static void set_cr4(ulong bits)
{
    write_cr4((read_cr4() & ~(ulong)(CR4_SMEP | CR4_SMAP)) | bits);
    check_equal("CR4 as written", read_cr4() & (CR4_SMEP | CR4_SMAP), bits);
}

#if PAGING_LEVELS == 0

static volatile uint32_t datum;

static USER_TEXT ulong user_add(ulong arg)
{
    return arg + 1;
}

static void check_unpaged(ulong bits)
{
    set_cr4(bits);
    for (unsigned int i = 0; i < 100; i++) {
        datum = i;
        check_equal("T50: data unpaged", datum, i);
        check_equal("T50: ring 3 unpaged", exec_user(user_add, i), i + 1);
        check_fault("T50: ring 3 unpaged", fault_last(), 0);
        check_equal("T50: ring 3's code called by ring 0", user_add(i), i + 1);
    }
    check_access("T50: a read", &datum, READ, 0);
    check_access("T50: a user read", &datum, READ | USER, 0);
    cpuid(0, 0);
    check_equal("T50: CR4 as written", read_cr4() & (CR4_SMEP | CR4_SMAP), bits);
    set_cr4(0);
}

static void check_all(void)
{
    check_unpaged(cpu_has_smep() ? CR4_SMEP : 0);
    if (!cpu_has_smap()) {
        report_part_skipped("no SMAP");
        return;
    }
    check_unpaged(CR4_SMAP);
    check_unpaged(cpu_has_smep() ? CR4_SMEP | CR4_SMAP : CR4_SMAP);
}

#else

static void set_nxe(bool on)
{
    uint64_t efer = rdmsr(MSR_EFER) & ~(uint64_t)EFER_NXE;

    wrmsr(MSR_EFER, on ? efer | EFER_NXE : efer);
    write_cr3(read_cr3());
}

/* silent: what a fetch adds to the error code when SMEP is off. */
static void check_smep(uint32_t silent)
{
    check_access("T33: fetch of a user page without SMEP", WINDOW, FETCH, 0);
    set_cr4(CR4_SMEP);
    window_set(1, 0);
    check_access("T35: SMEP, fetch, absent", WINDOW, FETCH, PF(PF_I));
    check_access("T35: SMEP, user fetch, absent", WINDOW, FETCH | USER, PF(PF_U | PF_I));
    check_access("T35: SMEP, read, absent", WINDOW, READ, PF(0));
    window_set(1, WINDOW_PTE(OPEN));
    check_access("T36: SMEP, fetch of a user page", WINDOW, FETCH, PF(PF_P | PF_I));
    check_access("T36: SMEP, read of a user page", WINDOW, READ, 0);
    check_access("T36: SMEP, write to a user page", WINDOW, WRITE, 0);
    check_access("T36: SMEP, user fetch of a user page", WINDOW, FETCH | USER, 0);
    check_access("T36: SMEP, AC, fetch of a user page", WINDOW, FETCH | ACCESS_AC, PF(PF_P | PF_I));
    window_set(1, WINDOW_PTE(SUP));
    check_access("T36: SMEP, fetch of a supervisor page", WINDOW, FETCH, 0);
    check_access("T36: SMEP, user fetch of a supervisor page", WINDOW, FETCH | USER,
                 PF(PF_P | PF_U | PF_I));
    /* A user page is one whose entries all say so. */
    window_set(1, WINDOW_PTE(OPEN));
    window_set(2, window_default(2) & ~(pte_t)PTE_US);
    check_access("T36: SMEP, fetch, U only in the leaf", WINDOW, FETCH, 0);
    window_set(2, window_default(2));
    check_access("T36: SMEP, fetch, U everywhere again", WINDOW, FETCH, PF(PF_P | PF_I));
    /* Switched at run time. */
    set_cr4(0);
    check_access("T36: SMEP cleared, fetch of a user page", WINDOW, FETCH, 0);
    set_cr4(CR4_SMEP);
    check_access("T36: SMEP set again, fetch of a user page", WINDOW, FETCH, PF(PF_P | PF_I));
    set_cr4(0);
    window_set(1, 0);
    check_access("T33: SMEP cleared, fetch, absent", WINDOW, FETCH, PF(silent));
    window_set(1, WINDOW_PTE(OPEN));
}

static void check_smap(void)
{
    set_cr4(CR4_SMAP);
    write_cr3(read_cr3()); /* nothing is known of the page */
    check_access("T40: SMAP, fetch of a user page", WINDOW, FETCH, 0);
    check_access("T40: SMAP, read of a user page", WINDOW, READ, PF(PF_P));
    check_access("T40: SMAP, write to a user page", WINDOW, WRITE, PF(PF_P | PF_W));
    check_access("T40: SMAP, AC, read of a user page", WINDOW, READ | ACCESS_AC, 0);
    check_access("T40: SMAP, AC, write to a user page", WINDOW, WRITE | ACCESS_AC, 0);
    check_access("T40: SMAP, user read of a user page", WINDOW, READ | USER, 0);
    check_access("T40: SMAP, user write to a user page", WINDOW, WRITE | USER, 0);
    check_access("T40: SMAP, user fetch of a user page", WINDOW, FETCH | USER, 0);
    window_set(1, 0);
    check_access("T40: SMAP, fetch, absent", WINDOW, FETCH, PF(0));
    check_access("T40: SMAP, read, absent", WINDOW, READ, PF(0));
    window_set(1, WINDOW_PTE(SUP));
    check_access("T40: SMAP, read of a supervisor page", WINDOW, READ, 0);
    check_access("T40: SMAP, write to a supervisor page", WINDOW, WRITE, 0);
    window_set(1, (ulong)window_page | PTE_P | PTE_US);
    check_access("T40: SMAP, AC, write to a read-only user page", WINDOW, WRITE | ACCESS_AC,
                 PF(PF_P | PF_W));
    write_cr0(read_cr0() & ~(ulong)CR0_WP);
    check_access("T40: SMAP, WP=0, write to a read-only user page", WINDOW, WRITE, PF(PF_P | PF_W));
    check_access("T40: SMAP, WP=0, AC, write to a read-only user page", WINDOW, WRITE | ACCESS_AC,
                 0);
    write_cr0(read_cr0() | CR0_WP);
    window_set(1, WINDOW_PTE(OPEN));
    set_cr4(0);
    check_access("T40: SMAP cleared, read of a user page", WINDOW, READ, 0);
    set_cr4(CR4_SMAP);
    check_access("T40: SMAP set again, read of a user page", WINDOW, READ, PF(PF_P));
    set_cr4(0);
}

static void check_all(void)
{
    window_map(WINDOW_PTE(OPEN));
    if (cpu_has_smep()) {
        check_smep(0);
        if (cpu_has_nx()) {
            set_nxe(true);
            check_smep(PAGING_LEVELS > 2 ? PF_I : 0);
            set_nxe(false);
        }
    }
    if (cpu_has_smap())
        check_smap();
    else
        report_part_skipped("no SMAP");
}

#endif

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    if (!cpu_has_smep() && !cpu_has_smap()) {
        report_success("this processor has neither: nothing to get wrong");
        return;
    }
    check_all();
    report_success(NULL);
}
