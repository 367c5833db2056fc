/* SPDX-License-Identifier: MIT */
/*
 * hypercall.c - the table of hypercalls, and several of them in one.
 *
 * Owns the table: which number is which function and who may call it.
 * Promises: an unknown number, or one that is not for this kind of guest, is
 * -ENOSYS; handlers get exactly the arguments they have.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <cairn/lib.h>
#include <cairn/sched.h>
#include <cairn/softirq.h>
#include <cairn/stretch.h>

/* Who may call. */
#define PV  1u
#define HVM 2u
#define ANY (PV | HVM)

struct hypercall {
    long (*fn)(const unsigned long *a);
    unsigned int callers;
};

/* One wrapper a call: unpacks the arguments. */
#define ARGS_0()
#define ARGS_1() a[0]
#define ARGS_2() a[0], a[1]
#define ARGS_3() a[0], a[1], a[2]
#define ARGS_4() a[0], a[1], a[2], a[3]
#define WRAP(name, who, nr)                       \
    static long hc_##name(const unsigned long *a) \
    {                                             \
        return do_##name(ARGS_##nr());            \
    }
HYPERCALLS(WRAP)

#define CALL(name, who, nr) [__HYPERVISOR_##name] = {hc_##name, who},
static const struct hypercall table[] = {HYPERCALLS(CALL)};

/* Arguments of the hypercall that this CPU is in. */
static DEFINE_PER_CPU(unsigned long *, hypercall_args);

long hypercall_dispatch(unsigned long nr, unsigned long arg[6])
{
    const struct hypercall *call;
    unsigned long *outer;
    long rc;

    perfc_incr(hypercalls);
    if (nr >= ARRAY_SIZE(table))
        return -ENOSYS;
    call = &table[nr];
    if (!(call->callers & (is_hvm_vcpu(current) ? HVM : PV)))
        return -ENOSYS;
    outer = this_cpu(hypercall_args);
    this_cpu(hypercall_args) = arg;
    stretch_rename(STRETCH_HYPERCALL, nr);
    rc = call->fn(arg);
    this_cpu(hypercall_args) = outer;
    return rc;
}

void hypercall_set_arg(unsigned int n, unsigned long value)
{
    ASSERT(n < 6 && this_cpu(hypercall_args));
    this_cpu(hypercall_args)[n] = value;
}

/*
 * Each entry is read once, run, and its result written back; a preempted one is
 * written back with its changed arguments and the rest is continued; iret ends
 * the list, since it leaves the kernel.
 */
long do_multicall(unsigned long calls, unsigned long nr)
{
    for (unsigned long i = 0; i < nr; i++) {
        unsigned long at = calls + i * sizeof(struct multicall_entry);
        struct multicall_entry call;
        long rc;

        if (i && preempt_check()) {
            hypercall_set_arg(0, at);
            hypercall_set_arg(1, nr - i);
            return -ERESTART;
        }
        if (copy_from_guest_va(&call, at))
            return -EFAULT;
        /* One list inside another would let the stack grow with the data. */
        if (call.op == __HYPERVISOR_multicall)
            rc = -EINVAL;
        else
            rc = hypercall_dispatch(call.op, call.args);
        if (hypercall_again(call.op, rc)) {
            if (copy_to_guest_va(at, &call))
                return -EFAULT;
            hypercall_set_arg(0, at);
            hypercall_set_arg(1, nr - i);
            return -ERESTART;
        }
        if (rc == HYPERCALL_LEFT)
            return rc;
        call.result = rc;
        if (copy_to_guest_va(at, &call))
            return -EFAULT;
    }
    return 0;
}
