/* SPDX-License-Identifier: MIT */
/*
 * io.h - ports and memory that are no RAM: a device of devices.c; or nobody:
 * reads give all ones, writes are dropped, as on a bus on which nothing answers.
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

/* hvm_mmio_access - a MOV between a register and @addr, a device or nothing.
 * Returns the instruction's length; 0: another instruction, nothing changed. */
unsigned int hvm_mmio_access(struct vcpu *v, struct cpu_user_regs *regs, gaddr_t addr);

/* ---- mmio.c: pure ---- */
struct mmio_insn {
    uint8_t length;    /* bytes of the instruction */
    bool write;        /* to memory: dropped */
    uint8_t size;      /* bytes of memory */
    uint8_t dest_size; /* bytes of the register written (reads) */
    uint8_t reg;       /* register number of a read */
    uint8_t imm_size;  /* of an immediate, the last bytes of the instruction; 0: none */
    bool high_byte;    /* AH, CH, DH, BH */
    bool sign_extend;
};
/* mmio_decode - @mode is the code's default width, 2, 4 or 8 bytes.
 * False: not a MOV to or from memory, or cut off. */
bool mmio_decode(const uint8_t *code, size_t len, unsigned int mode, struct mmio_insn *insn);
/* The register value after reading @value. */
uint64_t mmio_read_merge(const struct mmio_insn *insn, uint64_t old, uint64_t value);
/* The same for all ones. */
uint64_t mmio_read_ones(const struct mmio_insn *insn, uint64_t old);

#endif
