/* SPDX-License-Identifier: MIT */
/*
 * compat.c - the 32-bit layouts of hypercall arguments.
 *
 * Most structures of the ABI look the same to 32- and 64-bit code.  Those
 * with a pointer or an unsigned long do not: they are read here in the
 * 32-bit shape and laid out in the 64-bit shape in a buffer that the common
 * handlers then reach as if it were guest memory (guest_access_set_window).
 * One buffer a CPU is enough: a hypercall is not interrupted by another.
 */
#include "compat.h"

#include <asm/current.h>
#include <asm/hvm.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/hypercall.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <cairn/softirq.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/xen.h>

#include "guest_access.h"

#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_CMD_MASK     ((1u << MEMOP_EXTENT_SHIFT) - 1)

struct compat_reservation {
    uint32_t extent_start;
    uint32_t nr_extents;
    uint32_t extent_order;
    uint32_t mem_flags;
    uint16_t domid;
};
struct compat_add_to_physmap {
    uint16_t domid, size;
    uint32_t space, idx, gpfn;
};
struct compat_remove_from_physmap {
    uint16_t domid;
    uint32_t gpfn;
};
struct compat_memory_map {
    uint32_t nr_entries;
    uint32_t buffer;
};
struct compat_sched_poll {
    uint32_t ports;
    uint32_t nr_ports;
    uint64_t timeout;
} __packed;
struct compat_runstate_info {
    int32_t state;
    uint64_t state_entry_time, time[4];
} __packed;
struct compat_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags;
} __packed;
struct compat_multicall_entry {
    uint32_t op, result, args[6];
};

/* The window: a 64-bit structure at its start, an array behind it. */
static DEFINE_PER_CPU(uint64_t[COMPAT_XLAT_SIZE / 8], compat_xlat);
#define xlat            this_cpu(compat_xlat)
#define XLAT_ARRAY      64 /* index of the array's first word */
#define XLAT_ARRAY_ADDR (COMPAT_XLAT_BASE + XLAT_ARRAY * 8)
#define CHUNK           256u

static long with_window(long (*fn)(unsigned long, unsigned long), unsigned long cmd)
{
    guest_access_set_window(xlat);
    long rc = fn(cmd, COMPAT_XLAT_BASE);
    guest_access_set_window(NULL);
    return rc;
}

/* The work of one chunk; how much of it is done, if it was preempted. */
static long memory_op_chunk(unsigned int op, bool *preempted)
{
    unsigned long arg[6] = {op, COMPAT_XLAT_BASE};
    guest_access_set_window(xlat);
    long rc = hypercall_dispatch(__HYPERVISOR_memory_op, arg);
    guest_access_set_window(NULL);
    *preempted = rc == -ERESTART;
    return *preempted ? (long)(arg[0] >> MEMOP_EXTENT_SHIFT) : rc;
}

static int read_extents(uint32_t list, unsigned int first, unsigned int n)
{
    uint32_t pfn32[CHUNK];
    if (raw_copy_from_guest(pfn32, (gva_t)list + 4ul * first, n * 4ul))
        return -EFAULT;
    for (unsigned int i = 0; i < n; i++)
        xlat[XLAT_ARRAY + i] = pfn32[i];
    return 0;
}

static int write_extents(uint32_t list, unsigned int first, unsigned int n)
{
    uint32_t pfn32[CHUNK];
    for (unsigned int i = 0; i < n; i++)
        pfn32[i] = xlat[XLAT_ARRAY + i];
    return raw_copy_to_guest((gva_t)list + 4ul * first, pfn32, n * 4ul);
}

/* populate_physmap, increase_ and decrease_reservation, in chunks. */
static long reservation(unsigned int op, unsigned long *cmd, unsigned long uarg)
{
    struct compat_reservation r;
    unsigned int done = *cmd >> MEMOP_EXTENT_SHIFT;

    if (raw_copy_from_guest(&r, uarg, sizeof(r)))
        return -EFAULT;
    if (done > r.nr_extents || r.nr_extents > UINT32_MAX >> MEMOP_EXTENT_SHIFT)
        return -EINVAL;
    while (done < r.nr_extents) {
        unsigned int n = min(CHUNK, r.nr_extents - done);
        struct xen_memory_reservation *x = (struct xen_memory_reservation *)xlat;
        bool list = r.extent_start != 0;

        if (list && read_extents(r.extent_start, done, n))
            return done ? (long)done : -EFAULT;
        memset(x, 0, sizeof(*x));
        x->extent_start.p = (void *)(list ? XLAT_ARRAY_ADDR : 0);
        x->nr_extents = n;
        x->extent_order = r.extent_order;
        x->mem_flags = r.mem_flags;
        x->domid = r.domid;
        bool preempted;
        long rc = memory_op_chunk(op, &preempted);
        if (rc < 0)
            return done ? (long)done : rc;
        if (list && op != XENMEM_decrease_reservation && write_extents(r.extent_start, done, rc))
            return -EFAULT;
        done += rc;
        if (rc < n && !preempted)
            return done;
        if (preempted || (done < r.nr_extents && preempt_check())) {
            *cmd = op | done << MEMOP_EXTENT_SHIFT;
            return -ERESTART;
        }
    }
    return done;
}

static long add_to_physmap(unsigned long uarg)
{
    struct compat_add_to_physmap c;
    if (raw_copy_from_guest(&c, uarg, sizeof(c)))
        return -EFAULT;
    struct xen_add_to_physmap *x = (struct xen_add_to_physmap *)xlat;
    *x = (struct xen_add_to_physmap){
        .domid = c.domid, .size = c.size, .space = c.space, .idx = c.idx, .gpfn = c.gpfn};
    long rc = with_window(do_memory_op, XENMEM_add_to_physmap);
    if (c.space != XENMAPSPACE_gmfn_range)
        return rc;
    /* How far a range has come is in the argument. */
    c.size = x->size;
    c.idx = x->idx;
    c.gpfn = x->gpfn;
    return raw_copy_to_guest(uarg, &c, sizeof(c)) ? -EFAULT : rc;
}

