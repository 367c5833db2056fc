/* SPDX-License-Identifier: MIT */
/*
 * frame.c - guest memory for the shadow code: recent answers of the p2m, which
 * a walk asks for each table on its way, and the walker's access by them.
 * They are forgotten whenever the p2m changes.
 */

#include "shadow.h"

#define NO_GFN (~0ull)

struct shadow_frame shadow_frame_slow(struct domain *d, uint64_t gfn)
{
    struct shadow_domain *s = d->arch.shadow;
    struct shadow_frame f;
    unsigned int order;

    if (!s->frames_used) {
        for (unsigned int i = 0; i < SHADOW_FRAMES; i++)
            s->frame[i].gfn = NO_GFN;
        for (unsigned int i = 0; i < SHADOW_RUNS; i++)
            s->run[i].gfn = NO_GFN;
        s->frames_used = true;
    }
    f.mfn = p2m_lookup_order(d, _gfn(gfn), &f.type, &order);
    struct shadow_answer answer = {.gfn = gfn, .frame = f};
    if (order >= RUN_ORDER && !mfn_eq(f.mfn, INVALID_MFN)) {
        answer.gfn = gfn >> RUN_ORDER;
        answer.frame.mfn = _mfn(mfn_x(f.mfn) - gfn % (1u << RUN_ORDER));
        s->run[answer.gfn % SHADOW_RUNS] = answer;
    } else {
        s->frame[gfn % SHADOW_FRAMES] = answer;
    }
    return f;
}

void shadow_forget_frames(struct domain *d)
{
    d->arch.shadow->frames_used = false;
}

void *shadow_map_guest(struct domain *d, uint64_t gfn, bool write)
{
    struct shadow_frame f = shadow_frame(d, gfn);
    if (mfn_eq(f.mfn, INVALID_MFN) || (write && p2m_is_readonly(f.type)))
        return NULL;
    return mfn_to_virt(f.mfn);
}

static bool walk_read(void *ctx, gaddr_t addr, void *buf, size_t len)
{
    const char *page = shadow_map_guest(ctx, gfn_x(gaddr_to_gfn(addr)), false);
    if (!page)
        return false;
    const char *at = page + PAGE_OFFSET(gaddr_x(addr));
    if (len == 8)
        *(uint64_t *)buf = *(const volatile uint64_t *)at;
    else
        *(uint32_t *)buf = *(const volatile uint32_t *)at;
    return true;
}

/* Accessed and dirty bits only allow more: tables in sync stay in sync. */
static bool walk_update(void *ctx, gaddr_t addr, uint64_t old, uint64_t new, size_t len)
{
    char *page = shadow_map_guest(ctx, gfn_x(gaddr_to_gfn(addr)), true);
    if (!page)
        return true; /* a read-only table keeps its bits */
    char *at = page + PAGE_OFFSET(gaddr_x(addr));
    if (len == 8)
        return __sync_bool_compare_and_swap((uint64_t *)at, old, new);
    return __sync_bool_compare_and_swap((uint32_t *)at, (uint32_t)old, (uint32_t) new);
}

struct walk_memory shadow_walk_memory(struct domain *d)
{
    return (struct walk_memory){walk_read, walk_update, d};
}
