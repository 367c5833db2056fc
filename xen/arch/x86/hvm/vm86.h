/* SPDX-License-Identifier: MIT */
/*
 * vm86.h - real mode on a processor without unrestricted guest: run in
 * virtual-8086 mode.  Pure: what may run so, how its state looks to the
 * processor, and how interrupts reach a real-mode handler.
 *
 * IOPL is 3 and CR4.VME is 1 meanwhile, so that CLI, STI, PUSHF, POPF, IRET
 * and INT n work as in real mode without an exit.  Every exception exits and
 * is delivered in software.  What the guest can tell: FLAGS that it pushes
 * show IOPL 3.
 * Source: SDM "8086 Emulation", "Virtual-8086 Mode Extensions", "Checks on
 * Guest Segment Registers".
 */
#ifndef X86_HVM_VM86_H
#define X86_HVM_VM86_H

#include <asm/hvm.h>
#include <cairn/types.h>

/* ---- the TSS, in guest memory at HVM_PARAM_VM86_TSS_SIZED ---- */
#define VM86_TSS_IO_MAP 136u /* ports that fault instead of exiting; none */
#define VM86_TSS_MIN    (VM86_TSS_IO_MAP + 2)
#define VM86_TSS_MAX    (VM86_TSS_IO_MAP + 0x2000 + 1)

/* vm86_tss_fill - @buf becomes the bytes [@from, @from + @n) of a TSS of @size bytes. */
void vm86_tss_fill(uint8_t *buf, uint32_t from, uint32_t n, uint32_t size);

/* vm86_fits - can the real-mode state @s run in virtual-8086 mode? Segments
 * must be what real mode loads: base = selector * 16, limit ffff. */
bool vm86_fits(const struct hvm_cpu_state *s);

/* vm86_encode - @s, which fits, as the processor must have it; @tss_base and
 * @tss_limit of the TSS above. */
void vm86_encode(const struct hvm_cpu_state *s, uint32_t tss_base, uint32_t tss_limit,
                 struct hvm_cpu_state *hw);

/* What encoding hides and the processor does not change. */
struct vm86_hidden {
    struct hvm_segment tr;
    uint64_t iopl; /* in place */
};

/* vm86_decode - the guest's view of what the processor holds. */
void vm86_decode(const struct hvm_cpu_state *hw, const struct vm86_hidden *hidden,
                 struct hvm_cpu_state *s);

/* protected_fits - will VM entry without unrestricted guest take the segments
 * of protected-mode state @s?  Those that real mode left behind may not do. */
bool protected_fits(const struct hvm_cpu_state *s);

/* ---- interrupts in real mode ---- */
struct real_delivery {
    uint64_t vector_addr;  /* linear; of the four bytes to read */
    bool beyond_limit;     /* the vector is outside IDTR's limit: #GP, #DF or shutdown */
    uint64_t push_addr[3]; /* linear; FLAGS, CS, IP */
    uint16_t push[3];
};

/* real_deliver - how interrupt @vector is delivered from @s, returning to
 * @return_ip. */
void real_deliver(const struct hvm_cpu_state *s, unsigned int vector, uint16_t return_ip,
                  struct real_delivery *d);
/* real_enter_handler - @s once the pushes are done; @handler is CS:IP as read. */
void real_enter_handler(struct hvm_cpu_state *s, uint32_t handler);

#endif
