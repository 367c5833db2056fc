/* SPDX-License-Identifier: MIT */
/* vm86.c - see vm86.h.  Pure: test/unit/test_xen_hvm_vm86.c. */
#include "vm86.h"

#include <asm/processor.h>
#include <cairn/lib.h>

#define RPL(sel) ((sel)&3)

static void put_byte(uint8_t *buf, uint32_t from, uint32_t n, uint32_t offset, uint8_t value)
{
    if (offset - from < n)
        buf[offset - from] = value;
}

void vm86_tss_fill(uint8_t *buf, uint32_t from, uint32_t n, uint32_t size)
{
    memset(buf, 0, n);
    put_byte(buf, from, n, 102, VM86_TSS_IO_MAP & 0xff); /* where the I/O map begins */
    put_byte(buf, from, n, 103, VM86_TSS_IO_MAP >> 8);
    put_byte(buf, from, n, size - 1, 0xff); /* the I/O map ends with ones */
}

bool vm86_fits(const struct hvm_cpu_state *s)
{
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        if (s->seg[i].base != (uint64_t)s->seg[i].sel << 4 || s->seg[i].limit != 0xffff)
            return false;
    return s->rip <= 0xffff;
}

void vm86_encode(const struct hvm_cpu_state *s, uint32_t tss_base, uint32_t tss_limit,
                 struct hvm_cpu_state *hw)
{
    *hw = *s;
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        hw->seg[i].attr = 0xf3; /* data, read-write, accessed, DPL 3 */
    hw->seg[SEG_TR] =
        (struct hvm_segment){.attr = 0x8b /* 32-bit, busy */, .limit = tss_limit, .base = tss_base};
    hw->rflags |= X86_EFLAGS_VM | X86_EFLAGS_IOPL;
}

void vm86_decode(const struct hvm_cpu_state *hw, const struct vm86_hidden *hidden,
                 struct hvm_cpu_state *s)
{
    *s = *hw;
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++)
        s->seg[i].attr = i == SEG_CS ? 0x9b : 0x93;
    s->seg[SEG_TR] = hidden->tr;
    s->rflags &= ~(uint64_t)(X86_EFLAGS_VM | X86_EFLAGS_IOPL);
    s->rflags |= hidden->iopl;
}

bool protected_fits(const struct hvm_cpu_state *s)
{
    const struct hvm_segment *cs = &s->seg[SEG_CS], *ss = &s->seg[SEG_SS];
    unsigned int type = ATTR_TYPE(cs->attr);
    bool ss_usable = ss->attr & ATTR_P;

    /* Accessed code; CPL is SS.DPL, and both RPLs agree with it. */
    if ((type & 9) != 9)
        return false;
    if (RPL(cs->sel) != RPL(ss->sel) || (ss_usable && ATTR_DPL(ss->attr) != RPL(ss->sel)))
        return false;
    if (type & 4 ? ATTR_DPL(cs->attr) > ATTR_DPL(ss->attr)
                 : ATTR_DPL(cs->attr) != ATTR_DPL(ss->attr))
        return false;
    for (unsigned int i = SEG_ES; i <= SEG_GS; i++) {
        const struct hvm_segment *seg = &s->seg[i];
        if (i == SEG_CS || i == SEG_SS || !(seg->attr & ATTR_P))
            continue;
        bool conforming = (ATTR_TYPE(seg->attr) & 0xc) == 0xc;
        if (!conforming && ATTR_DPL(seg->attr) < RPL(seg->sel))
            return false;
    }
    return true;
}

void real_deliver(const struct hvm_cpu_state *s, unsigned int vector, uint16_t return_ip,
                  struct real_delivery *d)
{
    uint16_t sp = s->rsp;

    d->vector_addr = s->seg[SEG_IDTR].base + vector * 4;
    d->beyond_limit = vector * 4 + 3 > s->seg[SEG_IDTR].limit;
    d->push[0] = s->rflags;
    d->push[1] = s->seg[SEG_CS].sel;
    d->push[2] = return_ip;
    for (unsigned int i = 0; i < 3; i++) {
        sp -= 2;
        d->push_addr[i] = (uint32_t)(s->seg[SEG_SS].base + sp);
    }
}

void real_enter_handler(struct hvm_cpu_state *s, uint32_t handler)
{
    s->rsp = (s->rsp & ~0xffffull) | (uint16_t)(s->rsp - 6);
    s->rip = handler & 0xffff;
    s->seg[SEG_CS].sel = handler >> 16;
    s->seg[SEG_CS].base = (handler >> 16) << 4;
    s->rflags &= ~(uint64_t)(X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_AC | X86_EFLAGS_RF);
}
