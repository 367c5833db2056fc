/* SPDX-License-Identifier: MIT */
/*
 * Start of a PV kernel: exceptions, console, command line, then the test.
 * Source: xen/xen.h, "start_info"; xen/arch-x86/xen.h, "trap_info".
 */
#include <guest/platform.h>
#include <guest/pv.h>

const start_info_t *pv_info;

extern char entry_stubs[], entry_syscall[], entry_failsafe[];
void pv_entry(const start_info_t *info);

long pv_set_traps(void)
{
    struct trap_info table[20] = {{0}};
    long rc =
        hypercall(__HYPERVISOR_set_callbacks, 0, (ulong)entry_failsafe, (ulong)entry_syscall, 0, 0);

    for (unsigned int v = 0, n = 0; v < 20; v++)
        if (v != VEC_NMI)
            table[n++] = (struct trap_info){v, 0, FLAT_KERNEL_CS, (ulong)entry_stubs + 16 * v};
    return rc ? rc : hypercall1(__HYPERVISOR_set_trap_table, (ulong)table);
}

void pv_entry(const start_info_t *info)
{
    pv_info = info;
    platform = PLATFORM_XEN;
    snprintf(cmdline, sizeof(cmdline), "%s", (const char *)info->cmd_line);
    if (!(info->flags & SIF_INITDOMAIN))
        console_set_ring(pv_page(info->console.domU.mfn), info->console.domU.evtchn);
    if (pv_set_traps())
        panic("the trap table or the callbacks are refused");
    platform_run();
}
