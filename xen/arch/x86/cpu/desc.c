/* SPDX-License-Identifier: MIT */
/*
 * desc.c - the IDT, and the GDT and TSS of each CPU.  Owns their contents;
 * promises that the GDT page holds what the public ABI says page 14 of a PV guest's GDT
 * holds, with every accessed bit already set, so that it can be mapped
 * read-only.
 */
#include <asm/traps.h>

#include <asm/config.h>
#include <asm/current.h>
#include <asm/processor.h>
#include <asm/setup.h>
#include <cairn/lib.h>
#include <cairn/mm.h>

struct tss64 {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, iomap_base;
} __packed;

struct idt_gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};

struct table_register {
    uint16_t limit;
    uint64_t base;
} __packed;

#define IST_DF  1
#define IST_NMI 2
#define IST_MC  3
#define IST_DB  4

#define GDT_FIRST          (HYPERVISOR_CS / 8 - 1) /* entry that page 14 begins with */
#define GDT_SLOT(selector) ((selector) / 8 - GDT_FIRST)

extern char trap_stubs[]; /* 16 bytes a vector */

/* The boot CPU's, and what every other CPU's begins as. */
static uint64_t boot_gdt_page[512] __aligned(4096);
static struct idt_gate idt[256] __aligned(4096);
static DEFINE_PER_CPU(struct tss64, tss) __aligned(128);
static uint64_t *gdt_pages[NR_CPUS] = {boot_gdt_page};

static void gdt_set_system(unsigned int slot, uint64_t base, uint32_t limit, unsigned int type)
{
    uint64_t *gdt = gdt_pages[smp_processor_id()];

    gdt[slot] = (limit & 0xffff) | (base & 0xffffff) << 16 | (uint64_t)(0x80 | type) << 40 |
                (uint64_t)(limit & 0xf0000) << 32 | (base & 0xff000000) << 32;
    gdt[slot + 1] = base >> 32;
}

static void gdt_build(void)
{
    boot_gdt_page[GDT_SLOT(HYPERVISOR_CS)] = 0x00af9b000000ffff;   /* ring 0 code, 64-bit */
    boot_gdt_page[GDT_SLOT(HYPERVISOR_DS32)] = 0x00cf93000000ffff; /* ring 0 data */
    boot_gdt_page[GDT_SLOT(FLAT_RING3_CS32)] = 0x00cffb000000ffff; /* ring 3 code, 32-bit */
    boot_gdt_page[GDT_SLOT(FLAT_RING3_DS32)] = 0x00cff3000000ffff; /* ring 3 data */
    boot_gdt_page[GDT_SLOT(FLAT_RING3_CS64)] = 0x00affb000000ffff; /* ring 3 code, 64-bit */
}

static void idt_set(unsigned int vector, unsigned int ist, unsigned int dpl)
{
    uint64_t offset = (uintptr_t)trap_stubs + vector * 16;

    idt[vector] = (struct idt_gate){
        .offset_low = offset & 0xffff,
        .selector = HYPERVISOR_CS,
        .ist = ist,
        .type = 0x8e | dpl << 5,
        .offset_mid = offset >> 16 & 0xffff,
        .offset_high = offset >> 32,
    };
}

static void idt_build(void)
{
    for (unsigned int v = 0; v < 256; v++)
        idt_set(v, 0, 0);
    idt_set(X86_EXC_BP, 0, 3);
    idt_set(X86_EXC_OF, 0, 3);
    idt_set(X86_EXC_DB, IST_DB, 0);
    idt_set(X86_EXC_NMI, IST_NMI, 0);
    idt_set(X86_EXC_DF, IST_DF, 0);
    idt_set(X86_EXC_MC, IST_MC, 0);
}

void cpu_load_gdt(unsigned long base)
{
    struct table_register gdtr = {FIRST_RESERVED_GDT_BYTE + PAGE_SIZE - 1, base};

    __asm__ volatile("lgdt %0" ::"m"(gdtr));
}

void cpu_load_descriptors(void)
{
    struct tss64 *tss = &this_cpu(tss);
    uintptr_t stack = (uintptr_t)get_cpu_info() & -(uintptr_t)STACK_SIZE;
    struct table_register idtr = {sizeof(idt) - 1, (uintptr_t)idt};

    if (smp_processor_id() == 0) {
        gdt_build();
        idt_build(); /* one for all: the stacks are the TSS's */
    }
    /* #DB in hypervisor mode does little: it shares a page with #DF. */
    tss->ist[IST_DF - 1] = stack + 1 * PAGE_SIZE;
    tss->ist[IST_DB - 1] = stack + PAGE_SIZE / 2;
    tss->ist[IST_NMI - 1] = stack + 2 * PAGE_SIZE;
    tss->ist[IST_MC - 1] = stack + 3 * PAGE_SIZE;
    tss->rsp[0] = (uintptr_t)&guest_cpu_user_regs()->es;
    tss->iomap_base = sizeof(*tss); /* no bitmap: port access by IOPL alone */
    gdt_set_system(GDT_SLOT(TSS_SELECTOR), (uintptr_t)tss, sizeof(*tss) - 1, 9);

    cpu_load_gdt((uintptr_t)gdt_pages[smp_processor_id()] - FIRST_RESERVED_GDT_BYTE);
    __asm__ volatile(
        "pushq %q0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::"r"((uint64_t)HYPERVISOR_CS)
        : "rax", "memory");
    __asm__ volatile(
        "movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs; movl %0, %%ss" ::"r"(
            HYPERVISOR_SS));
    __asm__ volatile("lidt %0; ltr %w1; lldt %w2" ::"m"(idtr), "r"(TSS_SELECTOR), "r"(0));
}

uint64_t *cpu_gdt_page(void)
{
    uint64_t *gdt = gdt_pages[smp_processor_id()];

    return gdt == boot_gdt_page ? boot_phys_to_virt(image_pa(boot_gdt_page)) : gdt;
}

int desc_cpu_prepare(unsigned int cpu)
{
    gdt_pages[cpu] = alloc_xen_page();
    if (!gdt_pages[cpu])
        return -ENOMEM;
    memcpy(gdt_pages[cpu], boot_gdt_page, PAGE_SIZE);
    return 0;
}

unsigned long cpu_tss_base(void)
{
    return (uintptr_t)&this_cpu(tss);
}

void cpu_gdt_set_ldt(unsigned long base, unsigned int entries)
{
    unsigned int selector = 0;

    if (entries) {
        gdt_set_system(GDT_SLOT(LDT_SELECTOR), base, entries * 8 - 1, 2);
        selector = LDT_SELECTOR;
    }
    __asm__ volatile("lldt %w0" ::"r"(selector));
}
