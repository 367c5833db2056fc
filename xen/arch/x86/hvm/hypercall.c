/* SPDX-License-Identifier: MIT */
/*
 * hypercall.c - VMCALL of an HVM guest, and the hypercall page.
 *
 * The width of the caller's code chooses the ABI: 64-bit code passes
 * rdi rsi rdx r10 r8 r9, any other ebx ecx edx esi edi ebp with 32-bit
 * layouts (compat.c).
 */
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/page.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/perfc.h>
#include <xen/xen.h>

#include "guest_access.h"

#define STUB_SIZE 32

static bool hypercall_64(struct cpu_user_regs *regs)
{
    unsigned long arg[6] = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9};
    long rc = hypercall_dispatch(regs->rax, arg);

    if (unlikely(rc == -ERESTART)) {
        /* The same instruction again, with what is left to do. */
        regs_set_hypercall_args(regs, arg);
        return false;
    }
    regs->rax = rc;
    return true;
}

static bool hypercall_32(struct cpu_user_regs *regs)
{
    unsigned long arg[6] = {regs->ebx, regs->ecx, regs->edx, regs->esi, regs->edi, regs->ebp};
    long rc = compat_hypercall_dispatch(regs->eax, arg);

    if (unlikely(rc == -ERESTART)) {
        static const uint8_t place[6] = {3, 1, 2, 6, 7, 5}; /* as instructions number them */

        for (unsigned int n = 0; n < 6; n++)
            *regs_gpr(regs, place[n]) = (uint32_t)arg[n];
        return false;
    }
    regs->rax = (uint32_t)rc;
    return true;
}

bool hvm_hypercall(struct cpu_user_regs *regs, unsigned int cpl, bool is_64)
{
    if (unlikely(cpl != 0)) {
        regs->rax = -EPERM;
        return true;
    }
    return likely(is_64) ? hypercall_64(regs) : hypercall_32(regs);
}

/*
 * Stub n: mov $n, %eax; vmcall; ret.  The instructions mean the same in 32-
 * and 64-bit code.  A stub that must not be called is UD2: never 0xc3 first,
 * by which guests recognise a page that was not filled.
 */
void hvm_hypercall_page_init(void *va)
{
    uint8_t *page = va;
    memset(page, 0xcc, PAGE_SIZE);
    for (unsigned int n = 0; n < PAGE_SIZE / STUB_SIZE; n++) {
        uint8_t *stub = page + n * STUB_SIZE;
        if (n == __HYPERVISOR_iret) {
            static const uint8_t ud2[] = {0x0f, 0x0b};
            memcpy(stub, ud2, sizeof(ud2));
            continue;
        }
        const uint8_t code[] = {0xb8, n, n >> 8, 0, 0, 0x0f, 0x01, 0xc1, 0xc3};
        memcpy(stub, code, sizeof(code));
    }
}
