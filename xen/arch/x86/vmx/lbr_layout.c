/* SPDX-License-Identifier: MIT */
/* lbr_layout.c - see lbr.h; the pure part. */

#include "lbr.h"

#define MSR_LBR_SELECT  0x1c8u
#define MSR_LBR_TOS     0x1c9u
#define MSR_LER_FROM_IP 0x1ddu
#define MSR_LER_TO_IP   0x1deu

enum { CORE2, NEHALEM, HASWELL };
static const struct lbr_layout layouts[] = {
    [CORE2] = {.from = 0x40, .to = 0x60, .depth = 4},
    [NEHALEM] = {.from = 0x680, .to = 0x6c0, .depth = 16, .select = true},
    [HASWELL] = {.from = 0x680, .to = 0x6c0, .depth = 16, .select = true, .sign_ext = true},
};

/* Later ones have a third stack, which is not switched here. */
static const struct {
    uint8_t model, layout;
} models[] = {
    {0x0f, CORE2},   {0x17, CORE2},   {0x1d, CORE2},                    /* Core 2, Penryn */
    {0x1a, NEHALEM}, {0x1e, NEHALEM}, {0x1f, NEHALEM}, {0x2e, NEHALEM}, /* Nehalem */
    {0x25, NEHALEM}, {0x2c, NEHALEM}, {0x2f, NEHALEM},                  /* Westmere */
    {0x2a, NEHALEM}, {0x2d, NEHALEM}, {0x3a, NEHALEM}, {0x3e, NEHALEM}, /* Sandy, Ivy Bridge */
    {0x3c, HASWELL}, {0x3f, HASWELL}, {0x45, HASWELL}, {0x46, HASWELL}, /* Haswell */
    {0x3d, HASWELL}, {0x47, HASWELL}, {0x4f, HASWELL}, {0x56, HASWELL}, /* Broadwell */
};

const struct lbr_layout *lbr_layout(unsigned int family, unsigned int model)
{
    for (unsigned int i = 0; family == 6 && i < ARRAY_SIZE(models); i++)
        if (models[i].model == model)
            return &layouts[models[i].layout];
    return NULL;
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
