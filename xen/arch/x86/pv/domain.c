/* SPDX-License-Identifier: MIT */
/*
 * domain.c - PV domains and vCPUs: what is made, torn down, and loaded into
 * the processor when one runs.
 *
 * Owns the per-domain slot of the address space: windows on each vCPU's GDT
 * (its 14 frames, then the CPU's own page) and LDT.
 */
#include "private.h"

#include <cairn/softirq.h>

#define VCPUS_PER_L1    8
#define CPUID7_FSGSBASE 1u
#define TABLE_FLAGS     (PTE_P | PTE_W | PTE_A)

/* CR4 bits that follow the guest; all others are the hypervisor's. */
#define GUEST_CR4_BITS (X86_CR4_TSD | X86_CR4_DE | X86_CR4_FSGSBASE)
/* UMIP is off while a PV guest runs: its kernel reads IDT and LDT registers
 * at ring 3, and finds nothing secret there.
 * Bits of the hypervisor's that a guest has no business with. */
#define HIDDEN_CR4_BITS \
    (X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_UMIP | X86_CR4_VMXE | X86_CR4_PGE | X86_CR4_PCIDE)

/* ---- the per-domain slot ---- */

pte_t *pv_window_pte(struct vcpu *v, unsigned long va)
{
    return &v->domain->arch.pv.perdomain_l1[v->vcpu_id / VCPUS_PER_L1][PT_INDEX(va, 1)];
}

static void free_table(pte_t **table)
{
    free_xen_page(*table);
    *table = NULL;
}

static void free_perdomain(struct domain *d)
{
    struct pv_domain *pv = &d->arch.pv;

    for (unsigned int i = 0; i < ARRAY_SIZE(pv->perdomain_l1); i++)
        free_table(&pv->perdomain_l1[i]);
    free_table(&pv->perdomain_l2);
    free_table(&pv->perdomain_l3);
}

int pv_domain_create(struct domain *d)
{
    struct pv_domain *pv = &d->arch.pv;

    spin_lock_init(&d->arch.paging_lock, LOCK_PAGING);
    pv->perdomain_l3 = alloc_xen_page();
    pv->perdomain_l2 = alloc_xen_page();
    if (!pv->perdomain_l3 || !pv->perdomain_l2) {
        free_perdomain(d);
        return -ENOMEM;
    }
    pv->perdomain_l3[PT_INDEX(PERDOMAIN_VA_START, 3)] =
        pte_make(virt_to_mfn(pv->perdomain_l2), TABLE_FLAGS);
    return 0;
}

void pv_install_hypervisor_slots(struct domain *d, pte_t *l4)
{
    memcpy(&l4[PML4_SLOT_HYPERVISOR_FIRST], &idle_pgt[PML4_SLOT_HYPERVISOR_FIRST],
           (PML4_SLOT_HYPERVISOR_LAST - PML4_SLOT_HYPERVISOR_FIRST + 1) * sizeof(pte_t));
    l4[PML4_SLOT_PERDOMAIN] = pte_make(virt_to_mfn(d->arch.pv.perdomain_l3), TABLE_FLAGS);
}

/* ---- teardown ---- */

/* One table reference of a vCPU's that is not running any more. */
static int drop_root(mfn_t *mfn)
{
    int rc = mfn_x(*mfn) ? put_page_and_type_preemptible(mfn_to_page(*mfn)) : 0;

    if (!rc)
        *mfn = _mfn(0);
    return rc;
}

static int vcpu_release_memory(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->arch.pv;
    int rc;

    pv_destroy_ldt(v);
    pv_destroy_gdt(v);
    rc = drop_root(&pv->old_table);
    if (!rc)
        rc = drop_root(&pv->user_cr3);
    if (!rc)
        rc = drop_root(&pv->kernel_cr3);
    return rc;
}

static int unpin_one(struct page_info *page)
{
    if (page->type_info & PGT_pinned) {
        int rc = put_page_type_preemptible(page);

        if (rc)
            return rc;
        page->type_info &= ~PGT_pinned;
        put_page(page);
    }
    return page_type_finish_partial(page);
}

