/* SPDX-License-Identifier: MIT */
/*
 * What every hypercall promises, whoever makes it: refused with -EPERM outside
 * ring 0, and nothing done; the 32-bit layouts for code whose CS has no L, also
 * in a 64-bit guest, and lists that end where its addresses do; -EFAULT for a
 * bad pointer, with nothing half done; domctl and sysctl refused first for their
 * version, then for lack of privilege; and no byte of the hypervisor's stack in
 * what it hands out.
 *
 * For the last the stack is filled with a pattern first: by a call that copies
 * a long list from us and is then refused.
 *
 * Bare: there is no hypervisor to ask; skipped.
 */
#define __XEN_TOOLS__ /* for the versions of domctl and sysctl */
#include "abi.h"

#include <xen/domctl.h>
#include <xen/hvm/hvm_op.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>

const char test_title[] = "The hypercall ABI";

static uint8_t two_pages[2 * PAGE_SIZE] PAGE_BSS; /* the second is absent */

/* The last @len bytes before a page that is not there. */
static void *before_end(unsigned int len)
{
    return two_pages + PAGE_SIZE - len;
}

int64_t call3(enum way way, unsigned int nr, ulong a1, ulong a2, ulong a3)
{
    const struct call call = {.nr = nr, .arg = {a1, a2, a3}};

    return call_do(&call, way);
}

static long evtchn_op(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_event_channel_op, cmd, arg);
}

/* ---- ring 3 ---- */

static evtchn_port_t next_port(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_close close;

    check_equal("alloc_unbound", evtchn_op(EVTCHNOP_alloc_unbound, &alloc), 0);
    close.port = alloc.port;
    check_equal("close", evtchn_op(EVTCHNOP_close, &close), 0);
    return alloc.port;
}

static void check_ring3(enum way way)
{
    static struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    static struct sched_shutdown crash = {.reason = SHUTDOWN_crash};
    evtchn_port_t port = next_port();
    unsigned int wrong = 0;

    for (unsigned int nr = 0; nr < 64; nr++)
        wrong += call3(way, nr, 0, 0, 0) != -XEN_EPERM;
    check_equal("hypercalls that ring 3 may make", wrong, 0);
    check_equal("shutdown from ring 3",
                call3(way, __HYPERVISOR_sched_op, SCHEDOP_shutdown, (ulong)&crash, 0), -XEN_EPERM);
    check_equal("alloc_unbound from ring 3",
                call3(way, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (ulong)&alloc, 0),
                -XEN_EPERM);
    check_equal("a port given to ring 3", alloc.port, 0);
    check_equal("the next port", next_port(), port);
}

/* ---- 32-bit layouts ---- */

struct runstate32 {
    int32_t state;
    uint64_t entered, time[4];
} __attribute__((packed));

static void check_layouts(enum way way)
{
    struct runstate32 *r = before_end(sizeof(*r));
    uint32_t *word = before_end(4);
    struct {
        uint64_t timeout;
        uint32_t flags;
    } __attribute__((packed)) *timer = before_end(12);
    struct {
        uint32_t nr;
        uint16_t dom;
        int16_t status;
        uint32_t list;
    } *frames = before_end(12);
    struct {
        uint32_t op, result, arg[6];
    } *list = before_end(2 * 32);

    *word = ~0u;
    check_equal("platform_parameters",
                call3(way, __HYPERVISOR_xen_version, XENVER_platform_parameters, (ulong)word, 0),
                0);
    check_equal("its four bytes", *word, 0);
    memset(r, 0xff, sizeof(*r));
    check_equal("runstate", call3(way, __HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (ulong)r),
                0);
    check_equal("we are running", r->state, RUNSTATE_running);
    check_true("since some time", r->entered > 0 && r->entered < 1ull << 48);
    check_true("for some time", r->time[RUNSTATE_running] > 0 && r->time[3] < 1ull << 48);
    timer->timeout = 1;
    timer->flags = VCPU_SSHOTTMR_future;
    check_equal("a timer in the past",
                call3(way, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, (ulong)timer),
                -XEN_ETIME);
    frames->dom = DOMID_SELF;
    frames->status = 1;
    check_equal("get_status_frames", call3(way, __HYPERVISOR_grant_table_op, 9, (ulong)frames, 1),
                0);
    check_equal("its status", (uint64_t)frames->status, (uint64_t)-1);
    memset(list, 0, 2 * 32);
    list[0].op = list[1].op = __HYPERVISOR_xen_version;
    list[1].arg[0] = 0xffff;
    check_equal("multicall", call3(way, __HYPERVISOR_multicall, (ulong)list, 2, 0), 0);
    check_equal("its first result", list[0].result, 4u << 16 | 17);
    check_equal("its second", list[1].result, (uint32_t)-XEN_ENOSYS);
}

