/* SPDX-License-Identifier: MIT */
/*
 * vmx.c - VMX operation of a CPU: entering it, or saying why not; and what a
 * context switch to and from an HVM vCPU does to the CPU.
 *
 * The hypervisor runs in VMX root operation all the time once vmx_init() has
 * succeeded.  EFER needs no care here: VM entry and exit switch it.
 */
#include <asm/traps.h>

#include "lbr.h"
#include "../hvm/emul.h"
#include "vmx.h"

#define FEATURE_CONTROL_LOCKED 1u
#define FEATURE_CONTROL_VMXON  (1u << 2)

struct vmx_caps vmx_caps;
bool vmx_on;
struct hvm_support hvm_support = {.unavailable = "VMX is not in use"};
static char opt_vmx_mask[128];
string_param("vmx-mask", opt_vmx_mask);
static bool opt_hap = true;
boolean_param("hap", opt_hap);
/* As vmx-mask, but for every CPU except the first: a machine whose CPUs differ. */
static char opt_vmx_mask_others[64];
string_param("vmx-mask-others", opt_vmx_mask_others);
static char opt_vmx[16];
string_param("vmx", opt_vmx);

/* The host's SYSCALL registers, while a guest's are in the hardware. */
struct syscall_msrs {
    bool known;
    uint64_t star, lstar, fmask;
};
static DEFINE_PER_CPU(struct syscall_msrs, host_syscall);

/* A list as of vmx-mask=ept,vpid,...: act as a processor without these. */
static void __init apply_mask(struct vmx_raw *raw, const char *list)
{
    while (*list) {
        const char *end = strchr(list, ',');
        size_t n = end ? (size_t)(end - list) : strlen(list);
        char name[32];
        strlcpy(name, list, min(n + 1, sizeof(name)));
        if (*name && !vmx_raw_remove(raw, name))
            printk(XENLOG_WARNING "VMX: vmx-mask: no feature \"%s\"\n", name);
        if (!end)
            break;
        list = end + 1;
    }
}

static const char *__init enable_feature_control(void)
{
    uint64_t fc = rdmsr(MSR_IA32_FEATURE_CONTROL);
    if (!(fc & FEATURE_CONTROL_LOCKED)) {
        wrmsr(MSR_IA32_FEATURE_CONTROL, fc | FEATURE_CONTROL_VMXON | FEATURE_CONTROL_LOCKED);
        fc = rdmsr(MSR_IA32_FEATURE_CONTROL);
    }
    if (!(fc & FEATURE_CONTROL_VMXON))
        return "locked off by the firmware (IA32_FEATURE_CONTROL)";
    return NULL;
}

static const char *__init enter_vmx_operation(void)
{
    unsigned long cr0 = read_cr0() | X86_CR0_NE;
    unsigned long cr4 = read_cr4() | X86_CR4_VMXE;
    if (~cr0 & vmx_caps.cr0_fixed0 || cr0 & ~vmx_caps.cr0_fixed1)
        return "CR0 has bits that VMX operation forbids";
    if (~cr4 & vmx_caps.cr4_fixed0 || cr4 & ~vmx_caps.cr4_fixed1)
        return "CR4 has bits that VMX operation forbids";

    uint32_t *region = alloc_xen_page();
    if (!region)
        return "no memory for the VMXON region";
    *region = vmx_caps.revision;
    write_cr0(cr0);
    write_cr4(cr4);
    get_cpu_info()->cr4 = cr4;

    uint64_t maddr = virt_to_maddr(region);
    bool failed;
    __asm__ volatile("vmxon %1" : "=@ccbe"(failed) : "m"(maddr) : "memory");
    if (failed) {
        write_cr4(cr4 & ~X86_CR4_VMXE);
        get_cpu_info()->cr4 = cr4 & ~X86_CR4_VMXE;
        free_xen_page(region);
        return "VMXON failed";
    }
    return NULL;
}

