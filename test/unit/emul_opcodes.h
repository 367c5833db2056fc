/* SPDX-License-Identifier: MIT */
/* emul_opcodes.h - how many opcodes the emulator's table knows. */
#ifndef EMUL_OPCODES_H
#define EMUL_OPCODES_H

#include "private.h"

/* Members of groups are counted one by one. */
static inline unsigned int emul_count_opcodes(void)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < 3 * 256; i++) {
        const struct emul_opcode *entry = emul_opcode(i / 256, i % 256);

        if (entry)
            n += entry->group ? __builtin_popcount(entry->group) : 1;
    }
    return n;
}

#endif
