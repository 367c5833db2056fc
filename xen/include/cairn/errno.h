/* SPDX-License-Identifier: MIT */
/* errno.h - Xen's public error numbers, without the XEN_ prefix.
 * __XEN__ must be defined: it brings EINTR and ERESTART, never shown to guests. */
#ifndef CAIRN_ERRNO_H
#define CAIRN_ERRNO_H

#define XEN_ERRNO(name, value) name = value,
enum {
#include <xen/errno.h>
};

#endif
