/* SPDX-License-Identifier: MIT */
/*
 * exit_ept.c - accesses that the p2m does not allow: holes, read-only pages.
 */
#include <cairn/domain.h>
#include <cairn/lib.h>

#include "../hvm/emul.h"
#include "vmx.h"

/* SDM "Exit Qualification for EPT Violations" */
#define EPT_QUAL_READ           (1u << 0)
#define EPT_QUAL_WRITE          (1u << 1)
#define EPT_QUAL_FETCH          (1u << 2)
#define EPT_QUAL_GLA_VALID      (1u << 7)
#define EPT_QUAL_GLA_TRANSLATED (1u << 8) /* else: a guest page-table access */
#define EPT_QUAL_NMI_UNBLOCK    (1u << 12)

static bool allows(enum p2m_type type, uint64_t qual)
{
    return type == P2M_ram_rw || type == P2M_grant || type == P2M_shared_xen ||
           (type == P2M_ram_ro && !(qual & EPT_QUAL_WRITE));
}

enum exit_action exit_ept_violation(struct vcpu *v, struct cpu_user_regs *regs)
{
    uint64_t qual = vmreadnw(EXIT_QUALIFICATION);
    gaddr_t gpa = _gaddr(vmread64(GUEST_PHYSICAL_ADDRESS));
    enum p2m_type type;
    bool delivering = vmread32(IDT_VECTORING_INFO) & INTR_VALID;

    if ((qual & EPT_QUAL_NMI_UNBLOCK) && !delivering)
        vmwrite32(GUEST_INTERRUPTIBILITY, vmread32(GUEST_INTERRUPTIBILITY) | INTERRUPTIBILITY_NMI);

    p2m_lookup(v->domain, gaddr_to_gfn(gpa), &type);
    if (allows(type, qual))
        return EXIT_RESUME; /* mapped meanwhile, or a stale translation */

    bool data_access = (qual & EPT_QUAL_GLA_VALID) && (qual & EPT_QUAL_GLA_TRANSLATED) &&
                       !(qual & EPT_QUAL_FETCH) && !delivering;
    if (data_access && hvm_emulate_one(v, regs) != EMUL_UNHANDLEABLE)
        return EXIT_RESUME;
    domain_crash(v->domain, "vmx: %s of guest physical %lx (%s), rip %lx: nothing there",
                 qual & EPT_QUAL_FETCH   ? "fetch"
                 : qual & EPT_QUAL_WRITE ? "write"
                                         : "read",
                 (unsigned long)gaddr_x(gpa),
                 delivering    ? "while delivering an event"
                 : data_access ? "instruction not emulated"
                               : "page walk or fetch",
                 (unsigned long)vmreadnw(GUEST_RIP));
    return EXIT_RESUME;
}
