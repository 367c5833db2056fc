/* SPDX-License-Identifier: MIT */
/*
 * The local APIC, and an IDT with all vectors: see apic.h.  Stubs for the
 * vectors above the framework's own are made at run time in irq_stubs.
 */
#include <guest/apic.h>

#include <guest/asm.h>
#include <guest/desc.h>

struct gate {
    uint16_t offset0, selector, attributes, offset1;
#ifdef __x86_64__
    uint32_t offset2, reserved;
#endif
};
struct table_pointer {
    uint16_t limit;
    ulong base;
} __attribute__((packed));

#define STUB_SIZE 16

static struct gate big_idt[256] __attribute__((aligned(16)));
static uint8_t irq_stubs[256][STUB_SIZE] __attribute__((aligned(16)));

struct irq_log irq_log;
void (*volatile irq_hook)(unsigned int vector);
volatile unsigned int irq_no_eoi;
volatile uint32_t nmi_count;
void (*volatile nmi_hook)(void);

/* ---- registers ---- */

bool apic_is_x2(void)
{
    return rdmsr(MSR_APIC_BASE) & APIC_BASE_X2;
}

uint32_t apic_read(unsigned int reg)
{
    return apic_is_x2() ? (uint32_t)rdmsr(MSR_X2APIC + (reg >> 4)) : mmio_read32(APIC_MMIO + reg);
}

void apic_write(unsigned int reg, uint32_t value)
{
    if (apic_is_x2())
        wrmsr(MSR_X2APIC + (reg >> 4), value);
    else
        mmio_write32(APIC_MMIO + reg, value);
}

void apic_icr(uint32_t dest, uint32_t low)
{
    if (apic_is_x2()) {
        wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (uint64_t)dest << 32 | low);
        return;
    }
    mmio_write32(APIC_MMIO + APIC_ICR2, dest << 24);
    mmio_write32(APIC_MMIO + APIC_ICR, low);
}

uint32_t apic_id(void)
{
    return apic_is_x2() ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

bool apic_init(void)
{
    uint64_t base;

    if (rdmsr_safe(MSR_APIC_BASE, &base))
        return false;
    /* Bochs never lets an APIC on again that was switched off. */
    if ((base & (APIC_BASE_X2 | APIC_BASE_EN)) != APIC_BASE_EN) {
        base &= ~(uint64_t)(APIC_BASE_X2 | APIC_BASE_EN);
        if (wrmsr_safe(MSR_APIC_BASE, base) || wrmsr_safe(MSR_APIC_BASE, base | APIC_BASE_EN))
            return false;
    }
    if (!(cpuid(1, 0).d & (1u << 9)))
        return false;
    apic_write(APIC_SPIV, 0x1ff);
    return true;
}

/* ---- interrupts ---- */

void irq_arrived(unsigned int vector);
void nmi_arrived(void);

void irq_arrived(unsigned int vector)
{
    irq_log.count[vector]++;
    irq_log.vector[irq_log.nr % ARRAY_SIZE(irq_log.vector)] = vector;
    irq_log.nr++;
    if (irq_hook)
        irq_hook(vector);
    if (vector != irq_no_eoi && vector != 0xff)
        apic_write(APIC_EOI, 0);
}

void nmi_arrived(void)
{
    nmi_count++;
    if (nmi_hook)
        nmi_hook();
}

/* The stub pushed the vector; all registers that C may change are kept. */
extern char irq_common[], nmi_entry[];
#ifdef __x86_64__
asm(".globl irq_common, nmi_entry\n"
    ".macro save\n push %rax; push %rcx; push %rdx; push %rsi; push %rdi; push %r8; push %r9;"
    " push %r10; push %r11; push %rbx\n .endm\n"
    ".macro restore\n pop %rbx; pop %r11; pop %r10; pop %r9; pop %r8; pop %rdi; pop %rsi;"
    " pop %rdx; pop %rcx; pop %rax\n .endm\n"
    "irq_common: save\n mov 80(%rsp), %edi; mov %rsp, %rbx; and $-16, %rsp\n"
    "call irq_arrived; mov %rbx, %rsp\n restore\n add $8, %rsp; iretq\n"
    "nmi_entry: save\n mov %rsp, %rbx; and $-16, %rsp\n"
    "call nmi_arrived; mov %rbx, %rsp\n restore\n iretq");
#else
asm(".globl irq_common, nmi_entry\n"
    "irq_common: push %eax; push %ecx; push %edx; push 12(%esp); call irq_arrived\n"
    "add $4, %esp; pop %edx; pop %ecx; pop %eax; add $4, %esp; iret\n"
    "nmi_entry: push %eax; push %ecx; push %edx; call nmi_arrived\n"
    "pop %edx; pop %ecx; pop %eax; iret");
#endif

static void set_gate(unsigned int vector, ulong to)
{
    big_idt[vector] = (struct gate){
        .offset0 = to, .selector = KERNEL_CS, .attributes = 0x8e00, .offset1 = to >> 16};
#ifdef __x86_64__
    big_idt[vector].offset2 = to >> 32;
#endif
}

/* push $vector; jmp irq_common */
static void make_stub(unsigned int vector)
{
    uint8_t *at = irq_stubs[vector];
    uint32_t distance = (ulong)irq_common - ((ulong)at + 10);

    at[0] = 0x68;
    at[1] = vector;
    at[2] = at[3] = at[4] = 0;
    at[5] = 0xe9;
    memcpy(at + 6, &distance, 4);
    set_gate(vector, (ulong)at);
}

void irq_load_idt(void)
{
    const struct table_pointer idtr = {sizeof(big_idt) - 1, (ulong)big_idt};

    asm volatile("lidt %0" : : "m"(idtr));
}

void irq_init(void)
{
    struct table_pointer old;

    asm volatile("sidt %0" : "=m"(old));
    memcpy(big_idt, (const void *)old.base, old.limit + 1);
    for (unsigned int vector = IRQ_FIRST; vector < 256; vector++)
        make_stub(vector);
    set_gate(VEC_NMI, (ulong)nmi_entry);
    irq_load_idt();
    /* Firmware leaves the PIC open, at vectors of exceptions. */
    outb(0xff, 0x21);
    outb(0xff, 0xa1);
    irq_reset();
}

void irq_reset(void)
{
    for (unsigned int i = 0; i < 256; i++)
        irq_log.count[i] = 0;
    irq_log.nr = 0;
    nmi_count = 0;
}

bool irq_wait(uint32_t nr, unsigned int ms)
{
    uint64_t end = rdtsc() + ms * 1000000ull * 4;

    while (irq_log.nr < nr && rdtsc() < end)
        asm volatile("pause" : : : "memory");
    return irq_log.nr >= nr;
}
