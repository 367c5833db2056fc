/* SPDX-License-Identifier: MIT */
/* dump.c - a VMCS for people to read, and failures of VMX instructions. */
#include <asm/traps.h>

#include "msrlist.h"
#include "vmx.h"

/* clang-format off */
#define F(name) {name, #name}
static const struct {
    uint16_t field;
    const char *name;
} fields[] = {
    F(PIN_BASED_CONTROLS), F(PROC_BASED_CONTROLS), F(SECONDARY_CONTROLS), F(VM_EXIT_CONTROLS),
    F(VM_ENTRY_CONTROLS), F(EXCEPTION_BITMAP), F(VPID), F(EPT_POINTER), F(MSR_BITMAP),
    F(TSC_OFFSET), F(TSC_MULTIPLIER), F(VMCS_LINK_POINTER), F(CR0_GUEST_HOST_MASK), F(CR0_READ_SHADOW),
    F(CR4_GUEST_HOST_MASK), F(CR4_READ_SHADOW), F(VM_EXIT_REASON), F(EXIT_QUALIFICATION),
    F(VM_EXIT_INTR_INFO), F(VM_EXIT_INTR_EC), F(IDT_VECTORING_INFO), F(IDT_VECTORING_EC),
    F(VM_EXIT_INSN_LEN), F(VM_EXIT_INSN_INFO), F(GUEST_LINEAR_ADDRESS),
    F(GUEST_PHYSICAL_ADDRESS), F(VM_INSN_ERROR), F(VM_ENTRY_INTR_INFO),
    F(VM_ENTRY_EXCEPTION_EC), F(VM_ENTRY_INSN_LEN), F(GUEST_CR0), F(GUEST_CR3), F(GUEST_CR4),
    F(GUEST_EFER), F(VM_ENTRY_MSR_LOAD_COUNT), F(VM_EXIT_MSR_LOAD_COUNT), F(GUEST_PAT),
    F(GUEST_DR7), F(GUEST_RIP), F(GUEST_RSP), F(GUEST_RFLAGS), F(GUEST_INTERRUPTIBILITY),
    F(GUEST_ACTIVITY), F(GUEST_PENDING_DBG), F(GUEST_DEBUGCTL), F(GUEST_PDPTE0),
    {GUEST_PDPTE0 + 2, "GUEST_PDPTE1"}, {GUEST_PDPTE0 + 4, "GUEST_PDPTE2"},
    {GUEST_PDPTE0 + 6, "GUEST_PDPTE3"}, F(GUEST_SYSENTER_CS),
    F(GUEST_SYSENTER_ESP), F(GUEST_SYSENTER_EIP), F(HOST_CR0), F(HOST_CR3), F(HOST_CR4),
    F(HOST_EFER_FIELD), F(HOST_PAT), F(HOST_RIP), F(HOST_RSP), F(HOST_CS_SELECTOR),
    F(HOST_TR_SELECTOR), F(HOST_TR_BASE), F(HOST_GDTR_BASE), F(HOST_IDTR_BASE),
    F(HOST_FS_BASE), F(HOST_GS_BASE)
};
#undef F
/* clang-format on */

static const char *vmcs_field_name(unsigned int field)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
        if (fields[i].field == field)
            return fields[i].name;
    return NULL;
}

noreturn void vmx_insn_failed(const char *insn, unsigned int field, unsigned long value)
{
    unsigned long error = ~0ul;
    if (field != VM_INSN_ERROR)
        vmread_safe(VM_INSN_ERROR, &error);
    const char *name = vmcs_field_name(field);
    panic("%s of field %04x (%s), value %lx failed, instruction error %ld", insn, field,
          name ? name : "?", value, (long)error);
}

static void dump_segments(void)
{
    static const char *const names[] = {"ES", "CS",   "SS", "DS",   "FS",
                                        "GS", "LDTR", "TR", "GDTR", "IDTR"};
    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
        unsigned long sel = 0, limit = 0, ar = 0, base = 0;
        if (i <= SEG_TR) {
            vmread_safe(GUEST_ES_SELECTOR + 2 * i, &sel);
            vmread_safe(GUEST_ES_AR + 2 * i, &ar);
        }
        vmread_safe(GUEST_ES_LIMIT + 2 * i, &limit);
        vmread_safe(GUEST_ES_BASE + 2 * i, &base);
        printk(XENLOG_ERR "  %-4s %04lx base %016lx limit %08lx attributes %05lx\n", names[i], sel,
               base, limit, ar);
    }
}

/* Where the guest's EFER comes from at VM entry, and the host's at exit. */
static void dump_efer(struct vcpu *v)
{
    const struct vmx_msrlist *l = v->arch.hvm.vmx.msrlist;
    unsigned long guest = 0, host = 0;

    if (!l) {
        vmread_safe(GUEST_EFER, &guest);
        vmread_safe(HOST_EFER_FIELD, &host);
        printk(XENLOG_ERR "  EFER by controls: guest %lx, host %lx\n", guest, host);
        return;
    }
    const struct vmx_msr_entry *entry = msrlist_find(l, MSRLIST_ENTRY_LOAD, MSR_EFER);
    const struct vmx_msr_entry *exit = msrlist_find(l, MSRLIST_EXIT_LOAD, MSR_EFER);
    if (!entry && !exit)
        printk(XENLOG_ERR "  EFER not switched: the guest's is the host's %lx\n", HOST_EFER);
    else
        printk(XENLOG_ERR "  EFER by MSR lists: guest %lx%s, host %lx%s\n",
               entry ? (unsigned long)entry->value : 0ul, entry ? "" : " (MISSING)",
               exit ? (unsigned long)exit->value : 0ul, exit ? "" : " (MISSING)");
}

static void vmcs_dump(struct vcpu *v)
{
    printk(XENLOG_ERR "VMCS of d%dv%u (vmcs frame %lx, %s):\n", v->domain->domain_id, v->vcpu_id,
           (unsigned long)mfn_x(v->arch.hvm.vmx.vmcs),
           v->arch.hvm.vmx.launched ? "launched" : "clear");
    for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
        unsigned long value;
        if (vmread_safe(fields[i].field, &value))
            printk(XENLOG_ERR "  %-24s %016lx\n", fields[i].name, value);
    }
    dump_efer(v);
    dump_segments();
}

void hvm_dump_vcpu(struct vcpu *v)
{
    const struct cpu_user_regs *r = v == current ? guest_cpu_user_regs() : &v->arch.user_regs;
    const struct hvm_vcpu *hvm = &v->arch.hvm;

    printk(XENLOG_ERR "d%dv%u: cr0 %lx cr2 %lx cr3 %lx cr4 %lx efer %lx\n", v->domain->domain_id,
           v->vcpu_id, (unsigned long)hvm->ctrl.cr0, (unsigned long)hvm->ctrl.cr2,
           (unsigned long)hvm->ctrl.cr3, (unsigned long)hvm->ctrl.cr4,
           (unsigned long)hvm->ctrl.efer);
    show_gprs(r);
    if (!mfn_x(hvm->vmx.vmcs))
        return;
    vmcs_enter(v);
    vmcs_dump(v);
    vmcs_exit(v);
}
