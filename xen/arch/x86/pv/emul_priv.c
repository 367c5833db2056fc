/* SPDX-License-Identifier: MIT */
/*
 * emul_priv.c - privileged instructions of a PV guest, which fault at ring 3.
 *
 * The guest kernel gets what a virtual ring 0 would give it as far as that is
 * harmless; anything else stays a #GP.  No guest reaches an I/O port: where
 * its virtual IOPL or bitmap allows the access, nothing answers there (all
 * ones are read, writes are lost).  64-bit code only.
 */
#include "private.h"

#include <asm/traps.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/perfc.h>
#include <cairn/sched.h>
#include <xen/sched.h>

#define MAX_INSN 15

struct insn {
    uint8_t byte[MAX_INSN];
    unsigned int fetched, pos;
    bool rep, opsize16, addr32;
    uint8_t rex;
};

#define REX_W 8u
#define REX_R 4u
#define REX_B 1u

enum outcome {
    EMUL_done,     /* go on behind the instruction */
    EMUL_again,    /* registers changed, execute it again */
    EMUL_refused,  /* let the #GP through */
    EMUL_injected, /* another exception is on its way */
};

/* ---- fetching ---- */

static bool fetch(struct insn *in, unsigned long rip)
{
    unsigned int n = min(PAGE_SIZE - PAGE_OFFSET(rip), (unsigned long)MAX_INSN);

    in->fetched = 0;
    if (raw_copy_from_guest(in->byte, rip, n))
        return false;
    in->fetched = n;
    if (n < MAX_INSN && !raw_copy_from_guest(in->byte + n, rip + n, MAX_INSN - n))
        in->fetched = MAX_INSN;
    return true;
}

/* 0 past the end; in->pos then exceeds in->fetched. */
static uint8_t next_byte(struct insn *in)
{
    uint8_t b = in->pos < in->fetched ? in->byte[in->pos] : 0;

    in->pos++;
    return b;
}

/* Prefixes, up to and including the first opcode byte. */
static uint8_t next_opcode(struct insn *in)
{
    for (;;) {
        uint8_t b = next_byte(in);

        switch (b) {
        case 0x66:
            in->opsize16 = true;
            break;
        case 0x67:
            in->addr32 = true;
            break;
        case 0xf2:
        case 0xf3:
            in->rep = true;
            break;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x64:
        case 0x65:
            break;
        case 0x40 ... 0x4f:
            in->rex = b;
            return next_byte(in);
        default:
            return b;
        }
        if (in->pos >= MAX_INSN)
            return 0;
    }
}

/* The guest runs 64-bit code: its flat selector, or one whose L bit is set. */
static bool is_64bit_code(const struct cpu_user_regs *regs)
{
    unsigned int access = 0;

    if (regs->cs == FLAT_RING3_CS64)
        return true;
    __asm__ volatile("lar %1, %0" : "+r"(access) : "r"((unsigned int)regs->cs) : "cc");
    return access & (1u << 21);
}

/* General register by number. */
static uint64_t *gpr(struct cpu_user_regs *regs, unsigned int nr)
{
    switch (nr & 15) {
    case 0:
        return (uint64_t *)&regs->rax;
    case 1:
        return (uint64_t *)&regs->rcx;
    case 2:
        return (uint64_t *)&regs->rdx;
    case 3:
        return (uint64_t *)&regs->rbx;
    case 4:
        return (uint64_t *)&regs->rsp;
    case 5:
        return (uint64_t *)&regs->rbp;
    case 6:
        return (uint64_t *)&regs->rsi;
    case 7:
        return (uint64_t *)&regs->rdi;
    case 8:
        return (uint64_t *)&regs->r8;
    case 9:
        return (uint64_t *)&regs->r9;
    case 10:
        return (uint64_t *)&regs->r10;
    case 11:
        return (uint64_t *)&regs->r11;
    case 12:
        return (uint64_t *)&regs->r12;
    case 13:
        return (uint64_t *)&regs->r13;
    case 14:
        return (uint64_t *)&regs->r14;
    default:
        return (uint64_t *)&regs->r15;
    }
}

/* ---- ports ---- */

/* User mode counts as ring 3, the guest kernel as ring 1; as ring 0 for one
 * that asked for architectural IOPL. */
static bool iopl_allows(const struct vcpu *v)
{
    unsigned int kernel = v->domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl) ? 0 : 1;

    return v->arch.pv.iopl >= (v->arch.pv.in_kernel ? kernel : 3);
}

static bool bitmap_allows(const struct vcpu *v, unsigned int port, unsigned int bytes)
{
    uint8_t bits[2] = {0xff, 0xff};
    unsigned int mask = (1u << bytes) - 1;

    if (port + bytes > v->arch.pv.iobmp_ports)
        return false;
    if (raw_copy_from_guest(bits, v->arch.pv.iobmp + port / 8, (port % 8 + bytes + 7) / 8))
        return false;
    return !((bits[0] | bits[1] << 8) >> (port % 8) & mask);
}

