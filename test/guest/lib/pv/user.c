/* SPDX-License-Identifier: MIT */
/*
 * user.c - user mode of a PV kernel: its page tables, and the way there.
 *
 * Kernel and user mode both run in ring 3; what keeps them apart is that user
 * mode has a root of its own.  Ours maps the user section, where the kernel has it.
 * Source: xen/xen.h, "MMUEXT_NEW_USER_BASEPTR".
 */
#include <guest/fault.h>
#include <guest/platform.h>
#include <guest/pv.h>

ulong user_call(ulong (*fn)(ulong), ulong arg);

#define USER_FLAGS (PTE_P | PTE_US | PTE_A | PTE_D)
#define LEVELS     4

extern char user_start[], user_end[];
static uint64_t user_tables[LEVELS][512] PAGE_BSS; /* the root is the last */

long pv_mmuext(unsigned int cmd, ulong mfn)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = mfn};

    return hypercall(__HYPERVISOR_mmuext_op, (ulong)&op, 1, 0, DOMID_SELF, 0);
}

long pv_map(const void *page, unsigned int flags)
{
    return hypercall(__HYPERVISOR_update_va_mapping, (ulong)page,
                     pv_mfn(page) << PAGE_SHIFT | USER_FLAGS | flags, UVMF_INVLPG, 0, 0);
}

ulong pv_user_root(void)
{
    return pv_mfn(user_tables[LEVELS - 1]);
}

void pv_user_init(void)
{
    for (char *page = user_start; page < user_end; page += PAGE_SIZE)
        user_tables[0][(ulong)page >> PAGE_SHIFT] =
            pv_mfn(page) << PAGE_SHIFT | USER_FLAGS | PTE_RW;
    for (unsigned int level = 1; level < LEVELS; level++)
        user_tables[level][0] = pv_mfn(user_tables[level - 1]) << PAGE_SHIFT | USER_FLAGS | PTE_RW;
    for (unsigned int level = 0; level < LEVELS; level++)
        if (pv_map(user_tables[level], 0))
            panic("user table %u cannot be made read-only", level);
    if (pv_mmuext(MMUEXT_PIN_L4_TABLE, pv_user_root()) ||
        pv_mmuext(MMUEXT_NEW_USER_BASEPTR, pv_user_root()))
        panic("the user tables are refused");
}

struct iret_context pv_user_frame(ulong ip)
{
    return (struct iret_context){.rip = ip,
                                 .cs = USER_CS,
                                 .rflags = EFLAGS_MBS,
                                 .rsp = (ulong)user_stack_end - sizeof(ulong),
                                 .ss = USER_DS};
}

ulong user_call(ulong (*fn)(ulong), ulong arg)
{
    struct iret_context frame = pv_user_frame((ulong)fn);

    *(ulong *)frame.rsp = (ulong)user_return;
    return pv_iret(&frame, arg);
}
