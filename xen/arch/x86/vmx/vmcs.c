/* SPDX-License-Identifier: MIT */
/*
 * vmcs.c - a vCPU's VMCS: made, loaded, filled and read.
 *
 * Host state is written once per placement on a CPU; guest state when hvm/
 * changes it.  Everything else of vmx/ works on the current VMCS.
 * Source: SDM "Virtual Machine Control Structures".
 */
#include <asm/traps.h>

#include "../hvm/emul.h"
#include "../mm/ept.h"
#include "msrlist.h"
#include "vmx.h"

#define MAX_VPID 4096
#define CPU_NONE (~0u)

static DEFINE_PER_CPU(struct vcpu *, loaded_vmcs);
/* Two, which differ in whether RDMSR of EFER exits. */
static uint8_t *msr_bitmap[2];
static uint64_t vpid_used[MAX_VPID / 64] = {1}; /* 0 is the host's */

/* ---- VMCS region ---- */

static uint64_t vmcs_maddr(const struct vcpu *v)
{
    return maddr_x(mfn_to_maddr(v->arch.hvm.vmx.vmcs));
}

/* On the CPU where it is active, or nowhere. */
static void vmclear(void *arg)
{
    struct vcpu *v = arg;
    uint64_t maddr = vmcs_maddr(v);
    bool failed;
    __asm__ volatile("vmclear %1" : "=@ccbe"(failed) : "m"(maddr) : "memory");
    BUG_ON(failed);
    v->arch.hvm.vmx.launched = false;
    v->arch.hvm.vmx.cpu = CPU_NONE;
    if (this_cpu(loaded_vmcs) == v)
        this_cpu(loaded_vmcs) = NULL;
}

/* The processor may keep parts of an active VMCS to itself: that CPU must give
 * them up before the VMCS is used on another, or its memory freed. */
static void deactivate(struct vcpu *v)
{
    unsigned int cpu = v->arch.hvm.vmx.cpu;
    if (cpu != CPU_NONE)
        on_each_cpu(1ul << cpu, vmclear, v);
}

static void write_host_state(struct vcpu *v)
{
    struct __packed {
        uint16_t limit;
        uint64_t base;
    } idtr;
    __asm__ volatile("sidt %0" : "=m"(idtr));

    vmwritenw(HOST_CR0, read_cr0() & ~X86_CR0_TS);
    vmwritenw(HOST_CR3, virt_to_maddr(idle_pgt));
    vmwritenw(HOST_CR4, get_cpu_info()->cr4);
    vmwrite16(HOST_CS_SELECTOR, HYPERVISOR_CS);
    vmwrite16(HOST_SS_SELECTOR, 0);
    vmwrite16(HOST_DS_SELECTOR, 0);
    vmwrite16(HOST_ES_SELECTOR, 0);
    vmwrite16(HOST_FS_SELECTOR, 0);
    vmwrite16(HOST_GS_SELECTOR, 0);
    vmwrite16(HOST_TR_SELECTOR, TSS_SELECTOR);
    vmwritenw(HOST_FS_BASE, 0);
    vmwritenw(HOST_GS_BASE, 0);
    vmwritenw(HOST_TR_BASE, cpu_tss_base());
    vmwritenw(HOST_GDTR_BASE, (unsigned long)cpu_gdt_page() - 0xe000);
    vmwritenw(HOST_IDTR_BASE, idtr.base);
    vmwrite32(HOST_SYSENTER_CS, rdmsr(MSR_IA32_SYSENTER_CS));
    vmwritenw(HOST_SYSENTER_ESP, rdmsr(MSR_IA32_SYSENTER_ESP));
    vmwritenw(HOST_SYSENTER_EIP, rdmsr(MSR_IA32_SYSENTER_EIP));
    vmwritenw(HOST_RIP, (unsigned long)vmx_exit_entry);
    vmwritenw(HOST_RSP, (unsigned long)&guest_cpu_user_regs()->error_code);
    if (vmx_caps.efer_switch)
        vmwrite64(HOST_EFER_FIELD, HOST_EFER);
    if (vmx_caps.pat_switch)
        vmwrite64(HOST_PAT, rdmsr(MSR_IA32_PAT));
    v->arch.hvm.vmx.cpu = smp_processor_id();
}

