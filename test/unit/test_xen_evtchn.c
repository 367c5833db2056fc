/* SPDX-License-Identifier: MIT */
/* sources: xen/common/evtchn_port.c */
/* defines: -D__XEN__ */
/*
 * Event channel ports: every combination of the words an event touches, in
 * both layouts of shared_info; every state against every operation.
 */
#include <cairn/errno.h>
#include <cairn/evtchn_port.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/foreign/x86_32.h>

/* shared_info, with a registered vcpu_info behind it; as either width sees them. */
struct wide {
    struct shared_info si;
    uint8_t rest[4096 - sizeof(struct shared_info)];
    struct vcpu_info vi;
};
struct narrow {
    struct shared_info_x86_32 si;
    uint8_t rest[4096 - sizeof(struct shared_info_x86_32)];
    struct vcpu_info_x86_32 vi;
};
union view {
    struct wide w;
    struct narrow n;
};

/* What the guest does to find or to make an event, with its own structures. */
static void guest_set(union view *v, unsigned int bits, unsigned int port, bool pending, bool mask,
                      bool sel, bool up)
{
    unsigned int word = port / bits;
    uint64_t bit = 1ull << port % bits;

    if (bits == 32) {
        v->n.si.evtchn_pending[word] |= pending ? bit : 0;
        v->n.si.evtchn_mask[word] |= mask ? bit : 0;
        v->n.vi.evtchn_pending_sel |= sel ? 1u << word : 0;
        v->n.vi.evtchn_upcall_pending = up;
    } else {
        v->w.si.evtchn_pending[word] |= pending ? bit : 0;
        v->w.si.evtchn_mask[word] |= mask ? bit : 0;
        v->w.vi.evtchn_pending_sel |= sel ? 1ul << word : 0;
        v->w.vi.evtchn_upcall_pending = up;
    }
}

static union view page, want;

/* The four bits of @state: pending, masked, selected, upcall. */
static void expect(unsigned int bits, unsigned int port, unsigned int state)
{
    memset(&want, 0, sizeof(want));
    guest_set(&want, bits, port, state & 1, state & 2, state & 4, state & 8);
}

static void try_port(unsigned int bits, unsigned int port)
{
    struct evtchn_2l e = evtchn_2l_words(&page.w.si, &page.w.vi, bits);

    for (unsigned int s = 0; s < 16; s++) {
        bool raise = !(s & 1) && !(s & 2), late = (s & 1) && (s & 2);

        /* An event that is new and not masked is always found. */
        expect(bits, port, s);
        page = want;
        assert_int_equal(evtchn_2l_is_pending(&e, port), s & 1);
        assert_int_equal(evtchn_2l_set_pending(&e, port), raise && !(s & 12));
        expect(bits, port, s | 1 | (raise ? (s & 4 ? 4 : 12) : 0));
        assert_memory_equal(&page, &want, sizeof(page));
        assert_true(evtchn_2l_is_pending(&e, port));

        evtchn_2l_clear_pending(&e, port);
        expect(bits, port, (s & ~1u) | (raise ? (s & 4 ? 4 : 12) : 0));
        assert_memory_equal(&page, &want, sizeof(page));

        expect(bits, port, s);
        page = want;
        assert_int_equal(evtchn_2l_unmask(&e, port), late && !(s & 12));
        expect(bits, port, (s & ~2u) | (late ? (s & 4 ? 4 : 12) : 0));
        assert_memory_equal(&page, &want, sizeof(page));
    }
}

/* Every port of both widths in every state before an event; nothing else changes. */
static void test_every_port(void **state)
{
    for (unsigned int bits = 32; bits <= 64; bits += 32)
        for (unsigned int port = 0; port < evtchn_2l_ports(bits); port++)
            try_port(bits, port);
}

static void test_no_place(void **state)
{
    assert_int_equal(evtchn_2l_ports(32), 1024);
    assert_int_equal(evtchn_2l_ports(64), 4096);
    for (unsigned int bits = 32; bits <= 64; bits += 32) {
        struct evtchn_2l e = evtchn_2l_words(&page.w.si, &page.w.vi, bits);

        memset(&page, 0xff, sizeof(page));
        memset(&want, 0xff, sizeof(want));
        for (unsigned int i = 0; i < 5000; i++) {
            unsigned int port = i < 4999 ? evtchn_2l_ports(bits) + i : UINT32_MAX;

            assert_false(evtchn_2l_is_pending(&e, port));
            evtchn_2l_clear_pending(&e, port);
            assert_false(evtchn_2l_unmask(&e, port));
            assert_false(evtchn_2l_set_pending(&e, port));
        }
        assert_memory_equal(&page, &want, sizeof(page));
    }
}

static void test_select_all(void **state)
{
    for (unsigned int bits = 32; bits <= 64; bits += 32) {
        struct evtchn_2l e = evtchn_2l_words(&page.w.si, &page.w.vi, bits);

        memset(&page, 0, sizeof(page));
        memset(&want, 0, sizeof(want));
        for (unsigned int word = 0; word < bits; word++)
            guest_set(&want, bits, word * bits, false, false, true, true);
        evtchn_2l_select_all(&e);
        assert_memory_equal(&page, &want, sizeof(page));
    }
}

static void test_states(void **state)
{
    for (unsigned int s = ECS_FREE; s <= ECS_IPI; s++) {
        struct evtchn chn = {.state = s, .virq = VIRQ_CONSOLE, .remote_domid = 5};

        if (s == EVTCHNSTAT_pirq)
            continue; /* Xen's; no port is ever in it */
        assert_int_equal(evtchn_check_bind_interdomain(&chn, 5), s == ECS_UNBOUND ? 0 : -EINVAL);
        assert_int_equal(evtchn_check_bind_interdomain(&chn, 6), -EINVAL);
        assert_int_equal(evtchn_check_send(&chn), s == ECS_FREE || s == ECS_VIRQ ? -EINVAL : 0);
        assert_int_equal(evtchn_check_bind_vcpu(&chn, 1, 2),
                         s == ECS_FREE || s == ECS_IPI ? -EINVAL : 0);
        assert_int_equal(evtchn_check_bind_vcpu(&chn, 2, 2), -ENOENT);
        chn.virq = VIRQ_TIMER;
        if (s == ECS_VIRQ)
            assert_int_equal(evtchn_check_bind_vcpu(&chn, 1, 2), -EINVAL);
    }
}

static void test_bind_virq(void **state)
{
    for (unsigned int virq = 0; virq < NR_VIRQS + 3; virq++) {
        for (unsigned int vcpu = 0; vcpu < 4; vcpu++) {
            int rc = evtchn_check_bind_virq(virq, vcpu, 2);

            if (virq >= NR_VIRQS || (virq_is_global(virq) && vcpu))
                assert_int_equal(rc, -EINVAL);
            else
                assert_int_equal(rc, vcpu < 2 ? 0 : -ENOENT);
        }
    }
    assert_false(virq_is_global(VIRQ_TIMER));
    assert_true(virq_is_privileged(VIRQ_DOM_EXC));
    assert_true(virq_is_privileged(VIRQ_CONSOLE));
    assert_false(virq_is_privileged(VIRQ_TIMER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_port), cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_select_all), cmocka_unit_test(test_states),
        cmocka_unit_test(test_bind_virq),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
