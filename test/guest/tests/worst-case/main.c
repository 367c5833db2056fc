/* SPDX-License-Identifier: MIT */
/*
 * The largest single requests that a guest can make of the hypervisor: caches
 * flushed of frames that are none of its 32,256 grants, these unmapped in one
 * call, all event channels reset, all memory given back and taken again in
 * extents of every order, 512 page tables changed between
 * two loads of CR3, and a page that they all map turned into a page table.
 * The verdict is about the results; how long the hypervisor kept the CPU is for
 * debug key l to tell.  A part's name on the
 * command line: that part only.
 *
 * In 32-bit code there are the parts whose hypercalls have other layouts there.
 * Bare: there is no hypervisor to ask; skipped.
 */
#include <guest/test.h>

#include <xen/grant_table.h>

const char test_title[] = "Worst cases";

#define FIRST_GFN 0x1000ul /* 16 MiB: above everything of ours */
#define NR_GFNS   0x2f00ul
#define FAR_GFN   0x40000ul
#define GRANTS    32256u
#define REF       8

static long memory_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_memory_op, cmd, arg);
}

static long event_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, cmd, arg);
}

static domid_t own_domid(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};

    check_equal("alloc_unbound", event_op(EVTCHNOP_alloc_unbound, &alloc), 0);
    status.port = alloc.port;
    check_equal("status", event_op(EVTCHNOP_status, &status), 0);
    return status.u.unbound.dom;
}

static grant_entry_v1_t table[512] PAGE_BSS;
static volatile char page[PAGE_SIZE] PAGE_BSS;
static struct gnttab_map_grant_ref maps[GRANTS];
static struct gnttab_unmap_grant_ref unmaps[GRANTS];

/* Of frames that are not ours: which of them we have mapped must be found out. */
static void flush_caches(void)
{
    unsigned int odd = 0;

    for (ulong mfn = 0x100; mfn < 0x4100; mfn += 0x80) {
        struct gnttab_cache_flush op = {
            .a.dev_bus_addr = (uint64_t)mfn << 12, .length = 64, .op = GNTTAB_CACHE_CLEAN};
        long rc = hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_cache_flush, (ulong)&op, 1, 0, 0);

        odd += rc != 0 && rc != -XEN_EPERM;
    }
    check_equal("cache flushes with other results", odd, 0);
}

/* An entry may be in use 255 times. */
static void grants(void)
{
    unsigned int mapped = 0, left = 0;
    domid_t self = own_domid();

    check_equal("add_to_physmap", xen_map_page(XENMAPSPACE_grant_table, 0, table), 0);
    for (unsigned int i = 0; i < GRANTS; i++) {
        grant_entry_v1_t *entry = &table[REF + i / 128];

        *entry = (grant_entry_v1_t){
            .domid = self, .frame = (ulong)page >> 12, .flags = entry->flags | GTF_permit_access};
        maps[i] = (struct gnttab_map_grant_ref){.host_addr = (uint64_t)(FAR_GFN + i) << 12,
                                                .flags = GNTMAP_host_map,
                                                .ref = REF + i / 128,
                                                .dom = self};
    }
    check_equal(
        "map",
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (ulong)maps, GRANTS, 0, 0),
        0);
    for (unsigned int i = 0; i < GRANTS; i++) {
        mapped += maps[i].status == GNTST_okay;
        unmaps[i] = (struct gnttab_unmap_grant_ref){.host_addr = maps[i].host_addr,
                                                    .handle = maps[i].handle};
    }
    check_equal("grants mapped", mapped, GRANTS);
    flush_caches();
    check_equal("unmap",
                hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (ulong)unmaps,
                          GRANTS, 0, 0),
                0);
    for (unsigned int i = 0; i < GRANTS; i++)
        left += unmaps[i].status != GNTST_okay;
    check_equal("grants left", left, 0);
}

