/* SPDX-License-Identifier: MIT */
/* The table itself: sizes, versions, and operations that are not offered. */
#include "grant.h"

#define NO_DOMAIN 0x7f00 /* above all, and none of the special ones */

static void check_versions(void)
{
    struct gnttab_set_version set = {.version = 1};
    struct gnttab_get_version get = {.dom = DOMID_SELF};

    check_equal("set_version(1)", grant_op(GNTTABOP_set_version, &set, 1), 0);
    set.version = 2;
    check_equal("set_version(2)", grant_op(GNTTABOP_set_version, &set, 1), -XEN_ENOSYS);
    check_equal("the version it stays at", set.version, 1);
    set.version = 3;
    check_equal("set_version(3)", grant_op(GNTTABOP_set_version, &set, 1), -XEN_EINVAL);
    check_equal("get_version", grant_op(GNTTABOP_get_version, &get, 1), 0);
    check_equal("version", get.version, 1);
    get.dom = 0;
    check_equal("get_version of dom0", grant_op(GNTTABOP_get_version, &get, 1), -XEN_EPERM);
    get.dom = NO_DOMAIN;
    check_equal("get_version of nobody", grant_op(GNTTABOP_get_version, &get, 1), -XEN_ESRCH);
}

static void check_sizes(void)
{
    struct gnttab_query_size size = {.dom = DOMID_SELF};
    struct gnttab_setup_table setup = {.dom = DOMID_SELF};
    xen_pfn_t frames[TABLE_FRAMES] = {0};

    check_equal("query_size", grant_op(GNTTABOP_query_size, &size, 1), 0);
    check_equal("query_size: status", (uint64_t)size.status, GNTST_okay);
    check_equal("frames", size.nr_frames, TABLE_FRAMES);
    check_true("a limit beyond that", size.max_nr_frames >= TABLE_FRAMES);
    check_equal("query_size twice", grant_op(GNTTABOP_query_size, &size, 2), -XEN_EINVAL);

    setup.frame_list.p = frames;
    setup.nr_frames = TABLE_FRAMES;
    check_equal("setup_table", grant_op(GNTTABOP_setup_table, &setup, 1), 0);
    check_equal("setup_table: status", (uint64_t)setup.status, GNTST_okay);
    check_equal("where its first frame is", frames[0], frame_of(table));
    setup.nr_frames = size.max_nr_frames + 1;
    grant_op(GNTTABOP_setup_table, &setup, 1);
    check_equal("setup_table beyond the limit", (uint64_t)setup.status,
                (uint64_t)GNTST_general_error);
    setup.nr_frames = UINT32_MAX;
    grant_op(GNTTABOP_setup_table, &setup, 1);
    check_equal("setup_table of all", (uint64_t)setup.status, (uint64_t)GNTST_general_error);
    setup.dom = 0;
    grant_op(GNTTABOP_setup_table, &setup, 1);
    check_equal("setup_table of dom0", (uint64_t)setup.status, (uint64_t)GNTST_permission_denied);
    check_equal("a frame beyond the limit",
                xen_map_page(XENMAPSPACE_grant_table, size.max_nr_frames, table), -XEN_EINVAL);
    check_equal("a frame far beyond the limit", xen_map_page(XENMAPSPACE_grant_table, ~0ul, table),
                -XEN_EINVAL);
}

static void check_refusals(void)
{
    struct gnttab_get_status_frames status = {.dom = DOMID_SELF};
    struct gnttab_transfer transfer = {.domid = self};

    check_equal("get_status_frames", grant_op(GNTTABOP_get_status_frames, &status, 1), 0);
    check_equal("its status", (uint64_t)status.status, (uint64_t)GNTST_general_error);
    check_equal("transfer", grant_op(GNTTABOP_transfer, &transfer, 1), -XEN_EOPNOTSUPP);
    check_equal("unknown operation", grant_op(99, &transfer, 1), -XEN_ENOSYS);
    check_equal("a negative count", grant_op(GNTTABOP_map_grant_ref, &transfer, 0x80000000),
                -XEN_EINVAL);
    if (sizeof(ulong) == 8)
        check_equal("a bad pointer",
                    grant_op(GNTTABOP_map_grant_ref, (void *)(ulong)0x8000000000000000ull, 1),
                    -XEN_EFAULT);
}

void test_tables(void)
{
    check_versions();
    check_sizes();
    check_refusals();
}
