/* SPDX-License-Identifier: MIT */
/*
 * leave.c - out of the kernel and back: the iret hypercall with frames that are
 * almost right, alone and in a list, on page tables of all sorts for user mode;
 * and from user mode hypercalls, which must come to our own entry point with all
 * registers as they were, and instructions that are not for it.
 *
 * What runs there is ours, and short: anything else is stepped through one
 * instruction, so that it cannot loop.
 */
#include "pv-fuzz.h"

#include <xen/callback.h>

#define FLAT_CS32 0xe023

/* For entries from user mode, for those from the kernel, the frame on top of all. */
static uint8_t stacks[4][PAGE_SIZE] PAGE_BSS;
#define USER_ENTRY_SP ((ulong)stacks[2])
static struct iret_context *const frame =
    (struct iret_context *)((uint8_t *)(stacks + 4) - sizeof(struct iret_context));

/* The failsafe callback: whatever selectors there were, they are null now. */
extern char leave_failsafe[], entry_syscall[];
asm("leave_failsafe: pop %rcx; pop %r11; add $32, %rsp; push $0\n\t"
    "jmp hypercall_page + 32 * 23");
_Static_assert(__HYPERVISOR_iret == 23, "number of the code above");

static void callback(unsigned int type)
{
    struct callback_register reg = {type, 0, (ulong)entry_syscall};

    check_equal("callback_op", hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, &reg), 0);
}

void leave_restore(void)
{
    check_equal("set_trap_table", pv_set_traps(), 0);
    check_equal(
        "set_callbacks",
        hypercall(__HYPERVISOR_set_callbacks, 0, (ulong)leave_failsafe, (ulong)entry_syscall, 0, 0),
        0);
    callback(CALLBACKTYPE_sysenter);
    callback(CALLBACKTYPE_syscall32);
}

static void drop_selectors(void)
{
    asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" : : "r"(0));
}

/* A frame with IF has let events in, which have no entry point, or any. */
static void mask_events(void)
{
    struct iret_context f = pv_user_frame((ulong)pv_unwind);

    f.cs = KERNEL_CS;
    pv_iret(&f, 0);
}

/* Frame 0 would be none. */
static bool user_root(ulong mfn)
{
    return mfn && !pv_mmuext(MMUEXT_NEW_USER_BASEPTR, mfn);
}

void leave_init(void)
{
    pv_user_init();
    leave_restore();
}

/* ---- user mode ---- */

extern ulong user_block[7];
USER_DATA ulong user_block[7];
USER_DATA uint64_t user_far;

/* RDI is any number or address in all of them. */
#define PROBES(X)                                               \
    X(call, "mov user_block, %rax; mov user_block+8, %rdi;"     \
            "mov user_block+16, %rsi; mov user_block+24, %rdx;" \
            "mov user_block+32, %r10; mov user_block+40, %r8;"  \
            "mov user_block+48, %r9; syscall; user_called:"     \
            "mov %rax, user_block; mov %rdi, user_block+8;"     \
            "mov %rsi, user_block+16; mov %rdx, user_block+24;" \
            "mov %r10, user_block+32; mov %r8, user_block+40;"  \
            "mov %r9, user_block+48")                           \
    X(read, "mov (%rdi), %rax")                                 \
    X(write, "mov %rax, (%rdi)")                                \
    X(jump, "jmp *%rdi")                                        \
    X(far, "mov %edi, user_far+4; lcall *user_far")             \
    X(sysenter, "sysenter")                                     \
    X(int3, "int3")                                             \
    X(int80, "int $0x80")                                       \
    X(int20, "int $0x20")                                       \
    X(hlt, "hlt")                                               \
    X(cli, "cli")                                               \
    X(in, "mov %edi, %edx; in %dx, %eax")                       \
    X(insb, "mov %edi, %edx; insb")                             \
    X(rdmsr, "mov %edi, %ecx; rdmsr")                           \
    X(wrmsr, "mov %edi, %ecx; wrmsr")                           \
    X(cr3, "mov %rdi, %cr3")                                    \
    X(dr7, "mov %rdi, %db7")                                    \
    X(ds, "mov %di, %ds")                                       \
    X(ss, "mov %di, %ss")                                       \
    X(fs, "mov %di, %fs; mov %fs:0, %rax")                      \
    X(gs, "mov %di, %gs; mov %gs:0, %rax")                      \
    X(lar, "lar %di, %eax")                                     \
    X(cpuid, "mov %edi, %eax; ud2a; .ascii \"xen\"; cpuid")     \
    X(popf, "push %rdi; popf")                                  \
    X(iret, "push %rdi; push %rdi; push %rdi; push %rdi; push %rdi; iretq")

#define CODE(name, code) "probe_" #name ": " code "; ret\n"
asm(".pushsection .user_text, \"ax\"\n" PROBES(
    CODE) ".popsection\n"
          ".pushsection .extable, \"a\"; .long user_called, user_called, 0; .popsection");
