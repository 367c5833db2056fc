/* SPDX-License-Identifier: MIT */
/* io.c - see io.h. */
#include "io.h"

#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

#include "devices.h"
#include "guest_access.h"

void hvm_port_in(struct cpu_user_regs *regs, unsigned int port, unsigned int size)
{
    uint32_t value = ~0u;

    hvm_device_port_in(current, port, size, &value);
    switch (size) {
    case 1:
        regs->rax = (regs->rax & ~0xfful) | (uint8_t)value;
        break;
    case 2:
        regs->rax = (regs->rax & ~0xfffful) | (uint16_t)value;
        break;
    default:
        regs->rax = value; /* a 32-bit result clears the upper half */
        break;
    }
}

void hvm_port_out(struct vcpu *v, unsigned int port, unsigned int size, uint32_t value)
{
    hvm_device_port_out(v, port, size, value);
}

#define STRING_IO_CHUNK 256u /* bytes at a time; the guest can be preempted between */

static uint64_t address_mask(unsigned int bytes)
{
    return bytes == 8 ? ~0ull : (1ull << (8 * bytes)) - 1;
}

/* Add to the low @bytes of a register; 32-bit results clear the upper half. */
static unsigned long move_register(unsigned long reg, unsigned int bytes, long delta)
{
    uint64_t mask = address_mask(bytes);
    uint64_t low = (reg + delta) & mask;
    return bytes == 2 ? (reg & ~mask) | low : low;
}

/* As many elements as fit the chunk and the page of the first one. */
static unsigned int elements_now(const struct hvm_string_io *io, uint64_t count)
{
    unsigned long room =
        io->backward ? PAGE_OFFSET(io->linear) + io->size : PAGE_SIZE - PAGE_OFFSET(io->linear);
    unsigned long n = min(room, (unsigned long)STRING_IO_CHUNK) / io->size;
    return n == 0 ? 1 : min(n, (unsigned long)count);
}

bool hvm_string_io(struct vcpu *v, struct cpu_user_regs *regs, const struct hvm_string_io *io)
{
    uint64_t count = io->rep ? regs->rcx & address_mask(io->addr_bytes) : 1;
    uint8_t buf[STRING_IO_CHUNK];

    if (count == 0)
        return true;
    unsigned int n = elements_now(io, count);
    size_t bytes = (size_t)n * io->size;
    gva_t start = io->backward ? io->linear - (bytes - io->size) : io->linear;
    uint32_t ec;
    gva_t fault;
    memset(buf, 0xff, bytes);
    int rc = io->in ? guest_copy_linear(v, start, buf, bytes, COPY_TO_GUEST_AS_CPL, &fault, &ec)
                    : guest_copy_linear(v, start, buf, bytes, COPY_FROM_GUEST_AS_CPL, &fault, &ec);
    if (rc) {
        if (is_canonical(fault))
            hvm_inject_page_fault(v, fault, ec);
        else
            hvm_inject_exception(v, X86_EXC_GP, 0);
        return false;
    }
    long step = io->backward ? -(long)bytes : (long)bytes;
    if (io->in)
        regs->rdi = move_register(regs->rdi, io->addr_bytes, step);
    else
        regs->rsi = move_register(regs->rsi, io->addr_bytes, step);
    if (!io->rep)
        return true;
    regs->rcx = move_register(regs->rcx, io->addr_bytes, -(long)n);
    return n == count;
}
