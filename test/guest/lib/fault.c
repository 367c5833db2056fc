/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables and the decision what an exception means.  Owns gdt, idt,
 * tss and fault_record.
 */
#include <guest/fault.h>

#include <guest/asm.h>
#include <guest/cpu.h>
#include <guest/desc.h>

struct fixup {
    uint32_t fault, fixup, fn;
};

extern const struct fixup extable_start[], extable_end[];
extern char entry_stubs[], guard_unwind[], user_unwind[];
extern ulong guard_sp;
void guarded_call(void (*fn)(ulong), ulong arg);
ulong user_call(ulong (*fn)(ulong), ulong arg);
void exception_handle(struct regs *regs);

volatile struct fault_record fault_record;

/* Only what privilege changes read; the I/O bitmap lies beyond the limit. */
struct tss {
#ifdef __x86_64__
    uint32_t reserved0;
    uint64_t sp0, sp1, sp2, reserved1, ist[7], reserved2;
    uint16_t reserved3, iopb;
#else
    uint32_t link, sp0, ss0, unused[22];
    uint16_t trap, iopb;
#endif
} __attribute__((packed));

extern struct tss tss;
struct tss tss;
_Static_assert(sizeof(tss) == 0x68, "both formats are 104 bytes");

struct gate {
    uint16_t offset0, selector, attributes, offset1;
#ifdef __x86_64__
    uint32_t offset2, reserved;
#endif
};

static struct gate idt[IDT_ENTRIES] __attribute__((aligned(16)));
#ifdef __x86_64__
static uint8_t df_stack[2048] __attribute__((aligned(16)));
#endif

struct table_pointer {
    uint16_t limit;
    ulong base;
} __attribute__((packed));

uint64_t desc_make(uint32_t base, uint32_t limit, unsigned int access, unsigned int flags)
{
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)access << 40 |
           (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)flags << 52 |
           (uint64_t)(base >> 24) << 56;
}

void idt_set_gate(unsigned int vector, void (*handler)(void), unsigned int dpl)
{
    ulong address = (ulong)handler;

    idt[vector] = (struct gate){.offset0 = address,
                                .selector = KERNEL_CS,
                                .attributes = 0x8e00 | dpl << 13,
                                .offset1 = address >> 16};
#ifdef __x86_64__
    idt[vector].offset2 = address >> 32;
    if (vector == VEC_DF)
        idt[vector].attributes |= 1; /* IST 1 */
#endif
}

void idt_set_present(unsigned int vector, bool present)
{
    idt[vector].attributes &= 0x7fff;
    idt[vector].attributes |= present << 15;
}

void idt_restore_gate(unsigned int vector)
{
    bool from_user = vector == VEC_BP || vector == VEC_OF || vector == VEC_RETURN;

    idt_set_gate(vector, (void (*)(void))(entry_stubs + 16 * vector), from_user ? 3 : 0);
}

void fault_init(void)
{
    struct table_pointer pointer = {sizeof(idt) - 1, (ulong)idt};

    for (unsigned int v = 0; v < IDT_ENTRIES; v++) {
        idt_restore_gate(v);
        if (v >= VEC_SPARE)
            idt_set_present(v, false);
    }
    asm volatile("lidt %0" : : "m"(pointer));

    tss.iopb = sizeof(tss);
#ifdef __x86_64__
    tss.ist[0] = (ulong)df_stack + sizeof(df_stack);
    gdt[GDT_TSS + 1] = 0;
#else
    tss.ss0 = KERNEL_DS;
#endif
    gdt[GDT_TSS] = desc_make((ulong)&tss, sizeof(tss) - 1, 0x89, 0);
    asm volatile("ltr %w0" : : "r"(TSS_SEL));
}

const char *fault_name(fault_t fault)
{
    static const char names[][4] = {"DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "9",
                                    "TS", "NP", "SS",  "GP", "PF", "15", "MF", "AC", "MC", "XM"};
    static char text[4][16];
    static unsigned int next;
    char *out = text[next++ % 4];
    unsigned int vector = fault >> 16 & 0xff;

    if (!fault)
        return "none";
    if (vector < ARRAY_SIZE(names))
        snprintf(out, sizeof(text[0]), "#%s(%04x)", names[vector], fault & 0xffff);
    else
        snprintf(out, sizeof(text[0]), "#%u(%04x)", vector, fault & 0xffff);
    return out;
}

static void record(const struct regs *regs)
{
    fault_record.fault = FAULT(regs->vector, regs->error & 0xffff);
    fault_record.ip = regs->ip;
    fault_record.cs = regs->cs;
    fault_record.cr2 = regs->vector == VEC_PF ? read_cr2() : 0;
    fault_record.count++;
}

static bool fixup_found(struct regs *regs)
{
    for (const struct fixup *f = extable_start; f < extable_end; f++) {
        if (f->fault != regs->ip)
            continue;
        record(regs);
        regs->ip = f->fixup;
        if (f->fn)
            ((fixup_fn *)(ulong)f->fn)(regs);
        return true;
    }
    return false;
}

static NORETURN void dump(const struct regs *r)
{
    bool user = r->cs & 3;

    printk("\n%s at %lx:%lx flags %lx cr2 %lx\n", fault_name(FAULT(r->vector, r->error & 0xffff)),
           r->cs, r->ip, r->flags, read_cr2());
    printk("ax %lx bx %lx cx %lx dx %lx si %lx di %lx bp %lx\n", r->ax, r->bx, r->cx, r->dx, r->si,
           r->di, r->bp);
    if (user || sizeof(ulong) == 8)
        printk("sp %lx ss %lx\n", r->sp, r->ss);
    printk("cr0 %lx cr3 %lx cr4 %lx\n", read_cr0(), read_cr3(), read_cr4());
    panic("unexpected exception");
}

void exception_handle(struct regs *regs)
{
    bool user = regs->cs & 3;

    if (fixup_found(regs)) {
        return;
    } else if (user && regs->vector == VEC_RETURN) {
        regs->ip = (ulong)user_unwind;
    } else if (user) {
        record(regs);
        regs->ip = (ulong)user_unwind;
    } else if (guard_sp) {
        record(regs);
        regs->ip = (ulong)guard_unwind;
    } else {
        dump(regs);
    }

    /* Both unwinders load the stack themselves; 32-bit IRET pops no SS:ESP. */
    regs->cs = KERNEL_CS;
    regs->flags = EFLAGS_MBS;
#ifdef __x86_64__
    regs->ss = KERNEL_DS;
#endif
}

fault_t guarded(void (*fn)(ulong), ulong arg)
{
    fault_clear();
    guarded_call(fn, arg);
    return fault_last();
}

ulong exec_user(ulong (*fn)(ulong), ulong arg)
{
    fault_clear();
    return user_call(fn, arg);
}
