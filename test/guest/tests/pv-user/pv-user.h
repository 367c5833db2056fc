/* SPDX-License-Identifier: MIT */
/* Between the parts of the PV user-mode test. */
#ifndef TEST_PV_USER_H
#define TEST_PV_USER_H

#include <guest/cpu.h>
#include <guest/pv.h>
#include <guest/test.h>

#define FLAT_CS32 0xe023 /* the hypervisor's 32-bit user code segment */

/* iret.c: every field of the frame that the iret hypercall takes. */
void iret_frames(void);

#endif
