/* SPDX-License-Identifier: MIT */
/*
 * Faults of emulated accesses.  When the hypervisor executes an instruction for
 * its guest it walks the guest's page tables by itself, and must come to the
 * processor's answer: the same fault with the same error code and CR2, the same
 * accessed and dirty flags.  So each access is made twice, by the processor and
 * by forced emulation, and the two are compared with the manual and with each
 * other.
 *
 * Needs the boot option hvm_fep; bare and without it only the processor's half
 * is checked.  Source: SDM vol. 3A, "Page-Fault Exceptions", "Access Rights".
 */
#include <guest/test.h>

const char test_title[] = "Faults of emulated accesses";

#define OPEN  (PTE_P | PTE_RW | PTE_US)
#define AD    (PTE_A | PTE_D)
#define READ  ACCESS_READ
#define WRITE ACCESS_WRITE
#define AC    ACCESS_AC

static bool forced;

/* One access by both; flags is what A and D of the leaf must be after it. */
static void both(const char *what, unsigned int access, fault_t want, pte_t flags)
{
    for (unsigned int pass = 0; pass < (forced ? 2 : 1); pass++) {
        char text[80];

        snprintf(text, sizeof(text), "%s%s", what, pass ? ", emulated" : "");
        *window_entry(1) &= ~(pte_t)AD;
        write_cr3(read_cr3());
        check_access(text, WINDOW, access | (pass ? ACCESS_FEP : 0), want);
        snprintf(text, sizeof(text), "%s%s: A and D", what, pass ? ", emulated" : "");
        check_equal(text, *window_entry(1) & AD, flags);
    }
}

static void leaf(pte_t pte)
{
    window_set(1, pte);
}

static void check_rights(void)
{
    leaf(WINDOW_PTE(OPEN));
    both("T44: read", READ, 0, PTE_A);
    both("T44: write", WRITE, 0, AD);
    leaf(0);
    both("T44: read, absent", READ, PF(0), 0);
    both("T44: write, absent", WRITE, PF(PF_W), 0);
    leaf((ulong)window_page | PTE_P);
    both("T44: read, read-only", READ, 0, PTE_A);
    both("T44: write, read-only", WRITE, PF(PF_P | PF_W), 0);
    write_cr0(read_cr0() & ~(ulong)CR0_WP);
    both("T44: write, read-only, WP=0", WRITE, 0, AD);
    write_cr0(read_cr0() | CR0_WP);
    leaf(WINDOW_PTE(OPEN));
    window_set(2, window_default(2) & ~(pte_t)PTE_RW);
    both("T44: write, read-only above", WRITE, PF(PF_P | PF_W), 0);
    window_set(2, 0);
    both("T44: write, absent above", WRITE, PF(PF_W), 0);
    window_set(2, window_default(2));
}

static void check_smap(void)
{
    if (!cpu_has_smap()) {
        report_part_skipped("no SMAP");
        return;
    }
    write_cr4(read_cr4() | CR4_SMAP);
    leaf(WINDOW_PTE(OPEN));
    both("T44: SMAP, read of a user page", READ, PF(PF_P), 0);
    both("T44: SMAP, write to a user page", WRITE, PF(PF_P | PF_W), 0);
    both("T44: SMAP, AC, read of a user page", READ | AC, 0, PTE_A);
    both("T44: SMAP, AC, write to a user page", WRITE | AC, 0, AD);
    leaf(WINDOW_PTE(PTE_P | PTE_RW));
    both("T44: SMAP, read of a supervisor page", READ, 0, PTE_A);
    write_cr4(read_cr4() & ~(ulong)CR4_SMAP);
}

#if PAGING_LEVELS > 2
static void check_nx(void)
{
    const fault_t reserved = PF(PF_P | PF_RSVD), reserved_write = PF(PF_P | PF_RSVD | PF_W);
    uint64_t efer = rdmsr(MSR_EFER);

    if (!cpu_has_nx()) {
        report_part_skipped("no NX");
        return;
    }
    leaf(WINDOW_PTE(OPEN) | PTE_NX);
    both("T44: read, bit 63 without NXE", READ, reserved, 0);
    both("T44: write, bit 63 without NXE", WRITE, reserved_write, 0);
    wrmsr(MSR_EFER, efer | EFER_NXE);
    both("T44: read of an NX page", READ, 0, PTE_A);
    both("T44: write to an NX page", WRITE, 0, AD);
    wrmsr(MSR_EFER, efer);
    leaf(WINDOW_PTE(OPEN));
    for (unsigned int level = 2; level <= (PAGING_LEVELS == 3 ? 2 : PAGING_LEVELS); level++) {
        window_set(level, window_default(level) | PTE_NX);
        both("T44: read, bit 63 above without NXE", READ, reserved, 0);
        window_set(level, window_default(level));
    }
    leaf(WINDOW_PTE(OPEN) | 1ull << cpu_maxphysaddr());
    both("T44: read, bit MAXPHYADDR", READ, reserved, 0);
    both("T44: write, bit MAXPHYADDR", WRITE, reserved_write, 0);
    leaf(WINDOW_PTE(OPEN));
}
#endif

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    window_map(WINDOW_PTE(OPEN));
    forced = access_can_force();
    if (!forced)
        report_part_skipped("forced emulation: by a hypervisor with hvm_fep only");
    check_rights();
    check_smap();
#if PAGING_LEVELS > 2
    check_nx();
#endif
    report_success(NULL);
}
