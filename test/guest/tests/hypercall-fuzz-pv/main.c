/* SPDX-License-Identifier: MIT */
/*
 * A hostile PV guest: the hypercalls that only PV guests have, alone and in
 * lists, with arguments that are almost right: our own tables and others'
 * frames as tables of every level, pinned and not, as descriptor tables and as
 * plain memory; addresses of the hypervisor and of nobody.  Then all that
 * HVM guests may call, too, as hypercall-fuzz makes it; the iret hypercall with
 * frames of all sorts; and user mode, whose hypercalls are none.  In dom0's
 * place it makes a few calls that only dom0 may.
 *
 * `calls=N seed=N` and `show=N` on the command line as in hypercall-fuzz, whose
 * host's test (test/system/test_hypercalls.py) reads what is printed here, too.
 */
#include "pv-fuzz.h"

const char test_title[] = "Hostile PV hypercalls";

#define CALLS  10000u
#define IN_ONE 4

static struct multicall_entry list[IN_ONE] PAGE_BSS;

/* ---- what only PV guests may call ---- */

/* What is read from a debug register is zero or not, but no error. */
static void note(const struct pv_call *c, long rc)
{
    if (c->nr == __HYPERVISOR_get_debugreg && (uint32_t)c->arg[0] < 8)
        rc = rc != 0;
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
    if (c.nr == __HYPERVISOR_set_trap_table || c.nr == __HYPERVISOR_set_callbacks ||
        c.nr == __HYPERVISOR_callback_op)
        leave_restore();
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
    leave_restore();
}

/* ---- what any guest may call ---- */

#define TABLE_FRAMES 2

static grant_entry_v1_t table[TABLE_FRAMES * 512] PAGE_BSS;

static void grants_map(void)
{
    ulong frames[TABLE_FRAMES];
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = TABLE_FRAMES};

    set_xen_guest_handle(setup.frame_list, frames);
    check_equal(
        "setup_table",
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, (ulong)&setup, 1, 0, 0), 0);
    for (unsigned int i = 0; i < TABLE_FRAMES; i++)
        check_equal("grant table, mapped",
                    hypercall(__HYPERVISOR_update_va_mapping, (ulong)table + i * PAGE_SIZE,
                              frames[i] << PAGE_SHIFT | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D,
                              UVMF_INVLPG, 0, 0),
                    0);
}

static void attempt_call(const struct attempt *a)
{
    const uint64_t *arg = a->call.arg;
    register ulong r10 asm("r10") = arg[3];
    register ulong r8 asm("r8") = arg[4];
    register ulong r9 asm("r9") = arg[5];
    int64_t rc;

    asm volatile("syscall"
                 : "=a"(rc), "+r"(r10), "+r"(r8), "+r"(r9)
                 : "0"(a->call.nr), "D"(arg[0]), "S"(arg[1]), "d"(arg[2])
                 : "rcx", "r11", "memory");
    cover_attempt(a, false, rc);
}

static void other(bool shown)
{
    struct attempt a;

    attempt_make(&a, false);
    if (shown)
        attempt_show(&a, WAY_NATIVE);
    attempt_call(&a);
    if (a.disturbs)
        console_keep();
}

/* In dom0's place: the same arguments for what only dom0 may, as far as it reads. */
static void as_dom0(uint64_t calls)
{
    struct attempt a;

    while (calls) {
        attempt_make(&a, false);
        if ((a.call.nr == __HYPERVISOR_memory_op && a.sub == XENMEM_machine_memory_map) ||
            (a.call.nr == __HYPERVISOR_xen_version && a.sub == XENVER_build_id) ||
            (a.call.nr == __HYPERVISOR_console_io && a.sub == CONSOLEIO_read)) {
            attempt_call(&a);
            calls--;
        }
    }
    cover_print();
    report_success("alive");
}

/* ---- the run ---- */

enum { MANY, IRET, USER, OTHER, ONE, KINDS };

static unsigned int turn(bool shown)
{
    static void (*const kinds[])(bool) = {many, leave_by_iret, leave_to_user, other, one};
    unsigned int kind = any(4) ? OTHER + any(2) : any(OTHER);

    kinds[kind](shown);
    return kind;
}

void test_main(void)
{
    uint64_t calls = cmdline_number("calls", CALLS), shown = cmdline_number("show", calls);
    uint64_t by_kind[KINDS] = {0};

    seed = cmdline_number("seed", 1) * 0x9e3779b97f4a7c15ull | 1;
    places_init();
    if (pv_info->flags & SIF_INITDOMAIN) {
        as_dom0(1000);
        return;
    }
    if (!console_find(pv_info->console.domU.evtchn) || !self_find()) {
        report_error("our console's port or our number cannot be found");
        return;
    }
    leave_init();
    frames_init();
    grants_map();
    for (uint64_t i = 0; i < calls; i++) {
        if (i % 512 == 0)
            grants_fill(table);
        by_kind[turn(i >= shown)]++;
    }
    for (unsigned int reg = 0; reg < 8; reg++)
        hypercall(__HYPERVISOR_set_debugreg, reg == 7 ? 7 : reg, 0, 0, 0, 0);
    console_keep();
    printk("calls %llu: %llu iret, %llu of user mode\n", (unsigned long long)calls,
           (unsigned long long)by_kind[IRET], (unsigned long long)by_kind[USER]);
    cover_print();
    report_success("alive");
}
