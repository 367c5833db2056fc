/* SPDX-License-Identifier: MIT */
/* desc_check.h - the rule for a PV guest's segment descriptors.  Pure. */
#ifndef ASM_DESC_CHECK_H
#define ASM_DESC_CHECK_H

#include <cairn/types.h>

/* pv_check_descriptor - may @*desc stand in a guest's table?  Raises the
 * privilege level of a code or data segment to 3. SDM "Segment Descriptors". */
bool pv_check_descriptor(uint64_t *desc);

#endif
