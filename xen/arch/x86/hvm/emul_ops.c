/* SPDX-License-Identifier: MIT */
/*
 * emul_ops.c - what the emulator reaches of a vCPU: memory through the
 * guest's page tables, RAM or devices; segments, registers, ports.
 */
#include <asm/cpu_policy.h>
#include <asm/current.h>
#include <asm/page.h>
#include <asm/paging.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>

#include "cr.h"
#include "devices.h"
#include "emul.h"

/* ---- memory ---- */

/* At most 16 bytes, so at most two pages. */
struct span {
    gaddr_t addr[2];
    size_t len[2];
};

static unsigned int walk_access(struct emul_ctxt *c, unsigned int flags, bool write)
{
    unsigned int access = write || (flags & EMUL_FOR_WRITE) ? WALK_WRITE : 0;
    if (flags & EMUL_SYSTEM)
        return access;
    if (emul_cpl(c) == 3)
        access |= WALK_USER;
    if (c->regs.rflags & X86_EFLAGS_AC)
        access |= WALK_AC;
    return access;
}

/* Translate both pages before anything is touched. */
static enum emul_result translate(struct emul_ctxt *c, uint64_t va, size_t len, unsigned int access,
                                  struct span *span)
{
    struct emul_owner *owner = c->owner;
    if (!owner->have_paging)
        guest_paging(owner->v, &owner->paging);
    owner->have_paging = true;
    span->len[0] = min(len, (size_t)(PAGE_SIZE - PAGE_OFFSET(va)));
    span->len[1] = len - span->len[0];
    for (unsigned int i = 0; i < 2 && span->len[i]; i++) {
        struct walk_result res;
        uint64_t at = i ? va + span->len[0] : va;
        if (c->insn.mode != 8 && !(c->efer & EFER_LMA))
            at = (uint32_t)at;
        if (!guest_translate(owner->v, &owner->paging, at, access, &res)) {
            if (res.retry)
                return EMUL_RETRY;
            if (res.not_canonical)
                return emul_raise(c, X86_EXC_GP, 0);
            return emul_raise_page_fault(c, at, res.ec);
        }
        span->addr[i] = res.addr;
    }
    return EMUL_OKAY;
}

static struct vcpu *vcpu_of(const struct emul_ctxt *c)
{
    return ((struct emul_owner *)c->owner)->v;
}

static enum emul_result op_fetch(struct emul_ctxt *c, uint64_t va, void *buf, size_t len)
{
    struct span span;
    unsigned int access = WALK_FETCH | (emul_cpl(c) == 3 ? WALK_USER : 0);
    EMUL_TRY(translate(c, va, len, access, &span));
    if (span.len[1] || hvm_copy_from_guest_phys(vcpu_of(c)->domain, buf, span.addr[0], span.len[0]))
        return EMUL_UNHANDLEABLE; /* code outside RAM */
    return EMUL_OKAY;
}

static enum emul_result op_read(struct emul_ctxt *c, uint64_t va, void *buf, size_t len,
                                unsigned int flags)
{
    struct vcpu *v = vcpu_of(c);
    struct span span;
    char *p = buf;
    EMUL_TRY(translate(c, va, len, walk_access(c, flags, false), &span));
    for (unsigned int i = 0; i < 2 && span.len[i]; i++) {
        if (hvm_copy_from_guest_phys(v->domain, p, span.addr[i], span.len[i]))
            mmio_access(v, span.addr[i], p, span.len[i], false);
        p += span.len[i];
    }
    return EMUL_OKAY;
}

/* RAM, a device, or a page that keeps what it holds. */
static void write_phys(struct vcpu *v, gaddr_t addr, const void *buf, size_t len)
{
    enum p2m_type type;
    if (!hvm_copy_to_guest_phys(v->domain, addr, buf, len))
        return;
    p2m_lookup(v->domain, gaddr_to_gfn(addr), &type);
    if (type != P2M_ram_ro)
        mmio_access(v, addr, (void *)buf, len, true);
}

