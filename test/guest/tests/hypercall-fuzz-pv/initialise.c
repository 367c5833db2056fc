/* SPDX-License-Identifier: MIT */
/*
 * initialise.c - VCPUOP_initialise of a PV guest: our second vCPU in a state that
 * it may have, in which it takes itself down whenever it is brought up; or one that it may not.
 */
#include "pv-fuzz.h"

#include <xen/vcpu.h>

extern char second_vcpu[];
asm("second_vcpu:\n\t"
    "mov $24, %eax; mov $2, %edi; mov $1, %esi; syscall\n\t" /* vcpu_op, VCPUOP_down */
    "jmp second_vcpu");
_Static_assert(__HYPERVISOR_vcpu_op == 24 && VCPUOP_down == 2, "numbers of the code above");

void attempt_initialise(struct attempt *a)
{
    static struct vcpu_guest_context ctx;
    static uint8_t stack[256];

    attempt_start(a, __HYPERVISOR_vcpu_op, VCPUOP_initialise);
    memset(&ctx, 0, sizeof(ctx));
    ctx.flags = VGCF_in_kernel;
    ctx.user_regs.rip = (ulong)second_vcpu;
    ctx.user_regs.rsp = ctx.kernel_sp = (ulong)stack + sizeof(stack);
    ctx.user_regs.cs = KERNEL_CS;
    ctx.user_regs.ss = ctx.kernel_ss = KERNEL_DS;
    ctx.ctrlreg[3] = xen_pfn_to_cr3(tables[LEVELS - 1]);
    switch (any(6)) {
    case 0:
        ctx.ctrlreg[3] = xen_pfn_to_cr3(foreign_mfn());
        break;
    case 1:
        ctx.gdt_ents = any(10000);
        ctx.gdt_frames[0] = any_mfn();
        break;
    case 2:
        ctx.ldt_base = any_address();
        ctx.ldt_ents = any(10000);
        break;
    case 3:
        ctx.trap_ctxt[any(256)].address = any_address();
        ctx.fs_base = any_address();
        break;
    }
    a->call.arg[1] = any(4) ? any(2) : any_value() | 2;
    /* Larger than a page: no list of places has room. */
    a->call.arg[2] = any(8) ? (ulong)&ctx : any_address() | 1ul << 63;
}
