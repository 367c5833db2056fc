/* SPDX-License-Identifier: MIT */
/*
 * A hostile PV guest: the hypercalls that only PV guests have, alone and in
 * lists, with arguments that are almost right: our own tables and others'
 * frames as tables of every level, pinned and not, as descriptor tables and as
 * plain memory; addresses of the hypervisor and of nobody.  `calls=N seed=N`
 * and `show=N` on the command line as in hypercall-fuzz, whose host's test
 * (test/system/test_hypercalls.py) reads what is printed here, too.
 */
#include "pv-fuzz.h"

const char test_title[] = "Hostile PV hypercalls";

#define CALLS  10000u
#define IN_ONE 4

static struct multicall_entry list[IN_ONE] PAGE_BSS;

/* What is read from a debug register is no error. */
static void note(const struct pv_call *c, long rc)
{
    if (c->nr == __HYPERVISOR_get_debugreg && c->arg[0] < 8)
        rc = 1;
    cover_note(false, c->nr, c->sub, rc);
}

static void show(const struct pv_call *c)
{
    printk("%u(%lx, %lx, %lx, %lx)\n", c->nr, c->arg[0], c->arg[1], c->arg[2], c->arg[3]);
}

static void one(bool shown)
{
    struct pv_call c;
    long rc;

    pv_call_make(&c);
    if (shown)
        show(&c);
    rc = hypercall(c.nr, c.arg[0], c.arg[1], c.arg[2], c.arg[3], c.arg[4]);
    note(&c, rc);
    if (c.nr == __HYPERVISOR_set_trap_table)
        check_equal("set_trap_table", pv_set_traps(), 0);
}

static void many(bool shown)
{
    struct pv_call calls[IN_ONE];

    for (unsigned int i = 0; i < IN_ONE; i++) {
        pv_call_make(&calls[i]);
        if (shown)
            show(&calls[i]);
        list[i].op = calls[i].nr;
        memcpy(list[i].args, calls[i].arg, sizeof(list[i].args));
    }
    check_equal("multicall", hypercall(__HYPERVISOR_multicall, (ulong)list, IN_ONE, 0, 0, 0), 0);
    for (unsigned int i = 0; i < IN_ONE; i++)
        note(&calls[i], list[i].result);
    check_equal("set_trap_table", pv_set_traps(), 0);
}

void test_main(void)
{
    uint64_t calls = cmdline_number("calls", CALLS), shown = cmdline_number("show", calls);

    seed = cmdline_number("seed", 1) * 0x9e3779b97f4a7c15ull | 1;
    self = 1;
    frames_init();
    for (uint64_t i = 0; i < calls; i++)
        any(16) ? one(i >= shown) : many(i >= shown);
    for (unsigned int reg = 0; reg < 8; reg++)
        hypercall(__HYPERVISOR_set_debugreg, reg == 7 ? 7 : reg, 0, 0, 0, 0);
    printk("calls %llu: all in kernel mode\n", (unsigned long long)calls);
    cover_print();
    report_success("alive");
}
