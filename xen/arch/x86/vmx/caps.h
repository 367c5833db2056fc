/* SPDX-License-Identifier: MIT */
/*
 * caps.h - which VMX features we use, derived from the capability MSRs.
 *
 * Pure: vmx_caps_derive() reads no register.  vmx.c fills the raw struct and
 * applies the result, so that every combination can be tried on the host.
 */
#ifndef X86_VMX_CAPS_H
#define X86_VMX_CAPS_H

#include <cairn/types.h>

#define MSR_VMX_BASIC      0x480
#define MSR_VMX_PIN        0x481
#define MSR_VMX_PROC       0x482
#define MSR_VMX_EXIT       0x483
#define MSR_VMX_ENTRY      0x484
#define MSR_VMX_MISC       0x485
#define MSR_VMX_CR0_FIXED0 0x486
#define MSR_VMX_CR0_FIXED1 0x487
#define MSR_VMX_CR4_FIXED0 0x488
#define MSR_VMX_CR4_FIXED1 0x489
#define MSR_VMX_PROC2      0x48b
#define MSR_VMX_EPT_VPID   0x48c
#define MSR_VMX_TRUE_PIN   0x48d
#define MSR_VMX_TRUE_PROC  0x48e
#define MSR_VMX_TRUE_EXIT  0x48f
#define MSR_VMX_TRUE_ENTRY 0x490
#define MSR_VMX_VMFUNC     0x491

#define VMX_BASIC_TRUE_CTLS  (1ull << 55)
#define VMX_BASIC_32BIT_ADDR (1ull << 48)

/* MSR_VMX_EPT_VPID */
#define EPT_CAP_WALK_4        (1ull << 6)
#define EPT_CAP_WB            (1ull << 14)
#define EPT_CAP_2M            (1ull << 16)
#define EPT_CAP_1G            (1ull << 17)
#define EPT_CAP_INVEPT        (1ull << 20)
#define EPT_CAP_AD            (1ull << 21)
#define EPT_CAP_INVEPT_SINGLE (1ull << 25)
#define EPT_CAP_INVEPT_ALL    (1ull << 26)
#define EPT_CAP_EPT_MASK      0x00000000ffffffffull
#define VPID_CAP_INVVPID      (1ull << 32)
#define VPID_CAP_SINGLE       (1ull << 41)
#define VPID_CAP_ALL          (1ull << 42)
#define EPT_CAP_VPID_MASK     0xffffffff00000000ull

/* The capability MSRs as read; 0 for one that does not exist. */
struct vmx_raw {
    uint64_t basic, pin, proc, exit, entry; /* TRUE variants where they exist */
    uint64_t proc2, ept_vpid, vmfunc, misc;
    uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
};

struct vmx_caps {
    uint32_t revision;
    /* Words to load: everything wanted, allowed and sanitised. */
    uint32_t pin, proc, proc2, exit, entry;
    uint64_t ept_vpid, misc;
    uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
    bool ept, vpid, unrestricted_guest;
    bool shadow_exits; /* what shadow paging must intercept can be */
    bool efer_switch;  /* by VM-entry and VM-exit controls: second generation */
    bool pat_switch;
    bool virtual_nmis, preempt_timer, rdtscp, invpcid, wbinvd_exiting, tsc_scaling;
    bool ept_2m, ept_1g, ept_ad, invept_single, invvpid_single;
    bool invvpid_all;
    const char *contradiction; /* capabilities that were not believed, or NULL */
    uint32_t dropped_pairs;    /* bit i: pair i of vmx_pair_name() was inconsistent */
};

/* vmx_raw_read - those that there are, by @read. */
void vmx_raw_read(struct vmx_raw *raw, uint64_t (*read)(uint32_t msr));

/* vmx_raw_remove - make the processor poorer by one feature (vmx-mask=), or
 * inconsistent: "efer-entry" takes away half a pair.  False if there is no
 * feature of that name.  The names are in docs/command-line.md. */
bool vmx_raw_remove(struct vmx_raw *raw, const char *name);

/*
 * vmx_caps_derive - the controls that we use on this processor.
 * Returns NULL and fills *@caps, or says why VMX cannot be used here.
 * Entry and exit controls that switch one piece of state are used both or
 * neither; a pair that the processor shows by halves is dropped (noted in
 * dropped_pairs), and EPT or VPID capabilities without their controls are not
 * believed (contradiction).  With @strict, either refuses the processor: such
 * a report cannot be trusted.
 * Source: SDM "VMX Capability Reporting Facility".
 */
const char *vmx_caps_derive(const struct vmx_raw *raw, bool strict, struct vmx_caps *caps);
/*
 * vmx_preempt_timer_count - what the VMX-preemption timer must count down
 * from to stop a guest after @us microseconds without another exit; at least 1.
 * Source: SDM "VMX-Preemption Timer": it ticks when bit IA32_VMX_MISC[4:0] of
 * the TSC changes.
 */
uint32_t vmx_preempt_timer_count(uint64_t misc, uint64_t tsc_khz, uint32_t us);
const char *vmx_pair_name(unsigned int i); /* NULL past the last */
/* vmx_caps_difference - NULL, or which of the things that a VMCS made by one
 * CPU relies on is not the same on another.  VMCSs move between CPUs. */
const char *vmx_caps_difference(const struct vmx_caps *boot, const struct vmx_caps *other);
/* Why guests of the HVM kind cannot run with EPT, or under shadow paging;
 * NULL if they can. */
const char *vmx_caps_hap_missing(const struct vmx_caps *caps);
const char *vmx_caps_shadow_missing(const struct vmx_caps *caps);

#endif
