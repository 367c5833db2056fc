/* SPDX-License-Identifier: MIT */
/*
 * caps.c - from raw capability MSRs to the VMX controls that we use.
 * Pure: compiled for the host as well (test/unit/test_xen_vmx_caps.c).
 */
#include "caps.h"

#include <cairn/lib.h>

#include "vmcs.h"

#define LOW(msr)  ((uint32_t)(msr))         /* controls that must be 1 */
#define HIGH(msr) ((uint32_t)((msr) >> 32)) /* controls that may be 1 */

#define PIN_NEED (PIN_EXT_INTR_EXITING | PIN_NMI_EXITING)
#define PIN_WANT (PIN_NEED | PIN_VIRTUAL_NMIS | PIN_PREEMPT_TIMER)
#define PROC_NEED                                                                       \
    (PROC_TSC_OFFSETTING | PROC_HLT_EXITING | PROC_MWAIT_EXITING | PROC_RDPMC_EXITING | \
     PROC_CR8_LOAD_EXITING | PROC_CR8_STORE_EXITING | PROC_MOV_DR_EXITING |             \
     PROC_UNCOND_IO_EXITING | PROC_MSR_BITMAPS | PROC_MONITOR_EXITING)
#define PROC_WANT (PROC_NEED | PROC_SECONDARY)
/* Switched on and off at run time: both settings must be allowed. */
#define PROC_FLEXIBLE (PROC_INTR_WINDOW | PROC_MOV_DR_EXITING)
#define PROC2_WANT                                                                             \
    (PROC2_EPT | PROC2_RDTSCP | PROC2_VPID | PROC2_WBINVD_EXITING | PROC2_UNRESTRICTED_GUEST | \
     PROC2_INVPCID | PROC2_TSC_SCALING)
#define EXIT_NEED      (EXIT_SAVE_DEBUG | EXIT_HOST_64 | EXIT_ACK_INTERRUPT)
#define EXIT_WANT      (EXIT_NEED | EXIT_LOAD_PAT | EXIT_LOAD_EFER)
#define ENTRY_NEED     ENTRY_LOAD_DEBUG
#define ENTRY_WANT     (ENTRY_NEED | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER)
#define ENTRY_FLEXIBLE ENTRY_IA32E_GUEST

/* State switched by a control of each word; kept alone, one side would leak
 * guest state into the host or the other way round. */
static const struct pair {
    const char *name;
    uint32_t entry, exit;
    uint32_t exit_dependent; /* useless, or wrong, without the pair */
} pairs[] = {
    {"EFER", ENTRY_LOAD_EFER, EXIT_LOAD_EFER, EXIT_SAVE_EFER},
    {"PAT", ENTRY_LOAD_PAT, EXIT_LOAD_PAT, EXIT_SAVE_PAT},
    {"PERF_GLOBAL_CTRL", ENTRY_LOAD_PERF_GLOBAL, EXIT_LOAD_PERF_GLOBAL, EXIT_SAVE_PERF_GLOBAL},
    {"BNDCFGS", ENTRY_LOAD_BNDCFGS, EXIT_CLEAR_BNDCFGS, 0},
    {"RTIT_CTL", ENTRY_LOAD_RTIT, EXIT_CLEAR_RTIT, 0},
    {"PKRS", ENTRY_LOAD_PKRS, EXIT_LOAD_PKRS, 0},
    {"CET", ENTRY_LOAD_CET, EXIT_LOAD_CET, 0},
    {"LBR_CTL", ENTRY_LOAD_LBR, EXIT_CLEAR_LBR, 0},
};

const char *vmx_pair_name(unsigned int i)
{
    return i < ARRAY_SIZE(pairs) ? pairs[i].name : NULL;
}

void vmx_raw_read(struct vmx_raw *raw, uint64_t (*read)(uint32_t msr))
{
    raw->basic = read(MSR_VMX_BASIC);
    bool true_ctls = raw->basic & VMX_BASIC_TRUE_CTLS;
    raw->pin = read(true_ctls ? MSR_VMX_TRUE_PIN : MSR_VMX_PIN);
    raw->proc = read(true_ctls ? MSR_VMX_TRUE_PROC : MSR_VMX_PROC);
    raw->exit = read(true_ctls ? MSR_VMX_TRUE_EXIT : MSR_VMX_EXIT);
    raw->entry = read(true_ctls ? MSR_VMX_TRUE_ENTRY : MSR_VMX_ENTRY);
    raw->misc = read(MSR_VMX_MISC);
    raw->cr0_fixed0 = read(MSR_VMX_CR0_FIXED0);
    raw->cr0_fixed1 = read(MSR_VMX_CR0_FIXED1);
    raw->cr4_fixed0 = read(MSR_VMX_CR4_FIXED0);
    raw->cr4_fixed1 = read(MSR_VMX_CR4_FIXED1);
    if (HIGH(raw->proc) & PROC_SECONDARY)
        raw->proc2 = read(MSR_VMX_PROC2);
    if (HIGH(raw->proc2) & (PROC2_EPT | PROC2_VPID))
        raw->ept_vpid = read(MSR_VMX_EPT_VPID);
    if (HIGH(raw->proc2) & PROC2_VMFUNC)
        raw->vmfunc = read(MSR_VMX_VMFUNC);
}