static enum emul_result op_write(struct emul_ctxt *c, uint64_t va, const void *buf, size_t len,
                                 unsigned int flags)
{
    struct span span;
    const char *p = buf;
    EMUL_TRY(translate(c, va, len, walk_access(c, flags, true), &span));
    for (unsigned int i = 0; i < 2 && span.len[i]; i++) {
        write_phys(vcpu_of(c), span.addr[i], p, span.len[i]);
        p += span.len[i];
    }
    return EMUL_OKAY;
}

/* On RAM within a page atomic; elsewhere the bus would have been locked, and
 * a device does not notice. */
static enum emul_result op_cmpxchg(struct emul_ctxt *c, uint64_t va, const void *old,
                                   const void *new, size_t len, unsigned int flags)
{
    struct vcpu *v = vcpu_of(c);
    struct span span;
    EMUL_TRY(translate(c, va, len, walk_access(c, flags, true), &span));
    if (!span.len[1]) {
        switch (guest_cmpxchg_phys(v->domain, span.addr[0], old, new, len)) {
        case 0:
            return EMUL_OKAY;
        case -EAGAIN:
            return EMUL_RETRY;
        case -EFAULT: /* not RAM */
            break;
        default:
            return EMUL_UNHANDLEABLE; /* too wide or badly aligned to be atomic */
        }
    }
    return op_write(c, va, new, len, flags);
}

/* ---- registers ---- */

static enum emul_result op_read_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                        struct hvm_segment *out)
{
    hvm_get_segment(seg, out);
    return EMUL_OKAY;
}

static enum emul_result op_write_segment(struct emul_ctxt *c, enum hvm_seg_name seg,
                                         const struct hvm_segment *in)
{
    hvm_set_segment(seg, in);
    return EMUL_OKAY;
}

static enum emul_result op_port_in(struct emul_ctxt *c, unsigned int port, unsigned int size,
                                   uint32_t *value)
{
    *value = hvm_port_in(vcpu_of(c), port, size);
    return EMUL_OKAY;
}

static enum emul_result op_port_out(struct emul_ctxt *c, unsigned int port, unsigned int size,
                                    uint32_t value)
{
    hvm_port_out(vcpu_of(c), port, size, value);
    return EMUL_OKAY;
}

static enum emul_result op_read_cr(struct emul_ctxt *c, unsigned int cr, uint64_t *value)
{
    const struct x86_ctrl *ctrl = &vcpu_of(c)->arch.hvm.ctrl;
    switch (cr) {
    case 0:
        *value = ctrl->cr0;
        return EMUL_OKAY;
    case 2:
        *value = read_cr2(); /* live while the vCPU is on the CPU */
        return EMUL_OKAY;
    case 3:
        *value = ctrl->cr3;
        return EMUL_OKAY;
    case 4:
        *value = ctrl->cr4;
        return EMUL_OKAY;
    case 8:
        *value = vlapic_get_cr8(vcpu_of(c));
        return EMUL_OKAY;
    default:
        return EMUL_UNHANDLEABLE;
    }
}

static enum emul_result op_write_cr(struct emul_ctxt *c, unsigned int cr, uint64_t value)
{
    struct vcpu *v = vcpu_of(c);
    if (cr == 2) {
        v->arch.hvm.ctrl.cr2 = value;
        write_cr2(value);
        return EMUL_OKAY;
    }
    int rc = hvm_set_cr(v, cr, value);
    return !rc ? EMUL_OKAY : rc == -EINVAL ? EMUL_UNHANDLEABLE : emul_raise(c, X86_EXC_GP, 0);
}

static enum emul_result op_move_dr(struct emul_ctxt *c, unsigned int dr, uint64_t *value,
                                   bool write)
{
    return hvm_move_dr(vcpu_of(c), dr, value, write) ? EMUL_OKAY : emul_raise(c, X86_EXC_DB, 0);
}

/* Those that the processor reads and writes without an exit. */
static uint64_t *sysenter_register(struct hvm_cpu_state *s, uint32_t msr)
{
    return msr == MSR_IA32_SYSENTER_CS    ? &s->sysenter_cs
           : msr == MSR_IA32_SYSENTER_ESP ? &s->sysenter_esp
                                          : &s->sysenter_eip;
}

