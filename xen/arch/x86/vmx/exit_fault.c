/* SPDX-License-Identifier: MIT */
/*
 * exit_fault.c - page faults under shadow paging, EPT violations; and of both
 * the accesses that the p2m does not allow: holes, read-only pages.
 */

#include "../hvm/emul.h"
#include "vmx.h"

/* SDM "Exit Qualification for EPT Violations" */
#define EPT_QUAL_WRITE          (1u << 1)
#define EPT_QUAL_FETCH          (1u << 2)
#define EPT_QUAL_GLA_VALID      (1u << 7)
#define EPT_QUAL_GLA_TRANSLATED (1u << 8) /* else: a guest page-table access */
#define EPT_QUAL_NMI_UNBLOCK    (1u << 12)

static bool delivering(void)
{
    return vmread32(IDT_VECTORING_INFO) & INTR_VALID;
}

/* An IRET had lifted NMI blocking when it faulted: it did not happen. */
void exit_iret_faulted(void)
{
    if (!delivering())
        vmwrite32(GUEST_INTERRUPTIBILITY, vmread32(GUEST_INTERRUPTIBILITY) | INTERRUPTIBILITY_NMI);
}

/* The guest's tables allow the access, but there is nothing that takes it: a
 * device's, if it is the @data access of an instruction. */
static enum exit_action access_nothing(struct vcpu *v, struct cpu_user_regs *regs, gaddr_t addr,
                                       const char *what, bool data)
{
    if (data && !delivering() && hvm_emulate_one(v, regs) != EMUL_UNHANDLEABLE)
        return EXIT_RESUME;
    domain_crash(v->domain, "vmx: %s of guest physical %lx (%s), rip %lx: nothing there", what,
                 (unsigned long)gaddr_x(addr),
                 delivering() ? "while delivering an event"
                 : data       ? "instruction not emulated"
                              : "page walk or fetch",
                 (unsigned long)vmreadnw(GUEST_RIP));
    return EXIT_RESUME;
}

enum exit_action exit_page_fault(struct vcpu *v, struct cpu_user_regs *regs)
{
    gva_t va = vmreadnw(EXIT_QUALIFICATION);
    uint32_t ec = vmread32(VM_EXIT_INTR_EC);
    gaddr_t addr;

    switch (v->domain->arch.paging->page_fault(v, va, &ec, &addr)) {
    case PAGING_INJECT:
        hvm_inject_page_fault(v, va, ec);
        break;
    case PAGING_MMIO:
        return access_nothing(v, regs, addr,
                              ec & PFEC_I   ? "fetch"
                              : ec & PFEC_W ? "write"
                                            : "read",
                              !(ec & PFEC_I));
    case PAGING_RETRY:
    case PAGING_CRASH:
        break;
    }
    return EXIT_RESUME;
}

static bool allows(enum p2m_type type, uint64_t qual)
{
    return type == P2M_ram_rw || type == P2M_grant || type == P2M_shared_xen ||
           (type == P2M_ram_ro && !(qual & EPT_QUAL_WRITE));
}

enum exit_action exit_ept_violation(struct vcpu *v, struct cpu_user_regs *regs)
{
    const uint64_t translated = EPT_QUAL_GLA_VALID | EPT_QUAL_GLA_TRANSLATED;
    uint64_t qual = vmreadnw(EXIT_QUALIFICATION);
    gaddr_t gpa = _gaddr(vmread64(GUEST_PHYSICAL_ADDRESS));
    bool fetch = qual & EPT_QUAL_FETCH;
    enum p2m_type type;

    if (qual & EPT_QUAL_NMI_UNBLOCK)
        exit_iret_faulted();
    p2m_lookup(v->domain, gaddr_to_gfn(gpa), &type);
    if (allows(type, qual))
        return EXIT_RESUME; /* mapped meanwhile, or a stale translation */
    return access_nothing(v, regs, gpa,
                          fetch                   ? "fetch"
                          : qual & EPT_QUAL_WRITE ? "write"
                                                  : "read",
                          (qual & translated) == translated && !fetch);
}
