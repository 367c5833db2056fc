/* SPDX-License-Identifier: MIT */
/* sources: xen/common/evtchn_port.c */
/* defines: -D__XEN__ */
/*
 * Event channel ports: every combination of the words an event touches, every
 * state against every operation.
 */
#include <cairn/errno.h>
#include <cairn/evtchn_port.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <xen/xen.h>
#include <xen/event_channel.h>

static unsigned long pending[64], mask[64], sel;
static uint8_t upcall;
static const struct evtchn_2l words = {pending, mask, &sel, &upcall};

/* All 2^4 states of (pending, masked, selected, upcall) before an event. */
static void test_set_pending_exhaustively(void **state)
{
    static const unsigned int ports[] = {0, 1, 63, 64, 100, 4095};

    for (unsigned int p = 0; p < 6; p++) {
        unsigned int port = ports[p];
        unsigned long bit = 1ul << (port % 64), word = port / 64;

        for (unsigned int s = 0; s < 16; s++) {
            bool was_pending = s & 1, masked = s & 2, selected = s & 4, up = s & 8, told;

            memset(pending, 0, sizeof(pending));
            memset(mask, 0, sizeof(mask));
            pending[word] = was_pending ? bit : 0;
            mask[word] = masked ? bit : 0;
            sel = selected ? 1ul << word : 0;
            upcall = up;
            told = evtchn_2l_set_pending(&words, port);
            assert_true(evtchn_2l_is_pending(pending, port));
            assert_int_equal(told, !was_pending && !masked && !selected && !up);
            /* An event that is not masked and new is always found. */
            if (!was_pending && !masked)
                assert_true(sel & (1ul << word));
            if (masked)
                assert_int_equal(upcall, up);
            evtchn_2l_clear_pending(pending, port);
            assert_false(evtchn_2l_is_pending(pending, port));
        }
    }
}

static void test_unmask_exhaustively(void **state)
{
    for (unsigned int s = 0; s < 16; s++) {
        bool was_pending = s & 1, masked = s & 2, selected = s & 4, up = s & 8, told;

        memset(pending, 0, sizeof(pending));
        memset(mask, 0, sizeof(mask));
        pending[1] = was_pending ? 2 : 0;
        mask[1] = masked ? 2 : 0;
        sel = selected ? 2 : 0;
        upcall = up;
        told = evtchn_2l_unmask(&words, 65);
        assert_int_equal(mask[1], 0);
        assert_int_equal(told, was_pending && masked && !selected && !up);
    }
}

static void test_states(void **state)
{
    for (unsigned int s = ECS_FREE; s <= ECS_IPI; s++) {
        struct evtchn chn = {.state = s, .virq = VIRQ_CONSOLE, .remote_domid = 5};

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
    assert_int_equal(evtchn_status_of(&(struct evtchn){.state = ECS_FREE}), EVTCHNSTAT_closed);
    assert_int_equal(evtchn_status_of(&(struct evtchn){.state = ECS_UNBOUND}), EVTCHNSTAT_unbound);
    assert_int_equal(evtchn_status_of(&(struct evtchn){.state = ECS_INTERDOMAIN}),
                     EVTCHNSTAT_interdomain);
    assert_int_equal(evtchn_status_of(&(struct evtchn){.state = ECS_VIRQ}), EVTCHNSTAT_virq);
    assert_int_equal(evtchn_status_of(&(struct evtchn){.state = ECS_IPI}), EVTCHNSTAT_ipi);
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
        cmocka_unit_test(test_set_pending_exhaustively),
        cmocka_unit_test(test_unmask_exhaustively),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_bind_virq),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
