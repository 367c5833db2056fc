/* SPDX-License-Identifier: MIT */
/*
 * vmcs_audit.c - what must hold before every VM entry (debug builds look at
 * a sample of them): mode_check.c's invariants on what the VMCS holds, and
 * that our copies of control words are true.
 */

#include "mode.h"
#include "msrlist.h"
#include "vmx.h"

static void see_efer_lists(struct vcpu *v, struct vmx_mode_seen *hw)
{
    const struct vmx_msrlist *l = v->arch.hvm.vmx.msrlist;
    const struct vmx_msr_entry *entry = msrlist_find(l, MSRLIST_ENTRY_LOAD, MSR_EFER);
    const struct vmx_msr_entry *exit = msrlist_find(l, MSRLIST_EXIT_LOAD, MSR_EFER);

    ASSERT(vmread32(VM_ENTRY_MSR_LOAD_COUNT) == l->count[MSRLIST_ENTRY_LOAD]);
    ASSERT(vmread32(VM_EXIT_MSR_LOAD_COUNT) == l->count[MSRLIST_EXIT_LOAD]);
    ASSERT(vmread32(VM_EXIT_MSR_STORE_COUNT) == 0);
    /* Without entries the host's value stays. */
    hw->efer = entry ? entry->value : HOST_EFER;
    hw->host_efer = exit ? exit->value : HOST_EFER;
    hw->entry_switches_efer = entry;
    hw->exit_switches_efer = exit;
}

static void see_bitmap(struct vmx_mode_seen *hw)
{
    const uint8_t *bitmap = mfn_to_virt(maddr_to_mfn(_maddr(vmread64(MSR_BITMAP))));

    hw->efer_read_exits = bitmap[0x410] & 1;
    hw->efer_write_exits = bitmap[0xc10] & 1;
}

void vmcs_audit(struct vcpu *v)
{
    struct vmx_mode_env env;
    uint32_t entry = vmread32(VM_ENTRY_CONTROLS);
    struct vmx_mode_seen hw = {
        .cr0 = vmreadnw(GUEST_CR0),
        .cr4 = vmreadnw(GUEST_CR4),
        .ia32e = entry & ENTRY_IA32E_GUEST,
        .entry_switches_efer = entry & ENTRY_LOAD_EFER,
        .exit_switches_efer = vmread32(VM_EXIT_CONTROLS) & EXIT_LOAD_EFER,
    };

    ASSERT(hw.entry_switches_efer == vmx_caps.efer_switch);
    ASSERT(hw.exit_switches_efer == vmx_caps.efer_switch);
    if (vmx_caps.efer_switch) {
        hw.efer = vmread64(GUEST_EFER);
        hw.host_efer = vmread64(HOST_EFER_FIELD);
    } else {
        see_efer_lists(v, &hw);
    }
    see_bitmap(&hw);
    vmx_fill_mode_env(v, &env);
    const char *broken = vmx_mode_broken(&env, &v->arch.hvm.ctrl, &hw);
    if (broken)
        panic("d%dv%u: VM entry would break %s (guest EFER %lx, hardware's %lx)",
              v->domain->domain_id, v->vcpu_id, broken, (unsigned long)v->arch.hvm.ctrl.efer,
              (unsigned long)hw.efer);
    ASSERT(rdmsr(MSR_EFER) == HOST_EFER); /* I10: the way back worked */
    ASSERT(entry == v->arch.hvm.vmx.entry_controls);
    ASSERT(vmread32(PROC_BASED_CONTROLS) == v->arch.hvm.vmx.proc_controls);
    ASSERT(vmreadnw(CR0_GUEST_HOST_MASK) == v->arch.hvm.vmx.cr0_mask);
    ASSERT(vmreadnw(CR4_GUEST_HOST_MASK) == v->arch.hvm.vmx.cr4_mask);
}