static enum emul_result op_read_msr(struct emul_ctxt *c, uint32_t msr, uint64_t *value)
{
    struct hvm_cpu_state state;

    switch (msr) {
    case MSR_FS_BASE:
    case MSR_GS_BASE:
        *value = hvm_get_segment_base(msr == MSR_FS_BASE ? SEG_FS : SEG_GS);
        return EMUL_OKAY;
    case MSR_KERNEL_GS_BASE:
        *value = rdmsr(msr); /* the guest's while it is on the CPU */
        return EMUL_OKAY;
    case MSR_IA32_SYSENTER_CS:
    case MSR_IA32_SYSENTER_ESP:
    case MSR_IA32_SYSENTER_EIP:
        hvm_get_cpu_state(vcpu_of(c), &state);
        *value = *sysenter_register(&state, msr);
        return EMUL_OKAY;
    }
    return guest_rdmsr(vcpu_of(c), msr, value) ? emul_raise(c, X86_EXC_GP, 0) : EMUL_OKAY;
}

static enum emul_result op_write_msr(struct emul_ctxt *c, uint32_t msr, uint64_t value)
{
    struct hvm_segment s;
    struct hvm_cpu_state state;
    enum hvm_seg_name seg = msr == MSR_FS_BASE ? SEG_FS : SEG_GS;
    switch (msr) {
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        if (!is_canonical(value))
            return emul_raise(c, X86_EXC_GP, 0);
        if (msr == MSR_KERNEL_GS_BASE) {
            wrmsr(msr, value);
            return EMUL_OKAY;
        }
        hvm_get_segment(seg, &s);
        s.base = value;
        hvm_set_segment(seg, &s);
        return EMUL_OKAY;
    case MSR_IA32_SYSENTER_CS:
        value = (uint32_t)value;
        /* fall through */
    case MSR_IA32_SYSENTER_ESP:
    case MSR_IA32_SYSENTER_EIP:
        if (!is_canonical(value))
            return emul_raise(c, X86_EXC_GP, 0);
        hvm_get_cpu_state(vcpu_of(c), &state);
        *sysenter_register(&state, msr) = value;
        hvm_set_cpu_state(vcpu_of(c), &state);
        return EMUL_OKAY;
    }
    return guest_wrmsr(vcpu_of(c), msr, value) ? emul_raise(c, X86_EXC_GP, 0) : EMUL_OKAY;
}

static enum emul_result op_cpuid(struct emul_ctxt *c, uint32_t leaf, uint32_t subleaf,
                                 uint32_t out[4])
{
    struct cpuid_leaf res;
    if (vcpu_of(c)->arch.hvm.cpuid_faulting && emul_cpl(c) != 0)
        return emul_raise(c, X86_EXC_GP, 0);
    guest_cpuid(vcpu_of(c), leaf, subleaf, &res);
    out[0] = res.a;
    out[1] = res.b;
    out[2] = res.c;
    out[3] = res.d;
    return EMUL_OKAY;
}

static enum emul_result op_read_tsc(struct emul_ctxt *c, uint64_t *value)
{
    *value = guest_tsc(vcpu_of(c), rdtsc());
    return EMUL_OKAY;
}

static enum emul_result op_invlpg(struct emul_ctxt *c, uint64_t addr)
{
    struct vcpu *v = vcpu_of(c);
    v->domain->arch.paging->invlpg(v, addr);
    return EMUL_OKAY;
}

const struct emul_ops hvm_emul_ops = {
    .fetch = op_fetch,
    .read = op_read,
    .write = op_write,
    .cmpxchg = op_cmpxchg,
    .read_segment = op_read_segment,
    .write_segment = op_write_segment,
    .port_in = op_port_in,
    .port_out = op_port_out,
    .read_cr = op_read_cr,
    .write_cr = op_write_cr,
    .move_dr = op_move_dr,
    .read_msr = op_read_msr,
    .write_msr = op_write_msr,
    .cpuid = op_cpuid,
    .read_tsc = op_read_tsc,
    .invlpg = op_invlpg,
    .fpu = hvm_emulate_fpu,
};
