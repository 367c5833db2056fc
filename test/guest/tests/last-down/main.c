/* SPDX-License-Identifier: MIT */
/*
 * A domain whose last vCPU goes down has ended, also when the last two go
 * down at the same time: each asks for it as soon as it sees the other about
 * to.  Neither comes back, and the domain ends as if powered off.
 */
#include <guest/ap.h>
#include <guest/test.h>

#include <xen/vcpu.h>

const char test_title[] = "The last vCPUs go down together";

static volatile uint32_t there[2];

static void go_down(ulong vcpu)
{
    there[vcpu] = 1;
    while (!there[!vcpu])
        xen_yield(); /* with IF=0 penryn in Bochs would not be preempted: docs/emulators.md */
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_down, vcpu, 0, 0, 0);
    report_failure("vCPU %lu is still there", vcpu);
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("VCPUOP_down is the hypervisor's");
        return;
    }
    ap_init();
    if (!ap_startup()) {
        report_failure("no second vCPU");
        return;
    }
    ap_run_nowait(go_down, 1);
    go_down(0);
}
