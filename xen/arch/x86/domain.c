/* SPDX-License-Identifier: MIT */
/*
 * domain.c - the x86 part of domains and vCPUs, and the switch between them.
 *
 * Chooses between pv/ and hvm/; owns what both kinds have: shared_info, FPU
 * state, guest time.
 * Promises: a vCPU's register state is in v->arch whenever it is not current;
 * while no guest runs, the CPU is on the hypervisor's own page tables.
 */
#include <cairn/domain.h>

#include <asm/current.h>
#include <asm/page_type.h>
#include <asm/paging.h>
#include <asm/traps.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <xen/domctl.h>
#include <xen/foreign/x86_32.h>

/* ---- shared_info ---- */

void arch_update_wallclock(struct domain *d)
{
    struct shared_info *si = d->shared_info;
    struct shared_info_x86_32 *si32 = (void *)si;
    uint64_t seconds = wallclock_at_boot();
    bool narrow = ACCESS_ONCE(d->shinfo_32);
    uint32_t *at = narrow ? &si32->wc_version : &si->wc_version; /* then wc_sec, wc_nsec */
    uint32_t version = *at | 1;

    ACCESS_ONCE(at[0]) = version;
    barrier();
    at[1] = seconds;
    at[2] = 0;
    *(narrow ? &si32->arch.wc_sec_hi : &si->wc_sec_hi) = seconds >> 32;
    barrier();
    ACCESS_ONCE(at[0]) = version + 1;
}

static int shared_info_create(struct domain *d)
{
    struct shared_info *si = alloc_xen_page();

    if (!si)
        return -ENOMEM;
    d->shared_info = si;
    share_xen_page_with_guest(virt_to_page(si), d, false);
    /* PV kernels start with events masked. */
    for (unsigned int i = 0; !d->is_hvm && i < XEN_LEGACY_MAX_VCPUS; i++)
        si->vcpu_info[i].evtchn_upcall_mask = 1;
    arch_update_wallclock(d);
    return 0;
}

/* The page is freed by arch_domain_free(), once nobody maps it any more. */
static void shared_info_release(struct domain *d)
{
    if (d->shared_info && (virt_to_page(d->shared_info)->count_info & PGC_allocated))
        put_page_alloc_ref(virt_to_page(d->shared_info));
}

/* ---- domains ---- */

static int check_hvm_possible(const struct xen_domctl_createdomain *cfg)
{
    const char *reason = hvm_support.unavailable;

    if (!reason && (cfg->flags & XEN_DOMCTL_CDF_hap) && !hvm_support.hap)
        reason = "no hardware assisted paging here, use hap=0";
    if (!reason && !(cfg->flags & XEN_DOMCTL_CDF_hap) && !hvm_support.shadow)
        reason = "no shadow paging here, use hap=1";
    if (!reason)
        return 0;
    printk(XENLOG_WARNING "HVM: unavailable: %s\n", reason);
    return -EOPNOTSUPP;
}

int arch_domain_create(struct domain *d, const struct xen_domctl_createdomain *cfg)
{
    int rc = d->is_hvm ? check_hvm_possible(cfg) : 0;

    if (rc)
        return rc;
    if (cfg->arch.emulation_flags & ~XEN_X86_EMU_ALL)
        return -EINVAL;
    if (!d->is_hvm && cfg->arch.emulation_flags)
        return -EINVAL;
    d->arch.emulation_flags = cfg->arch.emulation_flags;
    rc = guest_tsc_configure(d, TSC_MODE_DEFAULT, 0);
    if (rc)
        return rc;
    cpu_policy_init(&d->arch.policy, d->is_hvm, cfg->flags & XEN_DOMCTL_CDF_hap, d->domain_id);
    d->arch.policy.lapic = cfg->arch.emulation_flags & XEN_X86_EMU_LAPIC;
    rc = shared_info_create(d);
    if (rc)
        return rc;
    rc = d->is_hvm ? hvm_domain_create(d) : pv_domain_create(d);
    if (rc)
        shared_info_release(d);
    return rc;
}

int arch_domain_teardown(struct domain *d)
{
    int rc = d->is_hvm ? hvm_domain_teardown(d) : pv_domain_teardown(d);

    if (!rc)
        shared_info_release(d);
    return rc;
}

int arch_write_hypercall_page(struct domain *d, gfn_t gfn)
{
    bool writable;
    struct page_info *pg = get_page_from_gfn(d, gfn, &writable);

    if (!pg)
        return -EACCES;
    int rc = !writable || get_page_type(pg, PGT_writable_page) ? -EPERM : 0;
    if (!rc) {
        if (d->is_hvm)
            hvm_hypercall_page_init(page_to_virt(pg));
        else
            pv_hypercall_page_init(page_to_virt(pg));
        put_page_type(pg);
    }
    put_page(pg);
    return rc;
}