static long remove_from_physmap(unsigned long uarg)
{
    struct compat_remove_from_physmap c;
    if (raw_copy_from_guest(&c, uarg, sizeof(c)))
        return -EFAULT;
    struct xen_remove_from_physmap *x = (struct xen_remove_from_physmap *)xlat;
    *x = (struct xen_remove_from_physmap){.domid = c.domid, .gpfn = c.gpfn};
    return with_window(do_memory_op, XENMEM_remove_from_physmap);
}

/* e820 entries are packed: 20 bytes for both kinds of code. */
static long memory_map(unsigned long uarg)
{
    struct compat_memory_map c;
    const unsigned int max = (COMPAT_XLAT_SIZE - XLAT_ARRAY * 8) / 20;
    if (raw_copy_from_guest(&c, uarg, sizeof(c)))
        return -EFAULT;
    struct xen_memory_map *x = (struct xen_memory_map *)xlat;
    x->nr_entries = min(c.nr_entries, max);
    x->buffer.p = (void *)(c.buffer ? XLAT_ARRAY_ADDR : 0);
    long rc = with_window(do_memory_op, XENMEM_memory_map);
    if (rc < 0)
        return rc;
    c.nr_entries = x->nr_entries;
    if (c.buffer && raw_copy_to_guest(c.buffer, &xlat[XLAT_ARRAY], c.nr_entries * 20ul))
        return -EFAULT;
    return raw_copy_to_guest(uarg, &c, sizeof(c)) ? -EFAULT : rc;
}

static long compat_memory_op(unsigned long arg[6])
{
    unsigned int op = arg[0] & MEMOP_CMD_MASK;
    switch (op) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return reservation(op, &arg[0], arg[1]);
    case XENMEM_add_to_physmap:
        return add_to_physmap(arg[1]);
    case XENMEM_remove_from_physmap:
        return remove_from_physmap(arg[1]);
    case XENMEM_memory_map:
        return memory_map(arg[1]);
    case XENMEM_maximum_ram_page:
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn: {
        /* A number too large for the caller is cut to the largest it can hold. */
        long rc = hypercall_dispatch(__HYPERVISOR_memory_op, arg);
        return rc > INT32_MAX ? INT32_MAX : rc;
    }
    default:
        return -ENOSYS;
    }
}

static long sched_poll(unsigned long uarg)
{
    struct compat_sched_poll c;
    if (raw_copy_from_guest(&c, uarg, sizeof(c)))
        return -EFAULT;
    struct sched_poll *x = (struct sched_poll *)xlat;
    *x = (struct sched_poll){.nr_ports = c.nr_ports, .timeout = c.timeout};
    x->ports.p = (void *)XLAT_ARRAY_ADDR;
    /* More than fit: the handler refuses the count by itself. */
    if (c.nr_ports <= 2 * CHUNK &&
        raw_copy_from_guest(&xlat[XLAT_ARRAY], c.ports, c.nr_ports * 4ul))
        return -EFAULT;
    if (c.nr_ports > 2 * CHUNK)
        return -EINVAL;
    return with_window(do_sched_op, SCHEDOP_poll);
}

/* 64-bit numbers are aligned to four bytes there: the layouts differ. */
static long vcpu_op(const unsigned long arg[6])
{
    unsigned long call[6] = {arg[0], arg[1], COMPAT_XLAT_BASE};
    const struct vcpu_runstate_info *info = (const void *)xlat;
    struct compat_set_singleshot_timer timer;
    struct compat_runstate_info c;

    if (arg[0] == VCPUOP_set_singleshot_timer) {
        if (raw_copy_from_guest(&timer, arg[2], sizeof(timer)))
            return -EFAULT;
        *(struct vcpu_set_singleshot_timer *)xlat = (struct vcpu_set_singleshot_timer){
            .timeout_abs_ns = timer.timeout_abs_ns, .flags = timer.flags};
    }
    guest_access_set_window(xlat);
    long rc = hypercall_dispatch(__HYPERVISOR_vcpu_op, call);
    guest_access_set_window(NULL);
    if (rc || arg[0] != VCPUOP_get_runstate_info)
        return rc;
    c.state = info->state;
    c.state_entry_time = info->state_entry_time;
    memcpy(c.time, info->time, sizeof(c.time));
    return raw_copy_to_guest(arg[2], &c, sizeof(c)) ? -EFAULT : 0;
}

static long platform_parameters(unsigned long uarg)
{
    long rc = with_window(do_xen_version, XENVER_platform_parameters);
    if (rc < 0)
        return rc;
    uint32_t virt_start = 0; /* nothing of the hypervisor is in its address space */
    return raw_copy_to_guest(uarg, &virt_start, sizeof(virt_start)) ? -EFAULT : rc;
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
            return sched_poll(arg[1]);
        break;
    case __HYPERVISOR_xen_version:
        if (arg[0] == XENVER_platform_parameters)
            return platform_parameters(arg[1]);
        break;
    case __HYPERVISOR_vcpu_op:
        if (arg[0] == VCPUOP_get_runstate_info || arg[0] == VCPUOP_set_singleshot_timer)
            return vcpu_op(arg);
        break;
    case __HYPERVISOR_set_timer_op:
        /* A 64-bit time in two registers. */
        arg[0] |= arg[1] << 32;
        break;
    }
    return hypercall_dispatch(nr, arg);
}
