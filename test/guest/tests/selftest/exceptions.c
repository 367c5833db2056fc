/* SPDX-License-Identifier: MIT */
/*
 * Each exception that software can raise in ring 0, with its error code and, for
 * traps, the address it reports.  Source: SDM vol. 3A, "Interrupt and Exception
 * Handling", "Exception and Interrupt Reference".
 */
#include "selftest.h"

#include <guest/test.h>

#define ABSENT_SEL  (GDT_SPARE * 8)       /* data, DPL 0, P = 0 */
#define SMALL_SEL   ((GDT_SPARE + 1) * 8) /* data, DPL 0, limit 0xfff */
#define OUTSIDE_SEL (GDT_ENTRIES * 8 + 8)

static void raise_de(ulong arg)
{
    asm volatile("div %2" : "+a"(arg) : "d"(0), "r"(0));
}

static void raise_bp(ulong arg)
{
    asm volatile("int3");
}

static void raise_of(ulong arg)
{
    asm volatile("int $4");
}

static void raise_ud(ulong arg)
{
    asm volatile("ud2");
}

static void raise_nm(ulong arg)
{
    write_cr0(read_cr0() | CR0_TS);
    asm volatile("fnop");
}

/* A contributory exception (#NP) while delivering another (#DE). */
static void raise_df(ulong arg)
{
    idt_set_present(VEC_DE, false);
    raise_de(0);
}

static void raise_absent_gate(ulong arg)
{
    asm volatile("int %0" : : "i"(VEC_SPARE));
}

static void raise_outside_idt(ulong arg)
{
    asm volatile("int $0x80");
}

static void load_fs(ulong selector)
{
    asm volatile("mov %w0, %%fs" : : "r"(selector));
}

static void load_ss(ulong selector)
{
    asm volatile("mov %w0, %%ss" : : "r"(selector));
}

/* Non-canonical, or (where there is no such thing) beyond a limit. */
static void raise_gp(ulong arg)
{
#ifdef __x86_64__
    asm volatile("mov (%1), %0" : "=r"(arg) : "r"(0x800000000000));
#else
    load_fs(SMALL_SEL);
    asm volatile("mov %%fs:0x1000, %0" : "=r"(arg));
#endif
}

#ifdef __x86_64__
static void raise_ss(ulong arg)
{
    asm volatile("mov %1, %%rbp; mov (%%rbp), %0" : "=r"(arg) : "r"(0x800000000000) : "rbp");
}
#else
static void raise_br(ulong arg)
{
    uint32_t bounds[2] = {1, 2};

    asm volatile("bound %0, (%1)" : : "r"(5), "r"(bounds) : "memory");
}
#endif

/* Unmasked division by zero, reported at the next waiting instruction. */
static void raise_mf(ulong arg)
{
    uint16_t control = 0x37b;

    asm volatile("fninit; fldcw %0; fldz; fld1; fdivp; fwait" : : "m"(control));
}

static void raise_xm(ulong arg)
{
    uint32_t control = 0x1f80 & ~0x200; /* division by zero unmasked */
    uint32_t one = 0x3f800000;

    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    asm volatile("ldmxcsr %0; xorps %%xmm0, %%xmm0; movss %1, %%xmm1; divss %%xmm0, %%xmm1"
                 :
                 : "m"(control), "m"(one));
}

/* TF set by POPF takes effect after the instruction that follows. */
static void raise_step(ulong arg)
{
#ifdef __x86_64__
    asm volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" : : : "memory", "cc");
#else
    asm volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop" : : : "memory", "cc");
#endif
}

static void raise_icebp(ulong arg)
{
    asm volatile(".byte 0xf1");
}

struct raise {
    const char *name;
    void (*fn)(ulong);
    ulong arg;
    fault_t want;
};

static const struct raise raises[] = {
    {"division by zero", raise_de, 0, FAULT(VEC_DE, 0)},
    {"INT3", raise_bp, 0, FAULT(VEC_BP, 0)},
    {"INT 4", raise_of, 0, FAULT(VEC_OF, 0)},
    {"UD2", raise_ud, 0, FAULT(VEC_UD, 0)},
    {"x87 with CR0.TS", raise_nm, 0, FAULT(VEC_NM, 0)},
    {"#NP on the way to #DE", raise_df, 0, FAULT(VEC_DF, 0)},
    {"absent gate", raise_absent_gate, 0, FAULT(VEC_NP, VEC_SPARE * 8 + 2)},
    {"gate beyond the IDT", raise_outside_idt, 0, FAULT(VEC_GP, 0x80 * 8 + 2)},
    {"absent data segment", load_fs, ABSENT_SEL, FAULT(VEC_NP, ABSENT_SEL)},
    {"absent stack segment", load_ss, ABSENT_SEL, FAULT(VEC_SS, ABSENT_SEL)},
    {"ring 3 segment as stack", load_ss, USER_DS, FAULT(VEC_GP, USER_DS & ~3)},
    {"selector beyond the GDT", load_fs, OUTSIDE_SEL, FAULT(VEC_GP, OUTSIDE_SEL)},
    {"address out of reach", raise_gp, 0, FAULT(VEC_GP, 0)},
#ifdef __x86_64__
    {"stack address out of reach", raise_ss, 0, FAULT(VEC_SS, 0)},
#else
    {"BOUND", raise_br, 0, FAULT(VEC_BR, 0)},
#endif
    {"x87 error", raise_mf, 0, FAULT(VEC_MF, 0)},
    {"SSE error", raise_xm, 0, FAULT(VEC_XM, 0)},
    {"single step", raise_step, 0, FAULT(VEC_DB, 0)},
    {"ICEBP", raise_icebp, 0, FAULT(VEC_DB, 0)},
};

static void tidy_up(ulong cr0, ulong cr4)
{
    write_cr0(cr0);
    write_cr4(cr4);
    idt_restore_gate(VEC_DE);
    load_fs(USER_DS);
    asm volatile("fninit");
}

/* INT3 reports the address after itself, UD2 its own. */
static void check_addresses(void)
{
    extern char bp_at[], ud_at[];

    fault_clear();
    asm volatile("bp_at: int3; 1:" ASM_FIXUP(1b, 1b) : : : "memory");
    check_fault("INT3 inline", fault_last(), FAULT(VEC_BP, 0));
    check_equal("INT3's address", fault_record.ip, (ulong)bp_at + 1);
    fault_clear();
    asm volatile("ud_at: ud2; 1:" ASM_FIXUP(ud_at, 1b) : : : "memory");
    check_equal("UD2's address", fault_record.ip, (ulong)ud_at);
}

void selftest_double_ax(struct regs *regs)
{
    regs->ax *= 2;
}

static void check_handler(void)
{
    ulong ax = 21;

    asm volatile("1: ud2; 2:" ASM_FIXUP_CALL(1b, 2b, selftest_double_ax) : "+a"(ax) : : "memory");
    if (ax != 42)
        report_error("a fixup's handler does not reach the registers");
}

void selftest_exceptions(void)
{
    ulong cr0 = read_cr0(), cr4 = read_cr4();

    gdt[GDT_SPARE] = desc_make(0, 0xfffff, 0x13, 0xc);
    gdt[GDT_SPARE + 1] = desc_make(0, 0xfff, 0x93, 0x4);
    for (unsigned int i = 0; i < ARRAY_SIZE(raises); i++) {
        check_fault(raises[i].name, guarded(raises[i].fn, raises[i].arg), raises[i].want);
        tidy_up(cr0, cr4);
    }
    check_addresses();
    check_handler();
}