/* Pins and half-done validations of the domain's frames, one by one.  What the
 * guest had given up before dies with its pin or its last entry. */
static int unpin_all(struct domain *d)
{
    struct page_info *page;

    while ((page = page_list_hold(d))) {
        int rc = unpin_one(page);

        if (rc) {
            put_page(page);
            return rc;
        }
        page_list_pass(d, page);
        if (preempt_check())
            return -ERESTART;
    }
    return 0;
}

int pv_domain_teardown(struct domain *d)
{
    struct pv_domain *pv = &d->arch.pv;
    int rc;

    for (; pv->teardown_step < d->max_vcpus; pv->teardown_step++) {
        struct vcpu *v = domain_vcpu(d, pv->teardown_step);

        rc = v ? vcpu_release_memory(v) : 0;
        if (rc)
            return rc;
    }
    if (pv->teardown_step == d->max_vcpus) {
        page_list_rewind(d);
        pv->teardown_step++;
    }
    rc = unpin_all(d);
    if (rc)
        return rc;
    free_perdomain(d);
    return 0;
}

/* ---- vCPUs ---- */

unsigned long pv_fixup_cr4(const struct domain *d, unsigned long guest)
{
    unsigned long mine = GUEST_CR4_BITS;

    if (!(d->arch.policy.basic[7].b & CPUID7_FSGSBASE))
        mine &= ~X86_CR4_FSGSBASE;
    return (guest & mine) | (get_cpu_info()->cr4 & ~(GUEST_CR4_BITS | HIDDEN_CR4_BITS));
}

unsigned long pv_make_cr4(const struct vcpu *v)
{
    return (get_cpu_info()->cr4 & ~(GUEST_CR4_BITS | X86_CR4_UMIP)) |
           (v->arch.pv.ctrlreg[4] & GUEST_CR4_BITS);
}

int pv_vcpu_create(struct vcpu *v)
{
    struct pv_domain *pv = &v->domain->arch.pv;
    unsigned int i = v->vcpu_id / VCPUS_PER_L1;

    if (i >= ARRAY_SIZE(pv->perdomain_l1))
        return -EINVAL;
    if (!pv->perdomain_l1[i]) {
        pv->perdomain_l1[i] = alloc_xen_page();
        if (!pv->perdomain_l1[i])
            return -ENOMEM;
        pv->perdomain_l2[PT_INDEX(GDT_VA(v->vcpu_id), 2)] =
            pte_make(virt_to_mfn(pv->perdomain_l1[i]), TABLE_FLAGS);
    }
    v->arch.pv.in_kernel = true;
    v->arch.pv.ctrlreg[4] = pv_fixup_cr4(v->domain, 0);
    v->arch.pv.kernel_ss = FLAT_KERNEL_SS64;
    v->arch.dr6 = 0xffff0ff0;
    v->arch.dr7 = 0x400;
    return 0;
}

void pv_vcpu_destroy(struct vcpu *v)
{
    /* Its memory went with the domain's teardown; nothing else is held. */
    ASSERT(!mfn_x(v->arch.pv.kernel_cr3) || v->domain->state == DOMAIN_building);
}

/* ---- running ---- */

void pv_write_ptbase(struct vcpu *v)
{
    mfn_t root = v->arch.pv.in_kernel ? v->arch.pv.kernel_cr3 : v->arch.pv.user_cr3;

    write_cr3(mfn_x(root) << PAGE_SHIFT);
}

void pv_toggle_mode(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->arch.pv;

    pv->in_kernel = !pv->in_kernel;
    /* GS_BASE is the running mode's, KERNEL_GS_BASE the other's. */
    __asm__ volatile("swapgs" ::: "memory");
    if (!mfn_eq(pv->kernel_cr3, pv->user_cr3))
        pv_write_ptbase(v);
}

