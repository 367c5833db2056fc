/* SPDX-License-Identifier: MIT */
/* emul.c - see emul.h: a vCPU's state into the emulator, and what comes out. */
#include "emul.h"

#include <asm/current.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

/* Iterations of a REP before the guest can be preempted. */
#define REP_AT_ONCE 256

bool opt_hvm_fep;
boolean_param("hvm_fep", opt_hvm_fep);

static void load(struct vcpu *v, const struct cpu_user_regs *regs, struct emul_owner *owner,
                 struct emul_ctxt *c)
{
    const struct cpu_policy *p = &v->domain->arch.policy;

    hvm_sync_ctrl(v);
    hvm_show_state(v);
    *owner = (struct emul_owner){.v = v};
    c->ops = &hvm_emul_ops;
    c->owner = owner;
    for (unsigned int n = 0; n < 16; n++)
        c->regs.gpr[n] = hvm_read_gpr(regs, n);
    c->regs.rip = hvm_get_rip();
    c->regs.rflags = hvm_get_rflags();
    c->cr0 = v->arch.hvm.ctrl.cr0;
    c->cr4 = v->arch.hvm.ctrl.cr4;
    c->efer = v->arch.hvm.ctrl.efer;
    c->rep_max = REP_AT_ONCE;
    c->has_tzcnt = p->basic[7].b & (1u << 3);
    c->has_lzcnt = p->ext[1].c & (1u << 5);
}

static void store(const struct emul_ctxt *c, struct cpu_user_regs *regs)
{
    for (unsigned int n = 0; n < 16; n++)
        if (hvm_read_gpr(regs, n) != c->regs.gpr[n])
            hvm_write_gpr(regs, n, c->regs.gpr[n]);
}

static void finish(struct vcpu *v, const struct emul_ctxt *c)
{
    const struct hvm_finished f = {
        .rip = c->regs.rip,
        .rflags = c->regs.rflags,
        .shadow_sti = c->retire.shadow_sti,
        .shadow_ss = c->retire.shadow_ss,
        .single_step = c->retire.single_step,
        .iret = c->retire.iret,
    };
    hvm_finish_instruction(v, &f);
    if (c->retire.hlt && !c->retire.single_step)
        hvm_hlt(v, c->regs.rflags);
}

static void deliver(struct vcpu *v, const struct emul_ctxt *c)
{
    if (c->event.type != EMUL_EVENT_EXCEPTION)
        hvm_queue_event(v, c->event.vector, c->event.type, false, 0, c->event.insn_len);
    else if (c->event.vector == X86_EXC_PF)
        hvm_inject_page_fault(v, c->event.cr2, c->event.ec);
    else
        hvm_inject_exception(v, c->event.vector, c->event.ec);
}

enum emul_result hvm_emulate_one(struct vcpu *v, struct cpu_user_regs *regs)
{
    struct emul_owner owner;
    struct emul_ctxt c;

    load(v, regs, &owner, &c);
    enum emul_result rc = emul_step(&c);
    /* Even a step that failed may have finished some iterations of a REP. */
    store(&c, regs);
    if (rc == EMUL_OKAY)
        finish(v, &c);
    else if (rc == EMUL_EXCEPTION)
        deliver(v, &c);
    return rc;
}

/* An instruction that real mode needs executed in software. */
void hvm_emulate_real_mode(struct vcpu *v, struct cpu_user_regs *regs)
{
    if (likely(hvm_emulate_one(v, regs) != EMUL_UNHANDLEABLE))
        return;

    uint64_t at = hvm_get_segment_base(SEG_CS) + hvm_get_rip();
    uint8_t code[6] = {0};

    hvm_copy_from_guest_phys(v->domain, code, _gaddr((uint32_t)at), sizeof(code));
    domain_crash(v->domain,
                 "vmx: instruction at linear %lx (%02x %02x %02x %02x %02x %02x) is beyond "
                 "virtual-8086 mode and the emulator",
                 (unsigned long)at, code[0], code[1], code[2], code[3], code[4], code[5]);
}

/* ---- forced emulation ---- */

void __init hvm_emulator_init(void)
{
    if (opt_hvm_fep)
        printk(XENLOG_WARNING "HVM: forced emulation prefix is on: UNSAFE, no security support\n");
}

static const uint8_t fep_prefix[5] = {0x0f, 0x0b, 'x', 'e', 'n'};

static bool at_prefix(struct vcpu *v, uint64_t rip)
{
    uint8_t code[sizeof(fep_prefix)];
    gva_t fault, at = rip;
    uint32_t ec;
    if (!hvm_cs_is_64bit(v))
        at = (uint32_t)(rip + hvm_get_segment_base(SEG_CS));
    return !guest_copy_linear(v, at, code, sizeof(code), FETCH_FROM_GUEST, &fault, &ec) &&
           !memcmp(code, fep_prefix, sizeof(code));
}

void hvm_undefined_opcode(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t rip = hvm_get_rip();

    if (opt_hvm_fep && at_prefix(v, rip)) {
        rip += sizeof(fep_prefix);
        hvm_set_rip(hvm_cs_is_64bit(v) ? rip : (uint32_t)rip);
        if (hvm_emulate_one(v, regs) != EMUL_UNHANDLEABLE)
            return;
    }
    hvm_inject_exception(v, X86_EXC_UD, 0);
}