static void make_current(struct vcpu *v)
{
    uint64_t maddr = vmcs_maddr(v);
    bool failed;
    __asm__ volatile("vmptrld %1" : "=@ccbe"(failed) : "m"(maddr) : "memory");
    BUG_ON(failed);
    this_cpu(loaded_vmcs) = v;
}

/* What this CPU may have cached of the guest when it was here before is old. */
static void move_here(struct vcpu *v)
{
    deactivate(v);
    make_current(v);
    write_host_state(v);
    __atomic_fetch_or(&v->arch.hvm.posted, HVM_POSTED_FLUSH_VPID | HVM_POSTED_FLUSH_EPT,
                      __ATOMIC_SEQ_CST);
}

void vmcs_load(struct vcpu *v)
{
    if (unlikely(v->arch.hvm.vmx.cpu != smp_processor_id()))
        move_here(v);
    else if (this_cpu(loaded_vmcs) != v)
        make_current(v);
}

/* One that runs belongs to the CPU that runs it. */
void vmcs_enter_other(struct vcpu *v)
{
    ASSERT(!vcpu_on_cpu(v));
    vmcs_load(v);
}

void vmcs_exit_other(struct vcpu *v)
{
    struct vcpu *now = current;
    if (is_hvm_vcpu(now) && now->is_running)
        vmcs_load(now);
}

/* ---- controls ---- */

static void bitmap_allow(uint8_t *bitmap, uint32_t msr, bool write)
{
    unsigned int n = msr & 0x1fff;

    bitmap += (msr >= 0xc0000000 ? 0x400 : 0) + (write ? 0x800 : 0);
    bitmap[n / 8] &= ~(1u << (n % 8));
}

/*
 * The MSR bitmaps serve all guests.  EFER is read without an exit while its
 * hardware value is the guest's (vmx_plan_mode: efer_read_exits); its writes
 * always exit.  STAR, LSTAR and FMASK hold the guest's values while it is on
 * the CPU.
 */
int __init vmx_alloc_bitmaps(void)
{
    static const uint32_t read_write[] = {
        MSR_FS_BASE,          MSR_GS_BASE,           MSR_KERNEL_GS_BASE,
        MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
    };
    static const uint32_t read_only[] = {MSR_STAR, MSR_LSTAR, MSR_SYSCALL_MASK};

    for (unsigned int b = 0; b < ARRAY_SIZE(msr_bitmap); b++) {
        uint8_t *bitmap = msr_bitmap[b] = alloc_xen_page();
        if (!bitmap)
            return -ENOMEM;
        memset(bitmap, 0xff, PAGE_SIZE);
        for (unsigned int i = 0; i < ARRAY_SIZE(read_write); i++) {
            bitmap_allow(bitmap, read_write[i], false);
            bitmap_allow(bitmap, read_write[i], true);
        }
        for (unsigned int i = 0; i < ARRAY_SIZE(read_only); i++)
            bitmap_allow(bitmap, read_only[i], false);
    }
    bitmap_allow(msr_bitmap[0], MSR_EFER, false);
    return 0;
}

void vmx_set_efer_read_exits(struct vcpu *v, bool exits)
{
    if (v->arch.hvm.vmx.efer_read_exits == exits)
        return;
    v->arch.hvm.vmx.efer_read_exits = exits;
    vmwrite64(MSR_BITMAP, virt_to_maddr(msr_bitmap[exits]));
}

/* ---- EFER of the first generation ---- */

void msrlist_write_count(void *owner, enum msrlist_area area, uint32_t count)
{
    static const enum vmcs32 fields[NR_MSRLIST_AREAS] = {
        [MSRLIST_ENTRY_LOAD] = VM_ENTRY_MSR_LOAD_COUNT,
        [MSRLIST_EXIT_LOAD] = VM_EXIT_MSR_LOAD_COUNT,
    };
    ASSERT(this_cpu(loaded_vmcs) == owner);
    vmwrite32(fields[area], count);
}

static void write_list_addresses(struct vcpu *v)
{
    const struct vmx_msrlist *l = v->arch.hvm.vmx.msrlist;

    vmwrite64(VM_ENTRY_MSR_LOAD_ADDR, virt_to_maddr(l->area[MSRLIST_ENTRY_LOAD]));
    vmwrite64(VM_EXIT_MSR_LOAD_ADDR, virt_to_maddr(l->area[MSRLIST_EXIT_LOAD]));
}

/* The list and EFER's slots in it are there before the first switch: a switch
 * that failed half-way would leave the CPU with the guest's NXE. */
