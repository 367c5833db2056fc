/* SPDX-License-Identifier: MIT */
/*
 * Where this kernel runs, found out at run time: as a guest of a Xen-compatible
 * hypervisor, or bare on an emulator, which is then the oracle for what the
 * hypervisor ought to do.
 */
#ifndef GUEST_PLATFORM_H
#define GUEST_PLATFORM_H

#include <guest/lib.h>

enum platform {
    PLATFORM_BARE,
    PLATFORM_TCG, /* bare on QEMU TCG, which drops bad EFER bits and fakes MSRs */
    PLATFORM_XEN,
};

extern enum platform platform;
extern uint32_t boot_magic, boot_info; /* head.S: loader's magic and pointer */

static inline bool on_xen(void)
{
    return platform == PLATFORM_XEN;
}

/* On bare hardware, or on an emulator that is faithful enough to say no. */
static inline bool is_oracle(void)
{
    return platform == PLATFORM_BARE;
}

/* The command line, never NULL. */
extern char cmdline[256];
/* Is this word on the command line? */
bool cmdline_has(const char *word);
/* The decimal number of `name=NUMBER` on it, or otherwise. */
uint64_t cmdline_number(const char *name, uint64_t otherwise);

void platform_init(void);
/* With all of the framework ready: say where we are, run the test, end. */
NORETURN void platform_run(void);

/*
 * End the machine.  reason is a SHUTDOWN_* of <xen/sched.h>.  Bare: the
 * console is drained, then Bochs' shutdown port and QEMU's isa-debug-exit are
 * told (exit value 2 * code + 1).
 */
NORETURN void machine_exit(unsigned int reason, unsigned int code);

/* Console, behind printk(). */
void console_init(void);
/* Print to this ring, in place of what console_init() would find. */
struct xencons_interface;
void console_set_ring(struct xencons_interface *at, uint32_t port);
void console_write(const char *text, size_t len);
/* Wait until the other side has taken everything, within reason. */
void console_flush(void);
const char *console_name(void);

#endif /* GUEST_PLATFORM_H */