static void forbid(uint64_t *msr, uint32_t bits)
{
    *msr &= ~((uint64_t)bits << 32);
}

bool vmx_raw_remove(struct vmx_raw *raw, const char *name)
{
    static const struct {
        const char *name;
        uint32_t pin, proc, proc2, exit, entry;
        uint64_t ept_vpid;
    } features[] = {
        {"ept", .proc2 = PROC2_EPT | PROC2_UNRESTRICTED_GUEST | PROC2_PML,
         .ept_vpid = EPT_CAP_EPT_MASK},
        {"unrestricted-guest", .proc2 = PROC2_UNRESTRICTED_GUEST},
        {"unrestricted", .proc2 = PROC2_UNRESTRICTED_GUEST},
        {"efer-controls", .exit = EXIT_LOAD_EFER | EXIT_SAVE_EFER, .entry = ENTRY_LOAD_EFER},
        {"secondary-controls", .proc = PROC_SECONDARY, .proc2 = ~0u, .ept_vpid = ~0ull},
        {"vpid", .proc2 = PROC2_VPID, .ept_vpid = EPT_CAP_VPID_MASK},
        {"efer-switch", .exit = EXIT_LOAD_EFER | EXIT_SAVE_EFER, .entry = ENTRY_LOAD_EFER},
        {"pat-switch", .exit = EXIT_LOAD_PAT | EXIT_SAVE_PAT, .entry = ENTRY_LOAD_PAT},
        {"virtual-nmi", .pin = PIN_VIRTUAL_NMIS},
        {"preemption-timer", .pin = PIN_PREEMPT_TIMER},
        {"invpcid", .proc2 = PROC2_INVPCID},
        {"rdtscp", .proc2 = PROC2_RDTSCP},
        {"wbinvd-exit", .proc2 = PROC2_WBINVD_EXITING},
        {"tsc-scaling", .proc2 = PROC2_TSC_SCALING},
        {"ept-1g", .ept_vpid = EPT_CAP_1G},
        {"ept-2m", .ept_vpid = EPT_CAP_2M | EPT_CAP_1G},
        {"ept-ad", .ept_vpid = EPT_CAP_AD},
        {"invept-single", .ept_vpid = EPT_CAP_INVEPT_SINGLE},
        {"invvpid-single", .ept_vpid = VPID_CAP_SINGLE},
        /* By halves, as no processor but a faulty outer hypervisor shows them. */
        {"efer-entry", .entry = ENTRY_LOAD_EFER},
        {"efer-exit", .exit = EXIT_LOAD_EFER | EXIT_SAVE_EFER},
        {"pat-entry", .entry = ENTRY_LOAD_PAT},
        {"pat-exit", .exit = EXIT_LOAD_PAT | EXIT_SAVE_PAT},
        {"ept-control", .proc2 = PROC2_EPT | PROC2_UNRESTRICTED_GUEST},
        {"vpid-control", .proc2 = PROC2_VPID},
    };
    for (unsigned int i = 0; i < ARRAY_SIZE(features); i++) {
        if (strcmp(features[i].name, name) != 0)
            continue;
        forbid(&raw->pin, features[i].pin);
        forbid(&raw->proc, features[i].proc);
        forbid(&raw->proc2, features[i].proc2);
        forbid(&raw->exit, features[i].exit);
        forbid(&raw->entry, features[i].entry);
        raw->ept_vpid &= ~features[i].ept_vpid;
        return true;
    }
    return false;
}

/* Drop pairs shown by halves.  False if the processor insists on one half. */
static bool sanitise_pairs(struct vmx_raw *raw, uint32_t *dropped)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(pairs); i++) {
        bool entry = (HIGH(raw->entry) & pairs[i].entry) == pairs[i].entry;
        bool exit = (HIGH(raw->exit) & pairs[i].exit) == pairs[i].exit;
        if (entry == exit)
            continue;
        *dropped |= 1u << i;
        if ((LOW(raw->entry) & pairs[i].entry) ||
            (LOW(raw->exit) & (pairs[i].exit | pairs[i].exit_dependent)))
            return false;
        forbid(&raw->entry, pairs[i].entry);
        forbid(&raw->exit, pairs[i].exit | pairs[i].exit_dependent);
    }
    return true;
}