static void __init report_inconsistent(const struct vmx_raw *raw)
{
    for (unsigned int i = 0; vmx_pair_name(i); i++)
        if (vmx_caps.dropped_pairs & (1u << i))
            printk(XENLOG_WARNING "VMX: inconsistent entry/exit pair %s not used "
                                  "(entry %lx, exit %lx)\n",
                   vmx_pair_name(i), (unsigned long)raw->entry, (unsigned long)raw->exit);
    if (vmx_caps.contradiction)
        printk(XENLOG_WARNING "VMX: not believed: %s (secondary %lx, EPT and VPID %lx)\n",
               vmx_caps.contradiction, (unsigned long)raw->proc2, (unsigned long)raw->ept_vpid);
}

/* What this CPU can do, without what vmx-mask= and @mask take away.  NULL, or why
 * it cannot be used. */
static const char *__init read_caps(const char *mask, struct vmx_caps *caps)
{
    struct vmx_raw raw = {0};
    const char *why = enable_feature_control();

    if (why)
        return why;
    vmx_raw_read(&raw, rdmsr);
    apply_mask(&raw, opt_vmx_mask);
    apply_mask(&raw, mask);
    why = vmx_caps_derive(&raw, strcmp(opt_vmx, "strict") == 0, caps);
    if (caps == &vmx_caps)
        report_inconsistent(&raw);
    return why;
}

static const char *__init vmx_try_start(void)
{
    if (strcmp(opt_vmx, "off") == 0)
        return "switched off (vmx=off)";
    if (*opt_vmx && strcmp(opt_vmx, "strict") != 0)
        printk(XENLOG_WARNING "VMX: vmx=%s not understood (strict, off)\n", opt_vmx);
    if (!host_cpu.has_vmx)
        return "the processor has no VMX (CPUID.1:ECX[5])";
    const char *why = read_caps("", &vmx_caps);
    if (!why)
        why = enter_vmx_operation();
    if (why)
        return why;
    return vmx_alloc_bitmaps() ? "no memory for the MSR bitmaps" : NULL;
}

static void __init note_support(void)
{
    const struct vmx_caps *c = &vmx_caps;
    const char *no_ept = vmx_caps_hap_missing(c);

    hvm_support = (struct hvm_support){
        .hap = opt_hap && !no_ept,
        /* Without NX a fetch could not be told from a read. */
        .shadow = host_cpu.has_nx && !vmx_caps_shadow_missing(c),
        .max_leaf_order = c->ept_1g   ? 18
                          : c->ept_2m ? 9
                                      : 0,
        .invpcid = c->invpcid,
        .rdtscp = c->rdtscp,
        .tsc_scaling = c->tsc_scaling,
        .cr4_possible = c->cr4_fixed1,
    };
    if (!hvm_support.hap && !hvm_support.shadow)
        hvm_support.unavailable = no_ept ? no_ept : "hap=0";
}

void __init vmx_init(void)
{
    const struct vmx_caps *c = &vmx_caps;
    const char *why = vmx_try_start();

    if (why) {
        hvm_support.unavailable = why;
        printk(XENLOG_INFO "VMX: disabled: %s\n", why);
        return;
    }
    vmx_on = true;
    note_support();
    printk(XENLOG_INFO "VMX:%s%s%s%s%s%s%s%s%s%s%s%s%s (revision %x)\n", c->ept ? " EPT" : "",
           c->ept_ad ? " EPT-A/D" : "",
           c->ept_1g   ? " EPT-1G"
           : c->ept_2m ? " EPT-2M"
                       : "",
           c->vpid ? " VPID" : "", c->unrestricted_guest ? " unrestricted-guest" : "",
           c->efer_switch ? " EFER-switch(2nd gen)" : " EFER-by-MSR-list(1st gen)",
           c->pat_switch ? " PAT-switch" : "", c->virtual_nmis ? " virtual-NMI" : "",
           c->preempt_timer ? " preemption-timer" : "", c->rdtscp ? " RDTSCP" : "",
           c->invpcid ? " INVPCID" : "", c->wbinvd_exiting ? " WBINVD-exit" : "",
           c->tsc_scaling ? " TSC-scaling" : "", c->revision);
    if (hvm_support.unavailable)
        printk(XENLOG_INFO "HVM: unavailable: %s\n", hvm_support.unavailable);
    else if (!hvm_support.hap)
        printk(XENLOG_INFO "HVM: by shadow paging only: %s\n",
               opt_hap ? vmx_caps_hap_missing(&vmx_caps) : "hap=0");
    hvm_emulator_init();
}