static int create_msrlist(struct vcpu *v)
{
    if (vmx_caps.efer_switch)
        return 0;
    _Static_assert(sizeof(struct vmx_msrlist) <= PAGE_SIZE, "one page");
    struct vmx_msrlist *l = alloc_xen_page();
    if (!l)
        return -ENOMEM;
    msrlist_init(l, v);
    v->arch.hvm.vmx.msrlist = l;
    return msrlist_reserve(l, MSR_EFER);
}

void vmx_write_efer(struct vcpu *v, uint64_t efer, bool by_list)
{
    struct vmx_msrlist *l = v->arch.hvm.vmx.msrlist;

    if (!l)
        vmwrite64(GUEST_EFER, efer);
    else if (by_list)
        BUG_ON(msrlist_switch(l, MSR_EFER, efer, HOST_EFER)); /* has its slot */
    else
        msrlist_unswitch(l, MSR_EFER);
}

void vmx_set_proc_control(struct vcpu *v, uint32_t bit, bool on)
{
    uint32_t old = v->arch.hvm.vmx.proc_controls;
    uint32_t new = on ? old | bit : old & ~bit;
    if (new == old)
        return;
    v->arch.hvm.vmx.proc_controls = new;
    vmwrite32(PROC_BASED_CONTROLS, new);
}

/*
 * A guest that makes no exit for this long is stopped by the preemption timer,
 * which starts anew at each entry and so costs nothing otherwise.  External
 * interrupts stop guests too, but Bochs 2.7 holds them back from a guest that
 * was entered with IF=0 (docs/emulators.md).
 */
#define LONGEST_STRETCH_US 5000

static void write_controls(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;
    struct p2m *p2m = &v->domain->arch.p2m;
    bool shadow = v->domain->arch.paging->shadow;
    uint32_t proc2 = vmx_caps.proc2;

    if (!vmx->vpid)
        proc2 &= ~PROC2_VPID;
    if (shadow)
        proc2 &= ~(PROC2_EPT | PROC2_UNRESTRICTED_GUEST | PROC2_INVPCID);
    vmwrite32(PIN_BASED_CONTROLS, vmx_caps.pin);
    vmx->proc_controls = vmx_caps.proc | (shadow ? PROC_INVLPG_EXITING : 0);
    vmwrite32(PROC_BASED_CONTROLS, vmx->proc_controls);
    if (vmx->proc_controls & PROC_SECONDARY)
        vmwrite32(SECONDARY_CONTROLS, proc2);
    vmwrite32(VM_EXIT_CONTROLS, vmx_caps.exit);
    vmx->entry_controls = vmx_caps.entry;
    vmwrite32(VM_ENTRY_CONTROLS, vmx->entry_controls);
    vmwrite32(VM_EXIT_MSR_STORE_COUNT, 0);
    vmwrite32(VM_EXIT_MSR_LOAD_COUNT, 0);
    vmwrite32(VM_ENTRY_MSR_LOAD_COUNT, 0);
    vmwrite32(VM_ENTRY_INTR_INFO, 0);
    vmwrite32(CR3_TARGET_COUNT, 0);
    /*
     * #DB and #AC: their delivery can raise them again without end inside the
     * processor (XSA-156); an exit each time keeps the host in control.
     */
    vmwrite32(EXCEPTION_BITMAP, 1u << X86_EXC_DB | 1u << X86_EXC_AC | 1u << X86_EXC_MC |
                                    (opt_hvm_fep ? 1u << X86_EXC_UD : 0) |
                                    (shadow ? 1u << X86_EXC_PF : 0));
    vmwrite32(PF_EC_MASK, 0);
    vmwrite32(PF_EC_MATCH, 0);
    vmx->efer_read_exits = true;
    vmwrite64(MSR_BITMAP, virt_to_maddr(msr_bitmap[true]));
    if (vmx->msrlist)
        write_list_addresses(v);
    vmwrite64(TSC_OFFSET, v->arch.hvm.tsc_offset);
    if (vmx_caps.tsc_scaling)
        vmwrite64(TSC_MULTIPLIER, v->domain->arch.tsc_ratio);
    vmwrite64(VMCS_LINK_POINTER, ~0ull);
    if (vmx->vpid)
        vmwrite16(VPID, vmx->vpid);
    if (proc2 & PROC2_EPT) {
        p2m->eptp = ept_make_pointer(p2m->root, vmx_caps.ept_ad);
        vmwrite64(EPT_POINTER, p2m->eptp);
    }
    vmwrite64(GUEST_DEBUGCTL, 0);
    vmwrite32(GUEST_INTERRUPTIBILITY, 0);
    vmwrite32(GUEST_ACTIVITY, 0);
    vmwritenw(GUEST_PENDING_DBG, 0);
    if (vmx_caps.preempt_timer)
        vmwrite32(PREEMPT_TIMER_VALUE,
                  vmx_preempt_timer_count(vmx_caps.misc, cpu_khz, LONGEST_STRETCH_US));
    /* All shadow entries name the PAT's first type: the host's, write-back. */
    if (vmx_caps.pat_switch)
        vmwrite64(GUEST_PAT, shadow ? rdmsr(MSR_IA32_PAT) : v->arch.hvm.msr_pat);
}

