/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables, page tables and verdicts of the mode machine.
 */
#include <guest/mode.h>

#include <guest/asm.h>
#include <guest/desc.h>
#include <guest/report.h>

#define LEGACY_LARGE 0x400000
#define PAE_LARGE    0x200000
#define FLAGS        (PTE_P | PTE_RW)

_Static_assert(offsetof(struct mode_step, lo) == MODE_STEP_LO, "mode.S knows this layout");
_Static_assert(offsetof(struct mode_step, fault) == MODE_STEP_FAULT, "mode.S knows this layout");
_Static_assert(offsetof(struct mode_step, cr2) == MODE_STEP_CR2, "mode.S knows this layout");

extern char mode_stubs32[], mode_stubs64[];
extern uint64_t mode_gdt[MODE_SELS];
extern uint32_t mode_pc, mode_step_size;
void mode_enter(void);

extern uint64_t mode_idt32[32], mode_idt64[64];
uint64_t mode_idt32[32], mode_idt64[64];
static uint8_t tss[0x68];

static uint64_t gate(ulong handler, unsigned int selector)
{
    return (handler & 0xffff) | (uint64_t)selector << 16 | 0x8e00ull << 32 |
           (uint64_t)(handler & 0xffff0000) << 32;
}

static void build_descriptors(void)
{
    for (unsigned int v = 0; v < 32; v++) {
        mode_idt32[v] = gate((ulong)mode_stubs32 + 16 * v, MODE_CODE32);
        mode_idt64[2 * v] = gate((ulong)mode_stubs64 + 16 * v, MODE_CODE64);
    }
    mode_gdt[MODE_TSS16 / 8] = desc_make((ulong)tss, 0x2b, 0x81, 0);
    mode_gdt[MODE_TSS32 / 8] = desc_make((ulong)tss, sizeof(tss) - 1, 0x89, 0);
}

void mode_run(struct mode_step *steps, unsigned int count)
{
    static struct mode_step program[64];

    if (count >= ARRAY_SIZE(program))
        panic("a program of %u steps is too long", count);
    build_descriptors();
    memcpy(program, steps, count * sizeof(*steps));
    memset(&program[count], 0, sizeof(*steps));
    mode_pc = (ulong)program;
    mode_step_size = sizeof(*steps);
    mode_enter();
    memcpy(steps, program, count * sizeof(*steps));
}

void mode_check(struct mode_step *steps, unsigned int count)
{
    mode_run(steps, count);
    for (unsigned int i = 0; i < count; i++) {
        const struct mode_step *s = &steps[i];

        if (!s->what) {
            if (s->fault)
                report_error("step %u (operation %u): unexpected %s", i, s->op,
                             fault_name(s->fault));
            continue;
        }
        check_fault(s->what, s->fault, s->want_fault);
        if (s->mask)
            check_equal(s->what, s->lo & s->mask, s->want);
    }
}

/* ---- page tables ---- */

static uint32_t two_level[2][1024] PAGE_BSS;
static uint64_t pae[3][512] PAGE_BSS;  /* root, directory, table */
static uint64_t four[4][512] PAGE_BSS; /* root, the three below */

static void build_two_level(uint32_t target)
{
    for (unsigned int i = 0; i < MODE_MAPPED / LEGACY_LARGE; i++)
        two_level[0][i] = i * LEGACY_LARGE | FLAGS | PTE_PS;
    two_level[0][MODE_WINDOW / LEGACY_LARGE] = (ulong)two_level[1] | FLAGS;
    two_level[1][0] = target | FLAGS;
}

static void build_directory(uint64_t directory[512], uint64_t table[512], uint32_t target)
{
    for (unsigned int i = 0; i < MODE_MAPPED / PAE_LARGE; i++)
        directory[i] = i * PAE_LARGE | FLAGS | PTE_PS;
    directory[MODE_WINDOW / PAE_LARGE] = (ulong)table | FLAGS;
    table[0] = target | FLAGS;
}

void mode_build_tables(const uint32_t target[5])
{
    build_two_level(target[2]);
    build_directory(pae[1], pae[2], target[3]);
    memset(pae[0], 0, sizeof(pae[0]));
    pae[0][0] = (ulong)pae[1] | PTE_P;
    build_directory(four[2], four[3], target[4]);
    four[1][0] = (ulong)four[2] | FLAGS;
    four[0][0] = (ulong)four[1] | FLAGS;
}

uint32_t mode_root(unsigned int levels)
{
    return levels == 2 ? (ulong)two_level[0] : levels == 3 ? (ulong)pae[0] : (ulong)four[0];
}

void *mode_window_entry(unsigned int levels)
{
    return levels == 2 ? (void *)two_level[1] : levels == 3 ? (void *)pae[2] : (void *)four[3];
}
