/* SPDX-License-Identifier: MIT */
/*
 * User mode of a PV guest.  Kernel and user mode both run in ring 3; what keeps
 * user mode in its place is all the hypervisor's doing:
 *  - its page tables are another root: kernel pages are not there, and they are
 *    as soon as the kernel names its own root for user mode, too;
 *  - SYSCALL in user mode is never a hypercall, whatever the registers: it comes
 *    to the kernel's entry point, on the kernel's stack, DF clear, and the kernel
 *    can go back; SYSENTER and INT n likewise, or are faults without an entry;
 *  - privileged instructions, which for the kernel are emulated, are #GP, ports
 *    and CLI unless the kernel gave user mode its IOPL;
 *  - each mode has a GS base of its own, and SWAPGS is not for ring 3;
 *  - the frame of the iret hypercall may hold anything (iret.c);
 *  - a selector that is gone when the vCPU runs again is told to the failsafe
 *    callback, with the value that it had.
 */
#include "pv-user.h"

#include <xen/callback.h>
#include <xen/physdev.h>
#include <xen/vcpu.h>

const char test_title[] = "PV user mode";

#define MAGIC 0x5ca1ab1e

static uint64_t kernel_word = 0x1111;
static USER_DATA uint64_t user_word = 0x2222;
static USER_DATA struct sched_shutdown shutdown = {.reason = SHUTDOWN_crash};

/* ---- memory ---- */

static USER_TEXT ulong user_read(ulong at)
{
    return *(volatile uint64_t *)at;
}

static USER_TEXT ulong user_write(ulong at)
{
    return *(volatile uint64_t *)at = MAGIC;
}

static void check_user(const char *what, ulong (*fn)(ulong), ulong arg, fault_t wanted)
{
    exec_user(fn, arg);
    check_fault(what, fault_last(), wanted);
    if (wanted)
        check_equal("and its ring", fault_record.cs & 3, 3);
}

static void memory(void)
{
    check_equal("user mode reads its word", exec_user(user_read, (ulong)&user_word), 0x2222);
    check_user("user mode writes it", user_write, (ulong)&user_word, 0);
    check_equal("what it wrote", user_word, MAGIC);
    user_word = 0x2222;
    check_user("kernel data", user_read, (ulong)&kernel_word, FAULT(VEC_PF, PF_U));
    check_equal("its address", fault_record.cr2, (ulong)&kernel_word);
    check_user("write to it", user_write, (ulong)&kernel_word, FAULT(VEC_PF, PF_U | PF_W));
    check_user("kernel tables", user_read, pv_info->pt_base, FAULT(VEC_PF, PF_U));
    check_user("hypervisor", user_read, 0xffff82d080200000, FAULT(VEC_PF, PF_U | PF_P));
    check_user("write to the M2P table", user_write, MACH2PHYS_VIRT_START,
               FAULT(VEC_PF, PF_U | PF_P | PF_W));

    /* With the kernel's root it can: only the root stood in the way. */
    ulong root = pv_mfn((void *)pv_info->pt_base);

    check_equal("kernel's root for user mode", pv_mmuext(MMUEXT_NEW_USER_BASEPTR, root), 0);
    check_equal("kernel data, mapped", exec_user(user_read, (ulong)&kernel_word), 0x1111);
    check_user("kernel tables, read-only", user_write, pv_info->pt_base,
               FAULT(VEC_PF, PF_U | PF_P | PF_W));
    check_equal("user root again", pv_mmuext(MMUEXT_NEW_USER_BASEPTR, pv_user_root()), 0);
    check_user("kernel data, once more", user_read, (ulong)&kernel_word, FAULT(VEC_PF, PF_U));
}

/* ---- calls ---- */

/* As a hypercall it would be the end of us, or of something, with many a number. */
static USER_TEXT ulong user_syscall(ulong nr)
{
    asm volatile("std; syscall; 1: cld" ASM_FIXUP(1b, 1b)
                 : "+a"(nr)
                 : "D"((ulong)SCHEDOP_shutdown), "S"(&shutdown), "d"(0ul)
                 : "rcx", "r11", "memory");
    return nr;
}

static USER_TEXT ulong user_sysenter(ulong arg)
{
    asm volatile("sysenter; ud2" : "+a"(arg) : : "memory");
    return arg;
}

static USER_TEXT ulong user_int80(ulong arg)
{
    asm volatile("int $0x80" : "+a"(arg));
    return arg;
}

