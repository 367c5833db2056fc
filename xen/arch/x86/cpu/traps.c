/* SPDX-License-Identifier: MIT */
/*
 * traps.c - exceptions: those of PV guests go to pv/, those of the hypervisor
 * are fixed up if expected, otherwise they end it with a readable dump.
 */
#include <asm/traps.h>

#include <asm/current.h>
#include <cairn/console.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

static unsigned long nmi_count;
static bool stack_shown; /* by fatal_trap(): panic() need not add its own */

static const char *const exception_names[] = {"divide error",
                                              "debug",
                                              "NMI",
                                              "breakpoint",
                                              "overflow",
                                              "bound range",
                                              "invalid opcode",
                                              "device not available",
                                              "double fault",
                                              "coprocessor overrun",
                                              "invalid TSS",
                                              "segment not present",
                                              "stack fault",
                                              "general protection",
                                              "page fault",
                                              "reserved",
                                              "x87 error",
                                              "alignment check",
                                              "machine check",
                                              "SIMD error",
                                              "virtualization exception",
                                              "control protection"};

static const char *exception_name(unsigned int vector)
{
    return vector < ARRAY_SIZE(exception_names) ? exception_names[vector] : "reserved";
}

void show_gprs(const struct cpu_user_regs *r)
{
    printk(XENLOG_ERR "rax: %016lx   rbx: %016lx   rcx: %016lx\n", r->rax, r->rbx, r->rcx);
    printk(XENLOG_ERR "rdx: %016lx   rsi: %016lx   rdi: %016lx\n", r->rdx, r->rsi, r->rdi);
    printk(XENLOG_ERR "rbp: %016lx   r8:  %016lx   r9:  %016lx\n", r->rbp, r->r8, r->r9);
    printk(XENLOG_ERR "r10: %016lx   r11: %016lx   r12: %016lx\n", r->r10, r->r11, r->r12);
    printk(XENLOG_ERR "r13: %016lx   r14: %016lx   r15: %016lx\n", r->r13, r->r14, r->r15);
}

void show_registers(const struct cpu_user_regs *regs)
{
    printk(XENLOG_ERR "RIP:    %04x:[<%016lx>]\n", regs->cs, regs->rip);
    if (!guest_mode(regs))
        symbol_print(regs->rip);
    printk(XENLOG_ERR "RFLAGS: %016lx   CPU: %u\n", regs->rflags, smp_processor_id());
    show_gprs(regs);
    printk(XENLOG_ERR "rsp: %016lx   cr0: %016lx   cr2: %016lx\n", regs->rsp, read_cr0(),
           read_cr2());
    printk(XENLOG_ERR "cr3: %016lx   cr4: %016lx   ss: %04x\n", read_cr3(), read_cr4(), regs->ss);
}

/* Addresses on the main stack that can be read without a fault. */
static bool on_stack(unsigned long sp)
{
    unsigned long base = (unsigned long)get_cpu_info() & -(unsigned long)STACK_SIZE;

    return sp >= base && sp + 8 <= base + STACK_SIZE && (sp - base) / PAGE_SIZE != 3 && !(sp & 7);
}

#ifdef CAIRN_DEBUG
/* A return address belongs to the call before it, hence the - 1s. */
static void backtrace_frames(unsigned long bp)
{
    for (unsigned int n = 0; n < 32 && on_stack(bp) && on_stack(bp + 8); n++) {
        const unsigned long *frame = (const unsigned long *)bp;
        if (!symbol_print(frame[1] - 1) || frame[0] <= bp)
            return;
        bp = frame[0];
    }
}
#endif

/* Without frame pointers: whatever on the stack looks like a return address. */
static void backtrace_scan(unsigned long sp)
{
    unsigned int shown = 0;

    for (; on_stack(sp) && shown < 24; sp += 8)
        shown += symbol_print(*(const unsigned long *)sp - 1);
}

static void backtrace(unsigned long sp, unsigned long bp)
{
    printk(XENLOG_ERR "Xen call trace:\n");
#ifdef CAIRN_DEBUG
    if (on_stack(bp)) {
        backtrace_frames(bp);
        return;
    }
#endif
    backtrace_scan(ROUNDUP(sp, 8));
}

void show_stack(const struct cpu_user_regs *regs)
{
    if (regs)
        backtrace(regs->rsp, regs->rbp);
    else if (!stack_shown)
        backtrace((unsigned long)__builtin_frame_address(0),
                  (unsigned long)__builtin_frame_address(0));
}

void fatal_trap(const struct cpu_user_regs *regs)
{
    unsigned int vector = regs->entry_vector;

    /* What the checks look at may be what is broken. */
    spin_lock_checks_off();
    console_force_unlock();
    printk(XENLOG_ERR "----[ Cairn " CAIRN_VERSION " x86_64 ]----\n");
    show_registers(regs);
    show_stack(regs);
    stack_shown = true;
    panic("FATAL TRAP: vector %u (%s), error code %04x", vector, exception_name(vector),
          regs->error_code);
}

/* The hypervisor's own: debug traps that a guest set on our addresses. */
static void host_debug_trap(struct cpu_user_regs *regs)
{
    unsigned long dr6;

    __asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("mov %0, %%dr6" ::"r"(0xffff0ff0ul));
    __asm__ volatile("mov %0, %%dr7" ::"r"(0x400ul));
    regs->rflags &= ~X86_EFLAGS_TF;
}

static void host_exception(struct cpu_user_regs *regs)
{
    unsigned long fixup;

    switch (regs->entry_vector) {
    case X86_EXC_DB:
        host_debug_trap(regs);
        return;
    case X86_EXC_PF:
        if (pv_fixup_page_fault(read_cr2()))
            return;
        break;
    case X86_EXC_DF:
    case X86_EXC_MC:
        fatal_trap(regs);
    default:
        break;
    }
    fixup = extable_fixup(regs->rip);
    if (!fixup)
        fatal_trap(regs);
    get_cpu_info()->scratch[0] = (uint64_t)regs->entry_vector << 32 | regs->error_code;
    regs->rip = fixup;
}

void do_exception(struct cpu_user_regs *regs)
{
    if (unlikely(regs->entry_vector == X86_EXC_NMI)) {
        while (unlikely(smp_stopping()))
            __asm__ volatile("cli; hlt" ::: "memory");
        nmi_count++; /* nothing may be locked here, so nothing is printed */
        return;
    }
    if (!guest_mode(regs)) {
        host_exception(regs);
        return;
    }
    if (unlikely(regs->entry_vector == X86_EXC_MC))
        fatal_trap(regs);
    pv_handle_exception(regs);
}
