/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op.c - VCPUOP_*: bringing vCPUs up and down, their timers, where their
 * vcpu_info is.
 */
#include <cairn/sched.h>

#include <asm/current.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <xen/sched.h>

static long vcpu_initialise(struct vcpu *v, unsigned long arg)
{
    struct vcpu_guest_context *ctxt;
    long rc;

    if (is_hvm_vcpu(v))
        return hvm_vcpu_initialise(v, arg);
    ctxt = xzalloc(struct vcpu_guest_context);
    if (!ctxt)
        return -ENOMEM;
    rc = copy_from_guest_va(ctxt, arg);
    if (!rc) {
        spin_lock(&v->domain->lock);
        rc = v->is_initialised ? -EEXIST : arch_set_info_guest(v, ctxt);
        spin_unlock(&v->domain->lock);
    }
    xfree(ctxt);
    return rc;
}

static long vcpu_up(struct vcpu *v)
{
    if (!v->is_initialised)
        return -EINVAL;
    __atomic_and_fetch(&v->pause_flags, ~VPF_down, __ATOMIC_SEQ_CST);
    vcpu_wake(v); /* VGCF_online may have had it up already, but not woken */
    return 0;
}

/* A domain whose last vCPU goes down has ended.  Down first, then look: of two
 * that go down at once, one sees the other. */
static long vcpu_down(struct vcpu *v)
{
    struct domain *d = v->domain;
    bool last = true;

    if (__atomic_fetch_or(&v->pause_flags, VPF_down, __ATOMIC_SEQ_CST) & VPF_down)
        return 0;
    for_each_vcpu(d, other)
        if (!(__atomic_load_n(&other->pause_flags, __ATOMIC_SEQ_CST) & VPF_down))
            last = false;
    if (last)
        domain_shutdown(d, SHUTDOWN_poweroff);
    vcpu_sleep_nosync(v);
    return 0;
}

static long get_runstate(const struct vcpu *v, unsigned long arg)
{
    struct vcpu_runstate_info info;

    vcpu_runstate(v, &info);
    return copy_to_guest_va(arg, &info);
}

void vcpu_show_runstate(const struct vcpu *v)
{
    uint64_t at = ACCESS_ONCE(v->runstate_area);

    if (likely(!at))
        return;
    struct vcpu_runstate_info info;
    vcpu_runstate(v, &info);
    const char *from = (const char *)&info;
    size_t len = sizeof(info);
    if (v->domain->shinfo_32) { /* no padding: 64-bit numbers are aligned to four bytes */
        at = (uint32_t)at;
        from += 4;
        len -= 4;
        memcpy((char *)&info + 4, &info.state, sizeof(info.state));
    }
    if (raw_copy_to_guest(at, from, len))
        return; /* not mapped at the moment: the next switch may find it */
}

static long register_runstate(struct vcpu *v, unsigned long arg)
{
    struct vcpu_register_runstate_memory_area area;

    if (copy_from_guest_va(&area, arg))
        return -EFAULT;
    ACCESS_ONCE(v->runstate_area) = area.addr.p;
    vcpu_show_runstate(v);
    return 0;
}

static long set_periodic_timer(struct vcpu *v, unsigned long arg)
{
    struct vcpu_set_periodic_timer set;

    if (copy_from_guest_va(&set, arg))
        return -EFAULT;
    if (set.period_ns < MILLISECS(1) || set.period_ns > (uint64_t)SECONDS(3600))
        return -EINVAL;
    v->periodic_period = set.period_ns;
    timer_set_here(&v->periodic_timer, NOW() + v->periodic_period);
    return 0;
}

static long set_singleshot_timer(struct vcpu *v, unsigned long arg)
{
    struct vcpu_set_singleshot_timer set;

    if (v != current)
        return -EINVAL;
    if (copy_from_guest_va(&set, arg))
        return -EFAULT;
    if (set.timeout_abs_ns > INT64_MAX)
        return -EINVAL;
    if ((set.flags & VCPU_SSHOTTMR_future) && (s_time_t)set.timeout_abs_ns < NOW())
        return -ETIME;
    timer_set_here(&v->singleshot_timer, set.timeout_abs_ns);
    return 0;
}

/* Everything is marked pending afterwards: an event that came in between must
 * not be lost, a spurious one does no harm. */
static void move_vcpu_info(struct vcpu *v, struct vcpu_info *to)
{
    if (v->vcpu_info)
        *to = *v->vcpu_info;
    else
        to->evtchn_upcall_mask = 1;
    v->vcpu_info = to;
    evtchn_mark_all(v);
}

static long register_vcpu_info(struct vcpu *v, unsigned long arg)
{
    struct vcpu_register_vcpu_info reg;
    struct domain *d = v->domain;
    struct page_info *pg;
    long rc = -EINVAL;

    if (copy_from_guest_va(&reg, arg))
        return -EFAULT;
    if (reg.offset > PAGE_SIZE - sizeof(struct vcpu_info) || reg.offset % (d->shinfo_32 ? 4 : 8))
        return -EINVAL;
    if (v != current && !(v->pause_flags & VPF_down))
        return -EINVAL;
    pg = get_page_from_gfn(d, _gfn(reg.mfn), NULL);
    if (!pg)
        return -EINVAL;
    if (get_page_type(pg, PGT_writable_page)) {
        put_page(pg);
        return -EINVAL;
    }
    spin_lock(&d->event_lock);
    if (!v->vcpu_info_page) {
        v->vcpu_info_page = pg;
        move_vcpu_info(v, (void *)((char *)page_to_virt(pg) + reg.offset));
        rc = 0;
    }
    spin_unlock(&d->event_lock);
    if (rc)
        put_page_and_type(pg);
    return rc;
}

long do_vcpu_op(unsigned long cmd, unsigned long vcpuid, unsigned long arg)
{
    struct domain *d = current->domain;
    /* All 64 bits count. */
    struct vcpu *v = vcpuid < d->max_vcpus ? domain_vcpu(d, vcpuid) : NULL;

    if (!v)
        return -ENOENT;
    switch ((unsigned int)cmd) {
    case VCPUOP_initialise:
        return vcpu_initialise(v, arg);
    case VCPUOP_up:
        return vcpu_up(v);
    case VCPUOP_down:
        return vcpu_down(v);
    case VCPUOP_is_up:
        return !(v->pause_flags & VPF_down);
    case VCPUOP_get_runstate_info:
        return get_runstate(v, arg);
    case VCPUOP_register_runstate_memory_area:
        return register_runstate(v, arg);
    case VCPUOP_set_periodic_timer:
        return set_periodic_timer(v, arg);
    case VCPUOP_stop_periodic_timer:
        v->periodic_period = 0;
        timer_stop(&v->periodic_timer);
        return 0;
    case VCPUOP_set_singleshot_timer:
        return set_singleshot_timer(v, arg);
    case VCPUOP_stop_singleshot_timer:
        if (v != current)
            return -EINVAL;
        timer_stop(&v->singleshot_timer);
        return 0;
    case VCPUOP_register_vcpu_info:
        return register_vcpu_info(v, arg);
    default:
        return -ENOSYS;
    }
}
