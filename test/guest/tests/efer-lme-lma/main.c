/* SPDX-License-Identifier: MIT */
/*
 * How LME, PG and PAE make and unmake LMA.  Setting PG with LME = 1 enters long
 * mode: only with PAE set, with CS.L clear, and with a TSS that long mode knows;
 * otherwise #GP(0) and nothing changes.  Clearing PG leaves it: only from
 * compatibility mode and without PCIDE.  LME survives that, LMA does not, and
 * nobody has to write EFER for it.  A guest with PG = 0 and LME = 1 sees both
 * bits as they are, though processors without unrestricted guest cannot run it
 * that way.  Every program runs in the mode machine, so all environments start
 * from their own kind of paging.
 *
 * Source: SDM vol. 3A, "Paging-Mode Enabling", "Initializing IA-32e Mode".
 */
#include <guest/mode.h>
#include <guest/test.h>

const char test_title[] = "LME, PG and LMA";

#define GP0       FAULT(VEC_GP, 0)
#define UNPAGED   (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP)
#define PAGED     (UNPAGED | CR0_PG)
#define CODE_BITS (EFER_LME | EFER_LMA)
#define SPINS     2000000

/* Unpaged, LME and PAE set, CR3 on four-level tables. */
#define PREPARE_LONG                                                               \
    MODE_DO(MODE_SET_CR0, 0, UNPAGED), MODE_DO(MODE_WRMSR, MSR_EFER, 0),           \
        MODE_DO(MODE_SET_CR4, 0, CR4_PAE), MODE_DO(MODE_SET_CR3, 0, mode_root(4)), \
        MODE_DO(MODE_WRMSR, MSR_EFER, EFER_LME)
#define EFER_IS(text, value) MODE_GIVES(text, MODE_RDMSR, MSR_EFER, CODE_BITS, value)
#define PG_IS(text, value)   MODE_GIVES(text, MODE_GET_CR0, 0, CR0_PG, value)
#define RUN(...)                                  \
    do {                                          \
        struct mode_step steps[] = {__VA_ARGS__}; \
        mode_check(steps, ARRAY_SIZE(steps));     \
    } while (0)

static void check_unpaged(void)
{
    RUN(MODE_DO(MODE_WRMSR, MSR_EFER, 0), MODE_DO(MODE_WRMSR, MSR_EFER, EFER_LME),
        EFER_IS("T10: LME set with PG clear", EFER_LME), MODE_DO(MODE_WRMSR, MSR_EFER, EFER_LMA),
        EFER_IS("T12: LMA written with LME clear", 0), MODE_DO(MODE_WRMSR, MSR_EFER, CODE_BITS),
        EFER_IS("T12: LMA written with LME", EFER_LME));
}

static void check_enter_and_leave(void)
{
    RUN(PREPARE_LONG, MODE_DO(MODE_SET_CR0, 0, PAGED), EFER_IS("T13: PG set", CODE_BITS),
        MODE_DO(MODE_SET_CR0, 0, UNPAGED), EFER_IS("T13: PG clear", EFER_LME),
        PG_IS("T13: PG clear", 0), MODE_DO(MODE_SET_CR0, 0, PAGED),
        EFER_IS("T13: PG set again", CODE_BITS), PG_IS("T13: PG set again", CR0_PG),
        MODE_FAULTS("T8: LME cleared in compatibility mode", MODE_WRMSR, MSR_EFER, 0, GP0),
        EFER_IS("T8: EFER after that", CODE_BITS),
        MODE_FAULTS("T20: PAE cleared in compatibility mode", MODE_SET_CR4, 0, 0, GP0),
        MODE_GIVES("T20: CR4 after that", MODE_GET_CR4, 0, CR4_PAE, CR4_PAE));
}

