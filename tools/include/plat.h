/* SPDX-License-Identifier: MIT */
/*
 * plat.h - what the tools need from the machine they run on.
 *
 * dom0 provides these with hypercalls and its cooperative threads; the host
 * tests provide them with a fake hypervisor.  Nothing else below newlib is
 * used by the tools, so whatever compiles against this header runs in both.
 *
 * Threads are cooperative: only the plat_ functions that say so may switch.
 */
#ifndef TOOLS_PLAT_H
#define TOOLS_PLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * plat_hypercall - issue hypercall @nr with up to five arguments.
 * Pointers are passed as virtual addresses, which must be mapped.
 * Returns what the hypervisor returned: >= 0, or -errno (Xen's numbers).
 */
long plat_hypercall(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3,
                    unsigned long a4, unsigned long a5);

/*
 * plat_map_foreign - map @nr frames of another domain, contiguously.
 * @gfn   guest frame numbers in @domid (machine frames if @domid is PV)
 * @err   NULL, or an array of @nr that receives 0 or -errno a frame
 * Returns the address, or NULL with errno set if any frame failed (then
 * nothing stays mapped).  Undone by plat_unmap_foreign(address, nr).
 */
void *plat_map_foreign(uint16_t domid, const uint64_t *gfn, size_t nr, bool writable, int *err);
void plat_unmap_foreign(void *va, size_t nr);

/*
 * plat_evtchn_bind - call @fn(@port, @arg) from thread context, soon after
 * each event on @port (a local port the caller bound by hypercall), and
 * unmask it.  @fn may be NULL: then only plat_wait() wakes.
 * Returns 0 or -errno.  plat_evtchn_unbind() masks and forgets the port; the
 * caller closes it by hypercall.
 */
int plat_evtchn_bind(uint32_t port, void (*fn)(uint32_t port, void *arg), void *arg);
void plat_evtchn_unbind(uint32_t port);

/*
 * plat_wait - switch away until anything happens anywhere: an event channel
 * fires, console input arrives, another thread calls plat_wake(), or
 * @timeout_ms passes (negative: no limit).  Callers loop on their condition.
 */
void plat_wait(int timeout_ms);
void plat_wake(void);

/* plat_yield - let the other threads run once.  Switches. */
void plat_yield(void);

/* plat_thread - start @fn(@arg) as a thread.  Returns 0 or -ENOMEM. */
int plat_thread(const char *name, void (*fn)(void *arg), void *arg);

/*
 * plat_console_read - take what was typed, without echo and without waiting.
 * Returns the number of bytes, 0 if there are none.
 */
size_t plat_console_read(char *buf, size_t len);

/* plat_now_ns - nanoseconds since boot, never going back. */
uint64_t plat_now_ns(void);

#endif
