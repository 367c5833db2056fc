/* SPDX-License-Identifier: MIT */
/*
 * asm-offsets.c - offsets and sizes that assembly needs.  Compiled to
 * assembly only; the Makefile turns the marked lines into asm-offsets.h.
 */
#include <asm/current.h>
#include <asm/traps.h>
#include <cairn/domain.h>
#include <cairn/types.h>

#define DEFINE(name, value)        __asm__ volatile("\n#=> " #name " %0 <=" ::"i"((long)(value)))
#define OFFSET(name, type, member) DEFINE(name, offsetof(type, member))

void asm_offsets(void);
void asm_offsets(void)
{
    OFFSET(UREGS_error_code, struct cpu_user_regs, error_code);
    OFFSET(UREGS_entry_vector, struct cpu_user_regs, entry_vector);
    OFFSET(UREGS_rip, struct cpu_user_regs, rip);
    OFFSET(UREGS_cs, struct cpu_user_regs, cs);
    OFFSET(UREGS_eflags, struct cpu_user_regs, rflags);
    OFFSET(UREGS_rsp, struct cpu_user_regs, rsp);
    DEFINE(UREGS_kernel_sizeof, offsetof(struct cpu_user_regs, es));

    DEFINE(CPUINFO_sizeof, sizeof(struct cpu_info));
    OFFSET(CPUINFO_guest_regs, struct cpu_info, guest_regs);
    OFFSET(CPUINFO_scratch, struct cpu_info, scratch);
}
