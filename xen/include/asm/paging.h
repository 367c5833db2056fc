/* SPDX-License-Identifier: MIT */
/*
 * paging.h - the two ways an HVM guest's linear addresses are translated
 * (EPT hardware, shadow tables) behind one table of operations.
 */
#ifndef ASM_PAGING_H
#define ASM_PAGING_H

#include <asm/addr.h>

struct vcpu;
struct domain;

/* What became of a page fault that exited. */
enum paging_fault {
    PAGING_RETRY,  /* resolved: execute the instruction again */
    PAGING_INJECT, /* the guest's own: #PF with the error code returned */
    PAGING_MMIO,   /* allowed, but to be emulated: no mapping can let it pass */
    PAGING_CRASH,  /* beyond help; has said why and crashed the domain */
};

struct paging_ops {
    const char *name;
    bool shadow; /* the hardware runs on tables of ours, not on the guest's */
    /* Before an entry with HVM_WORK_ROOT: control registers, EFER or PDPTEs
     * have changed, or what the hardware's CR3 points to is gone. */
    void (*update_root)(struct vcpu *v);
    /* The guest invalidated all its translations, or (invlpg) those of @va. */
    void (*flush)(struct vcpu *v);
    void (*invlpg)(struct vcpu *v, gva_t va);
    /* #PF exit.  *@ec: the hardware's error code, then the guest's; *@addr: of
     * PAGING_MMIO, the guest-physical address. */
    enum paging_fault (*page_fault)(struct vcpu *v, gva_t va, uint32_t *ec, gaddr_t *addr);
    /* The p2m changed; @taken_away: a translation went, and is to be known to
     * no processor on return. */
    void (*p2m_changed)(struct domain *d, bool taken_away);
    /* The hypervisor wrote to guest memory. */
    void (*frame_written)(struct domain *d, gfn_t gfn);
    /* XEN_DOMCTL_shadow_op: size of the pool for tables, in MiB.  The domain
     * is not running.  0, -ENOMEM, -ERESTART. */
    int (*set_allocation)(struct domain *d, uint32_t mib);
    uint32_t (*get_allocation)(struct domain *d);
    int (*domain_create)(struct domain *d);
    int (*domain_teardown)(struct domain *d); /* resumable, -ERESTART */
    void (*domain_free)(struct domain *d);    /* with its vCPUs gone */
    int (*vcpu_create)(struct vcpu *v);
    void (*vcpu_destroy)(struct vcpu *v);
};

extern const struct paging_ops hap_ops;
extern const struct paging_ops shadow_ops;

#endif
