/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls, for use when on_xen().  Results are Xen's: 0 or more is success,
 * -XEN_Exxx an error of <xen/errno.h>.
 */
#ifndef GUEST_XEN_H
#define GUEST_XEN_H

#include <guest/lib.h>

#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/version.h>

extern uint8_t hypercall_page[4096];

/* Find the Xen leaves and have the hypercall page written.  False: no Xen. */
bool xen_init(void);
/* First of the Xen CPUID leaves, or 0. */
extern uint32_t xen_cpuid_base;

#ifdef __x86_64__
static inline long hypercall(unsigned int nr, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5)
{
    long ret;
    register ulong r10 asm("r10") = a4;
    register ulong r8 asm("r8") = a5;

    asm volatile("call *%[stub]"
                 : "=a"(ret), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
                 : [stub] "r"(hypercall_page + nr * 32)
                 : "memory", "rcx", "r11");
    return ret;
}
#else
static inline long hypercall(unsigned int nr, ulong a1, ulong a2, ulong a3, ulong a4, ulong a5)
{
    long ret;

    asm volatile("call *%%eax"
                 : "=a"(ret), "+b"(a1), "+c"(a2), "+d"(a3), "+S"(a4), "+D"(a5)
                 : "0"(hypercall_page + nr * 32)
                 : "memory");
    return ret;
}
#endif

static inline long hypercall1(unsigned int nr, ulong a1)
{
    return hypercall(nr, a1, 0, 0, 0, 0);
}

static inline long hypercall2(unsigned int nr, ulong a1, const void *a2)
{
    return hypercall(nr, a1, (ulong)a2, 0, 0, 0);
}

static inline long xen_version(unsigned int cmd, void *arg)
{
    return hypercall2(__HYPERVISOR_xen_version, cmd, arg);
}

static inline long xen_yield(void)
{
    return hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
}

static inline long xen_shutdown(unsigned int reason)
{
    struct sched_shutdown arg = {.reason = reason};

    return hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &arg);
}

static inline long xen_evtchn_send(evtchn_port_t port)
{
    struct evtchn_send arg = {.port = port};

    return hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &arg);
}

/* Write to the hypervisor's own console.  A guest may be refused. */
static inline long xen_console_io(const char *text, size_t len)
{
    return hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, len, (ulong)text, 0, 0);
}

long xen_get_param(uint32_t index, uint64_t *value);
/* Lay one of Xen's pages over ours; space is XENMAPSPACE_*. */
long xen_map_page(unsigned int space, ulong index, void *page);
/* Xen's clock in ns, by @vcpu's part of a mapped shared_info: the running vCPU's. */
uint64_t xen_system_time(const struct vcpu_info *vcpu);

#endif /* GUEST_XEN_H */
