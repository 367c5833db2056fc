/* SPDX-License-Identifier: MIT */
/*
 * evtchn_port.c - decisions about event channel ports.  See evtchn_port.h.
 */
#include <cairn/evtchn_port.h>

#include <cairn/errno.h>
#include <xen/foreign/x86_32.h>

/* What hypervisor code reaches without asking for the width is the same in both. */
#define SAME_PLACE(field)                                                                         \
    _Static_assert(offsetof(struct vcpu_info, field) == offsetof(struct vcpu_info_x86_32, field), \
                   #field)
SAME_PLACE(evtchn_upcall_pending);
SAME_PLACE(evtchn_upcall_mask);
SAME_PLACE(time);
_Static_assert(sizeof(struct vcpu_info) == sizeof(struct vcpu_info_x86_32), "vcpu_info");
_Static_assert(offsetof(struct shared_info, evtchn_pending) ==
                   offsetof(struct shared_info_x86_32, evtchn_pending),
               "evtchn_pending");

struct evtchn_2l evtchn_2l_words(struct shared_info *si, struct vcpu_info *vi,
                                 unsigned int word_bits)
{
    struct shared_info_x86_32 *si32 = (void *)si;
    struct vcpu_info_x86_32 *vi32 = (void *)vi;
    bool narrow = word_bits == 32;

    return (struct evtchn_2l){.pending = si32->evtchn_pending,
                              .mask = narrow ? si32->evtchn_mask : (void *)si->evtchn_mask,
                              .pending_sel = narrow ? &vi32->evtchn_pending_sel
                                                    : (void *)&vi->evtchn_pending_sel,
                              .upcall_pending = &vi->evtchn_upcall_pending,
                              .word_bits = word_bits};
}

#define BIT(n) (1u << (n) % 32)

static bool test_and_set_bit(uint32_t *words, unsigned int n)
{
    return __atomic_fetch_or(&words[n / 32], BIT(n), __ATOMIC_SEQ_CST) & BIT(n);
}

static bool test_and_clear_bit(uint32_t *words, unsigned int n)
{
    return __atomic_fetch_and(&words[n / 32], ~BIT(n), __ATOMIC_SEQ_CST) & BIT(n);
}

static bool test_bit(const uint32_t *words, unsigned int n)
{
    return __atomic_load_n(&words[n / 32], __ATOMIC_SEQ_CST) & BIT(n);
}

static bool has_place(const struct evtchn_2l *e, unsigned int port)
{
    return port < evtchn_2l_ports(e->word_bits);
}

/* Selector bit, then the upcall flag: the order the guest clears them in. */
static bool raise_upcall(const struct evtchn_2l *e, unsigned int port)
{
    return !test_and_set_bit(e->pending_sel, port / e->word_bits) &&
           !__atomic_exchange_n(e->upcall_pending, 1, __ATOMIC_SEQ_CST);
}

bool evtchn_2l_set_pending(const struct evtchn_2l *e, unsigned int port)
{
    return has_place(e, port) && !test_and_set_bit(e->pending, port) && !test_bit(e->mask, port) &&
           raise_upcall(e, port);
}

bool evtchn_2l_unmask(const struct evtchn_2l *e, unsigned int port)
{
    return has_place(e, port) && test_and_clear_bit(e->mask, port) && test_bit(e->pending, port) &&
           raise_upcall(e, port);
}

bool evtchn_2l_is_pending(const struct evtchn_2l *e, unsigned int port)
{
    return has_place(e, port) && test_bit(e->pending, port);
}

void evtchn_2l_clear_pending(const struct evtchn_2l *e, unsigned int port)
{
    if (has_place(e, port))
        test_and_clear_bit(e->pending, port);
}

void evtchn_2l_select_all(const struct evtchn_2l *e)
{
    for (unsigned int i = 0; i < e->word_bits / 32; i++)
        __atomic_store_n(&e->pending_sel[i], UINT32_MAX, __ATOMIC_SEQ_CST);
    __atomic_store_n(e->upcall_pending, 1, __ATOMIC_SEQ_CST);
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