/* What each feature needs of others; repeated passes are not needed in this order. */
static void close_dependencies(const struct vmx_raw *raw, struct vmx_caps *caps)
{
    const uint64_t ept_need = EPT_CAP_WALK_4 | EPT_CAP_WB | EPT_CAP_INVEPT | EPT_CAP_INVEPT_ALL;
    const uint64_t vpid_need = VPID_CAP_INVVPID | VPID_CAP_ALL;
    const uint32_t cr3_exits = PROC_CR3_LOAD_EXITING | PROC_CR3_STORE_EXITING | PROC_INVLPG_EXITING;
    caps->ept = (caps->proc2 & PROC2_EPT) && (raw->ept_vpid & ept_need) == ept_need &&
                !(LOW(raw->proc) & cr3_exits);
    caps->shadow_exits = !(~HIGH(raw->proc) & cr3_exits);
    caps->unrestricted_guest = caps->ept && (caps->proc2 & PROC2_UNRESTRICTED_GUEST);
    caps->vpid = (caps->proc2 & PROC2_VPID) && (raw->ept_vpid & vpid_need) == vpid_need;
    if (!caps->ept)
        caps->proc2 &= ~PROC2_EPT;
    if (!caps->unrestricted_guest)
        caps->proc2 &= ~PROC2_UNRESTRICTED_GUEST;
    if (!caps->vpid)
        caps->proc2 &= ~PROC2_VPID;
    caps->ept_vpid = (caps->ept ? raw->ept_vpid & EPT_CAP_EPT_MASK : 0) |
                     (caps->vpid ? raw->ept_vpid & EPT_CAP_VPID_MASK : 0);
}

static void name_features(struct vmx_caps *caps)
{
    caps->efer_switch = caps->entry & ENTRY_LOAD_EFER;
    caps->pat_switch = caps->entry & ENTRY_LOAD_PAT;
    caps->virtual_nmis = caps->pin & PIN_VIRTUAL_NMIS;
    caps->preempt_timer = caps->pin & PIN_PREEMPT_TIMER;
    caps->rdtscp = caps->proc2 & PROC2_RDTSCP;
    caps->invpcid = caps->proc2 & PROC2_INVPCID;
    caps->wbinvd_exiting = caps->proc2 & PROC2_WBINVD_EXITING;
    caps->tsc_scaling = caps->proc2 & PROC2_TSC_SCALING;
    caps->ept_2m = caps->ept_vpid & EPT_CAP_2M;
    caps->ept_1g = caps->ept_2m && (caps->ept_vpid & EPT_CAP_1G);
    caps->ept_ad = caps->ept_vpid & EPT_CAP_AD;
    caps->invept_single = caps->ept_vpid & EPT_CAP_INVEPT_SINGLE;
    caps->invvpid_single = caps->ept_vpid & VPID_CAP_SINGLE;
    caps->invvpid_all = caps->ept_vpid & VPID_CAP_ALL;
}

static const char *check_needed(const struct vmx_raw *raw)
{
    if (((raw->basic >> 50) & 0xf) != 6)
        return "VMCS memory type is not write-back";
    if (raw->basic & VMX_BASIC_32BIT_ADDR)
        return "VMX structures are limited to 32-bit addresses";
    if (((raw->basic >> 32) & 0x1fff) > 4096)
        return "VMCS region is larger than a page";
    if (~HIGH(raw->pin) & PIN_NEED)
        return "a needed pin-based control is missing";
    if (~HIGH(raw->proc) & (PROC_NEED | PROC_FLEXIBLE))
        return "a needed processor-based control is missing";
    if (LOW(raw->proc) & PROC_FLEXIBLE)
        return "a window or debug-register control cannot be cleared";
    if (~HIGH(raw->exit) & EXIT_NEED)
        return "a needed VM-exit control is missing";
    if (~HIGH(raw->entry) & (ENTRY_NEED | ENTRY_FLEXIBLE))
        return "a needed VM-entry control is missing";
    if (LOW(raw->entry) & ENTRY_FLEXIBLE)
        return "the IA-32e guest control cannot be cleared";
    return NULL;
}

/* Capabilities that contradict the controls: not believed.  Returns what they
 * were, for the log. */
