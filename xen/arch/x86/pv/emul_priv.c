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

#include <cairn/sched.h>
#include <xen/sched.h>

#include "../emulate/emulate.h"

enum outcome {
    PRIV_done,     /* go on behind the instruction */
    PRIV_again,    /* registers changed, execute it again */
    PRIV_refused,  /* let the #GP through */
    PRIV_injected, /* another exception is on its way */
};

/* ---- fetching ---- */

static bool fetch_and_decode(struct emul_insn *insn, unsigned long rip)
{
    uint8_t code[EMUL_MAX_LENGTH];
    size_t n = min(PAGE_SIZE - PAGE_OFFSET(rip), sizeof(code));

    if (raw_copy_from_guest(code, rip, n))
        return false;
    if (n < sizeof(code) && !raw_copy_from_guest(code + n, rip + n, sizeof(code) - n))
        n = sizeof(code);
    return emul_decode(insn, code, n, 8) == DECODE_OK;
}

/* The guest runs 64-bit code: its flat selector, or one whose L bit is set. */
static bool is_64bit_code(const struct cpu_user_regs *regs)
{
    unsigned int access = 0;

    if (regs->cs == FLAT_RING3_CS64)
        return true;
    /* Another vCPU may have taken the LDT away: then LAR faults. */
    __asm__ volatile("1: lar %1, %0\n2:\n\t" ASM_EXTABLE("1b", "2b")
                     : "+r"(access)
                     : "r"((unsigned int)regs->cs)
                     : "cc");
    return access & (1u << 21);
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

static enum outcome port_access(struct vcpu *v, struct cpu_user_regs *regs,
                                const struct emul_insn *insn)
{
    unsigned int op = insn->opcode, bytes = min(insn->opsize, 4);
    unsigned int port = op & 8 ? (uint16_t)regs->rdx : insn->imm & 0xff;

    if (!port_allowed(v, port, bytes))
        return PRIV_refused;
    if (op & 2)
        return PRIV_done;
    /* Nothing answers: ones. A 32-bit read clears the upper half. */
    if (bytes == 4)
        regs->rax = 0xffffffff;
    else
        regs->rax |= bytes == 2 ? 0xffff : 0xff;
    return PRIV_done;
}

/* INS, OUTS: one element a time, so that REP is interruptible. */
static enum outcome port_string(struct vcpu *v, struct cpu_user_regs *regs,
                                const struct emul_insn *insn)
{
    unsigned int bytes = min(insn->opsize, 4);
    long step = regs->rflags & X86_EFLAGS_DF ? -(long)bytes : bytes;
    uint32_t ones = ~0u;

    if (insn->addrsize != 8 || !port_allowed(v, (uint16_t)regs->rdx, bytes))
        return PRIV_refused;
    if (insn->rep && !regs->rcx)
        return PRIV_done;
    if (insn->opcode & 2) {
        regs->rsi += step;
    } else {
        if (raw_copy_to_guest(regs->rdi, &ones, bytes)) {
            pv_inject_page_fault(v, regs->rdi, PFEC_W);
            return PRIV_injected;
        }
        regs->rdi += step;
    }
    if (insn->rep && --regs->rcx)
        return PRIV_again;
    return PRIV_done;
}

/* ---- control registers ---- */

static bool read_cr(struct vcpu *v, unsigned int cr, unsigned long *val)
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
        return PRIV_again;
    return rc ? PRIV_refused : PRIV_done;
}

static enum outcome write_cr(struct vcpu *v, unsigned int cr, uint64_t val)
{
    struct pv_vcpu *pv = &v->arch.pv;

    switch (cr) {
    case 0:
        if ((val ^ read_cr0()) & ~X86_CR0_TS)
            return PRIV_refused;
        do_fpu_taskswitch(val & X86_CR0_TS);
        return PRIV_done;
    case 2:
        pv->ctrlreg[2] = val;
        v->vcpu_info->arch.cr2 = val;
        return PRIV_done;
    case 3:
        return write_cr3_guest(v, val);
    case 4:
        pv->ctrlreg[4] = pv_fixup_cr4(v->domain, val);
        write_cr4(pv_make_cr4(v));
        return PRIV_done;
    default:
        return PRIV_refused;
    }
}