static bool port_allowed(const struct vcpu *v, unsigned int port, unsigned int bytes)
{
    return iopl_allows(v) || bitmap_allows(v, port, bytes);
}

static unsigned int port_bytes(const struct insn *in, uint8_t op)
{
    if (!(op & 1))
        return 1;
    return in->opsize16 ? 2 : 4;
}

static enum outcome port_access(struct vcpu *v, struct cpu_user_regs *regs, struct insn *in,
                                uint8_t op)
{
    unsigned int bytes = port_bytes(in, op);
    unsigned int port = op & 8 ? (uint16_t)regs->rdx : next_byte(in);

    if (!port_allowed(v, port, bytes))
        return EMUL_refused;
    if (op & 2)
        return EMUL_done;
    /* Nothing answers: ones. A 32-bit read clears the upper half. */
    if (bytes == 4)
        regs->rax = 0xffffffff;
    else
        regs->rax |= bytes == 2 ? 0xffff : 0xff;
    return EMUL_done;
}

/* INS, OUTS: one element a time, so that REP is interruptible. */
static enum outcome port_string(struct vcpu *v, struct cpu_user_regs *regs, struct insn *in,
                                uint8_t op)
{
    unsigned int bytes = port_bytes(in, op);
    long step = regs->rflags & X86_EFLAGS_DF ? -(long)bytes : bytes;
    uint32_t ones = ~0u;

    if (in->addr32 || !port_allowed(v, (uint16_t)regs->rdx, bytes))
        return EMUL_refused;
    if (in->rep && !regs->rcx)
        return EMUL_done;
    if (op & 2) {
        regs->rsi += step;
    } else {
        if (raw_copy_to_guest(regs->rdi, &ones, bytes)) {
            pv_inject_page_fault(v, regs->rdi, PFEC_W);
            return EMUL_injected;
        }
        regs->rdi += step;
    }
    if (in->rep && --regs->rcx)
        return EMUL_again;
    return EMUL_done;
}

/* ---- control registers ---- */

static bool read_cr(struct vcpu *v, unsigned int cr, uint64_t *val)
{
    struct pv_vcpu *pv = &v->arch.pv;

    switch (cr) {
    case 0:
        *val = (read_cr0() & ~X86_CR0_TS) | (pv->cr0_ts ? X86_CR0_TS : 0);
        return true;
    case 2:
        *val = pv->ctrlreg[2];
        return true;
    case 3:
        *val = xen_pfn_to_cr3(mfn_x(pv->kernel_cr3));
        return true;
    case 4:
        *val = pv->ctrlreg[4];
        return true;
    default:
        return false;
    }
}

static enum outcome write_cr3_guest(struct vcpu *v, uint64_t val)
{
    int rc = pv_put_old_table(v);

    if (!rc) {
        spin_lock(&v->domain->arch.paging_lock);
        rc = pv_new_kernel_base(v, _mfn(val >> PAGE_SHIFT));
        spin_unlock(&v->domain->arch.paging_lock);
    }
    if (rc == -ERESTART)
        return EMUL_again;
    return rc ? EMUL_refused : EMUL_done;
}

static enum outcome write_cr(struct vcpu *v, unsigned int cr, uint64_t val)
{
    struct pv_vcpu *pv = &v->arch.pv;

    switch (cr) {
    case 0:
        if ((val ^ read_cr0()) & ~X86_CR0_TS)
            return EMUL_refused;
        do_fpu_taskswitch(val & X86_CR0_TS);
        return EMUL_done;
    case 2:
        pv->ctrlreg[2] = val;
        v->vcpu_info->arch.cr2 = val;
        return EMUL_done;
    case 3:
        return write_cr3_guest(v, val);
    case 4:
        pv->ctrlreg[4] = pv_fixup_cr4(v->domain, val);
        write_cr4(pv_make_cr4(v));
        return EMUL_done;
    default:
        return EMUL_refused;
    }
}

/* MOV to and from CRn (0x20, 0x22) and DRn (0x21, 0x23). */
static enum outcome mov_special(struct vcpu *v, struct cpu_user_regs *regs, struct insn *in,
                                uint8_t op)
{
    uint8_t modrm = next_byte(in);
    unsigned int nr = (modrm >> 3 & 7) | (in->rex & REX_R ? 8 : 0);
    uint64_t *reg = gpr(regs, (modrm & 7) | (in->rex & REX_B ? 8 : 0));

    switch (op) {
    case 0x20:
        return read_cr(v, nr, reg) ? EMUL_done : EMUL_refused;
    case 0x22:
        return write_cr(v, nr, *reg);
    case 0x21:
        if (nr > 7)
            return EMUL_refused;
        *reg = pv_get_debugreg(v, nr);
        return EMUL_done;
    default:
        return nr < 8 && !pv_set_debugreg(v, nr, *reg) ? EMUL_done : EMUL_refused;
    }
}

