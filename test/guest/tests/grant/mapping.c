/* SPDX-License-Identifier: MIT */
/* Mapping our own pages a second time, and all the ways to be refused. */
#include "grant.h"

#define REF       8
#define FAR_GFN   0x40000ul /* 1 GiB: nothing of ours is there */
#define PIN_LIMIT 255

static volatile char page[PAGE_SIZE] PAGE_BSS;
static volatile char window[PAGE_SIZE] PAGE_BSS; /* where mappings appear */
static volatile char window2[PAGE_SIZE] PAGE_BSS;

static uint64_t st(int status)
{
    return (uint64_t)(int16_t)status;
}

/* RAM again where a mapping has been. */
static void refill(volatile void *at)
{
    xen_pfn_t gfn = frame_of(at);
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    r.extent_start.p = &gfn;
    check_equal("populate_physmap of the window",
                hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r), 1);
}

static void check_life(void)
{
    grant_handle_t h, h2;

    page[0] = 'A';
    grant_page(REF, page, self, READ_WRITE);
    check_equal("map", st(map_own(REF, frame_of(window), GNTMAP_host_map, &h)), st(GNTST_okay));
    check_equal("the entry says reading and writing",
                table[REF].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
    check_equal("what the mapping shows", window[0], 'A');
    window[1] = 'B';
    check_equal("what was written through it", page[1], 'B');
    check_equal("map again, to read",
                st(map_own(REF, frame_of(window2), GNTMAP_host_map | GNTMAP_readonly, &h2)),
                st(GNTST_okay));
    check_equal("what that shows", window2[1], 'B');
    check_equal("unmap the first", st(unmap_own(h, frame_of(window))), st(GNTST_okay));
    check_equal("only reading now", table[REF].flags & (GTF_reading | GTF_writing), GTF_reading);
    check_equal("unmap the second", st(unmap_own(h2, frame_of(window2))), st(GNTST_okay));
    check_equal("neither now", table[REF].flags & (GTF_reading | GTF_writing), 0);
    check_equal("unmap it again", st(unmap_own(h2, frame_of(window2))), st(GNTST_bad_handle));
    refill(window);
    refill(window2);
    check_equal("new memory is zero", (uint8_t)window[0] | (uint8_t)window2[1], 0);
}

/* Batches of more than the hypervisor unmaps at once. */
#define MANY 100
static struct gnttab_map_grant_ref maps[MANY];
static struct gnttab_unmap_grant_ref unmaps[MANY];

static void check_many(void)
{
    unsigned int good = 0;

    for (unsigned int i = 0; i < MANY; i++)
        maps[i] = (struct gnttab_map_grant_ref){.host_addr = (uint64_t)(FAR_GFN + i) << 12,
                                                .flags = GNTMAP_host_map,
                                                .ref = REF,
                                                .dom = self};
    check_equal("map many", grant_op(GNTTABOP_map_grant_ref, maps, MANY), 0);
    for (unsigned int i = 0; i < MANY; i++) {
        good += maps[i].status == GNTST_okay;
        unmaps[i] = (struct gnttab_unmap_grant_ref){.host_addr = maps[i].host_addr,
                                                    .handle = maps[i].handle};
    }
    check_equal("mapped", good, MANY);
    check_equal("unmap many", grant_op(GNTTABOP_unmap_grant_ref, unmaps, MANY), 0);
    for (unsigned int i = 0; i < MANY; i++)
        good -= unmaps[i].status == GNTST_okay;
    check_equal("left", good, 0);
    check_equal("neither now", table[REF].flags & (GTF_reading | GTF_writing), 0);
}

static void check_swap_status(const char *what, uint32_t a, uint32_t b, int want)
{
    struct gnttab_swap_grant_ref swap = {a, b, .status = 1};

    check_equal(what, grant_op(GNTTABOP_swap_grant_ref, &swap, 1), 0);
    check_equal(what, st(swap.status), st(want));
}

/* Entries change places unless one is in use. */
static void check_swap(void)
{
    grant_handle_t h;

    grant_page(REF, page, self, READ_WRITE);
    grant_page(REF + 1, window2, self, READ_ONLY);
    check_swap_status("swap", REF, REF + 1, GNTST_okay);
    check_equal("first frame", table[REF].frame, frame_of(window2));
    check_equal("first flags", table[REF].flags, GTF_permit_access | GTF_readonly);
    check_equal("second frame", table[REF + 1].frame, frame_of(page));
    check_swap_status("swap with itself", REF, REF, GNTST_okay);
    check_swap_status("swap with an entry that is none", REF, TABLE_FRAMES * 512, GNTST_bad_gntref);
    check_swap_status("swap an entry that is none", ~0u, REF, GNTST_bad_gntref);
    check_equal("map", st(map_own(REF + 1, FAR_GFN, GNTMAP_host_map, &h)), st(GNTST_okay));
    check_swap_status("swap with one in use", REF, REF + 1, GNTST_eagain);
    check_swap_status("swap one in use", REF + 1, REF, GNTST_eagain);
    check_equal("unmap", st(unmap_own(h, FAR_GFN)), st(GNTST_okay));
    check_swap_status("swap again", REF, REF + 1, GNTST_okay);
    check_equal("the frame is back", table[REF].frame, frame_of(page));
}

void test_mapping(void)
{
    check_life();
    check_swap();
    check_many();
}

/* ---- refusals ---- */

static void check_entry(const char *what, uint16_t flags, domid_t domid, uint32_t map_flags,
                        int want)
{
    grant_page(REF, page, domid, 0);
    table[REF].flags = flags;
    check_equal(what, st(map_own(REF, FAR_GFN, map_flags, NULL)), st(want));
}

static void check_bad_entries(void)
{
    check_entry("entry not in use", GTF_invalid, self, GNTMAP_host_map, GNTST_general_error);
    check_entry("entry for transfer", GTF_accept_transfer, self, GNTMAP_host_map,
                GNTST_general_error);
    check_entry("transitive entry", GTF_transitive, self, GNTMAP_host_map, GNTST_general_error);
    check_entry("entry for another", GTF_permit_access, self + 1, GNTMAP_host_map,
                GNTST_general_error);
    check_entry("part of a page", GTF_permit_access | GTF_sub_page, self, GNTMAP_host_map,
                GNTST_general_error);
    check_entry("read-only entry, mapped to write", GTF_permit_access | GTF_readonly, self,
                GNTMAP_host_map, GNTST_general_error);
    check_entry("no kind of mapping", GTF_permit_access, self, 0, GNTST_bad_gntref);
    check_entry("device mapping by an HVM guest", GTF_permit_access, self,
                GNTMAP_host_map | GNTMAP_device_map, GNTST_general_error);
    check_entry("machine address of an entry by an HVM guest", GTF_permit_access, self,
                GNTMAP_host_map | GNTMAP_contains_pte, GNTST_general_error);
    check_equal("nothing is left in the entry", table[REF].flags, GTF_permit_access);
    table[REF].frame = FAR_GFN;
    check_equal("a frame that is not there", st(map_own(REF, FAR_GFN + 1, GNTMAP_host_map, NULL)),
                st(GNTST_bad_page));
    table[REF].frame = UINT32_MAX;
    check_equal("a frame that cannot be", st(map_own(REF, FAR_GFN + 1, GNTMAP_host_map, NULL)),
                st(GNTST_bad_page));
    table[REF].frame = frame_of(table);
    check_equal("the grant table itself", st(map_own(REF, FAR_GFN + 1, GNTMAP_host_map, NULL)),
                st(GNTST_bad_page));
    check_equal("nothing is left in the entry", table[REF].flags, GTF_permit_access);
    check_equal("an entry beyond the table",
                st(map_own(ARRAY_SIZE(table), FAR_GFN, GNTMAP_host_map, NULL)),
                st(GNTST_bad_gntref));
    check_equal("the last entry there can be",
                st(map_own(UINT32_MAX, FAR_GFN, GNTMAP_host_map, NULL)), st(GNTST_bad_gntref));
}

static void check_places(void)
{
    grant_handle_t h;
    struct gnttab_unmap_and_replace replace = {.host_addr = (uint64_t)FAR_GFN << 12};
    struct xen_remove_from_physmap gone = {.domid = DOMID_SELF, .gpfn = FAR_GFN};
    xen_pfn_t gfn = FAR_GFN;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};

    grant_page(REF, page, self, READ_WRITE);
    check_equal("beyond all addresses", st(map_own(REF, 1ull << 50, GNTMAP_host_map, NULL)),
                st(GNTST_general_error));
    check_equal("map", st(map_own(REF, FAR_GFN, GNTMAP_host_map, &h)), st(GNTST_okay));
    check_equal("map over a mapping", st(map_own(REF, FAR_GFN, GNTMAP_host_map, NULL)),
                st(GNTST_general_error));
    check_equal("place our own page over it",
                xen_map_page(XENMAPSPACE_grant_table, 0, (void *)(FAR_GFN << 12)), -XEN_EPERM);
    check_equal("remove_from_physmap",
                hypercall2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &gone), -XEN_EPERM);
    r.extent_start.p = &gfn;
    check_equal("decrease_reservation",
                hypercall2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 0);
    check_equal("populate_physmap", hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &r),
                0);
    replace.handle = h;
    replace.new_addr = (ulong)page;
    check_equal("replace", grant_op(GNTTABOP_unmap_and_replace, &replace, 1), 0);
    check_equal("replace by an HVM guest", st(replace.status), st(GNTST_general_error));
    check_equal("unmap at another place", st(unmap_own(h, FAR_GFN + 1)), st(GNTST_general_error));
    check_equal("unmap where there is RAM", st(unmap_own(h, frame_of(page))),
                st(GNTST_general_error));
    check_equal("a handle of nothing", st(unmap_own(h + 1, FAR_GFN)), st(GNTST_bad_handle));
    check_equal("a handle beyond all", st(unmap_own(UINT32_MAX, FAR_GFN)), st(GNTST_bad_handle));
    check_equal("unmap without saying what", st(unmap_own(h, 0)), st(GNTST_okay));
    check_equal("unmap at last", st(unmap_own(h, FAR_GFN)), st(GNTST_okay));
}

/* As many mappings of one entry as are counted: left behind for the end. */
static void check_limit(void)
{
    unsigned int n = 0;

    grant_page(REF, page, self, READ_WRITE);
    while (n <= PIN_LIMIT && map_own(REF, FAR_GFN + n, GNTMAP_host_map, NULL) == GNTST_okay)
        n++;
    check_equal("mappings of one entry", n, PIN_LIMIT);
    check_equal("one more", st(map_own(REF, FAR_GFN + n, GNTMAP_host_map, NULL)),
                st(GNTST_general_error));
    /* The granter lies about an entry in use. */
    table[REF].flags = 0;
    table[REF].frame = 0;
    check_equal("reading is counted apart",
                st(map_own(REF, FAR_GFN + n, GNTMAP_host_map | GNTMAP_readonly, NULL)),
                st(GNTST_okay));
}

void test_mapping_errors(void)
{
    check_bad_entries();
    check_places();
    check_limit();
}