/* A list that goes on behind 4 GiB is the guest's memory there, too: none. */
static void check_list_end(enum way way)
{
#if PAGING_LEVELS == 4
    uint32_t *port = (uint32_t *)0xfffff000 + PAGE_SIZE / 4 - 2;
    struct {
        uint32_t ports, nr_ports;
        uint64_t timeout;
    } *poll = before_end(16);

    check_equal("add_to_physmap(the last below 4 GiB)",
                xen_map_page(XENMAPSPACE_gmfn, 0x7ff, (void *)0xfffff000), 0);
    port[0] = port[1] = next_port();
    poll->ports = (ulong)port;
    poll->timeout = 1;
    for (poll->nr_ports = 2; poll->nr_ports < 5; poll->nr_ports++)
        check_equal("poll of a list to 4 GiB, and on",
                    call3(way, __HYPERVISOR_sched_op, SCHEDOP_poll, (ulong)poll, 0),
                    poll->nr_ports == 2 ? 0 : -XEN_EFAULT);
#endif
}

/* A range tells how far it has come; a long one is interrupted and goes on. */
static void check_range(enum way way)
{
    struct {
        uint16_t domid, size;
        uint32_t space, index, gfn;
    } *range = before_end(16);
    const unsigned int frames = 256;

    range->domid = DOMID_SELF;
    range->size = frames;
    range->space = XENMAPSPACE_gmfn_range;
    range->index = 0x800 + way * frames; /* our RAM from 8 MiB */
    range->gfn = 0x40000 + way * frames;
    check_equal("add_to_physmap of a range",
                call3(way, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, (ulong)range, 0), 0);
    check_equal("frames left of it", range->size, 0);
    check_equal("where it has come to", range->gfn, 0x40000 + (way + 1) * frames);
}

/* ---- bad pointers ---- */

/* What has nothing to answer may lie where nothing can be written. */
static void check_read_only(void)
{
    struct xen_add_to_physmap *add = before_end(sizeof(*add));
    struct xen_memory_map *map = before_end(sizeof(*map));

    *add = (struct xen_add_to_physmap){
        .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn, .idx = 0x7fe, .gpfn = 0x50000};
    pte_set(two_pages, (ulong)two_pages | PTE_P);
    check_equal("add_to_physmap, read-only",
                hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, add), 0);
    check_equal("memory_map, read-only", hypercall2(__HYPERVISOR_memory_op, XENMEM_memory_map, map),
                -XEN_EFAULT);
    pte_set(two_pages, (ulong)two_pages | PTE_P | PTE_RW);
}

