/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1, used by a domain on itself: what works, what is
 * refused and how, and what a hostile guest tries - counts driven to their
 * limit, mappings pulled away by other operations, entries changed while in
 * use.  Some mappings are left behind: the domain's end must undo them.
 *
 * Bare: there is no hypervisor to ask; skipped.
 */
#include "grant.h"

const char test_title[] = "Grant tables";

grant_entry_v1_t table[TABLE_FRAMES * 512] PAGE_BSS;
domid_t self;

/* A port that we may bind to ourselves tells our number. */
static bool find_self(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};

    if (hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc))
        return false;
    status.port = alloc.port;
    if (hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &status))
        return false;
    self = status.u.unbound.dom;
    return true;
}

void grant_page(unsigned int ref, const volatile void *page, domid_t domid, uint16_t flags)
{
    table[ref].domid = domid;
    table[ref].frame = frame_of(page);
    __atomic_store_n(&table[ref].flags, GTF_permit_access | flags, __ATOMIC_RELEASE);
}

int16_t map_own(unsigned int ref, uint64_t gfn, uint32_t flags, grant_handle_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = gfn << 12, .flags = flags, .ref = ref, .dom = self, .status = 1};

    check_equal("map: the call itself", grant_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    if (handle)
        *handle = op.handle;
    return op.status;
}

int16_t unmap_own(grant_handle_t handle, uint64_t gfn)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = gfn << 12, .handle = handle, .status = 1};

    check_equal("unmap: the call itself", grant_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
    return op.status;
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("no hypervisor under us");
        return;
    }
    if (!find_self()) {
        report_error("our own domain id cannot be found");
        return;
    }
    for (unsigned int i = 0; i < TABLE_FRAMES; i++)
        check_equal("add_to_physmap(grant table)",
                    xen_map_page(XENMAPSPACE_grant_table, i, (char *)table + i * PAGE_SIZE), 0);
    test_tables();
    test_mapping();
    test_mapping_errors();
    test_copying();
    report_success(NULL);
}
