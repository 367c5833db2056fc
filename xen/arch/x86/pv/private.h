/* SPDX-License-Identifier: MIT */
/*
 * private.h - between the files of pv/ only.
 *
 * Names: v is the current vCPU unless said otherwise; "table" is a frame that
 * holds page-table entries, d its owner; d->arch.paging_lock is held wherever
 * a table's entries change.
 */
#ifndef PV_PRIVATE_H
#define PV_PRIVATE_H

#include <asm/current.h>
#include <asm/page_type.h>
#include <asm/traps.h>
#include <cairn/domain.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>

/* regs->entry_vector of a frame made by SYSCALL: rcx and r11 are free. */
#define TRAP_syscall 0x100u

/* ---- mm.c ---- */
/* mod_l1_entry - set one L1 entry after checking it.  @pg_owner owns the frame
 * it maps (d itself, or foreign; an HVM domain's frames are given as gfns).
 * 0, -EINVAL. */
int pv_mod_l1_entry(struct domain *d, struct domain *pg_owner, pte_t *entry, pte_t val,
                    bool preserve_ad);
/* A reference to @mfn of @d's and a use of it as @type; 0, -EINVAL, -ERESTART. */
int pv_get_frame(struct domain *d, mfn_t mfn, uint64_t type);
/* Frames that are not RAM and may be mapped by dom0. */
bool pv_is_device_frame(mfn_t mfn);
/* Of a root: not the guest's. */
bool pv_is_hypervisor_slot(unsigned int level, unsigned int slot);
/* pv_set_l1_entry - as above, @val naming a machine frame of @pg_owner's. */
int pv_set_l1_entry(struct domain *d, struct domain *pg_owner, pte_t *entry, pte_t val,
                    bool preserve_ad);
/* pv_move_l1_entry - *@entry gives up what it maps; *@from, if given, moves
 * there with its references. */
void pv_move_l1_entry(struct domain *d, pte_t *entry, pte_t *from);
/* mod_table_entry - any level; @page is a table in use, @slot its entry.
 * 0, -EINVAL, -ERESTART (nothing has changed).  May fill v's old_table. */
int pv_mod_table_entry(struct domain *d, struct domain *pg_owner, struct page_info *page,
                       unsigned int slot, pte_t val, bool preserve_ad);
/* pv_put_old_table - go on giving up v's old_table; takes the lock itself.
 * 0 or -ERESTART. */
int pv_put_old_table(struct vcpu *v);
/* pv_release_table - give up one use and one reference, now or by old_table. */
void pv_release_table(struct vcpu *v, struct page_info *page);
/* pv_walk_l1 - the L1 entry that maps @va in v's kernel tables; the table is
 * returned in *@table.  NULL if there is none. No reference: lock held. */
pte_t *pv_walk_l1(struct vcpu *v, unsigned long va, struct page_info **table);
/* new_baseptr, new_user_baseptr; 0, -EINVAL, -ERESTART. */
int pv_new_kernel_base(struct vcpu *v, mfn_t mfn);
int pv_new_user_base(struct vcpu *v, mfn_t mfn);
/* Domain named by a foreigndom argument, with reference; NULL: none or not
 * permitted, *@rc says which. */
struct domain *pv_get_pg_owner(domid_t domid, long *rc);

/* ---- mmu_update.c: a list of requests of @size bytes; @one does that at @at,
 * or nothing: 0, -errno, -ERESTART ---- */
struct pv_batch {
    int (*one)(const struct pv_batch *b, unsigned long at);
    size_t size;
    struct domain *pt_owner, *pg_owner;
};
/* The first @count of the list at @at, as the arguments of a hypercall say it:
 * what is left is written back to those. */
long pv_run_batch(struct pv_batch *b, unsigned long at, unsigned long count, unsigned long pdone);

/* ---- descriptor.c ---- */
int pv_set_gdt(struct vcpu *v, const unsigned long *frames, unsigned int entries);
void pv_destroy_gdt(struct vcpu *v);
/* Forget the LDT window's frames. True if there were any. */
bool pv_destroy_ldt(struct vcpu *v);
void pv_load_ldt(struct vcpu *v);
/* A fault in the LDT window: 1 fixed, 0 guest's own fault (injected). */
bool pv_map_ldt_page(struct vcpu *v, unsigned long offset);
/* A page of descriptors, each made one of privilege 3 in place; -EINVAL: one may
 * not be there.  Nobody else writes to the page. */
int pv_validate_descriptors(uint64_t *desc);

/* ---- domain.c ---- */
pte_t *pv_window_pte(struct vcpu *v, unsigned long va);
void pv_install_hypervisor_slots(struct domain *d, pte_t *l4);
void pv_write_ptbase(struct vcpu *v);
unsigned long pv_make_cr4(const struct vcpu *v);
unsigned long pv_fixup_cr4(const struct domain *d, unsigned long guest);
void pv_toggle_mode(struct vcpu *v);
/* Load @sel into a data segment register; false if it faulted (then null). */
bool pv_load_gs_user(uint16_t sel);

/* ---- traps.c, callback.c, debugreg.c, entry.S ---- */
unsigned int pv_exit_prepare(struct cpu_user_regs *regs);
void pv_hypercall(struct cpu_user_regs *regs);
void pv_compat_syscall(struct cpu_user_regs *regs);
void pv_sysenter(struct cpu_user_regs *regs);
long pv_set_debugreg(struct vcpu *v, unsigned int reg, unsigned long value);
/* False: there is no such register. */
bool pv_get_debugreg(const struct vcpu *v, unsigned int reg, unsigned long *value);
void pv_load_debugregs(struct vcpu *v);
extern char lstar_enter[], cstar_enter[], sysenter_entry[];

/* Code and stack selectors the guest names get ring 3. */
static inline uint16_t pv_fixup_selector(uint16_t sel)
{
    return sel | 3;
}

/* A linear address that is the guest's to use. */
static inline bool pv_address_ok(unsigned long va)
{
    return va < 0x0000800000000000ul || va >= HYPERVISOR_VA_END;
}

#endif
