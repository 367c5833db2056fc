/* SPDX-License-Identifier: MIT */
/*
 * hypercall.c - a PV guest's SYSCALL and SYSENTER: a hypercall if its kernel
 * executed SYSCALL, else a call to the entry point its kernel registered.
 */
#include "private.h"

#include <cairn/stretch.h>

#define SYSCALL_LENGTH      2
#define HYPERCALL_STUB_SIZE 32

/* Bounce to the guest kernel's callback of @type; without one it is exception @vector. */
static void enter_callback(struct vcpu *v, struct cpu_user_regs *regs, unsigned int type,
                           unsigned int vector)
{
    const struct pv_callback *cb = &v->arch.pv.callback[type];

    if (cb->address) {
        v->arch.pv.trap_bounce = (struct trap_bounce){
            .flags = TBF_EXCEPTION | (cb->masks_events ? TBF_INTERRUPT : 0) |
                     (type == CALLBACKTYPE_sysenter ? 0 : TBF_CLEAR_DF),
            .cs = FLAT_KERNEL_CS64,
            .eip = cb->address,
        };
        return;
    }
    if (vector == X86_EXC_UD) /* the instruction that was executed */
        regs->rip -= SYSCALL_LENGTH;
    pv_inject_exception(v, vector, 0);
}

void pv_hypercall(struct cpu_user_regs *regs)
{
    struct vcpu *v = current;

    stretch_begin(STRETCH_HYPERCALL, regs->eax);
    local_irq_enable();
    if (unlikely(!v->arch.pv.in_kernel)) {
        enter_callback(v, regs, CALLBACKTYPE_syscall, X86_EXC_UD);
        return;
    }

    unsigned long arg[6] = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9};
    unsigned long nr = regs->rax;
    long ret = hypercall_dispatch(nr, arg);

    if (unlikely(hypercall_again(nr, ret))) {
        /* The guest executes SYSCALL once more, with what is left to do. */
        regs->rip -= SYSCALL_LENGTH;
        regs_set_hypercall_args(regs, arg);
    } else if (likely(ret != HYPERCALL_LEFT)) {
        regs->rax = ret;
    }
}

void pv_compat_syscall(struct cpu_user_regs *regs)
{
    local_irq_enable();
    enter_callback(current, regs, CALLBACKTYPE_syscall32, X86_EXC_UD);
}

void pv_sysenter(struct cpu_user_regs *regs)
{
    local_irq_enable();
    enter_callback(current, regs, CALLBACKTYPE_sysenter, X86_EXC_GP);
}

/* ---- the hypercall page ---- */

/* push %rcx; push %r11; mov $nr, %eax; syscall; pop %r11; pop %rcx; ret */
static const uint8_t stub_call[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                                    0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
/* push %rcx; push %r11; push %rax; mov $iret, %eax; syscall */
static const uint8_t stub_iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, __HYPERVISOR_iret,
                                    0,    0,    0,    0x0f, 0x05};

void pv_hypercall_page_init(void *va)
{
    uint8_t *page = va;

    memset(page, 0xcc, PAGE_SIZE);
    for (unsigned int nr = 0; nr < PAGE_SIZE / HYPERCALL_STUB_SIZE; nr++) {
        uint8_t *stub = page + nr * HYPERCALL_STUB_SIZE;

        if (nr == __HYPERVISOR_iret) {
            memcpy(stub, stub_iret, sizeof(stub_iret));
            continue;
        }
        memcpy(stub, stub_call, sizeof(stub_call));
        memcpy(stub + 4, &nr, sizeof(nr));
    }
}