#define DECLARE(name, code) ulong probe_##name(ulong arg);
PROBES(DECLARE)
#define NAME(name, code) probe_##name,
static ulong (*const probes[])(ulong) = {PROBES(NAME)};

/* A call that is none: our entry point gets it, and gives it back. */
static void user_call_any(bool shown)
{
    ulong before[ARRAY_SIZE(user_block)];
    struct pv_call c;

    pv_call_make(&c);
    before[0] = any(8) ? c.nr : any_value();
    memcpy(before + 1, c.arg, sizeof(c.arg));
    memcpy(user_block, before, sizeof(before));
    if (shown)
        printk("user: %lx(%lx, %lx, %lx)\n", before[0], before[1], before[2], before[3]);
    exec_user(probe_call, 0);
    check_fault("SYSCALL of user mode", fault_last(), FAULT(VEC_RETURN, 0));
    check_true("with its registers", !memcmp(user_block, before, sizeof(before)));
}

void leave_to_user(bool shown)
{
    unsigned int i = any(ARRAY_SIZE(probes));
    ulong arg = any(2) ? any_value() : any_address();

    user_root(pv_user_root());
    if (any(2)) {
        user_call_any(shown);
        return;
    }
    user_far = any(2) ? 0x40000000 : 0;
    if (shown)
        printk("user: probe %u(%lx)\n", i, arg);
    exec_user(probes[i], arg);
    drop_selectors();
}

/* ---- iret ---- */

static uint16_t any_selector(unsigned int usual)
{
    switch (any(8)) {
    case 0:
        return any(4);
    case 1:
        return 0xe000 + any(0x1000);
    case 2:
        return any(0x10000);
    default:
        return usual | 3;
    }
}

/* Nothing is ever mapped there, nor where code of 32 bits would go: to the low half.
 * That is no address of any_address(): QEMU ends at breakpoints there (emulators.md). */
static ulong any_hole(unsigned int cs)
{
    static const ulong holes[] = {0x40000000,         1ul << 47,          1ul << 63,
                                  0xffff830000000000, 0xffff82d080200000, 0xffff87fffffffff8};

    return holes[any(ARRAY_SIZE(holes))] | ((cs | 3) == USER_CS ? 0 : 0x50000000);
}

static void make_frame(void)
{
    bool kernel = !any(3), ours = any(4);

    *frame = (struct iret_context){.rax = any(8) ? any_value() : -85ul, /* -ERESTART */
                                   .rcx = any_address(),
                                   .r11 = any_value(),
                                   .flags = any(2) ? any_value() : any(2) * VGCF_in_syscall,
                                   .rflags = any_value() | any(~0u),
                                   .cs = any_selector(any(4) ? USER_CS : FLAT_CS32),
                                   .ss = any_selector(USER_DS)};
    if (kernel) {
        frame->cs -= (frame->cs & 3) == 3 ? 1 + any(3) : 0;
        frame->rip = any(2) && (frame->cs | 3) == USER_CS ? (ulong)pv_unwind : any_hole(frame->cs);
        frame->rsp = (ulong)stacks[3] - any(64);
        return;
    }
    frame->cs |= 3;
    frame->rip = any(4) ? (ulong)(any(2) ? (ulong)user_return : (ulong)probes[any(16)])
                        : any_hole(frame->cs);
    frame->rsp = any(2) ? (ulong)user_stack_end - 64 : any_address();
    if (ours || !user_root(any_mfn())) {
        ours = true;
        user_root(pv_user_root());
    }
    if (!ours || frame->cs != USER_CS || frame->rip != (ulong)user_return)
        frame->rflags |= EFLAGS_TF;
}

/* New every time: RDI leads there, and on our own page tables user mode can write to it. */
static struct multicall_entry list[2];

static void go(ulong nr)
{
    list[0] = (struct multicall_entry){.op = __HYPERVISOR_xen_version};
    list[1] = (struct multicall_entry){.op = __HYPERVISOR_iret};
    asm volatile("mov %0, %%rsp; syscall" : : "r"(frame), "a"(nr), "D"(list), "S"(2ul) : "memory");
}

void leave_by_iret(bool shown)
{
    fault_t fault;

    make_frame();
    if (shown)
        printk("iret: %lx:%lx %lx:%lx flags %lx\n", (ulong)frame->cs, (ulong)frame->rip,
               (ulong)frame->ss, (ulong)frame->rsp, (ulong)frame->rflags);
    hypercall(__HYPERVISOR_stack_switch, KERNEL_DS, USER_ENTRY_SP, 0, 0, 0);
    fault = guarded(go, any(8) ? __HYPERVISOR_iret : __HYPERVISOR_multicall);
    drop_selectors();
    mask_events();
    /* What came of it: 0, or the vector of a fault. */
    cover_note(false, __HYPERVISOR_iret, 0, fault ? -(int)(fault >> 16 & 0xff) : 0);
}
