/* SPDX-License-Identifier: MIT */
/*
 * Accesses that may fault.
 */
#include <guest/access.h>

#include <guest/cpu.h>
#include <guest/report.h>

static void set_ac(void)
{
#ifdef __x86_64__
    asm volatile("pushfq; orl %0, (%%rsp); popfq" : : "i"(EFLAGS_AC) : "memory", "cc");
#else
    asm volatile("pushfl; orl %0, (%%esp); popfl" : : "i"(EFLAGS_AC) : "memory", "cc");
#endif
}

static void clear_ac(void)
{
#ifdef __x86_64__
    asm volatile("pushfq; andl %0, (%%rsp); popfq" : : "i"(~EFLAGS_AC) : "memory", "cc");
#else
    asm volatile("pushfl; andl %0, (%%esp); popfl" : : "i"(~EFLAGS_AC) : "memory", "cc");
#endif
}

static void kernel_read(ulong va)
{
    *(volatile uint8_t *)va;
}

static void kernel_write(ulong va)
{
    *(volatile uint8_t *)va = OPCODE_RET;
}

/* Where a hypervisor knows it, the next instruction is emulated; else #UD. */
#define FEP "ud2; .ascii \"xen\"; "

static void forced_read(ulong va)
{
    uint8_t value;

    asm volatile(FEP "movb (%1), %0" : "=q"(value) : "r"(va) : "memory");
}

static void forced_write(ulong va)
{
    asm volatile(FEP "movb %1, (%0)" : : "r"(va), "q"((uint8_t)OPCODE_RET) : "memory");
}

/* In place of fault_record, which all CPUs share: the registers of the access. */
void fault_into_registers(struct regs *regs);
void fault_into_registers(struct regs *regs)
{
    regs->ax = FAULT(regs->vector, regs->error & 0xffff);
    regs->dx = read_cr2();
}

fault_t access_read_smp(const volatile void *va)
{
    ulong fault = 0, cr2 = (ulong)va;

    asm volatile("1: movb (%2), %%cl; 2:" ASM_FIXUP_CALL(1b, 2b, fault_into_registers)
                 : "+a"(fault), "+d"(cr2)
                 : "r"(va)
                 : "ecx", "memory");
    return cr2 == (ulong)va ? fault : FAULT_ELSEWHERE;
}

bool access_can_force(void)
{
    static uint8_t target;

    return access_do(&target, ACCESS_READ | ACCESS_FEP) == 0;
}

static void call(ulong va)
{
    ((void (*)(void))va)();
}

static USER_TEXT ulong user_read(ulong va)
{
    return *(volatile uint8_t *)va;
}

static USER_TEXT ulong user_write(ulong va)
{
    *(volatile uint8_t *)va = OPCODE_RET;
    return 0;
}

static USER_TEXT ulong user_fetch(ulong va)
{
    ((void (*)(void))va)();
    return 0;
}

static void (*kernel_access(unsigned int access))(ulong)
{
    if (access & ACCESS_FETCH)
        return call;
    if (access & ACCESS_FEP)
        return access & ACCESS_WRITE ? forced_write : forced_read;
    return access & ACCESS_WRITE ? kernel_write : kernel_read;
}

fault_t access_do(const volatile void *address, unsigned int access)
{
    ulong va = (ulong)address;

    if (access & ACCESS_USER) {
        exec_user(access & ACCESS_FETCH   ? user_fetch
                  : access & ACCESS_WRITE ? user_write
                                          : user_read,
                  va);
        return fault_last();
    }
    if (access & ACCESS_AC)
        set_ac();
    guarded(kernel_access(access), va);
    if (access & ACCESS_AC)
        clear_ac();
    return fault_last();
}

void check_access(const char *what, const volatile void *va, unsigned int access, fault_t want)
{
    char text[80];

    for (unsigned int pass = 0; pass < 2; pass++) {
        fault_t got = access_do(va, access);

        snprintf(text, sizeof(text), "%s%s", what, pass ? ", once more" : "");
        check_fault(text, got, want);
        if (got && got == want && (want >> 16 & 0xff) == VEC_PF) {
            snprintf(text, sizeof(text), "%s%s: CR2", what, pass ? ", once more" : "");
            check_equal(text, fault_record.cr2, (ulong)va);
        }
    }
}
