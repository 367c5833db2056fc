/* SPDX-License-Identifier: MIT */
/*
 * vm_assist.c - conveniences a PV guest can ask for.  Known ones are recorded
 * in d->vm_assist; pv/ looks there.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <cairn/domain.h>

/* Writable page tables (writes to L1 tables are trapped and checked) and the
 * architectural view of the I/O privilege level; nothing else. */
#define PV_ASSISTS (1u << VMASST_TYPE_writable_pagetables | 1u << VMASST_TYPE_architectural_iopl)

long do_vm_assist(unsigned long cmd, unsigned long type)
{
    struct domain *d = current->domain;
    unsigned int allowed = d->is_hvm ? 0 : PV_ASSISTS;

    if (type >= 32 || !(allowed & (1u << type)))
        return -EINVAL;
    switch ((unsigned int)cmd) {
    case VMASST_CMD_enable:
        __atomic_or_fetch(&d->vm_assist, 1u << type, __ATOMIC_RELAXED);
        return 0;
    case VMASST_CMD_disable:
        __atomic_and_fetch(&d->vm_assist, ~(1u << type), __ATOMIC_RELAXED);
        return 0;
    default:
        return -ENOSYS;
    }
}
