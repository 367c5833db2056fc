/* SPDX-License-Identifier: MIT */
/*
 * compat.c - the 32-bit layouts of hypercall arguments.
 *
 * Most structures of the ABI look the same to 32- and 64-bit code.  Those with
 * a pointer, an unsigned long or a 64-bit number do not: by a string of their
 * fields they are laid out in the 64-bit shape in a buffer, which the common
 * handlers then reach as if it were guest memory (guest_access_set_window),
 * and are brought back if that changed them.  What a pointer leads to is the
 * guest's memory for both, except lists of frame numbers.
 * One buffer a CPU is enough: a hypercall is not interrupted by another.
 */
#include "guest_access.h"

#include <asm/current.h>
#include <asm/hvm.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/softirq.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/xen.h>

#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_CMD_MASK     ((1u << MEMOP_EXTENT_SHIFT) - 1)

struct compat_multicall_entry {
    uint32_t op, result, args[6];
};

#define CHUNK 256u
struct compat_window {
    union {
        char bytes[64];
        struct xen_memory_reservation reservation;
        struct gnttab_setup_table table;
    } u;
    xen_pfn_t list[CHUNK];
    char narrow[48]; /* the structure as the guest gave it */
};
static DEFINE_PER_CPU(struct compat_window, compat_window);
#define window      this_cpu(compat_window)
#define WINDOW_LIST ((void *)(COMPAT_XLAT_BASE + offsetof(struct compat_window, list)))
_Static_assert(sizeof(struct compat_window) == COMPAT_XLAT_SIZE, "nothing else is reached");

/* ---- layouts: h 16 and i 32 bits, l an unsigned long or pointer, q 64 bits,
 * which 32-bit code aligns to four bytes ---- */

#define COPY        "llllhhh" /* domid and offset as one word: padding follows them */
#define RESERVATION "lliih"
#define SETUP_TABLE "hihl"

static size_t narrow_width(char field)
{
    return field == 'h' ? 2 : field == 'q' ? 8 : 4;
}

static size_t narrow_size(const char *layout)
{
    size_t n = 0;

    for (; *layout; layout++)
        n = ROUNDUP(n, min(narrow_width(*layout), (size_t)4)) + narrow_width(*layout);
    return ROUNDUP(n, (size_t)4);
}

static void convert(const char *layout, char *narrow, bool widen)
{
    size_t n = 0, w = 0;

    for (; *layout; layout++) {
        size_t size = narrow_width(*layout), wide_size = *layout == 'l' ? 8 : size;

        n = ROUNDUP(n, min(size, (size_t)4));
        w = ROUNDUP(w, wide_size);
        if (widen) {
            memset(window.u.bytes + w, 0, wide_size);
            memcpy(window.u.bytes + w, narrow + n, size);
        } else {
            memcpy(narrow + n, window.u.bytes + w, size);
        }
        n += size;
        w += wide_size;
    }
}

static int read_struct(const char *layout, unsigned long at)
{
    if (raw_copy_from_guest(window.narrow, at, narrow_size(layout)))
        return -EFAULT;
    convert(layout, window.narrow, true);
    return 0;
}

static int write_struct(const char *layout, unsigned long at)
{
    char now[sizeof(window.narrow)];
    size_t size = narrow_size(layout);

    memcpy(now, window.narrow, size);
    convert(layout, now, false);
    return memcmp(now, window.narrow, size) && raw_copy_to_guest(at, now, size) ? -EFAULT : 0;
}

/* The call on what is in the window; memory_op tells in arg[0] how far it came. */
static long call_window(unsigned int nr, unsigned long arg[6], unsigned int pointer)
{
    unsigned long at = arg[pointer];

    arg[pointer] = COMPAT_XLAT_BASE;
    guest_access_set_window(&window);
    long rc = hypercall_dispatch(nr, arg);
    guest_access_set_window(NULL);
    arg[pointer] = at;
    return rc;
}

