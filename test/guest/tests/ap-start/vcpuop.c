/* SPDX-License-Identifier: MIT */
/* VCPUOP_initialise, up, down, is_up: the paravirtual way. */
#include <guest/ap.h>
#include <guest/apic.h>
#include <guest/test.h>

#include <xen/hvm/hvm_vcpu.h>
#include <xen/vcpu.h>

#include "ap-start.h"

static struct vcpu_hvm_context ctx;

static long vcpu_op(unsigned int cmd, unsigned int id, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, cmd, id, (ulong)arg, 0, 0);
}

static void good_context(void)
{
    memset(&ctx, 0, sizeof(ctx));
#ifdef __x86_64__
    ctx.mode = VCPU_HVM_MODE_64B;
    struct vcpu_hvm_x86_64 *r = &ctx.cpu_regs.x86_64;
    r->rip = (ulong)ap_loop_entry;
    r->rflags = EFLAGS_MBS;
    r->efer = EFER_LME | EFER_LMA;
#else
    ctx.mode = VCPU_HVM_MODE_32B;
    struct vcpu_hvm_x86_32 *r = &ctx.cpu_regs.x86_32;
    r->eip = (ulong)ap_loop_entry;
    r->eflags = EFLAGS_MBS;
    r->cs_limit = r->ds_limit = r->ss_limit = r->es_limit = 0xffffffff;
    r->cs_ar = 0xc9b;
    r->ds_ar = r->ss_ar = r->es_ar = 0xc93;
    r->tr_limit = 0xff;
    r->tr_ar = 0x8b;
#endif
    r->cr0 = read_cr0();
    r->cr3 = read_cr3();
    r->cr4 = read_cr4();
}

static void refused(const char *what)
{
    check_equal(what, vcpu_op(VCPUOP_initialise, 1, &ctx), -XEN_EINVAL);
    good_context();
}

static void check_bad_contexts(void)
{
    good_context();
    ctx.pad = 1;
    refused("padding");
    ctx.mode = 2;
    refused("mode");
#ifdef __x86_64__
    ctx.cpu_regs.x86_64.efer = 0;
    refused("64-bit without EFER.LMA");
    ctx.cpu_regs.x86_64.cr4 = 0;
    refused("64-bit without PAE");
    ctx.cpu_regs.x86_64.cr0 &= ~CR0_PE;
    refused("PG without PE");
    ctx.cpu_regs.x86_64.rip = 0x800000000000;
    refused("RIP not canonical");
    ctx.cpu_regs.x86_64.efer |= 1u << 13;
    refused("EFER bit 13");
    ctx.cpu_regs.x86_64.cr4 |= 1u << 31;
    refused("CR4 bit 31");
    ctx.cpu_regs.x86_64.rflags |= 1u << 15;
    refused("RFLAGS bit 15");
#else
    ctx.cpu_regs.x86_32.cs_ar = 0xc93;
    refused("CS of data type");
    ctx.cpu_regs.x86_32.cs_ar |= 0x200;
    refused("CS with L");
    ctx.cpu_regs.x86_32.cs_ar |= 0x1000;
    refused("reserved attribute");
    ctx.cpu_regs.x86_32.ss_ar = 0;
    refused("null SS");
    ctx.cpu_regs.x86_32.ss_ar |= 0x60;
    refused("SS.DPL differs from CS.DPL");
    ctx.cpu_regs.x86_32.tr_ar = 0;
    refused("null TR");
    ctx.cpu_regs.x86_32.tr_ar = 0x82;
    refused("TR is an LDT");
    ctx.cpu_regs.x86_32.pad2[1] = 1;
    refused("padding in the middle");
    ctx.cpu_regs.x86_32.cr0 |= CR0_NW;
    refused("NW without CD");
    ctx.cpu_regs.x86_32.cs_limit = 0x10;
    ctx.cpu_regs.x86_32.cs_ar = 0x49b;
    refused("EIP above CS limit");
    ctx.cpu_regs.x86_32.ds_limit = 0x12345678;
    refused("limit that granularity cannot give");
    ctx.cpu_regs.x86_32.efer = EFER_LMA;
    refused("LMA without LME");
#endif
}

void check_vcpuop_before(void)
{
    check_equal("is_up of the AP", vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    check_equal("is_up of ourselves", vcpu_op(VCPUOP_is_up, 0, NULL), 1);
    check_equal("up before a state", vcpu_op(VCPUOP_up, 1, NULL), -XEN_EINVAL);
    check_equal("no vCPU 2", vcpu_op(VCPUOP_is_up, 2, NULL), -XEN_ENOENT);
    good_context();
    check_equal("initialise ourselves", vcpu_op(VCPUOP_initialise, 0, &ctx), -XEN_EEXIST);
    check_equal("initialise from nowhere", vcpu_op(VCPUOP_initialise, 1, NULL),
                PAGING_LEVELS ? -XEN_EFAULT : -XEN_EINVAL);
    check_bad_contexts();
}

static volatile uint32_t seen;

static void note(ulong value)
{
    seen = value;
}

void check_vcpuop(void)
{
    good_context();
    check_equal("initialise one that runs", vcpu_op(VCPUOP_initialise, 1, &ctx), -XEN_EEXIST);
    ap_init(); /* takes its state away, when it comes to that */
    for (unsigned int i = 0; i < 1000 && vcpu_op(VCPUOP_is_up, 1, NULL); i++)
        ap_relax();
    check_equal("after INIT it is down", vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    check_equal("initialise", vcpu_op(VCPUOP_initialise, 1, &ctx), 0);
    check_equal("twice", vcpu_op(VCPUOP_initialise, 1, &ctx), -XEN_EEXIST);
    check_equal("still down", vcpu_op(VCPUOP_is_up, 1, NULL), 0);
    check_equal("up", vcpu_op(VCPUOP_up, 1, NULL), 0);
    check_true("it runs", ap_wait_alive());
    check_true("and answers", ap_run(note, 7) && seen == 7);
    check_equal("down", vcpu_op(VCPUOP_down, 1, NULL), 0);
    check_true("it does not run", !ap_run(note, 8) && seen == 7);
    check_equal("up again", vcpu_op(VCPUOP_up, 1, NULL), 0);
    for (unsigned int i = 0; i < 3000 && seen != 8; i++)
        ap_relax();
    check_equal("it goes on where it was", seen, 8);
}
