/* SPDX-License-Identifier: MIT */
/* exit_io.c - IN, OUT, INS, OUTS: the qualification read into plain words. */
#include <asm/processor.h>

#include "../hvm/io.h"
#include "vmx.h"

/* SDM "Exit Qualification for I/O Instructions" */
union io_qualification {
    uint64_t raw;
    struct {
        uint64_t size_less_one : 3;
        uint64_t in : 1;
        uint64_t string : 1;
        uint64_t rep : 1;
        uint64_t immediate : 1;
        uint64_t reserved : 9;
        uint64_t port : 16;
        uint64_t reserved2 : 32;
    };
};

/* Width of (R/E)CX, RSI and RDI in bytes. */
static unsigned int string_address_size(struct vcpu *v)
{
    if (vmx_caps.insn_info_io)
        return 2u << ((vmread32(VM_EXIT_INSN_INFO) >> 7) & 7);
    return hvm_cs_is_64bit(v) ? 8 : hvm_cs_is_32bit() ? 4 : 2;
}

enum exit_action exit_io(struct vcpu *v, struct cpu_user_regs *regs)
{
    union io_qualification q = {.raw = vmreadnw(EXIT_QUALIFICATION)};
    unsigned int size = q.size_less_one + 1;

    if (likely(!q.string)) {
        if (q.in)
            hvm_port_in(regs, q.port, size);
        else
            hvm_port_out(v, q.port, size, regs->eax);
        return EXIT_ADVANCE;
    }
    struct hvm_string_io io = {
        .port = q.port,
        .size = size,
        .in = q.in,
        .rep = q.rep,
        .backward = vmreadnw(GUEST_RFLAGS) & X86_EFLAGS_DF,
        .addr_bytes = string_address_size(v),
        .linear = vmreadnw(GUEST_LINEAR_ADDRESS),
    };
    return hvm_string_io(v, regs, &io) ? EXIT_ADVANCE : EXIT_RESUME;
}
