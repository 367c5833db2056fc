/* SPDX-License-Identifier: MIT */
/* lib.h - the public hvm/save.h asks for this name when built into a
 * hypervisor; it wants BUG(). */
#ifndef XEN_LIB_H
#define XEN_LIB_H

#include <cairn/lib.h>

#endif