const char *__init vmx_cpu_up(void)
{
    struct vmx_caps mine;

    if (!vmx_on)
        return NULL;
    if (!(cpuid(1, 0).c >> 5 & 1))
        return "it has no VMX (CPUID.1:ECX[5])";
    const char *why = read_caps(opt_vmx_mask_others, &mine);
    if (!why)
        why = vmx_caps_difference(&vmx_caps, &mine);
    return why ? why : enter_vmx_operation();
}

/* ---- translation caches ---- */

/* The VPID's linear and combined mappings. */
void vmx_invvpid(struct vcpu *v)
{
    struct {
        uint64_t vpid, gla;
    } desc = {v->arch.hvm.vmx.vpid, 0};
    if (!desc.vpid)
        return;
    unsigned long kind = vmx_caps.invvpid_single ? 1 : 2;
    bool failed;
    __asm__ volatile("invvpid %1, %2" : "=@ccbe"(failed) : "m"(desc), "r"(kind) : "memory");
    BUG_ON(failed);
}

void hvm_flush_ept(struct p2m *p2m)
{
    struct {
        uint64_t eptp, reserved;
    } desc = {p2m->eptp, 0};
    if (!desc.eptp)
        return;
    unsigned long kind = vmx_caps.invept_single ? 1 : 2;
    bool failed;
    __asm__ volatile("invept %1, %2" : "=@ccbe"(failed) : "m"(desc), "r"(kind) : "memory");
    BUG_ON(failed);
}

static void nothing(void *unused) {}

/*
 * A CPU that runs one of the vCPUs is made to leave the guest; it then finds
 * what was asked before it enters again.  One that is just about to enter with
 * interrupts off leaves at once.
 */
void hvm_ask_domain(struct domain *d, uint32_t asks)
{
    cpumask_t running = 0;

    for_each_vcpu(d, v) {
        /* Asked before and not done yet: it has not been in the guest since. */
        uint32_t old = __atomic_fetch_or(&v->arch.hvm.posted, asks, __ATOMIC_SEQ_CST);
        if ((asks & ~old) && vcpu_on_cpu(v))
            running |= 1ul << ACCESS_ONCE(v->processor);
    }
    smp_call(running, nothing, NULL);
}

/* ---- context switch ---- */

void hvm_switch_to(struct vcpu *v)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;
    unsigned long idle_cr3 = virt_to_maddr(idle_pgt);

    if ((read_cr3() & PAGE_MASK) != idle_cr3)
        write_cr3(idle_cr3); /* the vCPU before us was a PV one */
    vmcs_load(v);
    struct syscall_msrs *host = &this_cpu(host_syscall);
    if (!host->known) {
        host->star = rdmsr(MSR_STAR);
        host->lstar = rdmsr(MSR_LSTAR);
        host->fmask = rdmsr(MSR_SYSCALL_MASK);
        host->known = true;
    }
    wrmsr(MSR_STAR, hvm->msr_star);
    wrmsr(MSR_LSTAR, hvm->msr_lstar);
    wrmsr(MSR_SYSCALL_MASK, hvm->msr_fmask);
    wrmsr(MSR_KERNEL_GS_BASE, hvm->msr_kernel_gs);
    if (vmx_caps.rdtscp)
        wrmsr(MSR_TSC_AUX, hvm->msr_tsc_aux);
    write_cr2(hvm->ctrl.cr2);
    if (vmreadnw(GUEST_DR7) & 0xff)
        vmx_load_debug_registers(v);
    vmx_lbr_load(v);
}

void hvm_switch_from(struct vcpu *v)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;

    vmcs_load(v);
    hvm->msr_kernel_gs = rdmsr(MSR_KERNEL_GS_BASE); /* SWAPGS does not exit */
    hvm->ctrl.cr2 = read_cr2();
    vmx_save_debug_registers(v);
    vmx_lbr_save(v);
    const struct syscall_msrs *host = &this_cpu(host_syscall);
    wrmsr(MSR_STAR, host->star);
    wrmsr(MSR_LSTAR, host->lstar);
    wrmsr(MSR_SYSCALL_MASK, host->fmask);
}
