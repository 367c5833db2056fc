/* SPDX-License-Identifier: MIT */
/*
 * iret.c - the frame of the iret hypercall, field by field.  What cannot be
 * loaded is a fault of the context that was to be, as if its code had met it,
 * with the processor's error code; ring 3 is what every RPL becomes; flags
 * that are not the guest's are dropped; and RAX is any number at all.
 */
#include "pv-user.h"

#include <xen/vcpu.h>

#define RAX      0x123456789abcdefull
#define ERESTART 85 /* not for guests, but known: xen/errno.h */

/* EFLAGS that a guest may not have, and some that it may. */
#define EFLAGS_IOPL (3 << 12)
#define EFLAGS_NT   (1 << 14)
#define EFLAGS_VM   (1 << 17)
#define EFLAGS_VIF  (1 << 19)
#define EFLAGS_VIP  (1 << 20)
#define EFLAGS_ID   (1 << 21)

static uint8_t stack[PAGE_SIZE] PAGE_BSS; /* of the kernel, for faults on the way to it */

/* In the kernel: CS and SS.  In user mode: flags, RCX, RAX. */
extern char landing[], user_flags[], user_rcx[], user_keep[], user_compat[];
extern ulong user_rax;
USER_DATA ulong user_rax;
asm("landing: mov %cs, %eax; mov %ss, %ecx; shl $16, %ecx; or %ecx, %eax; jmp guard_unwind\n"
    ".pushsection .user_text, \"ax\"\n"
    "user_flags: pushf; pop %rax; syscall\n"
    "user_rcx: mov %rcx, %rax; syscall\n"
    "user_keep: mov %rax, user_rax; syscall\n"
    ".code32\n"
    "user_compat: mov $5, %eax; dec %eax; ud2\n" /* DEC is a prefix elsewhere */
    ".code64\n"
    ".popsection");

static ulong go(const struct iret_context *frame)
{
    fault_clear();
    return pv_iret(frame, 0);
}

static void bad_frames(void)
{
    static const struct {
        const char *what;
        ulong ip;
        uint16_t cs, ss;
        fault_t wanted;
    } frames[] = {
        {"as it should be", 0, USER_CS, USER_DS, 0},
        {"RIP of no address", 1ul << 47, USER_CS, USER_DS, FAULT(VEC_GP, 0)},
        {"RIP below the upper half", ~0ul << 47 ^ 1ul << 63, USER_CS, USER_DS, FAULT(VEC_GP, 0)},
        {"RIP nowhere", 0x40000000, USER_CS, USER_DS, FAULT(VEC_PF, PF_U | PF_I)},
        {"RIP in the kernel", (ulong)landing, USER_CS, USER_DS, FAULT(VEC_PF, PF_U | PF_I)},
        {"RIP in the hypervisor", 0xffff82d080200000, USER_CS, USER_DS,
         FAULT(VEC_PF, PF_U | PF_I | PF_P)},
        {"no CS", 0, 3, USER_DS, FAULT(VEC_GP, 0)},
        {"the hypervisor's CS", 0, 0xe00b, USER_DS, FAULT(VEC_GP, 0xe008)},
        {"data as CS", 0, USER_DS, USER_DS, FAULT(VEC_GP, USER_DS & ~3)},
        {"CS of no descriptor", 0, 0x13, USER_DS, FAULT(VEC_GP, 0x10)},
        {"CS beyond the table", 0, 0xfffb, USER_DS, FAULT(VEC_GP, 0xfff8)},
        {"CS of no LDT", 0, 0xf, USER_DS, FAULT(VEC_GP, 0xc)},
        {"no SS", 0, USER_CS, 3, FAULT(VEC_GP, 0)},
        {"the hypervisor's SS", 0, USER_CS, 0xe013, FAULT(VEC_GP, 0xe010)},
        {"code as SS", 0, USER_CS, USER_CS, FAULT(VEC_GP, USER_CS & ~3)},
        {"SS of no descriptor", 0, USER_CS, 0x13, FAULT(VEC_GP, 0x10)},
        {"SS beyond the table", 0, USER_CS, 0xfffb, FAULT(VEC_GP, 0xfff8)},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++) {
        ulong ip = frames[i].ip ? frames[i].ip : (ulong)user_return;
        struct iret_context f = pv_user_frame(ip);

        f.cs = frames[i].cs;
        f.ss = frames[i].ss;
        f.rax = RAX;
        check_equal("RAX", go(&f), RAX);
        check_fault(frames[i].what, fault_last(), frames[i].wanted);
        if (!frames[i].wanted)
            continue;
        check_equal("its RIP", fault_record.ip, ip);
        check_equal("its CS", fault_record.cs & 0xffff, frames[i].cs);
    }
}

