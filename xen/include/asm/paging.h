/* SPDX-License-Identifier: MIT */
/*
 * paging.h - the two ways an HVM guest's linear addresses are translated
 * (EPT hardware, shadow tables) behind one table of operations.
 */
#ifndef ASM_PAGING_H
#define ASM_PAGING_H

#include <asm/addr.h>
#include <cairn/types.h>

struct vcpu;
struct domain;

struct paging_ops {
    const char *name;
    /* The root the hardware must use after a change of CR3 or mode. */
    void (*load_root)(struct vcpu *v);
    /* #PF exit.  True: resume; false: inject what *@ec now says. */
    bool (*page_fault)(struct vcpu *v, gva_t va, uint32_t *ec);
    void (*invlpg)(struct vcpu *v, gva_t va);
    void (*mode_changed)(struct vcpu *v);
    void (*p2m_changed)(struct domain *d, gfn_t gfn);
};

extern const struct paging_ops hap_ops;

#endif
