/* SPDX-License-Identifier: MIT */
/*
 * What a PV kernel cannot be told of, because there is nobody to tell, ends its
 * domain, and nothing else.  By the word on the command line: user mode without
 * page `tables`; an iret `frame` that cannot be read; an exception in user mode
 * with a kernel `stack` that cannot be written, and one without a `handler`.
 */
#include <guest/pv.h>
#include <guest/test.h>

const char test_title[] = "PV crashes";

#define NOWHERE 0x40000000ul

static USER_TEXT ulong undefined(ulong arg)
{
    asm volatile("ud2" : "+r"(arg));
    return arg;
}

static void iret_from(ulong sp)
{
    asm volatile("mov %0, %%rsp; syscall" : : "r"(sp), "a"((ulong)__HYPERVISOR_iret));
}

/* As exec_user(), but what the kernel would come back on is not there. */
static void user_without_stack(void)
{
    static struct iret_context frame;

    frame = pv_user_frame((ulong)undefined);
    hypercall(__HYPERVISOR_stack_switch, KERNEL_DS, NOWHERE, 0, 0, 0);
    iret_from((ulong)&frame);
}

void test_main(void)
{
    printk("crash: %s\n", cmdline);
    if (!cmdline_has("tables")) {
        pv_user_init();
        exec_user(undefined, 0);
        check_fault("user mode otherwise", fault_last(), FAULT(VEC_UD, 0));
    }
    if (cmdline_has("frame"))
        iret_from(NOWHERE);
    if (cmdline_has("stack"))
        user_without_stack();
    if (cmdline_has("handler"))
        hypercall1(__HYPERVISOR_set_trap_table, 0);
    exec_user(undefined, 0);
    report_failure("still here");
}
