/* SPDX-License-Identifier: MIT */
/* GNTTABOP_copy and cache_flush: what is copied, and what is refused. */
#include "grant.h"

#define SOURCE 16
#define DEST   17

static char from[PAGE_SIZE] PAGE_BSS;
static char to[2 * PAGE_SIZE] PAGE_BSS; /* the second page for check_cut_batch() */

static uint64_t st(int status)
{
    return (uint64_t)(int16_t)status;
}

static struct gnttab_copy by_refs(unsigned int offset, unsigned int len)
{
    struct gnttab_copy c = {.len = len, .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref};

    c.source.u.ref = SOURCE;
    c.dest.u.ref = DEST;
    c.source.domid = c.dest.domid = self;
    c.source.offset = offset;
    c.dest.offset = offset;
    return c;
}

static struct gnttab_copy by_frames(void)
{
    struct gnttab_copy c = {.len = PAGE_SIZE};

    c.source.u.gmfn = frame_of(from);
    c.dest.u.gmfn = frame_of(to);
    c.source.domid = c.dest.domid = DOMID_SELF;
    return c;
}

static void check_copy(const char *what, struct gnttab_copy c, int want)
{
    c.status = 1;
    check_equal(what, grant_op(GNTTABOP_copy, &c, 1), 0);
    check_equal(what, st(c.status), st(want));
}

static void fill(void)
{
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        from[i] = i * 7 + 3;
    memset(to, 0, PAGE_SIZE);
}

static void check_good(void)
{
    fill();
    check_copy("page by frames", by_frames(), GNTST_okay);
    check_equal("its content", memcmp(from, to, PAGE_SIZE), 0);
    fill();
    check_copy("part by entries", by_refs(100, 200), GNTST_okay);
    check_equal("the part", memcmp(from + 100, to + 100, 200), 0);
    check_equal("before and after it", to[99] | to[300], 0);
    check_copy("nothing at all", by_refs(0, 0), GNTST_okay);
    check_equal("no entry is in use after",
                (table[SOURCE].flags | table[DEST].flags) & (GTF_reading | GTF_writing), 0);
}

static void check_bad(void)
{
    struct gnttab_copy c = by_refs(4000, 97);

    check_copy("over the end of a page", c, GNTST_bad_copy_arg);
    check_copy("far over it", by_refs(0xffff, 0xffff), GNTST_bad_copy_arg);
    c = by_refs(0, 8);
    c.source.u.ref = UINT32_MAX;
    check_copy("from no entry", c, GNTST_bad_gntref);
    c = by_refs(0, 8);
    c.dest.domid = 0x7f00;
    check_copy("to nobody", c, GNTST_bad_domain);
    c = by_frames();
    c.dest.domid = 0;
    check_copy("to a frame of dom0", c, GNTST_permission_denied);
    c = by_frames();
    c.source.u.gmfn = ~0ul;
    check_copy("from no frame", c, GNTST_bad_page);
    table[DEST].flags |= GTF_readonly;
    check_copy("to a read-only entry", by_refs(0, 8), GNTST_general_error);
    table[DEST].flags = GTF_permit_access;
    table[SOURCE].domid++;
    check_copy("from an entry for another", by_refs(0, 8), GNTST_general_error);
    table[SOURCE].domid = self;
    check_equal("no entry is in use after",
                (table[SOURCE].flags | table[DEST].flags) & (GTF_reading | GTF_writing), 0);
}

/* What is mapped by a grant is not ours to copy by its frame number. */
static void check_copy_of_mapping(void)
{
    const uint64_t far = 0x41000;
    struct gnttab_copy c = by_frames();
    grant_handle_t handle;

    check_equal("map to read", st(map_own(SOURCE, far, GNTMAP_host_map | GNTMAP_readonly, &handle)),
                st(GNTST_okay));
    c.source.u.gmfn = far;
    check_copy("from the mapping", c, GNTST_bad_page);
    c = by_frames();
    c.dest.u.gmfn = far;
    check_copy("to the mapping", c, GNTST_bad_page);
    check_equal("unmap", st(unmap_own(handle, far)), st(GNTST_okay));
}

/* A batch is done up to where it cannot be read. */
static void check_cut_batch(void)
{
    const uint64_t nowhere = 0xfed00000;
    struct gnttab_copy *batch = (struct gnttab_copy *)(to + PAGE_SIZE) - 1;

    check_equal("a batch at no address", grant_op(GNTTABOP_copy, (void *)(ulong)nowhere, 2),
                -XEN_EFAULT);
    check_equal("a batch of none", grant_op(GNTTABOP_copy, (void *)(ulong)nowhere, 0), 0);
#if PAGING_LEVELS > 0
    volatile char *next = to + PAGE_SIZE;
    pte_t old = *pte_of(next);

    pte_set(next, 0);
    *batch = by_refs(0, 8);
    batch->status = 1;
    check_equal("a batch that is cut", grant_op(GNTTABOP_copy, batch, 2), -XEN_EFAULT);
    check_equal("its first part", st(batch->status), st(GNTST_okay));
    pte_set(next, old);
#else
    (void)batch;
#endif
}

static void check_flush(void)
{
    struct gnttab_cache_flush f = {.length = 64, .op = GNTTAB_CACHE_CLEAN};

    /* The lowest machine frames are the firmware's and the hypervisor's. */
    check_equal("flush of a frame that is not ours", grant_op(GNTTABOP_cache_flush, &f, 1),
                -XEN_EPERM);
    f.a.dev_bus_addr = ~0ull << 12;
    check_equal("flush of no frame", grant_op(GNTTABOP_cache_flush, &f, 1), -XEN_EPERM);
    f.offset = 4090;
    check_equal("flush over the end", grant_op(GNTTABOP_cache_flush, &f, 1), -XEN_EINVAL);
    f.offset = 0;
    f.op = GNTTAB_CACHE_SOURCE_GREF;
    check_equal("flush by entry", grant_op(GNTTABOP_cache_flush, &f, 1), -XEN_EOPNOTSUPP);
}

void test_copying(void)
{
    grant_page(SOURCE, from, self, READ_ONLY);
    grant_page(DEST, to, self, READ_WRITE);
    check_good();
    check_bad();
    check_copy_of_mapping();
    check_cut_batch();
    check_flush();
}