#define LOAD_SEGMENT(reg, sel)                                                 \
    ({                                                                         \
        bool ok_ = false;                                                      \
        __asm__ volatile("1: movw %w[s], %%" reg                               \
                         "\n\tmovb $1, %b[ok]\n2:\n\t" ASM_EXTABLE("1b", "2b") \
                         : [ok] "+q"(ok_)                                      \
                         : [s] "r"(sel)                                        \
                         : "memory");                                          \
        if (!ok_)                                                              \
            __asm__ volatile("movw %w0, %%" reg ::"r"(0) : "memory");          \
        ok_;                                                                   \
    })
#define READ_SEGMENT(reg)                                    \
    ({                                                       \
        uint16_t sel_;                                       \
        __asm__ volatile("movw %%" reg ", %0" : "=r"(sel_)); \
        sel_;                                                \
    })

bool pv_load_gs_user(uint16_t sel)
{
    bool ok;

    __asm__ volatile("swapgs" ::: "memory");
    ok = LOAD_SEGMENT("gs", sel);
    __asm__ volatile("swapgs" ::: "memory");
    return ok;
}

void pv_switch_from(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->arch.pv;
    unsigned long gs = rdmsr(MSR_GS_BASE), other = rdmsr(MSR_KERNEL_GS_BASE);

    v->arch.user_regs.ds = READ_SEGMENT("ds");
    v->arch.user_regs.es = READ_SEGMENT("es");
    v->arch.user_regs.fs = READ_SEGMENT("fs");
    v->arch.user_regs.gs = READ_SEGMENT("gs");
    pv->fs_base = rdmsr(MSR_FS_BASE);
    pv->gs_base_kernel = pv->in_kernel ? gs : other;
    pv->gs_base_user = pv->in_kernel ? other : gs;

    if (v->arch.dr7 & 0xff)
        __asm__ volatile("mov %0, %%db7" ::"r"(0x400ul));
    if (pv->cr0_ts)
        __asm__ volatile("clts");
    if (unlikely(pv->cpuid_faulting)) /* a HVM guest has it emulated */
        wrmsr(MSR_MISC_FEATURES, 0);
    if (pv_make_cr4(v) != get_cpu_info()->cr4)
        write_cr4(get_cpu_info()->cr4);
    /* Next may be an address space without our per-domain slot. */
    cpu_gdt_set_ldt(0, 0);
    cpu_load_gdt((unsigned long)cpu_gdt_page() - FIRST_RESERVED_GDT_BYTE);
}

static void load_segments(struct pv_vcpu *pv, const struct cpu_user_regs *regs)
{
    bool ok = LOAD_SEGMENT("ds", regs->ds);

    ok &= LOAD_SEGMENT("es", regs->es);
    ok &= LOAD_SEGMENT("fs", regs->fs);
    ok &= LOAD_SEGMENT("gs", regs->gs);
    if (!ok)
        pv->segs_failed = true;
    wrmsr(MSR_FS_BASE, pv->fs_base);
    wrmsr(MSR_GS_BASE, pv->in_kernel ? pv->gs_base_kernel : pv->gs_base_user);
    wrmsr(MSR_KERNEL_GS_BASE, pv->in_kernel ? pv->gs_base_user : pv->gs_base_kernel);
}

void pv_switch_to(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->arch.pv;
    unsigned long window = GDT_VA(v->vcpu_id);

    *pv_window_pte(v, window + FIRST_RESERVED_GDT_BYTE) =
        pte_make(virt_to_mfn(cpu_gdt_page()), PTE_P | PTE_A | PTE_D | PTE_NX);
    pv_write_ptbase(v);
    cpu_load_gdt(window);
    pv_load_ldt(v);
    if (pv_make_cr4(v) != get_cpu_info()->cr4)
        write_cr4(pv_make_cr4(v));
    if (v->arch.dr7 & 0xff)
        pv_load_debugregs(v);
    if (unlikely(pv->cpuid_faulting))
        wrmsr(MSR_MISC_FEATURES, MISC_FEATURES_CPUID_FAULTING);
    load_segments(pv, &v->arch.user_regs);
    if (pv->cr0_ts)
        write_cr0(read_cr0() | X86_CR0_TS);
}
