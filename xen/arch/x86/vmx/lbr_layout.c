/* SPDX-License-Identifier: MIT */
/* lbr_layout.c - see lbr.h; the pure part. */
#include <cairn/lib.h>

#include "lbr.h"

#define MSR_LBR_SELECT  0x1c8u
#define MSR_LBR_TOS     0x1c9u
#define MSR_LER_FROM_IP 0x1ddu
#define MSR_LER_TO_IP   0x1deu

static const struct lbr_layout core2 = {.from = 0x40, .to = 0x60, .depth = 4};
static const struct lbr_layout nehalem = {.from = 0x680, .to = 0x6c0, .depth = 16, .select = true};
static const struct lbr_layout haswell = {
    .from = 0x680, .to = 0x6c0, .depth = 16, .select = true, .sign_ext = true};

const struct lbr_layout *lbr_layout(unsigned int family, unsigned int model)
{
    if (family != 6)
        return NULL;
    switch (model) {
    case 0x0f: /* Core 2 */
    case 0x17: /* Penryn */
    case 0x1d:
        return &core2;
    case 0x1a: /* Nehalem */
    case 0x1e:
    case 0x1f:
    case 0x2e:
    case 0x25: /* Westmere */
    case 0x2c:
    case 0x2f:
    case 0x2a: /* Sandy Bridge */
    case 0x2d:
    case 0x3a: /* Ivy Bridge */
    case 0x3e:
        return &nehalem;
    case 0x3c: /* Haswell */
    case 0x3f:
    case 0x45:
    case 0x46:
    case 0x3d: /* Broadwell */
    case 0x47:
    case 0x4f:
    case 0x56:
        return &haswell;
    }
    return NULL; /* later ones have a third stack, which is not switched here */
}

unsigned int lbr_count(const struct lbr_layout *l)
{
    return 2 * l->depth + 3 + l->select;
}

uint32_t lbr_msr(const struct lbr_layout *l, unsigned int i)
{
    static const uint32_t single[] = {MSR_LBR_TOS, MSR_LER_FROM_IP, MSR_LER_TO_IP, MSR_LBR_SELECT};

    if (i < l->depth)
        return l->from + i;
    if (i < 2 * l->depth)
        return l->to + i - l->depth;
    return single[i - 2 * l->depth];
}

uint64_t lbr_writable(const struct lbr_layout *l, bool tsx, uint32_t msr, uint64_t value)
{
    const uint64_t copies = 3ull << 61;

    if (tsx || !l->sign_ext || (msr - l->from >= l->depth && msr != MSR_LER_FROM_IP))
        return value;
    return (value & ~copies) | (value << 2 & copies);
}