static long call_layout(const char *layout, unsigned int nr, unsigned long arg[6],
                        unsigned int pointer)
{
    if (read_struct(layout, arg[pointer]))
        return -EFAULT;
    long rc = call_window(nr, arg, pointer);
    return write_struct(layout, arg[pointer]) ? -EFAULT : rc;
}

static int copy_extents(uint32_t list, unsigned int first, unsigned int n, bool to_guest)
{
    gva_t at = (gva_t)list + 4ul * first;
    uint32_t pfn32[CHUNK];

    if (!to_guest && raw_copy_from_guest(pfn32, at, n * 4ul))
        return -EFAULT;
    for (unsigned int i = 0; i < n; i++) {
        if (to_guest)
            pfn32[i] = window.list[i];
        else
            window.list[i] = pfn32[i];
    }
    return to_guest ? raw_copy_to_guest(at, pfn32, n * 4ul) : 0;
}

/* ---- memory_op ---- */

/* populate_physmap, increase_ and decrease_reservation, in chunks. */
static long reservation(unsigned int op, unsigned long *cmd, unsigned long uarg)
{
    struct xen_memory_reservation *x = &window.u.reservation;
    unsigned int done = *cmd >> MEMOP_EXTENT_SHIFT;

    if (read_struct(RESERVATION, uarg))
        return -EFAULT;
    uint32_t list = (unsigned long)x->extent_start.p, total = x->nr_extents;
    if (done > total || total > UINT32_MAX >> MEMOP_EXTENT_SHIFT)
        return -EINVAL;
    if (list)
        x->extent_start.p = WINDOW_LIST;
    while (done < total) {
        unsigned int n = min(CHUNK, total - done);
        unsigned long call[6] = {op, 0};

        if (list && copy_extents(list, done, n, false))
            return done ? (long)done : -EFAULT;
        x->nr_extents = n;
        long rc = call_window(__HYPERVISOR_memory_op, call, 1);
        bool preempted = rc == -ERESTART;
        if (preempted)
            rc = call[0] >> MEMOP_EXTENT_SHIFT;
        if (rc < 0)
            return done ? (long)done : rc;
        if (list && op != XENMEM_decrease_reservation && copy_extents(list, done, rc, true))
            return -EFAULT;
        done += rc;
        if (rc < n && !preempted)
            return done;
        if (preempted || (done < total && preempt_check())) {
            *cmd = op | done << MEMOP_EXTENT_SHIFT;
            return -ERESTART;
        }
    }
    return done;
}

static long compat_memory_op(unsigned long arg[6])
{
    unsigned int op = arg[0] & MEMOP_CMD_MASK;
    long rc;

    switch (op) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return reservation(op, &arg[0], arg[1]);
    case XENMEM_add_to_physmap: /* how far a range has come is in the argument */
        return call_layout("hhill", __HYPERVISOR_memory_op, arg, 1);
    case XENMEM_remove_from_physmap:
        return call_layout("hl", __HYPERVISOR_memory_op, arg, 1);
    case XENMEM_memory_map: /* e820 entries are packed: 20 bytes for both */
        return call_layout("il", __HYPERVISOR_memory_op, arg, 1);
    case XENMEM_maximum_ram_page:
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        /* A number too large for the caller is cut to the largest it can hold. */
        rc = hypercall_dispatch(__HYPERVISOR_memory_op, arg);
        return rc > INT32_MAX ? INT32_MAX : rc;
    default:
        return -ENOSYS;
    }
}

/* ---- grant_table_op: most look the same to both ---- */

static long grant_copy(unsigned long arg[6])
{
    uint32_t count = arg[2];

    for (uint32_t i = 0; i < count; i++) {
        unsigned long one[6] = {GNTTABOP_copy, arg[1] + i * narrow_size(COPY), 1};

        if (i && preempt_check()) {
            arg[1] = one[1];
            arg[2] = count - i;
            return -ERESTART;
        }
        long rc = call_layout(COPY, __HYPERVISOR_grant_table_op, one, 1);
        if (rc)
            return rc;
    }
    return 0;
}

