/* SPDX-License-Identifier: MIT */
/*
 * hypercall.c - the table of hypercalls.
 *
 * Owns the table: which number is which function and who may call it.
 * Promises: an unknown number, or one that is not for this kind of guest, is
 * -ENOSYS; handlers get exactly the arguments they have.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>
#include <cairn/perfc.h>
#include <cairn/sched.h>
#include <cairn/stretch.h>

/* Who may call. */
#define PV  1u
#define HVM 2u
#define ANY (PV | HVM)

struct hypercall {
    long (*fn)(const unsigned long *a);
    unsigned int callers;
};

/* One wrapper a call: unpacks the arguments with the handler's own types. */
#define WRAP(name, call)                          \
    static long hc_##name(const unsigned long *a) \
    {                                             \
        return call;                              \
    }

/* clang-format off */
WRAP(set_trap_table, do_set_trap_table(a[0]))
WRAP(mmu_update, do_mmu_update(a[0], a[1], a[2], a[3]))
WRAP(set_gdt, do_set_gdt(a[0], a[1]))
WRAP(stack_switch, do_stack_switch(a[0], a[1]))
WRAP(set_callbacks, do_set_callbacks(a[0], a[1], a[2]))
WRAP(fpu_taskswitch, do_fpu_taskswitch(a[0]))
WRAP(set_debugreg, do_set_debugreg(a[0], a[1]))
WRAP(get_debugreg, do_get_debugreg(a[0]))
WRAP(update_descriptor, do_update_descriptor(a[0], a[1]))
WRAP(memory_op, do_memory_op(a[0], a[1]))
WRAP(multicall, do_multicall(a[0], a[1]))
WRAP(update_va_mapping, do_update_va_mapping(a[0], a[1], a[2]))
WRAP(set_timer_op, do_set_timer_op(a[0]))
WRAP(xen_version, do_xen_version(a[0], a[1]))
WRAP(console_io, do_console_io(a[0], a[1], a[2]))
WRAP(grant_table_op, do_grant_table_op(a[0], a[1], a[2]))
WRAP(vm_assist, do_vm_assist(a[0], a[1]))
WRAP(update_va_mapping_otherdomain, do_update_va_mapping_otherdomain(a[0], a[1], a[2], a[3]))
WRAP(iret, do_iret())
WRAP(vcpu_op, do_vcpu_op(a[0], a[1], a[2]))
WRAP(set_segment_base, do_set_segment_base(a[0], a[1]))
WRAP(mmuext_op, do_mmuext_op(a[0], a[1], a[2], a[3]))
WRAP(sched_op, do_sched_op(a[0], a[1]))
WRAP(callback_op, do_callback_op(a[0], a[1]))
WRAP(event_channel_op, do_event_channel_op(a[0], a[1]))
WRAP(physdev_op, do_physdev_op(a[0], a[1]))
WRAP(hvm_op, do_hvm_op(a[0], a[1]))
WRAP(sysctl, do_sysctl(a[0]))
WRAP(domctl, do_domctl(a[0]))

#define CALL(name, who) [__HYPERVISOR_##name] = {hc_##name, who}
static const struct hypercall table[] = {
    CALL(set_trap_table, PV),
    CALL(mmu_update, PV),
    CALL(set_gdt, PV),
    CALL(stack_switch, PV),
    CALL(set_callbacks, PV),
    CALL(fpu_taskswitch, PV),
    CALL(set_debugreg, PV),
    CALL(get_debugreg, PV),
    CALL(update_descriptor, PV),
    CALL(memory_op, ANY),
    CALL(multicall, ANY),
    CALL(update_va_mapping, PV),
    CALL(set_timer_op, ANY),
    CALL(xen_version, ANY),
    CALL(console_io, ANY),
    CALL(grant_table_op, ANY),
    CALL(vm_assist, ANY),
    CALL(update_va_mapping_otherdomain, PV),
    CALL(iret, PV),
    CALL(vcpu_op, ANY),
    CALL(set_segment_base, PV),
    CALL(mmuext_op, PV),
    CALL(sched_op, ANY),
    CALL(callback_op, PV),
    CALL(event_channel_op, ANY),
    CALL(physdev_op, PV),
    CALL(hvm_op, ANY),
    CALL(sysctl, ANY),
    CALL(domctl, ANY),
};
/* clang-format on */

/* Arguments of the hypercall that this CPU is in. */
static DEFINE_PER_CPU(unsigned long *, hypercall_args);

long hypercall_dispatch(unsigned int nr, unsigned long arg[6])
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
