/* SPDX-License-Identifier: MIT */
/*
 * inject.c - debug key 'L': break the EFER of the next guest that is entered
 * with it in an MSR list, to see that the host survives the entry that fails.
 * In debug builds only.
 *
 * The image gets an LME that is not the guest's mode.  Loading it is a #GP
 * condition, so the entry ends with reason 34; the host's own list entry must
 * have been processed all the same (SDM "VM-Entry Failures During or After
 * Loading Guest State").
 */
#include <cairn/console.h>

#include "msrlist.h"
#include "vmx.h"

#ifdef CAIRN_DEBUG
static bool armed;

static void key_arm(char key)
{
    armed = !vmx_caps.efer_switch;
    printk(XENLOG_INFO "VMX: %s\n",
           armed ? "the next EFER in an MSR list will be wrong" : "no guest's EFER is in a list");
}
DEBUG_KEY('L', key_arm, "VMX: break the EFER of a guest's MSR list");

void vmx_inject_into_list(struct vcpu *v)
{
    struct vmx_msrlist *l = v->arch.hvm.vmx.msrlist;

    if (likely(!armed) || !(vmreadnw(GUEST_CR0) & X86_CR0_PG))
        return;
    for (uint32_t i = 0; i < l->count[MSRLIST_ENTRY_LOAD]; i++) {
        struct vmx_msr_entry *e = &l->area[MSRLIST_ENTRY_LOAD][i];
        if (e->msr != MSR_EFER)
            continue;
        e->value ^= EFER_LME;
        armed = false;
        printk(XENLOG_INFO "VMX: d%dv%u enters with EFER image %lx\n", v->domain->domain_id,
               v->vcpu_id, (unsigned long)e->value);
    }
}
#endif