static void gate(unsigned int vector, unsigned int flags, const char *at)
{
    struct trap_info table[2] = {{vector, flags, FLAT_KERNEL_CS, (ulong)at}, {0}};

    check_equal("set_trap_table", hypercall1(__HYPERVISOR_set_trap_table, (ulong)table), 0);
}

static void calls(void)
{
    extern const char entry_syscall[];
    struct callback_register reg = {CALLBACKTYPE_sysenter, 0, (ulong)entry_syscall};

    for (ulong nr = 0; nr < 64; nr++) {
        check_equal("RAX of SYSCALL", exec_user(user_syscall, nr), nr);
        check_fault("SYSCALL", fault_last(), FAULT(VEC_RETURN, 0));
    }
    check_user("SYSENTER, no callback", user_sysenter, MAGIC, FAULT(VEC_GP, 0));
    check_equal("callback_op", hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, &reg), 0);
    check_equal("SYSENTER comes in", exec_user(user_sysenter, MAGIC), MAGIC);
    check_fault("as a call", fault_last(), 0);

    check_user("INT 80, no gate", user_int80, MAGIC, FAULT(VEC_GP, 0x80 * 8 + 2));
    gate(0x80, 1, entry_syscall);
    check_user("INT 80, kernel's gate", user_int80, MAGIC, FAULT(VEC_GP, 0x80 * 8 + 2));
    gate(0x80, 3, entry_syscall);
    check_equal("INT 80 comes in", exec_user(user_int80, MAGIC), MAGIC);
    check_fault("as a call", fault_last(), 0);

    /* No entry for SYSCALL: an instruction that is not there. */
    check_equal("set_callbacks", hypercall(__HYPERVISOR_set_callbacks, 0, 0, 0, 0, 0), 0);
    check_user("SYSCALL, no callback", user_syscall, 0, FAULT(VEC_UD, 0));
    check_true("at itself", *(const uint16_t *)fault_record.ip == 0x050f);
    check_equal("set_callbacks", pv_set_traps(), 0);
}

/* DF of user mode is in the frame of its SYSCALL, and the kernel begins without. */
#define EFLAGS_DF (1 << 10)

static USER_TEXT ulong user_backwards(ulong arg)
{
    extern fixup_fn note_frame;

    asm volatile("std; syscall; 1: cld" ASM_FIXUP_CALL(1b, 1b, note_frame)
                 : "+a"(arg)
                 :
                 : "rcx", "r11", "memory");
    return arg;
}

static ulong frame_flags;
extern ulong entry_flags;
extern char entry_noting[];
ulong entry_flags;
asm("entry_noting: pushf; pop %rcx; or %rcx, entry_flags; jmp entry_syscall");

fixup_fn note_frame;
void note_frame(struct regs *regs)
{
    frame_flags = regs->flags;
}

static void direction(void)
{
    check_equal("set_callbacks",
                hypercall(__HYPERVISOR_set_callbacks, 0, 0, (ulong)entry_noting, 0, 0), 0);
    exec_user(user_backwards, 0);
    check_true("DF in the frame", frame_flags & EFLAGS_DF);
    check_true("no DF in the kernel", !(entry_flags & EFLAGS_DF));
    check_equal("set_callbacks", pv_set_traps(), 0);
}

/* ---- instructions ---- */

#define PRIVILEGED(X)                                                        \
    X(hlt, "hlt")                                                            \
    X(clts, "clts")                                                          \
    X(invd, "invd")                                                          \
    X(wbinvd, "wbinvd")                                                      \
    X(swapgs, "swapgs")                                                      \
    X(sysret, "sysretq")                                                     \
    X(read_cr0, "mov %cr0, %rax")                                            \
    X(write_cr0, "mov %rdi, %cr0")                                           \
    X(read_cr3, "mov %cr3, %rax")                                            \
    X(write_cr3, "mov %rdi, %cr3")                                           \
    X(write_cr4, "mov %rdi, %cr4")                                           \
    X(read_dr7, "mov %db7, %rax")                                            \
    X(write_dr7, "mov %rdi, %db7")                                           \
    X(rdmsr, "mov $0xc0000080, %ecx; rdmsr")                                 \
    X(wrmsr, "mov $0xc0000101, %ecx; xor %eax, %eax; mov %eax, %edx; wrmsr") \
    X(lgdt, "lgdt (%rsp)")                                                   \
    X(lidt, "lidt (%rsp)")                                                   \
    X(lldt, "lldt %di")                                                      \
    X(ltr, "ltr %di")                                                        \
    X(lmsw, "lmsw %di")                                                      \
    X(invlpg, "invlpg (%rsp)")

