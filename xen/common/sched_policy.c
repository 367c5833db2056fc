/* SPDX-License-Identifier: MIT */
/* sched_policy.c - see cairn/sched_policy.h. */
#include <cairn/sched_policy.h>

#include <cairn/time.h>

void sched_charge(struct sched_entity *e, s_time_t ran)
{
    struct sched_share *s = e->share;

    e->vtime += ran * SCHED_WEIGHT_DEFAULT / ACCESS_ONCE(s->weight);
    if (s->cap)
        __atomic_sub_fetch(&s->budget, ran, __ATOMIC_RELAXED);
}

s_time_t sched_budget(struct sched_share *s, s_time_t now)
{
    s_time_t end = __atomic_load_n(&s->period_end, __ATOMIC_RELAXED);
    s_time_t amount = SCHED_CAP_PERIOD / 100 * s->cap;

    if (!s->cap)
        return STIME_MAX;
    if (now >= end) {
        s_time_t periods = (now - end) / SCHED_CAP_PERIOD + 1;

        /* One CPU begins the period.  What was not used is lost, what was
         * overdrawn is not forgiven. */
        if (__atomic_compare_exchange_n(&s->period_end, &end, end + periods * SCHED_CAP_PERIOD,
                                        false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            s_time_t have = __atomic_load_n(&s->budget, __ATOMIC_RELAXED);
            s_time_t next;

            do {
                if (have >= 0 || periods > (amount - have) / amount)
                    next = amount;
                else
                    next = have + periods * amount;
            } while (!__atomic_compare_exchange_n(&s->budget, &have, min(next, amount), false,
                                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED));
        }
    }
    return __atomic_load_n(&s->budget, __ATOMIC_RELAXED);
}

struct sched_entity *sched_pick(struct list_head *queue, const struct sched_entity *last,
                                s_time_t now, s_time_t *retry)
{
    struct sched_entity *e, *best = NULL, *fallback = NULL;

    *retry = STIME_MAX;
    list_for_each_entry(e, queue, list) {
        if (unlikely(e->share->cap) && sched_budget(e->share, now) <= 0) {
            *retry = min(*retry, e->share->period_end);
            continue;
        }
        if (e == last)
            fallback = e;
        else if (!best || e->vtime < best->vtime)
            best = e;
    }
    return best ? best : fallback;
}

s_time_t sched_turn_end(const struct list_head *queue, struct sched_entity *e, s_time_t now)
{
    bool others = queue->next != queue->prev; /* @e itself is in the queue */
    s_time_t end = others ? now + SCHED_SLICE : STIME_MAX;
    s_time_t budget;

    if (likely(!e->share->cap))
        return end;
    budget = sched_budget(e->share, now);
    return min(end, now + max(budget, (s_time_t)0));
}

s_time_t sched_floor(const struct list_head *queue, s_time_t floor)
{
    const struct sched_entity *e;
    s_time_t least = STIME_MAX;

    list_for_each_entry(e, queue, list)
        least = min(least, e->vtime);
    return least == STIME_MAX ? floor : max(floor, least);
}

s_time_t sched_place_woken(s_time_t vtime, s_time_t floor)
{
    return min(max(vtime, floor - SCHED_BONUS), floor + SCHED_LAG_MAX);
}

s_time_t sched_place_moved(s_time_t vtime, s_time_t from, s_time_t to)
{
    s_time_t lag = vtime - from;

    return to + min(max(lag, -SCHED_BONUS), SCHED_LAG_MAX);
}

int64_t sched_push_gain(uint64_t from, uint64_t to, uint32_t weight)
{
    int64_t diff = (int64_t)(from - to), after;

    if (from <= to || weight > from - to)
        return -1;
    after = diff - 2 * (int64_t)weight;
    return after < 0 ? -after : after;
}