void arch_domain_free(struct domain *d)
{
    if (d->arch.paging)
        d->arch.paging->domain_free(d);
    if (d->is_hvm)
        hvm_domain_free(d);
    if (!d->shared_info)
        return;
    set_gpfn_from_mfn(virt_to_mfn(d->shared_info), INVALID_M2P_ENTRY);
    free_xen_page(d->shared_info);
}

/* ---- vCPUs ---- */

int arch_vcpu_create(struct vcpu *v)
{
    fpu_reset_area(v->arch.fpu);
    return is_hvm_vcpu(v) ? hvm_vcpu_create(v) : pv_vcpu_create(v);
}

void arch_vcpu_destroy(struct vcpu *v)
{
    if (is_hvm_vcpu(v))
        hvm_vcpu_destroy(v);
    else
        pv_vcpu_destroy(v);
}

int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *ctxt)
{
    int rc;

    /* An HVM vCPU's state comes as a save record (sethvmcontext). */
    if (is_hvm_vcpu(v))
        return -EOPNOTSUPP;
    rc = pv_set_info_guest(v, ctxt);
    if (rc)
        return rc;
    if (ctxt->flags & VGCF_online)
        __atomic_and_fetch(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST);
    else
        __atomic_or_fetch(&v->pause_flags, VPF_down, __ATOMIC_SEQ_CST);
    return 0;
}

void vcpu_dump_registers(struct vcpu *v)
{
    printk(XENLOG_ERR "d%dv%u state:\n", v->domain->domain_id, v->vcpu_id);
    if (v != current && vcpu_on_cpu(v)) {
        printk(XENLOG_ERR "running on CPU %u\n", v->processor);
        return;
    }
    if (is_hvm_vcpu(v))
        hvm_dump_vcpu(v);
    else
        show_registers(v == current ? guest_cpu_user_regs() : &v->arch.user_regs);
}

void vcpu_mark_events_pending(struct vcpu *v)
{
    if (is_hvm_vcpu(v)) {
        hvm_assert_upcall(v);
        return;
    }
    /* Running or runnable: seen on the way into the guest. */
    vcpu_unblock(v);
    vcpu_kick(v);
}

/* ---- time ---- */

void arch_update_vcpu_time(struct vcpu *v)
{
    struct pvclock_scale scale = v->domain->arch.tsc_scale;
    struct vcpu_time_info *t;

    if (!v->vcpu_info)
        return;
    t = &v->vcpu_info->time;
    /* Odd while it changes.  The guest may scribble on it: only it suffers. */
    uint32_t version = t->version | 1;

    ACCESS_ONCE(t->version) = version;
    barrier();
    t->tsc_timestamp = guest_tsc(v, rdtsc());
    t->system_time = NOW();
    t->tsc_to_system_mul = scale.mul;
    t->tsc_shift = scale.shift;
    t->flags = XEN_PVCLOCK_TSC_STABLE_BIT;
    barrier();
    ACCESS_ONCE(t->version) = version + 1;
}

/* ---- the switch ---- */

void reset_stack_and_jump(void (*fn)(void))
{
    __asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tjmp *%1"
                     :
                     : "r"(get_cpu_info()), "r"(fn)
                     : "memory");
    __builtin_unreachable();
}

static void leave_vcpu(struct vcpu *prev)
{
    if (is_idle_vcpu(prev))
        return;
    prev->arch.user_regs = *guest_cpu_user_regs();
    if (is_hvm_vcpu(prev))
        hvm_switch_from(prev);
    else
        pv_switch_from(prev); /* clears CR0.TS: before the FPU is touched */
    fpu_save(prev->arch.fpu);
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    vcpu_show_runstate(prev);
    local_irq_disable();
    leave_vcpu(prev);
    set_current(next);
    if (is_idle_vcpu(next)) {
        /* prev's tables may be gone before this CPU looks again. */
        write_cr3(virt_to_maddr(idle_pgt));
        tlb_no_guest();
        sched_context_saved(prev);
        local_irq_enable();
        reset_stack_and_jump(idle_loop);
    }
    *guest_cpu_user_regs() = next->arch.user_regs;
    arch_update_vcpu_time(next);
    fpu_restore(next->arch.fpu);
    if (is_hvm_vcpu(next)) {
        hvm_switch_to(next);
        tlb_no_guest();
    } else {
        tlb_guest();
        pv_switch_to(next); /* may set CR0.TS: after the FPU */
    }
    sched_context_saved(prev);
    local_irq_enable();
    vcpu_show_runstate(next);
    reset_stack_and_jump(is_hvm_vcpu(next) ? hvm_enter_guest : pv_enter_guest);
}
