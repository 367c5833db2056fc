/* SPDX-License-Identifier: MIT */
/*
 * calls.c - one call of each kind that only PV guests have.
 *
 * Left out: iret (leave.c has it), a new root that is not ours, and whatever
 * clears or writes frames that we stand on.
 */
#include "pv-fuzz.h"

#include <xen/callback.h>
#include <xen/physdev.h>

#define LIST 4

static unsigned int any_count(void)
{
    return any(16) ? any(LIST + 1) : 0x80000000u + any(LIST + 1);
}

static ulong any_foreigndom(void)
{
    ulong pg = any_domid(), pt = any(16) ? 0 : 1 + any_domid();

    return pt << 16 | pg;
}

static ulong any_done(void)
{
    uint32_t none = 0;

    return any(2) ? 0 : put(&none, sizeof(none));
}

static void make_mmu_update(struct pv_call *c)
{
    struct mmu_update list[LIST];

    for (unsigned int i = 0; i < LIST; i++)
        list[i] = (struct mmu_update){any_entry_address(), any(16) ? any_entry() : any_value()};
    c->arg[0] = place_list(list, sizeof(list), false).address;
    c->arg[1] = any_count();
    c->arg[2] = any_done();
    c->arg[3] = any_foreigndom();
}

static void make_ext(struct mmuext_op *op, unsigned int cmd)
{
    uint64_t mask = any_value();

    *op = (struct mmuext_op){.cmd = cmd, .arg1.mfn = any_mfn()};
    switch (cmd) {
    case MMUEXT_NEW_BASEPTR:
        op->arg1.mfn = any(2) ? tables[any(LEVELS)] : foreign_mfn();
        break;
    case MMUEXT_NEW_USER_BASEPTR:
        op->arg1.mfn = any(4) ? any_mfn() : 0;
        break;
    case MMUEXT_TLB_FLUSH_LOCAL:
    case MMUEXT_TLB_FLUSH_MULTI:
    case MMUEXT_TLB_FLUSH_ALL:
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_INVLPG_ALL:
        op->arg1.linear_addr = any_address();
        set_xen_guest_handle(op->arg2.vcpumask, (void *)put(&mask, sizeof(mask)));
        break;
    case MMUEXT_SET_LDT:
        op->arg1.linear_addr = any_address() & (any(4) ? ~4095ul : ~0ul);
        op->arg2.nr_ents = any(4) ? any(1025) : any_value();
        break;
    case MMUEXT_COPY_PAGE:
        op->arg2.src_mfn = any_mfn();
        break;
    }
}

/* One command a list, so that the result is its own. */
static void make_mmuext_op(struct pv_call *c)
{
    struct mmuext_op list[LIST];

    c->sub = any(32) ? any(MMUEXT_UNMARK_SUPER + 1) : any(100);
    for (unsigned int i = 0; i < LIST; i++)
        make_ext(&list[i], c->sub);
    c->arg[0] = place_list(list, sizeof(list), false).address;
    c->arg[1] = any_count();
    c->arg[2] = any_done();
    c->arg[3] = any_foreigndom();
}

static void make_va_mapping(struct pv_call *c)
{
    c->arg[0] = any_address();
    c->arg[1] = any_entry();
    c->arg[2] = any(4) ? any(12) : any(4) | put(&seed, sizeof(seed));
    c->arg[3] = any_domid();
}

/* main.c sets the right table again after it. */
static void make_trap_table(struct pv_call *c)
{
    struct trap_info list[LIST + 1] = {{0}};

    for (unsigned int i = 0; i < LIST; i++)
        list[i] = (struct trap_info){any(256), any(256), any_value(), any_address()};
    c->arg[0] = any(8) ? put(list, sizeof(list)) : 0;
}

static void make_gdt(struct pv_call *c)
{
    ulong list[16];

    for (unsigned int i = 0; i < ARRAY_SIZE(list); i++)
        list[i] = any(16) ? arena_mfn() : any_mfn();
    c->arg[0] = put(list, sizeof(list));
    c->arg[1] = any(8) ? any(3 * 512) : any_value();
}

static void make_descriptor(struct pv_call *c)
{
    c->arg[0] = any_mfn() << PAGE_SHIFT | any(512) * 8 | (any(8) ? 0 : any(8));
    c->arg[1] = any(2) ? any_value() << 40 | any_value() : (uint64_t)any(~0u) << 32 | any(~0u);
}

/* Watched is the arena; elsewhere it would stop ourselves. */
static void make_debugreg(struct pv_call *c)
{
    c->arg[0] = any(8) ? any(8) : any_value();
    c->arg[1] = c->arg[0] < 4 ? (any(4) ? any_address() : 0) : any_value() | (uint64_t)any(~0u);
}

static void make_callback_op(struct pv_call *c)
{
    struct callback_register reg = {any(8) ? any(9) : any_value(), any(4), any_address()};

    c->sub = any(3);
    c->arg[0] = c->sub;
    c->arg[1] = put(&reg, sizeof(reg));
}

static void make_physdev_op(struct pv_call *c)
{
    uint64_t words[4] = {any_value(), any_address(), any_value(), any_value()};
    struct physdev_set_iobitmap bitmap = {.nr_ports = any(2) ? any(70000) : any_value()};
    bool ports = any(2);

    set_xen_guest_handle(bitmap.bitmap, (void *)any_address());
    c->sub = any(4) ? (ports ? PHYSDEVOP_set_iobitmap : PHYSDEVOP_set_iopl) : any(48);
    c->arg[0] = c->sub;
    c->arg[1] = ports ? put(&bitmap, sizeof(bitmap)) : put(words, sizeof(words));
}

static void make_words(struct pv_call *c)
{
    for (unsigned int i = 0; i < 4; i++)
        c->arg[i] = any(2) ? any_address() : any_value();
}

static void make_segment(struct pv_call *c)
{
    c->arg[0] = any(8) ? any(5) : any_value();
    c->arg[1] = any(2) ? any_address() : any_value();
}

void pv_call_make(struct pv_call *c)
{
    static const struct {
        unsigned int nr, weight;
        void (*make)(struct pv_call *c);
    } kinds[] = {
        {__HYPERVISOR_mmu_update, 6, make_mmu_update},
        {__HYPERVISOR_mmuext_op, 8, make_mmuext_op},
        {__HYPERVISOR_update_va_mapping, 6, make_va_mapping},
        {__HYPERVISOR_update_va_mapping_otherdomain, 3, make_va_mapping},
        {__HYPERVISOR_set_trap_table, 1, make_trap_table},
        {__HYPERVISOR_set_gdt, 2, make_gdt},
        {__HYPERVISOR_update_descriptor, 2, make_descriptor},
        {__HYPERVISOR_stack_switch, 1, make_words},
        {__HYPERVISOR_set_callbacks, 1, make_words},
        {__HYPERVISOR_fpu_taskswitch, 1, make_words},
        {__HYPERVISOR_set_debugreg, 2, make_debugreg},
        {__HYPERVISOR_get_debugreg, 1, make_debugreg},
        {__HYPERVISOR_set_segment_base, 1, make_segment},
        {__HYPERVISOR_callback_op, 1, make_callback_op},
        {__HYPERVISOR_physdev_op, 1, make_physdev_op},
    };
    unsigned int turn = any(37), i = 0;

    while (turn >= kinds[i].weight)
        turn -= kinds[i++].weight;
    *c = (struct pv_call){.nr = kinds[i].nr};
    kinds[i].make(c);
}
