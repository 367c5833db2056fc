/* SPDX-License-Identifier: MIT */
/*
 * Starting a second CPU: see ap.h.  The trampoline lies in one page below
 * 1 MiB; its data behind it, at fixed places.
 * Source: SDM vol. 3A, "Multiple-Processor (MP) Initialization".
 */
#include <guest/ap.h>

#include <guest/apic.h>
#include <guest/asm.h>
#include <guest/desc.h>
#include <guest/paging.h>
#include <guest/platform.h>
#include <guest/xen.h>

#define AP_PAGE 0x8000
#define AP_CELL 0x8800
#define STR_(x) #x
#define STR(x)  STR_(x)

struct ap_cells {
    struct ap_first first;                        /* 0 */
    uint32_t set_cr0, set_cr3, set_cr4, set_efer; /* 24 */
    uint32_t far_offset;                          /* 40 */
    uint16_t far_selector, pad;
    uint16_t gdt_pad, gdt_limit; /* 48 */
    uint32_t gdt_base;
    uint32_t entry; /* 56 */
} __attribute__((packed));
#define CELLS ((volatile struct ap_cells *)(ulong)AP_CELL)

extern const char ap_trampoline[], ap_trampoline_end[];
struct ap_first ap_first;
volatile uint32_t ap_alive;

static void (*volatile ap_fn)(ulong);
static volatile ulong ap_arg;
static uint8_t ap_stack[4096] __attribute__((aligned(16), used));

/* clang-format off */
asm(".pushsection .text\n"
    ".code16\n"
    ".globl ap_trampoline, ap_trampoline_end, ap_loop_entry\n"
    "ap_trampoline:\n"
    "cli; mov %cs, %ax; mov %ax, %ds\n"
    "mov %edx, 0x810\n"
    "mov %cr0, %eax; mov %eax, 0x800\n"
    "mov %cr3, %eax; mov %eax, 0x804\n"
    "mov %cr4, %eax; mov %eax, 0x808\n"
    "mov $" STR(MSR_EFER) ", %ecx; rdmsr; mov %eax, 0x80c\n"
    "lgdtl 0x832\n"
    "mov $" STR(CR0_PE) ", %eax; mov %eax, %cr0\n"
    "ljmpl $" STR(COMPAT_CS) ", $" STR(AP_PAGE) " + (1f - ap_trampoline)\n"
    ".code32\n"
    "1: mov $" STR(KERNEL_DS) ", %eax; mov %eax, %ds; mov %eax, %es; mov %eax, %ss\n"
    "mov " STR(AP_CELL) " + 32, %eax; mov %eax, %cr4\n"
    "mov " STR(AP_CELL) " + 28, %eax; mov %eax, %cr3\n"
    "mov " STR(AP_CELL) " + 36, %eax; test %eax, %eax; jz 2f\n"
    "mov $" STR(MSR_EFER) ", %ecx; xor %edx, %edx; wrmsr\n"
    "2: mov " STR(AP_CELL) " + 24, %eax; mov %eax, %cr0\n"
    "ljmpl *" STR(AP_CELL) " + 40\n"
    "ap_trampoline_end:\n"
#ifdef __x86_64__
    ".code64\n"
    "ap_loop_entry: mov $ap_stack + 4096, %rsp; xor %eax, %eax; push %rax; popfq\n"
#else
    "ap_loop_entry: mov $ap_stack + 4096, %esp; push $0; popf\n"
#endif
    "call ap_loop; ud2\n"
    ".popsection");
/* clang-format on */

void ap_loop(void);

void ap_relax(void)
{
    if (on_xen())
        xen_yield();
    else
        asm volatile("pause");
}

void ap_loop(void)
{
    irq_load_idt();
    ap_alive++;
    for (;;) {
        void (*fn)(ulong) = ap_fn;

        if (!fn) {
            ap_relax();
            continue;
        }
        fn(ap_arg);
        ap_fn = NULL;
    }
}

static bool wait_change(volatile uint32_t *what, uint32_t from)
{
    for (unsigned int i = 0; i < (on_xen() ? 3000u : 300000u); i++) {
        if (*what != from)
            return true;
        ap_relax();
    }
    return false;
}

bool ap_wait_alive(void)
{
    static uint32_t seen;
    bool ok = wait_change(&ap_alive, seen);

    seen = ap_alive;
    return ok;
}

void ap_init(void)
{
    ap_fn = NULL;
    apic_icr(0, ICR_OTHERS | ICR_INIT | ICR_ASSERT);
    for (unsigned int i = 0; i < (on_xen() ? 3 : 10000); i++)
        ap_relax();
}

static void prepare(uint32_t cr0, uint32_t cr3, uint32_t cr4, uint32_t efer)
{
    volatile struct ap_cells *c = CELLS;

    memcpy((void *)(ulong)AP_PAGE, ap_trampoline, ap_trampoline_end - ap_trampoline);
    c->set_cr0 = cr0;
    c->set_cr3 = cr3;
    c->set_cr4 = cr4;
    c->set_efer = efer;
    c->far_offset = (ulong)ap_loop_entry;
    c->far_selector = KERNEL_CS;
    c->gdt_limit = GDT_ENTRIES * 8 - 1;
    c->gdt_base = (ulong)gdt;
    c->first.cr0 = 0xdead;
    apic_icr(0, ICR_OTHERS | ICR_STARTUP | ICR_ASSERT | AP_PAGE >> 12);
}

bool ap_startup_in(uint32_t cr0, uint32_t cr3, uint32_t cr4, uint32_t efer)
{
    prepare(cr0, cr3, cr4, efer);
    bool ok = ap_wait_alive();
    memcpy(&ap_first, (const void *)&CELLS->first, sizeof(ap_first));
    return ok;
}

#define EFER_OF_MODE (PAGING_LEVELS == 4 ? EFER_LME : 0)

bool ap_startup(void)
{
    return ap_startup_in(read_cr0(), read_cr3(), read_cr4(), EFER_OF_MODE);
}

bool ap_ignores_startup(void)
{
    uint32_t before = ap_alive;

    prepare(read_cr0(), read_cr3(), read_cr4(), EFER_OF_MODE);
    for (unsigned int i = 0; i < (on_xen() ? 20 : 20000); i++)
        ap_relax();
    return ap_alive == before && CELLS->first.cr0 == 0xdead;
}

void ap_run_nowait(void (*fn)(ulong), ulong arg)
{
    ap_arg = arg;
    asm volatile("" : : : "memory");
    ap_fn = fn;
}

bool ap_wait(void)
{
    for (unsigned int i = 0; i < (on_xen() ? 3000u : 300000u); i++) {
        if (!ap_fn)
            return true;
        ap_relax();
    }
    return false;
}

bool ap_run(void (*fn)(ulong), ulong arg)
{
    ap_run_nowait(fn, arg);
    return ap_wait();
}
