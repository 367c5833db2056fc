/* SPDX-License-Identifier: MIT */
/* realmode.c - instructions that real mode needs executed in software. */
#include <asm/addr.h>
#include <asm/hvm.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

#include "emul.h"

void hvm_emulate_real_mode(struct vcpu *v, struct cpu_user_regs *regs)
{
    if (likely(hvm_emulate_one(v, regs) != EMUL_UNHANDLEABLE))
        return;

    uint64_t at = hvm_get_segment_base(SEG_CS) + hvm_get_rip();
    uint8_t code[6] = {0};

    hvm_copy_from_guest_phys(v->domain, code, _gaddr((uint32_t)at), sizeof(code));
    domain_crash(v->domain,
                 "vmx: instruction at linear %lx (%02x %02x %02x %02x %02x %02x) is beyond "
                 "virtual-8086 mode and the emulator",
                 (unsigned long)at, code[0], code[1], code[2], code[3], code[4], code[5]);
}
