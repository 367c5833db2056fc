/* SPDX-License-Identifier: MIT */
/*
 * evtchn_port.c - decisions about event channel ports.  See evtchn_port.h.
 */
#include <cairn/evtchn_port.h>

#include <cairn/errno.h>
#include <xen/xen.h>
#include <xen/event_channel.h>

#define WORD(port) ((port) / 64)
#define BIT(port)  (1ul << ((port) % 64))

static bool test_and_set_bits(unsigned long *w, unsigned long bits)
{
    return __atomic_fetch_or(w, bits, __ATOMIC_SEQ_CST) & bits;
}

static unsigned long load_word(const unsigned long *w)
{
    return __atomic_load_n(w, __ATOMIC_SEQ_CST);
}

/* Selector bit, then the upcall flag: the order the guest clears them in. */
static bool raise_upcall(const struct evtchn_2l *e, unsigned int port)
{
    if (test_and_set_bits(e->pending_sel, BIT(WORD(port))))
        return false;
    return !__atomic_exchange_n(e->upcall_pending, 1, __ATOMIC_SEQ_CST);
}

bool evtchn_2l_set_pending(const struct evtchn_2l *e, unsigned int port)
{
    if (test_and_set_bits(&e->pending[WORD(port)], BIT(port)))
        return false;
    if (load_word(&e->mask[WORD(port)]) & BIT(port))
        return false;
    return raise_upcall(e, port);
}

bool evtchn_2l_unmask(const struct evtchn_2l *e, unsigned int port)
{
    unsigned long old = __atomic_fetch_and(&e->mask[WORD(port)], ~BIT(port), __ATOMIC_SEQ_CST);

    if (!(old & BIT(port)) || !(load_word(&e->pending[WORD(port)]) & BIT(port)))
        return false;
    return raise_upcall(e, port);
}

bool evtchn_2l_is_pending(const unsigned long *pending, unsigned int port)
{
    return load_word(&pending[WORD(port)]) & BIT(port);
}

void evtchn_2l_clear_pending(unsigned long *pending, unsigned int port)
{
    __atomic_fetch_and(&pending[WORD(port)], ~BIT(port), __ATOMIC_SEQ_CST);
}

bool virq_is_global(unsigned int virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

bool virq_is_privileged(unsigned int virq)
{
    return virq_is_global(virq) && virq != VIRQ_ARGO;
}

int evtchn_check_bind_interdomain(const struct evtchn *remote, uint16_t caller)
{
    return remote->state == ECS_UNBOUND && remote->remote_domid == caller ? 0 : -EINVAL;
}

int evtchn_check_bind_vcpu(const struct evtchn *chn, unsigned int vcpu, unsigned int max_vcpus)
{
    if (vcpu >= max_vcpus)
        return -ENOENT;
    if (chn->state == ECS_VIRQ)
        return virq_is_global(chn->virq) ? 0 : -EINVAL;
    return chn->state == ECS_UNBOUND || chn->state == ECS_INTERDOMAIN ? 0 : -EINVAL;
}

int evtchn_check_bind_virq(unsigned int virq, unsigned int vcpu, unsigned int max_vcpus)
{
    if (virq >= NR_VIRQS)
        return -EINVAL;
    if (virq_is_global(virq) && vcpu != 0)
        return -EINVAL;
    return vcpu < max_vcpus ? 0 : -ENOENT;
}

int evtchn_check_send(const struct evtchn *chn)
{
    /* Unbound: nobody there, quietly nothing. */
    return chn->state == ECS_INTERDOMAIN || chn->state == ECS_IPI || chn->state == ECS_UNBOUND
               ? 0
               : -EINVAL;
}

uint32_t evtchn_status_of(const struct evtchn *chn)
{
    static const uint8_t status[] = {
        [ECS_FREE] = EVTCHNSTAT_closed,
        [ECS_UNBOUND] = EVTCHNSTAT_unbound,
        [ECS_INTERDOMAIN] = EVTCHNSTAT_interdomain,
        [ECS_VIRQ] = EVTCHNSTAT_virq,
        [ECS_IPI] = EVTCHNSTAT_ipi,
    };
    return status[chn->state];
}