/* ---- life ---- */

static uint16_t alloc_vpid(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(vpid_used); i++) {
        uint64_t used = __atomic_load_n(&vpid_used[i], __ATOMIC_RELAXED);
        while (~used) {
            unsigned int bit = __builtin_ctzll(~used);
            if (__atomic_compare_exchange_n(&vpid_used[i], &used, used | 1ull << bit, false,
                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED))
                return i * 64 + bit;
        }
    }
    return 0;
}

static void free_vpid(uint16_t vpid)
{
    if (vpid)
        __atomic_fetch_and(&vpid_used[vpid / 64], ~(1ull << (vpid % 64)), __ATOMIC_RELAXED);
}

__cold int vmx_vcpu_create(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;

    if (hvm_support.unavailable)
        return -EOPNOTSUPP;
    uint32_t *region = alloc_xen_page();
    if (!region)
        return -ENOMEM;
    *region = vmx_caps.revision;
    vmx->vmcs = virt_to_mfn(region);
    int rc = create_msrlist(v);
    if (rc) {
        free_xen_page(region);
        vmx->vmcs = _mfn(0);
        return rc;
    }
    /* Out of identifiers: without one, entries and exits flush. */
    if (vmx_caps.vpid)
        vmx->vpid = alloc_vpid();
    vmclear(v); /* its first load counts as a move: old owners' entries go */
    vmcs_enter(v);
    write_controls(v);
    vmcs_exit(v);
    return 0;
}

__cold void vmx_vcpu_destroy(struct vcpu *v)
{
    struct vmx_vcpu *vmx = &v->arch.hvm.vmx;

    if (!mfn_x(vmx->vmcs))
        return;
    deactivate(v);
    free_vpid(vmx->vpid);
    free_xen_page(mfn_to_virt(vmx->vmcs));
    if (vmx->msrlist)
        free_xen_page(vmx->msrlist);
    vmx->msrlist = NULL;
    vmx->vmcs = _mfn(0);
    vmx->vpid = 0;
}

/* ---- debug registers: lazily the guest's ---- */

void vmx_load_debug_registers(struct vcpu *v)
{
    const unsigned long *dr = v->arch.dr;
    if (v->arch.hvm.vmx.dr_live)
        return;
    v->arch.hvm.vmx.dr_live = true;
    __asm__ volatile("mov %0, %%db0" ::"r"(dr[0]));
    __asm__ volatile("mov %0, %%db1" ::"r"(dr[1]));
    __asm__ volatile("mov %0, %%db2" ::"r"(dr[2]));
    __asm__ volatile("mov %0, %%db3" ::"r"(dr[3]));
    __asm__ volatile("mov %0, %%db6" ::"r"(v->arch.dr6));
    vmx_set_proc_control(v, PROC_MOV_DR_EXITING, false);
}

void vmx_save_debug_registers(struct vcpu *v)
{
    unsigned long *dr = v->arch.dr;
    if (!v->arch.hvm.vmx.dr_live)
        return;
    v->arch.hvm.vmx.dr_live = false;
    __asm__ volatile("mov %%db0, %0" : "=r"(dr[0]));
    __asm__ volatile("mov %%db1, %0" : "=r"(dr[1]));
    __asm__ volatile("mov %%db2, %0" : "=r"(dr[2]));
    __asm__ volatile("mov %%db3, %0" : "=r"(dr[3]));
    __asm__ volatile("mov %%db6, %0" : "=r"(v->arch.dr6));
    vmx_set_proc_control(v, PROC_MOV_DR_EXITING, true);
}