/* To the kernel: RPL 0 to 2 stand for it, and none of them is had. */
static void kernel_frames(void)
{
    for (unsigned int rpl = 0; rpl < 4; rpl++) {
        struct iret_context f = pv_user_frame((ulong)landing);

        f.cs = (USER_CS & ~3) | (rpl < 3 ? rpl : 0);
        f.ss = (USER_DS & ~3) | rpl;
        check_equal("CS and SS in the kernel", go(&f), (ulong)USER_DS << 16 | USER_CS);
        check_fault("to the kernel", fault_last(), 0);

        f.cs = 0xe008 | (rpl < 3 ? rpl : 0);
        f.rsp = (ulong)stack + sizeof(stack);
        go(&f);
        check_fault("the hypervisor's CS in the kernel", fault_last(), FAULT(VEC_GP, 0xe008));
        check_true("it is the kernel's fault", !(fault_record.cs & 3));
    }
}

static void flags(void)
{
    const ulong mine = EFLAGS_NT | EFLAGS_AC | EFLAGS_ID;
    struct iret_context f = pv_user_frame((ulong)user_flags);

    f.rflags = mine | EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP;
    check_equal("flags in user mode", go(&f), mine | EFLAGS_IF | EFLAGS_MBS);
    f.rflags = 0;
    check_equal("no flags in user mode", go(&f), EFLAGS_IF | EFLAGS_MBS);
    f.rflags = EFLAGS_TF;
    go(&f);
    check_fault("TF", fault_last(), FAULT(VEC_DB, 0));
    check_equal("after one instruction", fault_record.ip, (ulong)user_flags + 1);
}

/* With VGCF_in_syscall the caller knows that RCX and R11 are SYSRET's. */
static void registers(void)
{
    struct iret_context f = pv_user_frame((ulong)user_rcx);

    f.rcx = RAX;
    check_equal("RCX", go(&f), RAX);
    f.flags = VGCF_in_syscall;
    check_equal("RCX after SYSRET", go(&f), (ulong)user_rcx);
    f.rip = 1ul << 47;
    go(&f);
    check_fault("SYSRET to no address", fault_last(), FAULT(VEC_GP, 0));
    check_true("it is user mode's fault", (fault_record.cs & 3) == 3);
}

/* What RAX is loaded with is not the result of a hypercall: -ERESTART, with which
 * the hypervisor goes on with one later, is as good as any. */
static void results(void)
{
    struct multicall_entry read = {.op = __HYPERVISOR_get_debugreg};

    for (long rax = -ERESTART - 1; rax <= -ERESTART + 1; rax++) {
        struct iret_context f = pv_user_frame((ulong)user_return);

        f.rax = rax;
        check_equal("RAX like an error", go(&f), rax);
        check_fault("with it", fault_last(), 0);
        check_equal("breakpoint address", hypercall(__HYPERVISOR_set_debugreg, 0, rax, 0, 0, 0), 0);
        check_equal("read again", hypercall1(__HYPERVISOR_get_debugreg, 0), rax);
        check_equal("in a list", hypercall(__HYPERVISOR_multicall, (ulong)&read, 1, 0, 0, 0), 0);
        check_equal("its result", read.result, rax);
    }
    hypercall(__HYPERVISOR_set_debugreg, 0, 0, 0, 0, 0);
    check_equal("no debug register", hypercall1(__HYPERVISOR_get_debugreg, 8), -XEN_ENODEV);
}

/* A list ends with it, and RAX is that of the frame, too. */
static struct multicall_entry list[2] = {{.op = __HYPERVISOR_iret}, {.op = 99, .result = RAX}};

static void iret_in_list(ulong frame)
{
    asm volatile("mov %0, %%rsp; syscall"
                 :
                 : "r"(frame), "a"((ulong)__HYPERVISOR_multicall), "D"(list), "S"(2ul));
}

static void listed(void)
{
    static struct iret_context f;

    f = pv_user_frame((ulong)user_keep);
    f.rax = -ERESTART;
    hypercall(__HYPERVISOR_stack_switch, KERNEL_DS, (ulong)stack + sizeof(stack), 0, 0, 0);
    check_fault("iret in a list", guarded(iret_in_list, (ulong)&f), 0);
    check_equal("RAX from there", user_rax, f.rax);
    check_equal("the entry after it", list[1].result, RAX);
}

/* Numbers are 64 bits wide. */
static void number(void)
{
    ulong rax = 1ul << 32 | __HYPERVISOR_xen_version;

    asm volatile("syscall" : "+a"(rax) : "D"(0ul), "S"(0ul) : "rcx", "r11", "memory");
    check_equal("a call of no number", rax, -XEN_ENOSYS);
}

void iret_frames(void)
{
    struct iret_context f = pv_user_frame((ulong)user_compat);

    bad_frames();
    kernel_frames();
    flags();
    registers();
    f.cs = FLAT_CS32;
    check_equal("32-bit user code", go(&f), 4);
    check_fault("and its end", fault_last(), FAULT(VEC_UD, 0));
    results();
    listed();
    number();
}
