/* SPDX-License-Identifier: MIT */
/*
 * events.h - event channels (two-level ABI).  plat_evtchn_bind() and
 * plat_evtchn_unbind() of tools/include/plat.h are in events.c.
 */
#ifndef KERNEL_EVENTS_H
#define KERNEL_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

/* Masks all ports and binds the timer.  0 or -errno. */
int events_init(void);

/* Calls the function of each pending port; says if there was any. */
bool events_dispatch(void);

/* Sleeps until an event is pending or plat_now_ns() reaches @deadline. */
void events_idle(uint64_t deadline);

/* Binds @virq of vCPU 0 to a port with function @fn.  0 or -errno. */
int events_bind_virq(unsigned int virq, void (*fn)(uint32_t port, void *arg), void *arg);

#endif
