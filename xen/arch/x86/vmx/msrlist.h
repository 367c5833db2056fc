/* SPDX-License-Identifier: MIT */
/*
 * msrlist.h - MSRs that VM entry and VM exit load from memory: the two areas
 * of a vCPU as one object.
 *
 * The counts in the VMCS always equal the number of entries in the areas, on
 * removal too.  A slot reserved for an MSR is there whatever else is added,
 * so that a switch that was set up once can never fail.  An MSR that is
 * switched has its host entry (exit-load) whenever it has its guest entry
 * (entry-load): a CPU that came back with half a switch would be lost.
 *
 * Pure but for msrlist_write_count(); test/unit/test_xen_vmx_msrlist.c.
 * Source: SDM "VM-Exit Controls for MSRs", "VM-Entry Controls for MSRs",
 * "Loading MSRs".
 */
#ifndef X86_VMX_MSRLIST_H
#define X86_VMX_MSRLIST_H

#include <cairn/types.h>

/* As the processor reads it. */
struct vmx_msr_entry {
    uint32_t msr;
    uint32_t reserved; /* 0 */
    uint64_t value;
};

enum msrlist_area { MSRLIST_ENTRY_LOAD, MSRLIST_EXIT_LOAD, NR_MSRLIST_AREAS };

#define MSRLIST_MAX      64u /* entries of an area; every processor takes 512 */
#define MSRLIST_RESERVED 4u  /* MSRs with a slot of their own */

struct vmx_msrlist {
    struct vmx_msr_entry area[NR_MSRLIST_AREAS][MSRLIST_MAX];
    uint32_t count[NR_MSRLIST_AREAS]; /* as in the VMCS */
    uint32_t reserved[MSRLIST_RESERVED];
    uint32_t nr_reserved;
    void *owner; /* passed to msrlist_write_count() */
};

void msrlist_init(struct vmx_msrlist *l, void *owner);

/* msrlist_reserve - a slot for @msr in the entry-load and exit-load areas.
 * At creation, before anything is added.  -ENOSPC: too many of them. */
int msrlist_reserve(struct vmx_msrlist *l, uint32_t msr);

/*
 * msrlist_switch - from now on VM entry loads @guest and VM exit @host.
 * Adds or updates.  -ENOSPC (never for a reserved MSR): nothing changed.
 */
int msrlist_switch(struct vmx_msrlist *l, uint32_t msr, uint64_t guest, uint64_t host);
/* msrlist_unswitch - the MSR is left alone; nothing happens if it was. */
void msrlist_unswitch(struct vmx_msrlist *l, uint32_t msr);

/* The entry of @msr in @area, or NULL. */
const struct vmx_msr_entry *msrlist_find(const struct vmx_msrlist *l, enum msrlist_area area,
                                         uint32_t msr);

/* Provided by vmcs.c (and by the test): put a count into the VMCS of @owner,
 * which is the current one. */
void msrlist_write_count(void *owner, enum msrlist_area area, uint32_t count);

#endif
