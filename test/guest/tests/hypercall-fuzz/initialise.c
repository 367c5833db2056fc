/* SPDX-License-Identifier: MIT */
/*
 * initialise.c - VCPUOP_initialise of an HVM guest.
 */
#include "fuzz.h"

#include <xen/hvm/hvm_vcpu.h>
#include <xen/vcpu.h>

/* A state that the vCPU may have, which then halts for ever; or one that no
 * processor has. */
void attempt_initialise(struct attempt *a)
{
    static const uint8_t halt[] = {0xf4, 0xeb, 0xfd}; /* 1: hlt; jmp 1b */
    struct vcpu_hvm_context ctx = {.mode = VCPU_HVM_MODE_32B};
    struct vcpu_hvm_x86_32 *r = &ctx.cpu_regs.x86_32;

    attempt_start(a, __HYPERVISOR_vcpu_op, VCPUOP_initialise);
    r->eip = (ulong)halt;
    r->eflags = EFLAGS_MBS;
    r->cs_limit = r->ds_limit = r->ss_limit = r->es_limit = 0xffffffff;
    r->cs_ar = 0xc9b;
    r->ds_ar = r->ss_ar = r->es_ar = 0xc93;
    r->tr_limit = 0xff;
    r->tr_ar = 0x8b;
    r->cr0 = CR0_PE | CR0_ET | CR0_NE;
    switch (any(6)) {
    case 0:
        ctx.mode = 2 + any(100);
        break;
    case 1:
        r->cr0 = CR0_PG;
        break;
    case 2:
        r->cr4 = 0xffffffff;
        break;
    case 3:
        r->efer = ~0ull << any(60);
        break;
    case 4:
        r->cs_ar = any(16); /* not present */
        break;
    }
    a->call.arg[1] = any(4) ? any(2) : any_value() | 2;
    a->place = place_put(&ctx, sizeof(ctx), false);
    a->call.arg[2] = a->place.address;
}