/* These depend on IOPL. */
#define BY_IOPL(X)                            \
    X(cli, "cli")                             \
    X(sti, "sti")                             \
    X(inb, "mov $0x80, %edx; in %dx, %al")    \
    X(outl, "mov $0x80, %edx; out %eax, %dx") \
    X(outsb, "mov $0x80, %edx; mov %rsp, %rsi; outsb")

#define STUB(name, code) "user_" #name ": " code "; ret\n"
asm(".pushsection .user_text, \"ax\"\n" PRIVILEGED(STUB) BY_IOPL(STUB) ".popsection");
#define DECLARE(name, code) ulong user_##name(ulong arg);
PRIVILEGED(DECLARE)
BY_IOPL(DECLARE)

struct stub {
    const char *name;
    ulong (*fn)(ulong);
};
#define ENTRY(name, code) {#name, user_##name},
static const struct stub privileged[] = {PRIVILEGED(ENTRY)}, by_iopl[] = {BY_IOPL(ENTRY)};

static USER_TEXT ulong user_forced_cpuid(ulong leaf)
{
    uint32_t b, c, d;

    asm volatile("ud2a; .ascii \"xen\"; cpuid" : "+a"(leaf), "=b"(b), "=c"(c), "=d"(d));
    return leaf ? b : 0;
}

static void instructions(void)
{
    struct physdev_set_iopl iopl;

    for (unsigned int i = 0; i < ARRAY_SIZE(privileged); i++)
        check_user(privileged[i].name, privileged[i].fn, 0, FAULT(VEC_GP, 0));
    for (iopl.iopl = 0; iopl.iopl < 4; iopl.iopl++) {
        check_equal("set_iopl", hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
        for (unsigned int i = 0; i < ARRAY_SIZE(by_iopl); i++)
            check_user(by_iopl[i].name, by_iopl[i].fn, 0, iopl.iopl == 3 ? 0 : FAULT(VEC_GP, 0));
    }
    iopl.iopl = 0;
    hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl);
    check_equal("forced CPUID in user mode", exec_user(user_forced_cpuid, 0x40000000), 0x566e6558);
}

/* ---- segments ---- */

static USER_TEXT ulong user_gs(ulong arg)
{
    asm volatile("mov %%gs:0, %0" : "=r"(arg));
    return arg;
}

static long set_base(unsigned int which, const void *base)
{
    return hypercall(__HYPERVISOR_set_segment_base, which, (ulong)base, 0, 0, 0);
}

static void bases(void)
{
    check_equal("GS of the kernel", set_base(SEGBASE_GS_KERNEL, &kernel_word), 0);
    check_equal("GS of user mode", set_base(SEGBASE_GS_USER, &user_word), 0);
    for (unsigned int i = 0; i < 2; i++) {
        check_equal("user mode's word", exec_user(user_gs, 0), 0x2222);
        check_equal("the kernel's word", user_gs(0), 0x1111);
    }
}

static uint64_t descriptors[512] PAGE_BSS;

static uint64_t running_since(void)
{
    struct vcpu_runstate_info now;

    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (ulong)&now, 0, 0);
    return now.state_entry_time;
}

/* Until the vCPU's state has been put away and loaded again. */
static void sleep(ulong unused)
{
    uint64_t since = running_since();
    struct sched_poll poll = {.timeout = since};

    (void)unused;
    do {
        poll.timeout += 30000000;
        hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    } while (running_since() == since);
}

static void failsafe(void)
{
    ulong frame = pv_mfn(descriptors);

    descriptors[1] = 0x00cff3000000ffff; /* data, DPL 3 */
    check_equal("GDT read-only", pv_map(descriptors, 0), 0);
    check_equal("set_gdt", hypercall(__HYPERVISOR_set_gdt, (ulong)&frame, 512, 0, 0, 0), 0);
    asm volatile("mov %0, %%ds" : : "r"(8 | 3));
    check_fault("sleep with DS", guarded(sleep, 0), 0);
    check_equal("descriptor taken away",
                hypercall(__HYPERVISOR_update_descriptor, (frame << PAGE_SHIFT) + 8, 0, 0, 0, 0),
                0);
    check_fault("sleep with DS of no descriptor", guarded(sleep, 0), FAULT(VEC_SPARE, 0));
    check_equal("DS that it had", pv_failsafe[0], 8 | 3);
    check_true("it came from the kernel", !(fault_record.cs & 3));
    check_fault("sleep once more", guarded(sleep, 0), 0);
}

void test_main(void)
{
    pv_user_init();
    memory();
    calls();
    direction();
    instructions();
    bases();
    iret_frames();
    failsafe();
    report_success(NULL);
}
