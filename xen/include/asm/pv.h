/* SPDX-License-Identifier: MIT */
/*
 * pv.h - paravirtual guests: ring-deprivileged, page tables checked by type
 * counts, traps bounced, hypercalls by SYSCALL.  What pv/ offers.
 */
#ifndef ASM_PV_H
#define ASM_PV_H

#include <asm/page.h>
#include <cairn/audit.h>

#include <xen/callback.h>

struct domain;
struct vcpu;
struct boot_module;

/* A trap to be handed to the guest kernel on the way out. */
struct trap_bounce {
    uint32_t error_code;
    uint8_t flags; /* TBF_* */
    uint16_t cs;
    unsigned long eip;
};
#define TBF_EXCEPTION  1u
#define TBF_ERROR_CODE 2u
#define TBF_INTERRUPT  4u /* mask events on entry */
#define TBF_CLEAR_DF   8u /* SYSCALL: what its mask does elsewhere */

struct pv_domain {
    /* The per-domain slot of every root table of the domain: one L3 and L2,
     * an L1 for each 8 vCPUs. */
    pte_t *perdomain_l3, *perdomain_l2, *perdomain_l1[4];
    uint32_t teardown_step;
    /* Slots in which a root of the domain ever mapped itself; are there any? */
    uint64_t linear_slots[8];
    bool linear;
};

struct pv_vcpu {
    struct trap_info trap_ctxt[256];
    struct trap_bounce trap_bounce;
    struct pv_callback {
        unsigned long address; /* 0: none */
        bool masks_events;
    } callback[CALLBACKTYPE_syscall32 + 1]; /* by CALLBACKTYPE_* */
    bool in_kernel;                         /* TF_kernel_mode: which of the two root tables */
    unsigned long kernel_sp;
    uint16_t kernel_ss;
    mfn_t kernel_cr3; /* guest_table: L4, typed and referenced; kernel mode */
    mfn_t user_cr3;   /* guest_table_user, or 0 */
    unsigned long fs_base, gs_base_kernel, gs_base_user;
    unsigned long gdt_frames[16];
    unsigned int gdt_ents;
    unsigned long ldt_base;
    unsigned int ldt_ents;
    unsigned long ctrlreg[5]; /* CR0 (TS), CR4 as the guest sees them */
    unsigned int iopl;
    bool cr0_ts;
    bool cpuid_faulting; /* MSR_MISC_FEATURES: CPUID in user mode is #GP */
    bool segs_failed;    /* a selector did not load: failsafe callback next */
    uint32_t ldt_mapped; /* bit per frame of the LDT window that is filled */
    mfn_t old_table;     /* a table whose last use is being given up, or 0 */
    unsigned long iobmp; /* PHYSDEVOP_set_iobitmap: guest address */
    unsigned int iobmp_ports;
};

/* ---- pv/domain.c ---- */
int pv_domain_create(struct domain *d);
int pv_domain_teardown(struct domain *d); /* resumable, -ERESTART */
int pv_vcpu_create(struct vcpu *v);
void pv_vcpu_destroy(struct vcpu *v);
void pv_switch_from(struct vcpu *v); /* save what belongs to a PV vCPU: segments, bases, DRs */
void pv_switch_to(struct vcpu *v);   /* load page tables, GDT, LDT, segments, stack pointers */
/* pv_cpu_init - SYSCALL and SYSENTER entry points of this CPU: once per CPU,
 * after the allocator, the final stack and the final page tables are there. */
int pv_cpu_init(void);              /* -ENOMEM */
noreturn void pv_enter_guest(void); /* reset_stack_and_jump target: exit path of entry.S */
int pv_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *c);

/* ---- pv/linear.c, pure: may a part of the @len bytes at @va, which do not wrap, be
 * the hypervisor's tables, if roots map themselves in @linear_slots, a bit a slot? ---- */
bool pv_linear_shows_hypervisor(const uint64_t linear_slots[8], unsigned long va, size_t len);

/* ---- pv/hypercall.c: fill a hypercall page at @va ---- */
void pv_hypercall_page_init(void *va);

/* ---- pv/dom0_build.c: dom0 from boot modules ---- */
int pv_dom0_build(struct domain *d, const struct boot_module *kernel,
                  const struct boot_module *initrd, const char *cmdline);

/* ---- pv/traps.c: exceptions of a PV guest (called from do_exception) ---- */
void pv_handle_exception(struct cpu_user_regs *regs);
/* Hand an exception to the guest kernel; @ec used if the vector has one. */
void pv_inject_exception(struct vcpu *v, unsigned int vector, uint32_t ec);
void pv_inject_page_fault(struct vcpu *v, unsigned long cr2, uint32_t ec);

/* ---- pv/emul_priv.c: #GP/#UD on a privileged instruction; true if done ---- */
bool pv_emulate_privileged_op(struct cpu_user_regs *regs);
bool pv_emulate_invalid_op(struct cpu_user_regs *regs); /* ud2a "xen" cpuid */

/* ---- pv/desc_check.c, pure: may a GDT or LDT hold *@desc?  Its privilege is made 3. ---- */
bool pv_check_descriptor(uint64_t *desc);

/* ---- pv/mm.c: the rules for page tables (called by mm/page_type.c) ---- */
struct page_info;
/* Take the references of the entries from @pg's entries_done on, which says how many
 * entries hold theirs.  0, -EINVAL, -ERESTART (at least one entry was done). */
int pv_validate_table(struct page_info *pg, uint64_t type);
/* Drop the references of its entries, the last one first.  0 or -ERESTART. */
int pv_devalidate_table(struct page_info *pg, uint64_t type);
/* A not-present or read-only fault that is ours (lazy LDT...), true if fixed. */
bool pv_fixup_page_fault(unsigned long addr);

/* ---- pv/grant.c: grant mappings of the current vCPU; GNTST_* ---- */
int16_t pv_grant_map(struct domain *rd, mfn_t mfn, uint64_t addr, uint32_t flags);
int16_t pv_grant_unmap(mfn_t mfn, uint64_t addr, uint64_t new_addr, uint32_t flags);

/* ---- pv/audit.c: see cairn/audit.h ---- */
void pv_audit_refs(struct domain *d, audit_fn fn, void *ctx);

/* Each vCPU's GDT and LDT windows in the per-domain slot. */
#define PERDOMAIN_VCPU_SIZE (64ul << 12)
#define GDT_VA(vcpu_id)     (PERDOMAIN_VA_START + (vcpu_id)*PERDOMAIN_VCPU_SIZE)
#define LDT_VA(vcpu_id)     (GDT_VA(vcpu_id) + (16ul << 12))

#endif
