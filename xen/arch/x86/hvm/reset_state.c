/* SPDX-License-Identifier: MIT */
/* reset_state.c - see reset.h; the pure part: test/unit/test_xen_hvm_reset.c. */
#include <asm/processor.h>
#include <cairn/lib.h>

#include "../mm/guest_walk.h"
#include "reset.h"

void x86_reset_ctrl(enum hvm_reset kind, const struct x86_ctrl *old, struct x86_ctrl *new)
{
    uint64_t caches = X86_CR0_CD | X86_CR0_NW;

    if (kind == HVM_INIT)
        caches &= old->cr0;
    *new = (struct x86_ctrl){.cr0 = X86_CR0_ET | caches};
}

bool x86_paging_changed(const struct x86_ctrl *old, const struct x86_ctrl *new)
{
    struct paging_role a, b;

    /* What the policy adds to a role is the same in both. */
    paging_role(old, true, true, 52, &a);
    paging_role(new, true, true, 52, &b);
    return memcmp(&a, &b, sizeof(a)) != 0;
}

void hvm_reset_cpu_state(struct hvm_cpu_state *s)
{
    *s = (struct hvm_cpu_state){.rip = 0xfff0, .rflags = X86_EFLAGS_MBS, .dr7 = 0x400};
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        s->seg[i] = (struct hvm_segment){.attr = 0x93, .limit = 0xffff};
    s->seg[SEG_CS] =
        (struct hvm_segment){.sel = 0xf000, .attr = 0x9b, .limit = 0xffff, .base = 0xffff0000};
    s->seg[SEG_LDTR] = (struct hvm_segment){.attr = 0x82, .limit = 0xffff};
    s->seg[SEG_TR] = (struct hvm_segment){.attr = 0x8b, .limit = 0xffff};
    s->seg[SEG_GDTR].limit = s->seg[SEG_IDTR].limit = 0xffff;
}
