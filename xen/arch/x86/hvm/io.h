/* SPDX-License-Identifier: MIT */
/*
 * io.h - ports where no device is: reads give all ones, writes are dropped,
 * as on a bus on which nothing answers.
 */
#ifndef X86_HVM_IO_H
#define X86_HVM_IO_H

#include <asm/addr.h>
#include <cairn/types.h>
#include <xen/xen.h>

struct vcpu;

void hvm_port_in(struct cpu_user_regs *regs, unsigned int port, unsigned int size);
void hvm_port_out(struct vcpu *v, unsigned int port, unsigned int size, uint32_t value);

struct hvm_string_io {
    uint16_t port;
    uint8_t size; /* 1, 2 or 4 bytes an element */
    bool in, rep, backward;
    uint8_t addr_bytes; /* 2, 4 or 8: width of (R/E)CX, SI, DI */
    gva_t linear;       /* of the first element */
};
/* hvm_string_io - a part of INS or OUTS with (R/E)CX, SI and DI moved on.
 * Returns true when the instruction is done; false: execute it again, after
 * a part of its repetitions or to take the page fault now pending. */
bool hvm_string_io(struct vcpu *v, struct cpu_user_regs *regs, const struct hvm_string_io *io);

#endif