static void check_refused_entry(void)
{
    RUN(PREPARE_LONG, MODE_DO(MODE_SET_CR4, 0, CR4_PSE),
        MODE_FAULTS("T15: PG set with LME and no PAE", MODE_SET_CR0, 0, PAGED, GP0),
        PG_IS("T15: PG", 0), EFER_IS("T15: EFER", EFER_LME),
        MODE_FAULTS("T15: once more", MODE_SET_CR0, 0, PAGED, GP0));
    RUN(PREPARE_LONG,
        MODE_FAULTS("T16: PG set with LME from CS.L", MODE_SET_CR0_IN_L, 0, PAGED, GP0),
        PG_IS("T16: PG", 0), EFER_IS("T16: EFER", EFER_LME),
        MODE_FAULTS("T16: once more", MODE_SET_CR0_IN_L, 0, PAGED, GP0),
        MODE_DO(MODE_SET_CR0, 0, PAGED), EFER_IS("T16: from other code", CODE_BITS));
    RUN(PREPARE_LONG, MODE_DO(MODE_LTR, 0, MODE_TSS16),
        MODE_FAULTS("T17: PG set with LME and a 16-bit TSS", MODE_SET_CR0, 0, PAGED, GP0),
        PG_IS("T17: PG", 0), EFER_IS("T17: EFER", EFER_LME),
        MODE_FAULTS("T17: once more", MODE_SET_CR0, 0, PAGED, GP0),
        MODE_DO(MODE_LTR, 0, MODE_TSS32), MODE_DO(MODE_SET_CR0, 0, PAGED),
        EFER_IS("T17: with a 32-bit TSS", CODE_BITS));
    /* Without LME neither matters. */
    RUN(PREPARE_LONG, MODE_DO(MODE_WRMSR, MSR_EFER, 0), MODE_DO(MODE_SET_CR3, 0, mode_root(3)),
        MODE_DO(MODE_LTR, 0, MODE_TSS16), MODE_DO(MODE_SET_CR0_IN_L, 0, PAGED),
        PG_IS("T16, T17: legacy paging from CS.L, 16-bit TSS", CR0_PG), EFER_IS("T17: EFER", 0));
}

static void check_refused_exit(void)
{
    RUN(PREPARE_LONG, MODE_DO(MODE_SET_CR0, 0, PAGED),
        MODE_FAULTS("T18: PG cleared in 64-bit mode", MODE_SET_CR0_IN_64, 0, UNPAGED, GP0),
        PG_IS("T18: PG", CR0_PG), EFER_IS("T18: EFER", CODE_BITS),
        MODE_FAULTS("T18: once more", MODE_SET_CR0_IN_64, 0, UNPAGED, GP0),
        MODE_DO(MODE_SET_CR0_IN_64, 0, PAGED & ~CR0_WP),
        MODE_GIVES("T18: WP cleared in 64-bit mode", MODE_GET_CR0, 0, CR0_WP, 0));
    if (!cpu_has_pcid()) {
        report_part_skipped("T19: no PCID");
        return;
    }
    RUN(PREPARE_LONG,
        MODE_FAULTS("T21: PCIDE set unpaged", MODE_SET_CR4, 0, CR4_PAE | CR4_PCIDE, GP0),
        MODE_DO(MODE_SET_CR0, 0, PAGED), MODE_DO(MODE_SET_CR3, 0, mode_root(4) | 8),
        MODE_FAULTS("T21: PCIDE set, CR3[3] set", MODE_SET_CR4, 0, CR4_PAE | CR4_PCIDE, GP0),
        MODE_DO(MODE_SET_CR3, 0, mode_root(4)), MODE_DO(MODE_SET_CR4, 0, CR4_PAE | CR4_PCIDE),
        MODE_GIVES("T21: CR4", MODE_GET_CR4, 0, CR4_PCIDE, CR4_PCIDE),
        MODE_FAULTS("T19: PG cleared with PCIDE", MODE_SET_CR0, 0, UNPAGED, GP0),
        PG_IS("T19: PG", CR0_PG), EFER_IS("T19: EFER", CODE_BITS),
        MODE_DO(MODE_SET_CR4, 0, CR4_PAE), MODE_DO(MODE_SET_CR0, 0, UNPAGED),
        PG_IS("T19: PG cleared without PCIDE", 0));
}

static void check_spin(void)
{
    if (!on_xen()) { /* no interrupt but the hypervisor's own */
        outb(0xff, 0x21);
        outb(0xff, 0xa1);
    }
    RUN(PREPARE_LONG, MODE_DO(MODE_SPIN, SPINS, 0), EFER_IS("T51: EFER after a while", EFER_LME),
        PG_IS("T51: PG after a while", 0));
}

void test_main(void)
{
    static const uint32_t window[5];

    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    if (!cpu_has_long_mode()) {
        report_skip("this processor has no long mode");
        return;
    }
    mode_build_tables(window);
    check_unpaged();
    check_enter_and_leave();
    check_refused_entry();
    check_refused_exit();
    check_spin();
    report_success(NULL);
}
