/* SPDX-License-Identifier: MIT */
/*
 * compat_grant.c - grant table operations of 32-bit code.  Most look the same
 * to both; copy and setup_table hold frame numbers and pointers of the
 * caller's width and are translated one by one.
 */
#include "compat.h"

#include <asm/current.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>
#include <xen/grant_table.h>
#include <xen/xen.h>

#include "guest_access.h"

struct compat_copy_ptr {
    uint32_t u; /* ref or gmfn */
    uint16_t domid, offset;
};
struct compat_copy {
    struct compat_copy_ptr source, dest;
    uint16_t len, flags;
    int16_t status;
};
struct compat_setup_table {
    uint16_t dom;
    uint32_t nr_frames;
    int16_t status;
    uint32_t frame_list;
};

#define MAX_FRAMES 64u

/* What the common handlers see as guest memory: one structure, one list. */
struct grant_window {
    union {
        struct gnttab_copy copy;
        struct gnttab_setup_table setup;
    } u;
    xen_pfn_t frames[MAX_FRAMES];
};
static DEFINE_PER_CPU(struct grant_window, grant_window);
#define window this_cpu(grant_window)
_Static_assert(sizeof(struct grant_window) <= COMPAT_XLAT_SIZE, "fits the window");

static long one_op(unsigned int cmd)
{
    long rc;

    guest_access_set_window(&window);
    rc = do_grant_table_op(cmd, COMPAT_XLAT_BASE, 1);
    guest_access_set_window(NULL);
    return rc;
}

static void widen(struct gnttab_copy_ptr *to, const struct compat_copy_ptr *from, bool by_ref)
{
    to->u.gmfn = 0;
    if (by_ref)
        to->u.ref = from->u;
    else
        to->u.gmfn = from->u;
    to->domid = from->domid;
    to->offset = from->offset;
}

static long copy(unsigned long arg[6])
{
    uint32_t count = arg[2];

    for (uint32_t i = 0; i < count; i++) {
        unsigned long at = arg[1] + i * sizeof(struct compat_copy);
        struct compat_copy c;
        long rc;

        if (i && preempt_check()) {
            arg[1] = at;
            arg[2] = count - i;
            return -ERESTART;
        }
        if (raw_copy_from_guest(&c, at, sizeof(c)))
            return -EFAULT;
        widen(&window.u.copy.source, &c.source, c.flags & GNTCOPY_source_gref);
        widen(&window.u.copy.dest, &c.dest, c.flags & GNTCOPY_dest_gref);
        window.u.copy.len = c.len;
        window.u.copy.flags = c.flags;
        rc = one_op(GNTTABOP_copy);
        if (rc)
            return rc;
        c.status = window.u.copy.status;
        if (raw_copy_to_guest(at, &c, sizeof(c)))
            return -EFAULT;
    }
    return 0;
}

static long setup_table(const unsigned long arg[6])
{
    struct compat_setup_table c;
    uint32_t frames[MAX_FRAMES];
    unsigned int n;
    long rc;

    if (raw_copy_from_guest(&c, arg[1], sizeof(c)))
        return -EFAULT;
    memset(&window, 0, sizeof(window));
    window.u.setup.dom = c.dom;
    window.u.setup.nr_frames = c.nr_frames;
    window.u.setup.frame_list.p =
        (void *)(COMPAT_XLAT_BASE + ((char *)window.frames - (char *)&window));
    rc = one_op(GNTTABOP_setup_table);
    if (rc)
        return rc;
    c.status = window.u.setup.status;
    n = c.status == GNTST_okay ? min(c.nr_frames, MAX_FRAMES) : 0;
    for (unsigned int i = 0; i < n; i++)
        frames[i] = window.frames[i];
    if (n && raw_copy_to_guest(c.frame_list, frames, n * sizeof(frames[0])))
        c.status = GNTST_bad_virt_addr;
    return raw_copy_to_guest(arg[1], &c, sizeof(c)) ? -EFAULT : 0;
}

long compat_grant_table_op(unsigned long arg[6])
{
    unsigned int cmd = arg[0];

    if ((int32_t)arg[2] < 0)
        return -EINVAL;
    if (cmd == GNTTABOP_copy)
        return copy(arg);
    if (cmd == GNTTABOP_setup_table)
        return (uint32_t)arg[2] == 1 ? setup_table(arg) : -EINVAL;
    return hypercall_dispatch(__HYPERVISOR_grant_table_op, arg);
}
