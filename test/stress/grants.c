/* SPDX-License-Identifier: MIT */
/* grants.c - what guests do with grants: permit, map, unmap, copy. */
#include "stress.h"

#include "../../xen/common/grant_private.h"

#include <asm/current.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>

static uint32_t handles[NR_DOMAINS][NR_HANDLES]; /* by slot; 0: none, else handle + 1 */

/* ---- grants: entry n is for the domain n % NR_DOMAINS ---- */

/* Any frame: mostly one of its own, as the guest knows its memory. */
uint32_t some_frame(struct rng *r, const struct domain *d)
{
    uint32_t n = rng_below(r, NR_FRAMES);

    for (unsigned int i = 0; i < 64; i++, n = (n + 1) % NR_FRAMES)
        if (ACCESS_ONCE(stress_frames[n].owner) == d->domain_id)
            break;
    return n;
}

static void grant_permit(struct rng *r)
{
    struct domain *d = current->domain;
    uint32_t ref = rng_below(r, NR_REFS);
    grant_entry_v1_t *e = grant_shared(d->grant, ref);
    uint32_t word = __atomic_load_n((uint32_t *)e, __ATOMIC_RELAXED);

    if (word & (GTF_reading | GTF_writing))
        return;
    __atomic_store_n(&e->frame, some_frame(r, d), __ATOMIC_RELAXED);
    __atomic_compare_exchange_n((uint32_t *)e, &word,
                                ref % NR_DOMAINS << 16 | GTF_permit_access |
                                    (rng_below(r, 2) ? GTF_readonly : 0),
                                false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static void grant_map(struct rng *r)
{
    unsigned int slot = rng_below(r, NR_HANDLES);
    struct gnttab_map_grant_ref op = {.host_addr = (uint64_t)slot * PAGE_SIZE,
                                      .flags = GNTMAP_host_map,
                                      .ref = current->domain->domain_id +
                                             NR_DOMAINS * rng_below(r, NR_REFS / NR_DOMAINS),
                                      .dom = rng_below(r, NR_DOMAINS)};

    if (rng_below(r, 2))
        op.flags |= GNTMAP_readonly;
    if (!rng_below(r, 4))
        op.flags |= GNTMAP_device_map;
    do_grant_table_op(GNTTABOP_map_grant_ref, (unsigned long)&op, 1);
    if (op.status == GNTST_okay)
        __atomic_store_n(&handles[current->domain->domain_id][slot], op.handle + 1,
                         __ATOMIC_RELAXED);
}

static void grant_unmap(struct rng *r)
{
    unsigned int slot = rng_below(r, NR_HANDLES);
    uint32_t *h = &handles[current->domain->domain_id][slot];
    uint32_t handle = __atomic_load_n(h, __ATOMIC_RELAXED);
    struct gnttab_unmap_grant_ref op = {.host_addr = (uint64_t)slot * PAGE_SIZE,
                                        .handle = handle ? handle - 1 : rng_below(r, 8)};

    do_grant_table_op(GNTTABOP_unmap_grant_ref, (unsigned long)&op, 1);
}

/* A page of another's that is for us, or one of our own. */
static void copy_side(struct rng *r, struct gnttab_copy *op, uint16_t by_ref, bool source)
{
    struct gnttab_copy_ptr *p = source ? &op->source : &op->dest;

    p->domid = DOMID_SELF;
    if (rng_below(r, 2)) {
        p->u.gmfn = some_frame(r, current->domain);
        return;
    }
    op->flags |= by_ref;
    p->domid = rng_below(r, NR_DOMAINS);
    p->u.ref = current->domain->domain_id + NR_DOMAINS * rng_below(r, NR_REFS / NR_DOMAINS);
}

static void grant_copy(struct rng *r)
{
    struct gnttab_copy op = {.len = 16};

    copy_side(r, &op, GNTCOPY_source_gref, true);
    copy_side(r, &op, GNTCOPY_dest_gref, false);
    do_grant_table_op(GNTTABOP_copy, (unsigned long)&op, 1);
}

void grant_step(struct rng *r)
{
    switch (rng_below(r, 6)) {
    case 0:
        grant_permit(r);
        break;
    case 1:
    case 2:
        grant_map(r);
        break;
    case 3:
        grant_unmap(r);
        break;
    case 4:
        grant_copy(r);
        break;
    default: {
        struct gnttab_query_size op = {.dom = DOMID_SELF};
        do_grant_table_op(GNTTABOP_query_size, (unsigned long)&op, 1);
    }
    }
}