static const char *sanitise_capabilities(struct vmx_raw *raw)
{
    const char *found = NULL;

    if (!(HIGH(raw->proc2) & PROC2_EPT) && (raw->ept_vpid & EPT_CAP_EPT_MASK)) {
        raw->ept_vpid &= ~EPT_CAP_EPT_MASK;
        found = "EPT capabilities without the EPT control";
    }
    if (!(HIGH(raw->proc2) & PROC2_VPID) && (raw->ept_vpid & EPT_CAP_VPID_MASK)) {
        raw->ept_vpid &= ~EPT_CAP_VPID_MASK;
        found = found ? "EPT and VPID capabilities without the controls"
                      : "VPID capabilities without the VPID control";
    }
    if (!(HIGH(raw->proc) & PROC_SECONDARY) && (raw->proc2 || raw->ept_vpid)) {
        raw->proc2 = raw->ept_vpid = 0;
        found = "secondary controls without their activation";
    }
    return found;
}

const char *vmx_caps_derive(const struct vmx_raw *given, bool strict, struct vmx_caps *caps)
{
    struct vmx_raw raw = *given;
    *caps = (struct vmx_caps){0};

    caps->contradiction = sanitise_capabilities(&raw);
    if (caps->contradiction && strict)
        return caps->contradiction;
    if (!sanitise_pairs(&raw, &caps->dropped_pairs))
        return "an entry/exit pair is inconsistent and cannot be switched off";
    if (caps->dropped_pairs && strict)
        return "an entry/exit pair is inconsistent";
    const char *why = check_needed(&raw);
    if (why)
        return why;

    caps->revision = LOW(raw.basic) & 0x7fffffff;
    caps->misc = raw.misc;
    caps->cr0_fixed0 = raw.cr0_fixed0;
    caps->cr0_fixed1 = raw.cr0_fixed1;
    caps->cr4_fixed0 = raw.cr4_fixed0;
    caps->cr4_fixed1 = raw.cr4_fixed1;
    caps->pin = (PIN_WANT & HIGH(raw.pin)) | LOW(raw.pin);
    caps->proc = (PROC_WANT & HIGH(raw.proc)) | LOW(raw.proc);
    caps->proc2 = (PROC2_WANT & HIGH(raw.proc2)) | LOW(raw.proc2);
    caps->exit = (EXIT_WANT & HIGH(raw.exit)) | LOW(raw.exit);
    caps->entry = (ENTRY_WANT & HIGH(raw.entry)) | LOW(raw.entry);
    close_dependencies(&raw, caps);
    name_features(caps);
    if (!caps->proc2 && !(LOW(raw.proc) & PROC_SECONDARY))
        caps->proc &= ~PROC_SECONDARY;
    return NULL;
}

uint32_t vmx_preempt_timer_count(uint64_t misc, uint64_t tsc_khz, uint32_t us)
{
    uint64_t count = (tsc_khz * us / 1000) >> (misc & 0x1f);

    return count < 1 ? 1 : count > UINT32_MAX ? UINT32_MAX : count;
}

const char *vmx_caps_hap_missing(const struct vmx_caps *caps)
{
    return caps->ept ? NULL : "no EPT";
}

const char *vmx_caps_shadow_missing(const struct vmx_caps *caps)
{
    return caps->shadow_exits ? NULL : "CR3 accesses and INVLPG cannot be intercepted";
}

/* The highest bit in which two control words differ. */
static unsigned int first_difference(uint64_t a, uint64_t b)
{
    return 63 - __builtin_clzll(a ^ b);
}

const char *vmx_caps_difference(const struct vmx_caps *boot, const struct vmx_caps *other)
{
    static char text[72];
    const struct {
        const char *name;
        uint64_t a, b;
    } words[] = {
        {"VMCS revision", boot->revision, other->revision},
        {"pin-based controls", boot->pin, other->pin},
        {"processor-based controls", boot->proc, other->proc},
        {"secondary controls", boot->proc2, other->proc2},
        {"VM-exit controls", boot->exit, other->exit},
        {"VM-entry controls", boot->entry, other->entry},
        {"EPT/VPID capabilities", boot->ept_vpid, other->ept_vpid},
        {"IA32_VMX_MISC", boot->misc, other->misc},
        {"CR0 bits fixed to 1", boot->cr0_fixed0, other->cr0_fixed0},
        {"CR0 bits allowed", boot->cr0_fixed1, other->cr0_fixed1},
        {"CR4 bits fixed to 1", boot->cr4_fixed0, other->cr4_fixed0},
        {"CR4 bits allowed", boot->cr4_fixed1, other->cr4_fixed1},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
        if (words[i].a == words[i].b)
            continue;
        snprintf(text, sizeof(text), "VMX: %s differ from CPU 0's in bit %u", words[i].name,
                 first_difference(words[i].a, words[i].b));
        return text;
    }
    return NULL;
}
