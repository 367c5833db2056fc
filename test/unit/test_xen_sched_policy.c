/* SPDX-License-Identifier: MIT */
/* test_xen_sched_policy.c - shares, caps and placement, over simulated time. */
/* sources: xen/common/sched_policy.c */
/* defines: -D__XEN__ */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cairn/sched_policy.h>
#include <cairn/time.h>

#define MAX_ENTITIES 8

struct sim {
    struct list_head queue;
    struct sched_share share[MAX_ENTITIES];
    struct sched_entity e[MAX_ENTITIES];
    s_time_t ran[MAX_ENTITIES], idle, now, floor;
};

static void sim_init(struct sim *s, unsigned int n, const uint32_t *weight, const uint32_t *cap)
{
    *s = (struct sim){.now = 1000};
    list_init(&s->queue);
    for (unsigned int i = 0; i < n; i++) {
        s->share[i].weight = weight[i];
        s->share[i].cap = cap ? cap[i] : 0;
        s->e[i].share = &s->share[i];
        list_add_tail(&s->e[i].list, &s->queue);
    }
}

/* One CPU and busy entities, until @end. */
static void sim_run(struct sim *s, s_time_t end)
{
    while (s->now < end) {
        s_time_t retry, until;
        struct sched_entity *e = sched_pick(&s->queue, NULL, s->now, &retry);

        if (!e) {
            until = retry < end ? retry : end;
            assert_true(until > s->now);
            s->idle += until - s->now;
            s->now = until;
            continue;
        }
        until = sched_turn_end(&s->queue, e, s->now);
        until = until < end ? until : end;
        assert_true(until > s->now);
        s->ran[e - s->e] += until - s->now;
        sched_charge(e, until - s->now);
        s->now = until;
        s_time_t floor = sched_floor(&s->queue, s->floor);
        assert_true(floor >= s->floor);
        s->floor = floor;
    }
}

static void check_share(const struct sim *s, unsigned int i, unsigned int permille)
{
    s_time_t all = s->now - 1000;

    assert_in_range(s->ran[i] * 1000 / all, permille > 10 ? permille - 10 : 0, permille + 10);
}

static void test_weights(void **state)
{
    struct sim s;

    sim_init(&s, 3, (uint32_t[]){256, 256, 512}, NULL);
    sim_run(&s, SECONDS(2));
    check_share(&s, 0, 250);
    check_share(&s, 1, 250);
    check_share(&s, 2, 500);
    assert_int_equal(s.idle, 0);

    sim_init(&s, 2, (uint32_t[]){1, 65535}, NULL);
    sim_run(&s, SECONDS(20));
    check_share(&s, 0, 0);
    assert_true(s.ran[0] > 0);
}

static void test_caps(void **state)
{
    struct sim s;

    /* Alone with a cap: the CPU idles for the rest. */
    sim_init(&s, 1, (uint32_t[]){256}, (uint32_t[]){30});
    sim_run(&s, SECONDS(2));
    check_share(&s, 0, 300);

    /* What the capped one may not have the other gets. */
    sim_init(&s, 2, (uint32_t[]){256, 256}, (uint32_t[]){10, 0});
    sim_run(&s, SECONDS(2));
    check_share(&s, 0, 100);
    check_share(&s, 1, 900);
    assert_int_equal(s.idle, 0);

    /* A cap above the share changes nothing. */
    sim_init(&s, 2, (uint32_t[]){256, 256}, (uint32_t[]){80, 0});
    sim_run(&s, SECONDS(2));
    check_share(&s, 0, 500);
}

static void test_overdraft(void **state)
{
    struct sched_share share = {.weight = 256, .cap = 10};

    /* 1 ms a period; 10 ms overdrawn is paid back over ten periods. */
    assert_int_equal(sched_budget(&share, 1), SCHED_CAP_PERIOD / 10);
    share.budget -= MILLISECS(11);
    for (unsigned int i = 1; i <= 10; i++)
        assert_true(sched_budget(&share, i * SCHED_CAP_PERIOD + 1) <= 0);
    assert_true(sched_budget(&share, 11 * SCHED_CAP_PERIOD + 1) > 0);
    /* A long time without running earns one period's budget, no more. */
    assert_int_equal(sched_budget(&share, SECONDS(1000)), SCHED_CAP_PERIOD / 10);
    share.cap = 0;
    assert_true(sched_budget(&share, 1) == STIME_MAX);
}

static void test_last_and_placing(void **state)
{
    struct sim s;
    s_time_t retry;

    sim_init(&s, 2, (uint32_t[]){256, 256}, NULL);
    s.e[1].vtime = 5;
    assert_ptr_equal(sched_pick(&s.queue, NULL, 1, &retry), &s.e[0]);
    assert_ptr_equal(sched_pick(&s.queue, &s.e[0], 1, &retry), &s.e[1]);
    list_del(&s.e[1].list);
    assert_ptr_equal(sched_pick(&s.queue, &s.e[0], 1, &retry), &s.e[0]);
    assert_true(sched_turn_end(&s.queue, &s.e[0], 1) == STIME_MAX);

    /* A sleeper gets a bonus, not its whole sleep; debts are limited. */
    assert_int_equal(sched_place_woken(0, SECONDS(5)), SECONDS(5) - SCHED_BONUS);
    assert_int_equal(sched_place_woken(SECONDS(9), SECONDS(5)), SECONDS(5) + SCHED_LAG_MAX);
    assert_int_equal(sched_place_moved(SECONDS(7), SECONDS(7), 3), 3);
    assert_int_equal(sched_place_moved(0, SECONDS(7), 0), -SCHED_BONUS);
}

static void test_push(void **state)
{
    assert_int_equal(sched_push_gain(512, 512, 256), -1);
    assert_int_equal(sched_push_gain(256, 512, 256), -1);
    assert_int_equal(sched_push_gain(768, 256, 256), 0);
    assert_int_equal(sched_push_gain(512, 256, 256), 256); /* the other way round */
    assert_int_equal(sched_push_gain(512, 256, 512), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),   cmocka_unit_test(test_caps),
        cmocka_unit_test(test_overdraft), cmocka_unit_test(test_last_and_placing),
        cmocka_unit_test(test_push),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
