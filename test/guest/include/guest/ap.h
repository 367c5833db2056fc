/* SPDX-License-Identifier: MIT */
/*
 * A second CPU, started by INIT and start-up messages through real mode into
 * the environment's own mode, where it runs what ap_run() gives it.
 */
#ifndef GUEST_AP_H
#define GUEST_AP_H

#include <guest/lib.h>

/* What the AP found in its registers, in real mode, at its first instructions. */
struct ap_first {
    uint32_t cr0, cr3, cr4, efer, edx, eflags;
};
extern struct ap_first ap_first;

/* Send INIT to every other CPU. */
void ap_init(void);
/* Send the start-up message and wait: has it arrived in ap_run()'s loop? */
bool ap_startup(void);
/* The same into another mode of 32-bit code; EFER is written only if not 0. */
bool ap_startup_in(uint32_t cr0, uint32_t cr3, uint32_t cr4, uint32_t efer);
/* Send it, and expect that nobody comes. */
bool ap_ignores_startup(void);
/* The AP runs fn(arg) and answers; false: not within reason. */
bool ap_run(void (*fn)(ulong), ulong arg);
/* The same without waiting for the end of it. */
void ap_run_nowait(void (*fn)(ulong), ulong arg);
/* That end; false: not within reason. */
bool ap_wait(void);
/* Its loop and stack, for those who start it in another way. */
void ap_loop_entry(void);
bool ap_wait_alive(void);
/* Times that an AP came into the loop. */
extern volatile uint32_t ap_alive;
/* Let others run for a moment. */
void ap_relax(void);

#endif /* GUEST_AP_H */
