/* SPDX-License-Identifier: MIT */
/*
 * Ring 3: what it may do, what it may not, and that both come back.
 */
#include "selftest.h"

#include <guest/test.h>

#define SMALL_SEL ((GDT_SPARE + 2) * 8 + 3) /* data, DPL 3, limit 0xfff */

static USER_TEXT ulong user_cpl(ulong arg)
{
    return (read_cs() & 3) + arg;
}

static USER_TEXT ulong user_cli(ulong arg)
{
    asm volatile("cli");
    return 0;
}

static USER_TEXT ulong user_hlt(ulong arg)
{
    asm volatile("hlt");
    return 0;
}

static USER_TEXT ulong user_in(ulong arg)
{
    asm volatile("in $0x80, %%al" : : : "eax");
    return 0;
}

static USER_TEXT ulong user_cr0(ulong arg)
{
    asm volatile("mov %%cr0, %0" : "=r"(arg));
    return arg;
}

static USER_TEXT ulong user_rdmsr(ulong arg)
{
    asm volatile("rdmsr" : "=a"(arg) : "c"(MSR_EFER) : "edx");
    return arg;
}

static USER_TEXT ulong user_gate(ulong arg)
{
    asm volatile("int %0" : : "i"(VEC_SPARE + 1));
    return 0;
}

static USER_TEXT ulong user_int3(ulong arg)
{
    asm volatile("int3");
    return 0;
}

static USER_TEXT ulong user_cpuid(ulong arg)
{
    uint32_t b, c, d;

    asm volatile("cpuid" : "+a"(arg), "=b"(b), "=c"(c), "=d"(d));
    return b;
}

static USER_TEXT ulong user_unaligned(ulong arg)
{
#ifdef __x86_64__
    asm volatile("pushfq; orl %0, (%%rsp); popfq; mov 1(%%rsp), %%eax" : : "i"(EFLAGS_AC) : "eax");
#else
    asm volatile("pushfl; orl %0, (%%esp); popfl; mov 1(%%esp), %%eax" : : "i"(EFLAGS_AC) : "eax");
#endif
    return 0;
}

#ifndef __x86_64__
static USER_TEXT ulong user_stack_limit(ulong selector)
{
    asm volatile("mov %w0, %%ss; push %0" : : "r"(selector) : "memory");
    return 0;
}
#endif

#if PAGING_LEVELS > 0
static uint8_t kernel_page[PAGE_SIZE] PAGE_BSS;

static USER_TEXT ulong user_read(ulong address)
{
    return *(volatile uint8_t *)address;
}
#endif

static void expect(const char *what, ulong (*fn)(ulong), ulong arg, fault_t want)
{
    exec_user(fn, arg);
    check_fault(what, fault_last(), want);
    if (want)
        check_equal("CPL in the frame", fault_record.cs & 3, 3);
}

void selftest_user(void)
{
    ulong cr0 = read_cr0();

    check_equal("CPL and argument", exec_user(user_cpl, 100), 103);
    check_fault("a quiet function", fault_last(), 0);
    check_equal("CPUID.0:EBX in ring 3", exec_user(user_cpuid, 0), cpuid(0, 0).b);

    expect("CLI", user_cli, 0, FAULT(VEC_GP, 0));
    expect("HLT", user_hlt, 0, FAULT(VEC_GP, 0));
    expect("IN", user_in, 0, FAULT(VEC_GP, 0));
    expect("MOV from CR0", user_cr0, 0, FAULT(VEC_GP, 0));
    expect("RDMSR", user_rdmsr, 0, FAULT(VEC_GP, 0));
    expect("INT3", user_int3, 0, FAULT(VEC_BP, 0));

    idt_restore_gate(VEC_SPARE + 1);
    expect("INT to a ring 0 gate", user_gate, 0, FAULT(VEC_GP, (VEC_SPARE + 1) * 8 + 2));
    idt_set_present(VEC_SPARE + 1, false);

    write_cr0(cr0 | CR0_AM);
    expect("unaligned read with EFLAGS.AC", user_unaligned, 0, FAULT(VEC_AC, 0));
    write_cr0(cr0);
#ifndef __x86_64__
    gdt[GDT_SPARE + 2] = desc_make(0, 0xfff, 0xf3, 0x4);
    if (platform != PLATFORM_TCG) /* which would let it pass and lose its way */
        expect("PUSH beyond the stack's limit", user_stack_limit, SMALL_SEL, FAULT(VEC_SS, 0));
#endif
#if PAGING_LEVELS > 0
    expect("read of a kernel page", user_read, (ulong)kernel_page, FAULT(VEC_PF, PF_P | PF_U));
    check_equal("CR2", fault_record.cr2, (ulong)kernel_page);
#endif
}