/* MOV to and from CRn (20, 22) and DRn (21, 23). */
static enum outcome mov_special(struct vcpu *v, struct cpu_user_regs *regs,
                                const struct emul_insn *insn)
{
    unsigned int nr = insn->reg;
    unsigned long *reg = regs_gpr(regs, insn->rm);

    switch (insn->opcode & 0xff) {
    case 0x20:
        return read_cr(v, nr, reg) ? PRIV_done : PRIV_refused;
    case 0x22:
        return write_cr(v, nr, *reg);
    case 0x21:
        return pv_get_debugreg(v, nr, reg) ? PRIV_done : PRIV_refused;
    default:
        return pv_set_debugreg(v, nr, *reg) ? PRIV_refused : PRIV_done;
    }
}

/* ---- MSRs ---- */

static enum outcome msr_access(struct vcpu *v, struct cpu_user_regs *regs, bool write)
{
    uint64_t val = (uint64_t)regs->edx << 32 | regs->eax;

    if (write ? guest_wrmsr(v, regs->ecx, val) : guest_rdmsr(v, regs->ecx, &val))
        return PRIV_refused;
    if (!write)
        regs_set_edx_eax(regs, val);
    return PRIV_done;
}

/* ---- all of them ---- */

static enum outcome execute(struct vcpu *v, struct cpu_user_regs *regs,
                            const struct emul_insn *insn)
{
    switch (insn->opcode) {
    case 0x6c ... 0x6f:
        return port_string(v, regs, insn);
    case 0xe4 ... 0xe7:
    case 0xec ... 0xef:
        return port_access(v, regs, insn);
    case 0xfa: /* CLI, STI: the event mask is the guest's own affair */
    case 0xfb:
        return iopl_allows(v) ? PRIV_done : PRIV_refused;
    }
    if (!v->arch.pv.in_kernel)
        return PRIV_refused;
    switch (insn->opcode) {
    case 0xf4: /* HLT */
        regs->rip += insn->length;
        do_sched_op(SCHEDOP_block, 0);
        return PRIV_again;
    case 0x106: /* CLTS */
        do_fpu_taskswitch(0);
        return PRIV_done;
    case 0x108: /* INVD, WBINVD: memory is coherent for a guest without devices */
    case 0x109:
        return PRIV_done;
    case 0x120 ... 0x123:
        return mov_special(v, regs, insn);
    case 0x1a2: /* CPUID, for it faults in the kernel, too: see pv_rdmsr() */
        guest_cpuid_regs(v, regs);
        return PRIV_done;
    case 0x130:
    case 0x132:
        return msr_access(v, regs, insn->opcode == 0x130);
    case 0x131: /* RDTSC with CR4.TSD: user mode keeps its #GP */
        regs_set_edx_eax(regs, rdtsc());
        return PRIV_done;
    default: /* XSETBV among them: no XSAVE state is managed */
        return PRIV_refused;
    }
}

bool pv_emulate_privileged_op(struct cpu_user_regs *regs)
{
    struct vcpu *v = current;
    struct emul_insn insn;

    if (!is_64bit_code(regs) || !fetch_and_decode(&insn, regs->rip))
        return false;

    enum outcome res = execute(v, regs, &insn);

    if (res == PRIV_refused)
        return false;
    perfc_incr(pv_emulated);
    if (res == PRIV_done) {
        regs->rip += insn.length;
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
    if (current->arch.pv.cpuid_faulting && !current->arch.pv.in_kernel) {
        regs->rip += sizeof(bytes) - 2; /* to the CPUID itself */
        pv_inject_exception(current, X86_EXC_GP, 0);
        return true;
    }
    guest_cpuid_regs(current, regs);
    regs->rip += sizeof(bytes);
    return true;
}