static void check_bad_pointers(void)
{
    struct xen_memory_reservation *mem = before_end(sizeof(*mem));
    xen_pfn_t *gfn = before_end(sizeof(*gfn));
    domid_t us = DOMID_SELF;
    evtchn_port_t port = next_port();
    long pages = hypercall2(__HYPERVISOR_memory_op, XENMEM_current_reservation, &us);
    uint64_t value, after;

    /* Readable, but one byte short. */
    xen_get_param(HVM_PARAM_CALLBACK_IRQ, &value);
    struct xen_hvm_param *param = before_end(sizeof(*param) - 1);
    param->domid = DOMID_SELF;
    param->index = HVM_PARAM_CALLBACK_IRQ;
    check_equal("set_param, cut", hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_param, param),
                -XEN_EFAULT);
    xen_get_param(HVM_PARAM_CALLBACK_IRQ, &after);
    check_equal("the parameter", after, value);
    check_equal("alloc_unbound, cut", evtchn_op(EVTCHNOP_alloc_unbound, before_end(7)),
                -XEN_EFAULT);
    check_equal("the next port", next_port(), port);
    check_equal(
        "populate, cut",
        hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, before_end(sizeof(*mem) - 8)),
        -XEN_EFAULT);
    mem = (void *)two_pages;
    *mem = (struct xen_memory_reservation){.nr_extents = 2, .domid = DOMID_SELF};
    mem->extent_start.p = gfn; /* of two only one can be read, and it is a hole */
    *gfn = 0x40000;
    struct xen_feature_info feature = {.submap_idx = 7};
    check_equal("features that are not there", xen_version(XENVER_get_features, &feature),
                -XEN_EINVAL);
    long done = hypercall2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, mem);
    check_true("decrease of a hole, its list cut", done == 0 || done == -XEN_EFAULT);
    check_equal("pages", hypercall2(__HYPERVISOR_memory_op, XENMEM_current_reservation, &us),
                pages);
}

/* ---- what frames are ---- */

static void check_mem_type(const char *what, domid_t domid, uint64_t gfn, int64_t want)
{
    struct xen_hvm_get_mem_type *type = before_end(sizeof(*type));
    int64_t rc;

    *type = (struct xen_hvm_get_mem_type){.domid = domid, .pfn = gfn};
    rc = hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_mem_type, type);
    check_equal(what, (uint64_t)(rc ? rc : type->mem_type), (uint64_t)want);
}

static void check_mem_types(void)
{
    static uint8_t granted[PAGE_SIZE] PAGE_BSS;

    check_mem_type("our page", DOMID_SELF, (ulong)two_pages >> 12, HVMMEM_ram_rw);
    check_equal("add_to_physmap(grant table)", xen_map_page(XENMAPSPACE_grant_table, 0, granted),
                0);
    check_mem_type("our grant table", DOMID_SELF, (ulong)granted >> 12, HVMMEM_ram_rw);
    check_mem_type("a hole", DOMID_SELF, 0x60000, HVMMEM_mmio_dm);
    check_mem_type("no frame", DOMID_SELF, ~0ull, HVMMEM_mmio_dm);
    check_mem_type("dom0", 0, 0, -XEN_EPERM);
    check_mem_type("nobody", 0x7f00, 0, -XEN_ESRCH);
    check_equal("a bad pointer",
                hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_mem_type, before_end(15)), -XEN_EFAULT);
    check_equal("build id, for dom0", xen_version(XENVER_build_id, NULL), -XEN_EPERM);
}

/* ---- versions ---- */

static void check_versions(unsigned int nr, uint32_t right, unsigned int commands)
{
    unsigned int wrong = 0, unprivileged = 0;

    memset(two_pages, 0, 256);
    uint32_t *op = (uint32_t *)two_pages;
    for (op[0] = 0; op[0] < commands; op[0]++) {
        op[1] = right - 1;
        wrong += hypercall1(nr, (ulong)op) != -XEN_EACCES;
        op[1] = right;
        unprivileged += hypercall1(nr, (ulong)op) != -XEN_EPERM;
    }
    printk("hypercall %u: %u commands\n", nr, commands);
    check_equal("commands that take a wrong version", wrong, 0);
    check_equal("commands for the unprivileged", unprivileged, 0);
    check_equal("a bad pointer", hypercall1(nr, (ulong)two_pages + PAGE_SIZE), -XEN_EFAULT);
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("no hypervisor under us");
        return;
    }
    call_init();
    pte_set(two_pages + PAGE_SIZE, 0);
    for (enum way way = 0; way < WAYS; way++) {
        if (is_user(way)) {
            check_ring3(way);
        } else if (is_abi32(way)) {
            check_layouts(way);
            check_range(way);
            check_list_end(way);
        }
    }
    check_bad_pointers();
    check_read_only();
    check_mem_types();
    check_versions(__HYPERVISOR_sysctl, XEN_SYSCTL_INTERFACE_VERSION, 40);
    check_versions(__HYPERVISOR_domctl, XEN_DOMCTL_INTERFACE_VERSION, 100);
    check_no_rubble();
    report_success(NULL);
}