/* ---- MSRs ---- */

static bool read_msr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    switch (msr) {
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        *val = rdmsr(msr);
        return true;
    case MSR_EFER:
        *val = HOST_EFER;
        return true;
    case MSR_IA32_DEBUGCTL: /* nothing of it is offered; reading is harmless */
        *val = 0;
        return true;
    default:
        return guest_rdmsr(v, msr, val) == 0;
    }
}

static bool write_msr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    switch (msr) {
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        if (!is_canonical(val))
            return false;
        wrmsr(msr, val);
        return true;
    case MSR_EFER:
        return val == HOST_EFER;
    default:
        return guest_wrmsr(v, msr, val) == 0;
    }
}

static enum outcome msr_access(struct vcpu *v, struct cpu_user_regs *regs, bool write)
{
    uint64_t val;

    if (write) {
        val = (regs->rdx & 0xffffffff) << 32 | (regs->rax & 0xffffffff);
        return write_msr(v, regs->rcx, val) ? EMUL_done : EMUL_refused;
    }
    if (!read_msr(v, regs->rcx, &val))
        return EMUL_refused;
    regs->rax = (uint32_t)val;
    regs->rdx = val >> 32;
    return EMUL_done;
}

/* ---- decoding ---- */

static enum outcome do_cpuid(struct vcpu *v, struct cpu_user_regs *regs)
{
    struct cpuid_leaf res;

    guest_cpuid(v, regs->rax, regs->rcx, &res);
    regs->rax = res.a;
    regs->rbx = res.b;
    regs->rcx = res.c;
    regs->rdx = res.d;
    return EMUL_done;
}

static enum outcome two_byte(struct vcpu *v, struct cpu_user_regs *regs, struct insn *in)
{
    uint8_t op = next_byte(in);
    uint64_t tsc;

    if (op == 0x31) { /* RDTSC with CR4.TSD: user mode keeps its #GP */
        if (!v->arch.pv.in_kernel)
            return EMUL_refused;
        tsc = rdtsc();
        regs->rax = (uint32_t)tsc;
        regs->rdx = tsc >> 32;
        return EMUL_done;
    }
    if (!v->arch.pv.in_kernel)
        return EMUL_refused;
    switch (op) {
    case 0x06: /* CLTS */
        do_fpu_taskswitch(0);
        return EMUL_done;
    case 0x08: /* INVD, WBINVD: memory is coherent for a guest without devices */
    case 0x09:
        return EMUL_done;
    case 0x20 ... 0x23:
        return mov_special(v, regs, in, op);
    case 0x30:
        return msr_access(v, regs, true);
    case 0x32:
        return msr_access(v, regs, false);
    default: /* XSETBV among them: no XSAVE state is managed */
        return EMUL_refused;
    }
}

static enum outcome one_byte(struct vcpu *v, struct cpu_user_regs *regs, struct insn *in)
{
    uint8_t op = next_opcode(in);

    switch (op) {
    case 0x0f:
        return two_byte(v, regs, in);
    case 0x6c ... 0x6f:
        return port_string(v, regs, in, op);
    case 0xe4 ... 0xe7:
    case 0xec ... 0xef:
        return port_access(v, regs, in, op);
    case 0xf4: /* HLT */
        if (!v->arch.pv.in_kernel)
            return EMUL_refused;
        regs->rip += in->pos;
        do_sched_op(SCHEDOP_block, 0);
        return EMUL_again;
    case 0xfa: /* CLI, STI: the event mask is the guest's own affair */
    case 0xfb:
        return iopl_allows(v) ? EMUL_done : EMUL_refused;
    default:
        return EMUL_refused;
    }
}

bool pv_emulate_privileged_op(struct cpu_user_regs *regs)
{
    struct vcpu *v = current;
    struct insn in = {.pos = 0};
    enum outcome res;

    if (!is_64bit_code(regs) || !fetch(&in, regs->rip))
        return false;
    res = one_byte(v, regs, &in);
    if (res == EMUL_refused || in.pos > in.fetched)
        return false;
    perfc_incr(pv_emulated);
    if (res == EMUL_done) {
        regs->rip += in.pos;
        if (regs->rflags & X86_EFLAGS_TF) {
            v->arch.dr6 |= 1ul << 14; /* BS: the single step ends here */
            pv_inject_exception(v, X86_EXC_DB, 0);
        }
    }
    return true;
}

bool pv_emulate_invalid_op(struct cpu_user_regs *regs)
{
    static const uint8_t forced_cpuid[] = {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
    uint8_t bytes[sizeof(forced_cpuid)];

    if (raw_copy_from_guest(bytes, regs->rip, sizeof(bytes)) ||
        memcmp(bytes, forced_cpuid, sizeof(bytes)))
        return false;
    do_cpuid(current, regs);
    regs->rip += sizeof(bytes);
    return true;
}
