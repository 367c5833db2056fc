/* SPDX-License-Identifier: MIT */
/* assert.h - as shim/stdlib.h. */
#ifndef SHIM_ASSERT_H
#define SHIM_ASSERT_H

#define static_assert _Static_assert

#endif
