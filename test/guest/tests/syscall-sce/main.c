/* SPDX-License-Identifier: MIT */
/*
 * SYSCALL follows the guest's own EFER.SCE: #UD while it is clear, and while it
 * is set it goes to the guest's LSTAR and comes back by SYSRET, also right after
 * an exit.  A host that uses SYSCALL itself has SCE set and entry points of its
 * own in the same registers.  On Intel SYSCALL exists in 64-bit mode only:
 * elsewhere it is #UD whatever SCE says.
 *
 * Source: SDM vol. 2B, SYSCALL, SYSRET.
 */
#include <guest/mode.h>
#include <guest/test.h>

const char test_title[] = "SYSCALL and EFER.SCE";

#define UD     FAULT(VEC_UD, 0)
#define ROUNDS 200

static void set_sce(bool on)
{
    uint64_t efer = rdmsr(MSR_EFER) & ~(uint64_t)EFER_SCE;

    wrmsr(MSR_EFER, on ? efer | EFER_SCE : efer);
}

static USER_TEXT ulong user_syscall(ulong arg)
{
#ifdef __x86_64__
    asm volatile("syscall" : "+a"(arg) : : "rcx", "r11", "memory");
#else
    asm volatile("syscall" : "+a"(arg) : : "ecx", "memory");
#endif
    return arg;
}

static void kernel_syscall(ulong arg)
{
    asm volatile("syscall" : "+a"(arg) : : "ecx", "memory");
}

static void refuse(const char *what)
{
    for (unsigned int pass = 0; pass < 2; pass++) {
        exec_user(user_syscall, 1);
        check_fault(what, fault_last(), UD);
        check_fault(what, guarded(kernel_syscall, 1), UD);
    }
}

#ifdef __x86_64__

/* SYSRET's selectors: user SS and CS, in this order, after a base. */
#define SYSRET_BASE (GDT_SPARE * 8)
#define ANSWER      0x5eed

/* Adds a constant and returns; touches no stack. */
extern char syscall_entry[];
asm(".pushsection .text, \"ax\", @progbits\n"
    "syscall_entry:\n"
    "    add $0x5eed, %eax\n"
    "    sysretq\n"
    ".popsection\n");

static void prepare(void)
{
    gdt[GDT_SPARE + 1] = gdt[GDT_USER_DS];
    gdt[GDT_SPARE + 2] = gdt[GDT_USER_CS];
    wrmsr(MSR_STAR, (uint64_t)(SYSRET_BASE | 3) << 48 | (uint64_t)KERNEL_CS << 32);
    wrmsr(MSR_LSTAR, (ulong)syscall_entry);
    wrmsr(MSR_SYSCALL_MASK, EFLAGS_IF | EFLAGS_TF);
}

static void check_toggling(void)
{
    set_sce(false);
    refuse("T47: SYSCALL with SCE clear");
    prepare();
    refuse("T47: SYSCALL with SCE clear, entry point set");
    for (unsigned int round = 0; round < ROUNDS; round++) {
        set_sce(true);
        cpuid(0, 0); /* an exit in between */
        check_equal("T47: SYSCALL with SCE set", exec_user(user_syscall, round), round + ANSWER);
        check_fault("T47: SYSCALL with SCE set", fault_last(), 0);
        if (on_xen())
            xen_yield(); /* somebody else may run, with SYSCALLs of his own */
        check_equal("T47: SYSCALL once more", exec_user(user_syscall, round), round + ANSWER);
        check_equal("T47: SCE", rdmsr(MSR_EFER) & EFER_SCE, EFER_SCE);
        check_equal("T47: LSTAR", rdmsr(MSR_LSTAR), (ulong)syscall_entry);
        set_sce(false);
        cpuid(0, 0);
        exec_user(user_syscall, round);
        check_fault("T47: SYSCALL with SCE clear again", fault_last(), UD);
        if (on_xen())
            xen_yield();
        exec_user(user_syscall, round);
        check_fault("T47: SYSCALL with SCE clear, once more", fault_last(), UD);
        check_equal("T47: SCE", rdmsr(MSR_EFER) & EFER_SCE, 0);
    }
}

#else

static void check_toggling(void)
{
    set_sce(false);
    refuse("T49: SYSCALL outside long mode, SCE clear");
    set_sce(true);
    refuse("T49: SYSCALL outside long mode, SCE set");
    set_sce(false);
}

#endif

static void check_compat(void)
{
    static const uint32_t window[5];
    const uint32_t unpaged = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP;
    struct mode_step steps[] = {
        MODE_DO(MODE_SET_CR4, 0, CR4_PAE),
        MODE_DO(MODE_WRMSR, MSR_EFER, EFER_SCE),
        MODE_FAULTS("T49: SYSCALL unpaged, SCE set", MODE_SYSCALL, 0, 0, UD),
        MODE_DO(MODE_SET_CR3, 0, mode_root(4)),
        MODE_DO(MODE_WRMSR, MSR_EFER, EFER_SCE | EFER_LME),
        MODE_DO(MODE_SET_CR0, 0, unpaged | CR0_PG),
        MODE_FAULTS("T49: SYSCALL in compatibility mode, SCE set", MODE_SYSCALL, 0, 0, UD),
        MODE_FAULTS("T49: SYSCALL in compatibility mode, once more", MODE_SYSCALL, 0, 0, UD),
        MODE_DO(MODE_WRMSR, MSR_EFER, EFER_LME),
        MODE_FAULTS("T49: SYSCALL in compatibility mode, SCE clear", MODE_SYSCALL, 0, 0, UD),
    };

    if (!cpu_is_intel()) {
        report_part_skipped("T49: only Intel refuses SYSCALL there");
        return;
    }
    mode_build_tables(window);
    mode_check(steps, ARRAY_SIZE(steps));
}

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    if (!cpu_has_long_mode()) {
        report_skip("this processor has no long mode, and so no SYSCALL");
        return;
    }
    check_toggling();
    check_compat();
    report_success(NULL);
}
