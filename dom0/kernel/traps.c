/* SPDX-License-Identifier: MIT */
/*
 * traps.c - exceptions.
 *
 * #NM clears the hypervisor's copy of CR0.TS and goes on.  Everything else is
 * a bug in this kernel or a program in it: registers and a backtrace are
 * printed and the domain crashes, since there is nothing to protect programs
 * from each other.  Compiled without SSE, as it runs in the middle of code
 * that uses it.
 */
#include "kernel/traps.h"

#include <stdint.h>
#include <xen/callback.h>
#include <xen/sched.h>
#include <xen/xen.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "drivers/console.h"
#include "kernel/hypercall.h"
#include "kernel/kernel.h"
#include "kernel/mm.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"

#define VECTOR_NM 7
#define VECTOR_PF 14

void entry_event(void);
void entry_failsafe(void);

/* clang-format off: it does not settle on one form for this. */
#define TRAPS(X)                 \
    X(0, "divide error")         \
    X(1, "debug")                \
    X(2, "NMI")                  \
    X(3, "breakpoint")           \
    X(4, "overflow")             \
    X(5, "bound range")          \
    X(6, "invalid opcode")       \
    X(7, "no FPU")               \
    X(8, "double fault")         \
    X(9, "coprocessor overrun")  \
    X(10, "invalid TSS")         \
    X(11, "segment not present") \
    X(12, "stack segment")       \
    X(13, "general protection")  \
    X(14, "page fault")          \
    X(15, "spurious")            \
    X(16, "x87 error")           \
    X(17, "alignment check")     \
    X(18, "machine check")       \
    X(19, "SIMD error")          \
    X(21, "control protection")
/* clang-format on */

#define TRAP_DECLARE(vec, name) void trap_entry_##vec(void);
TRAPS(TRAP_DECLARE)

static const char *trap_name(uint64_t vector)
{
#define TRAP_NAME(vec, name) [vec] = name,
    static const char *const names[32] = {TRAPS(TRAP_NAME)};

    return vector < 32 && names[vector] ? names[vector] : "unknown";
}

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
    static char line[160];
    va_list args;

    va_start(args, fmt);
    vsniprintf(line, sizeof(line), fmt, args);
    va_end(args);
    console_write(line, strlen(line));
}

static void say_code(const char *what, uint64_t rip)
{
    uint64_t offset;
    const char *name = symbol_find(rip, &offset);

    if (name)
        say("%s %016lx %s+0x%lx\n", what, rip, name, offset);
    else
        say("%s %016lx\n", what, rip);
}

static void say_backtrace(const struct trap_frame *f)
{
    uint64_t rbp = f->rbp;

    for (int depth = 0; depth < 16; depth++) {
        if ((rbp & 7) || !mm_is_mapped(rbp) || !mm_is_mapped(rbp + 8))
            break;

        const uint64_t *frame = (const uint64_t *)rbp;

        if (!frame[1])
            break;
        say_code("  called from", frame[1]);
        if (frame[0] <= rbp)
            break;
        rbp = frame[0];
    }
}

static void trap_dump(const struct trap_frame *f)
{
    say("\ndom0: %s (vector %lu, error %lx) in thread %s\n", trap_name(f->vector), f->vector,
        f->error, thread_name());
    if (f->vector == VECTOR_PF)
        say("dom0: address %016lx\n", shared_info.vcpu_info[0].arch.cr2);
    say_code("RIP", f->rip);
    say("RSP %016lx RBP %016lx FLG %016lx\n", f->rsp, f->rbp, f->rflags);
    say("RAX %016lx RBX %016lx RCX %016lx\n", f->rax, f->rbx, f->rcx);
    say("RDX %016lx RSI %016lx RDI %016lx\n", f->rdx, f->rsi, f->rdi);
    say("R8  %016lx R9  %016lx R10 %016lx\n", f->r8, f->r9, f->r10);
    say("R11 %016lx R12 %016lx R13 %016lx\n", f->r11, f->r12, f->r13);
    say("R14 %016lx R15 %016lx CS %04lx SS %04lx\n", f->r14, f->r15, f->cs & 0xffff, f->ss);
    say_backtrace(f);
}

void trap_handle(struct trap_frame *f)
{
    static bool dumping;

    if (f->vector == VECTOR_NM) {
        hypercall(__HYPERVISOR_fpu_taskswitch, 0, 0, 0, 0, 0);
        return;
    }
    if (!dumping) {
        dumping = true;
        trap_dump(f);
    }
    kernel_shutdown(SHUTDOWN_crash);
}

void trap_failsafe(const uint64_t *stack)
{
    kernel_panic("bad segment selector on return (rcx %lx r11 %lx)", stack[0], stack[1]);
}

static int callback_register(unsigned int type, void (*entry)(void))
{
    struct callback_register reg = {
        .type = type,
        .address = (unsigned long)entry,
    };

    return (int)hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, &reg);
}

int traps_init(void)
{
#define TRAP_ENTRY(vec, name) {vec, 0, FLAT_KERNEL_CS, (unsigned long)trap_entry_##vec},
    static const struct trap_info table[] = {TRAPS(TRAP_ENTRY){0, 0, 0, 0}};
    int rc = (int)hypercall(__HYPERVISOR_set_trap_table, (unsigned long)table, 0, 0, 0, 0);

    if (!rc)
        rc = callback_register(CALLBACKTYPE_event, entry_event);

    /* Without it a bad selector crashes us all the same, only less clearly. */
    callback_register(CALLBACKTYPE_failsafe, entry_failsafe);

    /* Known FPU state: the ABI does not promise one. */
    static const uint32_t mxcsr = 0x1f80;

    asm volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
    return rc;
}