static long setup_table(unsigned long arg[6])
{
    struct gnttab_setup_table *x = &window.u.table;

    if (read_struct(SETUP_TABLE, arg[1]))
        return -EFAULT;
    void *list = x->frame_list.p;
    x->frame_list.p = WINDOW_LIST;
    long rc = call_window(__HYPERVISOR_grant_table_op, arg, 1);
    x->frame_list.p = list;
    if (rc)
        return rc;
    unsigned int n = x->status == GNTST_okay ? min(x->nr_frames, CHUNK) : 0;
    if (n && copy_extents((unsigned long)list, 0, n, true))
        x->status = GNTST_bad_virt_addr;
    return write_struct(SETUP_TABLE, arg[1]);
}

static long compat_grant_table_op(unsigned long arg[6])
{
    int32_t count = arg[2];

    if (count < 0)
        return -EINVAL;
    switch (arg[0]) {
    case GNTTABOP_copy:
        return grant_copy(arg);
    case GNTTABOP_setup_table:
        return count == 1 ? setup_table(arg) : -EINVAL;
    case GNTTABOP_get_status_frames: /* no version 2 table, so no list is ever written */
        return count == 1 ? call_layout("ihhl", __HYPERVISOR_grant_table_op, arg, 1) : -EINVAL;
    default:
        return hypercall_dispatch(__HYPERVISOR_grant_table_op, arg);
    }
}

static long compat_multicall(unsigned long arg[6])
{
    uint32_t nr = arg[1];
    for (uint32_t i = 0; i < nr; i++) {
        struct compat_multicall_entry e;
        gva_t at = arg[0] + (uint64_t)i * sizeof(e);

        if (raw_copy_from_guest(&e, at, sizeof(e)))
            return -EFAULT;
        unsigned long a[6];
        for (unsigned int n = 0; n < 6; n++)
            a[n] = e.args[n];
        long rc = e.op == __HYPERVISOR_multicall ? -EINVAL : compat_hypercall_dispatch(e.op, a);
        if (rc == -ERESTART) {
            for (unsigned int n = 0; n < 6; n++)
                e.args[n] = a[n];
        } else {
            e.result = rc;
        }
        if (raw_copy_to_guest(at, &e, sizeof(e)))
            return -EFAULT;
        bool again = rc == -ERESTART;
        if (again || (i + 1 < nr && preempt_check())) {
            arg[0] += (i + !again) * sizeof(e);
            arg[1] = nr - i - !again;
            return -ERESTART;
        }
    }
    return 0;
}

long compat_hypercall_dispatch(unsigned int nr, unsigned long arg[6])
{
    switch (nr) {
    case __HYPERVISOR_memory_op:
        return compat_memory_op(arg);
    case __HYPERVISOR_multicall:
        return compat_multicall(arg);
    case __HYPERVISOR_grant_table_op:
        return compat_grant_table_op(arg);
    case __HYPERVISOR_sched_op:
        if (arg[0] == SCHEDOP_poll)
            return call_layout("liq", nr, arg, 1);
        break;
    case __HYPERVISOR_xen_version: /* the address is cut to 0: nothing of ours is in its space */
        if (arg[0] == XENVER_platform_parameters)
            return call_layout("l", nr, arg, 1);
        break;
    case __HYPERVISOR_vcpu_op:
        if (arg[0] == VCPUOP_get_runstate_info)
            return call_layout("iqqqqq", nr, arg, 2);
        if (arg[0] == VCPUOP_set_singleshot_timer)
            return call_layout("qi", nr, arg, 2);
        break;
    case __HYPERVISOR_set_timer_op:
        /* A 64-bit time in two registers. */
        arg[0] |= arg[1] << 32;
        break;
    }
    return hypercall_dispatch(nr, arg);
}
