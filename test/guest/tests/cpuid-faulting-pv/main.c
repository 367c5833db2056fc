/* SPDX-License-Identifier: MIT */
/*
 * CPUID faulting of PV guests: on, CPUID in user mode is #GP(0), plain and with
 * the forced-emulation prefix, and the kernel's works as before, also after the
 * vCPU was off the processor; off, all work.  Only a processor that faults
 * CPUID can do that for ring 3, and no emulator here models one: the test finds
 * one where its hypervisor is itself an HVM guest of Cairn (`system inner`).
 * Source: SDM vol. 3B, "CPUID Faulting".
 */
#include <guest/cpu.h>
#include <guest/pv.h>
#include <guest/test.h>

const char test_title[] = "CPUID faulting of a PV guest";

#define PLATFORM_INFO         0xce
#define PLATFORM_CPUID_FAULTS (1u << 31)
#define MISC_FEATURES         0x140
#define FORCED                "ud2; .ascii \"xen\"; "

static uint8_t exception_stack[PAGE_SIZE] PAGE_BSS;
static uint8_t user_stack[PAGE_SIZE] PAGE_BSS;

extern char user_plain[], user_forced[];
asm(".pushsection .text\n"
    "user_plain: xor %eax, %eax; cpuid; int3\n"
    "user_forced: xor %eax, %eax; " FORCED "cpuid; int3\n"
    ".popsection");

/* To user mode at @ip, by iret; it comes back by an exception. */
static void enter_user(ulong ip)
{
    asm volatile("push %[ss]; push %[sp]; push $0x202; push %[cs]; push %[ip]; push $0\n\t"
                 "jmp hypercall_page + 32 * %c[iret]"
                 :
                 : [ss] "r"(FLAT_USER_SS + 0ul), [sp] "r"(user_stack + PAGE_SIZE),
                   [cs] "r"(FLAT_USER_CS + 0ul), [ip] "r"(ip), [iret] "i"(__HYPERVISOR_iret)
                 : "memory");
    __builtin_unreachable();
}

static void kernel_plain(ulong arg)
{
    (void)arg;
    (void)cpuid(0, 0);
}

static void kernel_forced(ulong arg)
{
    uint32_t a = 0, c = 0;

    (void)arg;
    asm volatile(FORCED "cpuid" : "+a"(a), "+c"(c) : : "ebx", "edx");
}

static void check_all(const char *when, bool faulting)
{
    fault_t user = faulting ? FAULT(VEC_GP, 0) : FAULT(VEC_BP, 0);

    printk("%s\n", when);
    check_fault("kernel", guarded(kernel_plain, 0), 0);
    check_fault("kernel, forced", guarded(kernel_forced, 0), 0);
    check_fault("user", guarded(enter_user, (ulong)user_plain), user);
    check_equal("at", fault_record.ip, (ulong)user_plain + (faulting ? 2 : 5));
    check_fault("user, forced", guarded(enter_user, (ulong)user_forced), user);
    check_equal("at", fault_record.ip, (ulong)user_forced + (faulting ? 7 : 10));
}

/* Off the processor until a time that is not yet past: one of these is not. */
static void sleep(void)
{
    for (uint64_t at = 1 << 20; at < 1ull << 34; at *= 2) {
        struct sched_poll poll = {.timeout = at};

        check_equal("poll", hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll), 0);
    }
}

static void set_up_user_mode(void)
{
    struct mmuext_op op = {.cmd = MMUEXT_NEW_USER_BASEPTR,
                           .arg1.mfn = pv_mfn((const void *)pv_info->pt_base)};

    check_equal("user tables", hypercall(__HYPERVISOR_mmuext_op, (ulong)&op, 1, 0, DOMID_SELF, 0),
                0);
    check_equal("kernel stack",
                hypercall2(__HYPERVISOR_stack_switch, KERNEL_DS, exception_stack + PAGE_SIZE), 0);
}

void test_main(void)
{
    uint64_t info = 0, features = ~0ull;

    set_up_user_mode();
    check_all("off", false);
    check_fault("PLATFORM_INFO", rdmsr_safe(PLATFORM_INFO, &info), 0);
    check_fault("MISC_FEATURES_ENABLES", rdmsr_safe(MISC_FEATURES, &features), 0);
    check_equal("it", features, 0);
    check_fault("other bits", wrmsr_safe(MISC_FEATURES, 2), FAULT(VEC_GP, 0));
    if (!(info & PLATFORM_CPUID_FAULTS)) {
        check_fault("on", wrmsr_safe(MISC_FEATURES, 1), FAULT(VEC_GP, 0));
        check_all("still off", false);
        report_skip("the processor does not fault CPUID");
        return;
    }
    check_fault("on", wrmsr_safe(MISC_FEATURES, 1), 0);
    check_all("on", true);
    sleep();
    check_all("on, after being off the processor", true);
    check_fault("MISC_FEATURES_ENABLES", rdmsr_safe(MISC_FEATURES, &features), 0);
    check_equal("it", features, 1);
    check_fault("off", wrmsr_safe(MISC_FEATURES, 0), 0);
    check_all("off again", false);
    report_success(NULL);
}
