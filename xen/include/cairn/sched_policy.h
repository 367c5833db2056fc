/* SPDX-License-Identifier: MIT */
/*
 * sched_policy.h - the arithmetic of sharing CPUs: who runs next, for how
 * long, what it costs.  Pure, but for reading and adding to a domain's budget
 * atomically: its vCPUs run on several CPUs.
 *
 * Each entity (vCPU) has a virtual time: the time it ran, scaled by 256 over
 * its weight.  The one whose virtual time is least runs next, so that in the
 * long run each gets time in proportion to its weight.  A queue's floor is the
 * least virtual time in it, never falling: who comes from sleep or from
 * another queue is placed near it, so that having slept is worth one short
 * bonus and nobody pays for another queue's past.
 *
 * A cap is a budget that its domain gets anew each period.
 */
#ifndef CAIRN_SCHED_POLICY_H
#define CAIRN_SCHED_POLICY_H

#include <cairn/list.h>
#include <cairn/types.h>

#define SCHED_WEIGHT_DEFAULT 256
#define SCHED_WEIGHT_MAX     65535
#define SCHED_SLICE          ((s_time_t)10000000) /* a turn while others wait */
#define SCHED_RATELIMIT      ((s_time_t)1000000)  /* who begins runs at least this */
#define SCHED_BONUS          ((s_time_t)5000000)  /* virtual head start after sleep */
#define SCHED_LAG_MAX        ((s_time_t)20000000) /* virtual debt taken to a new queue */
#define SCHED_CAP_PERIOD     ((s_time_t)10000000)

/* What a domain may use; its vCPUs share it. */
struct sched_share {
    uint32_t weight; /* 1 .. SCHED_WEIGHT_MAX */
    uint32_t cap;    /* percent of one CPU; 0: none */
    s_time_t budget; /* of this period; below 0: overdrawn */
    s_time_t period_end;
};

struct sched_entity {
    struct list_head list; /* in a queue while it may run */
    s_time_t vtime;
    struct sched_share *share;
};

/* @ran ns have been used. */
void sched_charge(struct sched_entity *e, s_time_t ran);
/* sched_budget - what the share has left at @now, starting a new period if it
 * is due; STIME_MAX without a cap. */
s_time_t sched_budget(struct sched_share *share, s_time_t now);
/* sched_pick - the entity of @queue with the least virtual time and budget
 * left, @last only if there is no other; NULL: none.  *@retry: when one that
 * was passed over for its budget gets a new one; STIME_MAX if none was. */
struct sched_entity *sched_pick(struct list_head *queue, const struct sched_entity *last,
                                s_time_t now, s_time_t *retry);
/* sched_turn_end - until when @e runs that begins at @now. */
s_time_t sched_turn_end(const struct list_head *queue, struct sched_entity *e, s_time_t now);
/* sched_floor - the new floor of @queue, which was @floor. */
s_time_t sched_floor(const struct list_head *queue, s_time_t floor);
/* Where to place one that slept, or that comes from a queue whose floor is @from. */
s_time_t sched_place_woken(s_time_t vtime, s_time_t floor);
s_time_t sched_place_moved(s_time_t vtime, s_time_t from, s_time_t to);
/* sched_push_gain - would moving @weight from a queue of load @from to one of
 * @to be right?  The smaller the answer the better; -1: no.  Equal imbalance
 * counts as right: then the vCPUs take turns at being the one too many. */
int64_t sched_push_gain(uint64_t from, uint64_t to, uint32_t weight);

#endif