/* All that there are, each bound to another of ours. */
static void events(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_reset reset = {.dom = DOMID_SELF};
    unsigned int pairs = 0;

    while (event_op(EVTCHNOP_alloc_unbound, &alloc) == 0) {
        bind.remote_port = alloc.port;
        if (event_op(EVTCHNOP_bind_interdomain, &bind))
            break;
        pairs++;
    }
    check_true("there were many", pairs > (sizeof(ulong) == 8 ? 2000 : 450)); /* of 4095, 1023 */
    check_equal("reset", event_op(EVTCHNOP_reset, &reset), 0);
    check_equal("alloc_unbound after it", event_op(EVTCHNOP_alloc_unbound, &alloc), 0);
}

static xen_pfn_t gfns[NR_GFNS];

/* All of our memory in extents of one order; how many succeeded. */
static long reserve(unsigned int cmd, unsigned int order)
{
    struct xen_memory_reservation r = {
        .nr_extents = NR_GFNS >> order, .extent_order = order, .domid = DOMID_SELF};

    for (ulong i = 0; i < r.nr_extents; i++)
        gfns[i] = FIRST_GFN + (i << order);
    set_xen_guest_handle(r.extent_start, gfns);
    return memory_op(cmd, &r);
}

static void memory(void)
{
    static const unsigned int orders[] = {0, 9, 8, 4, 0};

    for (unsigned int i = 0; i + 1 < ARRAY_SIZE(orders); i++) {
        long out = reserve(XENMEM_decrease_reservation, orders[i]);
        long in = reserve(XENMEM_populate_physmap, orders[i + 1]);

        printk("  order %u out: %ld, order %u in: %ld\n", orders[i], out, orders[i + 1], in);
        check_equal("extents out", out, NR_GFNS >> orders[i]);
        check_equal("extents in", in, NR_GFNS >> orders[i + 1]);
    }
    check_equal("what comes is zero", *(volatile ulong *)(FIRST_GFN << 12), 0);
}

#ifdef __x86_64__
#define TABLES 512u
#define TOP    2u
#define BASE   ((ulong)TOP << 39)
#define LINK   (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define TURNED (BASE + (1ul << 30)) /* what l2[1] maps */
#define SPAN   (2ul << 20)
static volatile pte_t l3[512] PAGE_BSS, l2[2][512] PAGE_BSS, l1[TABLES][512] PAGE_BSS;
static volatile pte_t turning[512] PAGE_BSS; /* data first, then a table */

static void tables(void)
{
    for (unsigned int i = 0; i < TABLES; i++) {
        l2[0][i] = (ulong)l1[i] | LINK;
        for (unsigned int j = 0; j < 512; j++)
            l1[i][j] = (ulong)turning | LINK;
    }
    l3[0] = (ulong)l2[0] | LINK;
    l3[1] = (ulong)l2[1] | LINK;
    ((volatile pte_t *)page_root)[TOP] = (ulong)l3 | LINK;
    write_cr3(read_cr3());
    for (unsigned int round = 0; round < 2; round++) {
        for (unsigned int i = 0; i < TABLES; i++)
            *(volatile pte_t *)(BASE + i * SPAN + round * PAGE_SIZE) = (ulong)page | LINK;
        for (unsigned int i = 0; i < TABLES; i++)
            l1[i][round] = (ulong)page | LINK;
        write_cr3(read_cr3());
    }
    check_equal("the page that all map", turning[0], (ulong)page | LINK);
    l2[1][0] = (ulong)turning | LINK;
    page[0] = 'T';
    check_equal("what it maps as a table", *(volatile char *)TURNED, 'T');
    /* And it can still be written, through any of its mappings. */
    *(volatile pte_t *)(BASE + 7 * SPAN + 5 * PAGE_SIZE) = 0;
    check_equal("its first entry now", turning[0], 0);
    ((volatile pte_t *)page_root)[TOP] = 0;
    write_cr3(read_cr3());
}

#endif

static const struct {
    const char *word;
    void (*run)(void);
} parts[] = {
    {"grants", grants},
    {"events", events},
    {"memory", memory},
#ifdef __x86_64__
    {"tables", tables},
#endif
};

void test_main(void)
{
    bool all = true;

    if (!on_xen()) {
        report_skip("no hypervisor under us");
        return;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++)
        all = all && !cmdline_has(parts[i].word);
    for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
        if (all || cmdline_has(parts[i].word))
            parts[i].run();
    }
    report_success(NULL);
}
