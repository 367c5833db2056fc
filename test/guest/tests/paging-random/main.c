/* SPDX-License-Identifier: MIT */
/*
 * Random changes of page tables, each followed by what the manual demands
 * before the change counts, and random accesses from ring 0 and ring 3.  After
 * each access fault, error code, value read, accessed and dirty bits are
 * compared with what the tables say.
 *
 * 200 tables at RANDOM_WINDOW, each with 8 entries in use: more than a small pool of
 * shadow tables holds.  Now and then a table is used as a data page and comes
 * back, is mapped into the window itself and written through that mapping, a
 * large page takes a table's place, and WP, NXE, SMEP or the root change.
 * Sources: SDM vol. 3A, "Paging": "Access Rights", "Accessed and Dirty Flags",
 * "Invalidation of TLBs and Paging-Structure Caches".
 */
#include <guest/test.h>

const char test_title[] = "Random page tables";

#define STEPS         20000u
#define TABLES        200u
#define IN_USE        8u
#define RANDOM_WINDOW 0x40000000ul
#define TABLE_AT      0x800000ul /* 200 pages of tables */
#define DATA_AT       0x900000ul /* 64 pages of data, the first word of each its number */
#define PAGES         64u
#define LARGE_AT      0xc00000ul /* a large page, its words numbered by page */
#define CR4_SMEP_BIT  (1ul << 20)
#define FIRST         (RANDOM_WINDOW / LARGE_SIZE)

static uint64_t seed = 1;
static uint8_t second_root[PAGE_SIZE] PAGE_BSS;
static ulong roots[2];
static unsigned int root;
static bool wp = true, nx, smep, has_nx, has_smep;
static unsigned int failures;

static uint32_t any(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 11) % limit;
}

static volatile pte_t *table(unsigned int t)
{
    return (volatile pte_t *)(TABLE_AT + t * PAGE_SIZE);
}

/* Entries spread over the table. */
static unsigned int slot_of(unsigned int i)
{
    return i * (LARGE_SIZE / PAGE_SIZE / IN_USE) + i;
}

static ulong va_of(unsigned int t, unsigned int i)
{
    return RANDOM_WINDOW + t * LARGE_SIZE + slot_of(i) * PAGE_SIZE;
}

static pte_t random_flags(void)
{
    pte_t flags = any(8) ? PTE_P : 0;
    uint32_t r = any(64);

    flags |=
        (r & 1 ? PTE_RW : 0) | (r & 2 ? PTE_US : 0) | (r & 4 ? PTE_A : 0) | (r & 8 ? PTE_D : 0);
#if PAGING_LEVELS > 2
    if (has_nx && (r & 48) == 48)
        flags |= PTE_NX;
#endif
    return flags;
}

/* ---- what must happen ---- */

enum { READ, WRITE, FETCH };

struct expected {
    bool ok;
    unsigned int error;
};

static bool is_nx(pte_t e)
{
#if PAGING_LEVELS > 2
    return e & PTE_NX;
#else
    return false;
#endif
}

static struct expected expect(pte_t upper, pte_t leaf, bool large, unsigned int access, bool user)
{
    struct expected x = {.error = (access == WRITE ? PF_W : 0) | (user ? PF_U : 0)};

    if (access == FETCH && ((nx && PAGING_LEVELS > 2) || smep))
        x.error |= PF_I;
    if (!(upper & PTE_P))
        return x;
    x.error |= PF_P;
    if (is_nx(upper) && !nx) {
        x.error |= PF_RSVD;
        return x;
    }
    if (!large && !(leaf & PTE_P)) {
        x.error &= ~PF_P;
        return x;
    }
    if (!large && is_nx(leaf) && !nx) {
        x.error |= PF_RSVD;
        return x;
    }
    pte_t both = large ? upper : upper & leaf;
    bool never_fetch = is_nx(upper) || (!large && is_nx(leaf));

    x.ok = true;
    if (user && !(both & PTE_US))
        x.ok = false;
    if (access == WRITE && !(both & PTE_RW) && (user || wp))
        x.ok = false;
    if (access == FETCH && (never_fetch || (!user && smep && (both & PTE_US))))
        x.ok = false;
    return x;
}

/* ---- doing it ---- */

static volatile ulong access_va;
static volatile uint32_t access_value;

static void kernel_access(ulong access)
{
    volatile uint32_t *at = (volatile uint32_t *)access_va;

    if (access == WRITE)
        at[2] = 1;
    else if (access == READ)
        access_value = at[0];
    else
        ((void (*)(void))(access_va + 4))(); /* a RET is there */
}

static USER_TEXT ulong user_access(ulong va_and_access)
{
    volatile uint32_t *at = (volatile uint32_t *)(va_and_access & ~3ul);

    if ((va_and_access & 3) == WRITE)
        at[2] = 1;
    else if ((va_and_access & 3) == READ)
        return at[0];
    else
        ((void (*)(void))((va_and_access & ~3ul) + 4))();
    return 0;
}

static void wrong(unsigned int step, const char *what, unsigned int t, unsigned int i,
                  uint64_t found, uint64_t wanted)
{
    if (failures++ < 10)
        report_failure("step %u, table %u, entry %u: %s: %llx, not %llx", step, t, i, what,
                       (unsigned long long)found, (unsigned long long)wanted);
}

static void try_access(unsigned int step, unsigned int t, unsigned int i)
{
    volatile pte_t *upper = &page_l2[FIRST + t], *leaf = &table(t)[slot_of(i)];
    pte_t upper_before = *upper, leaf_before = *leaf;
    bool large = upper_before & PTE_PS, user = any(2);
    unsigned int access = any(3);
    struct expected x = expect(upper_before, leaf_before, large, access, user);
    fault_t want = x.ok ? 0 : FAULT(VEC_PF, x.error);
    ulong value, frame;

    access_va = va_of(t, i);
    if (user)
        value = exec_user(user_access, access_va | access);
    else {
        guarded(kernel_access, access);
        value = access_value;
    }
    if (fault_last() != want)
        wrong(step, fault_name(fault_last()), t, i, fault_last(), want);
    if (!x.ok) {
        if (fault_last() == want && (fault_record.cr2 & ~0xffful) != access_va)
            wrong(step, "CR2", t, i, fault_record.cr2, access_va);
        return;
    }
    frame = large ? 1000 + slot_of(i) : ((leaf_before & 0xfffff000) - DATA_AT) / PAGE_SIZE;
    if (access == READ && !fault_last() && value != frame)
        wrong(step, "value", t, i, value, frame);

    volatile pte_t *last = large ? upper : leaf;
    pte_t before = large ? upper_before : leaf_before;
    if (!(*upper & PTE_A) || !(*last & PTE_A))
        wrong(step, "accessed bit", t, i, *last, before | PTE_A);
    if (access == WRITE ? !(*last & PTE_D) : (*last ^ before) & PTE_D)
        wrong(step, "dirty bit", t, i, *last, before);
}

/* ---- changes ---- */

static pte_t table_entry(unsigned int t)
{
    return (pte_t)(ulong)table(t) | PTE_P | PTE_RW | PTE_US;
}

static void flush(void)
{
    write_cr3(roots[root]);
}

static void change_leaf(unsigned int t, unsigned int i)
{
    table(t)[slot_of(i)] = (DATA_AT + any(PAGES) * PAGE_SIZE) | random_flags();
    if (any(4))
        invlpg((void *)va_of(t, i));
    else
        flush();
}

static void change_upper(unsigned int t)
{
    pte_t e = table_entry(t);

    switch (any(4)) {
    case 0:
        e = LARGE_AT | PTE_PS | random_flags();
        break;
    case 1:
        e &= ~(pte_t)(any(2) ? PTE_RW : PTE_US);
        break;
    case 2:
        e = 0;
        break;
    }
    page_l2[FIRST + t] = e;
    if (any(2))
        flush();
    else /* a large page may have a translation for each of its addresses */
        for (unsigned int i = 0; i < IN_USE; i++)
            invlpg((void *)va_of(t, i));
}

/* Written through a mapping in the window, where shadows watch. */
static void write_by_window(unsigned int t, unsigned int victim)
{
    unsigned int i = any(IN_USE);
    pte_t new = (DATA_AT + any(PAGES) * PAGE_SIZE) | random_flags();
    pte_t old = table(t)[slot_of(0)];

    if (page_l2[FIRST + t] != table_entry(t) && page_l2[FIRST + t] != (table_entry(t) | PTE_A))
        return;
    table(t)[slot_of(0)] = (ulong)table(victim) | PTE_P | PTE_RW;
    invlpg((void *)va_of(t, 0));
    ((volatile pte_t *)va_of(t, 0))[slot_of(i)] = new;
    table(t)[slot_of(0)] = old;
    flush();
    if (table(victim)[slot_of(i)] != (victim == t && i == 0 ? old : new))
        wrong(0, "entry written through the window", victim, i, table(victim)[slot_of(i)], new);
}

static void recycle(unsigned int t)
{
    pte_t keep = page_l2[FIRST + t];

    page_l2[FIRST + t] = 0;
    flush();
    for (unsigned int i = 0; i < IN_USE; i++)
        table(t)[slot_of(i)] = any(3) ? 0 : (DATA_AT + any(PAGES) * PAGE_SIZE) | random_flags();
    page_l2[FIRST + t] = keep & PTE_PS ? table_entry(t) : keep;
}

static void change_control(void)
{
    switch (any(4)) {
    case 0:
        wp = !wp;
        write_cr0(wp ? read_cr0() | CR0_WP : read_cr0() & ~CR0_WP);
        break;
    case 1:
        if (has_smep) {
            smep = !smep;
            write_cr4(smep ? read_cr4() | CR4_SMEP_BIT : read_cr4() & ~CR4_SMEP_BIT);
        }
        break;
    case 2:
        if (has_nx) {
            nx = !nx;
            wrmsr(MSR_EFER,
                  nx ? rdmsr(MSR_EFER) | EFER_NXE : rdmsr(MSR_EFER) & ~(uint64_t)EFER_NXE);
            flush();
        }
        break;
    default:
        root ^= 1;
        flush();
        break;
    }
}

static void step(unsigned int n)
{
    unsigned int t = any(8) ? any(12) : any(TABLES), kind = any(100);

    if (kind < 40)
        change_leaf(t, any(IN_USE));
    else if (kind < 48)
        change_upper(t);
    else if (kind < 52)
        write_by_window(t, any(TABLES));
    else if (kind < 54)
        recycle(t);
    else if (kind < 58)
        change_control();
    for (unsigned int i = 0; i < 2; i++)
        try_access(n, t, any(IN_USE));
}

void test_main(void)
{
    for (unsigned int i = 0; i < PAGES; i++) {
        *(volatile uint32_t *)(DATA_AT + i * PAGE_SIZE) = i;
        *(volatile uint8_t *)(DATA_AT + i * PAGE_SIZE + 4) = 0xc3;
    }
    for (unsigned int i = 0; i < LARGE_SIZE / PAGE_SIZE; i++) {
        *(volatile uint32_t *)(LARGE_AT + i * PAGE_SIZE) = 1000 + i;
        *(volatile uint8_t *)(LARGE_AT + i * PAGE_SIZE + 4) = 0xc3;
    }
    has_nx = PAGING_LEVELS > 2 && (cpuid(0x80000001, 0).d & 1u << 20);
    has_smep = cpuid(0, 0).a >= 7 && (cpuid(7, 0).b & 1u << 7);
    for (unsigned int t = 0; t < TABLES; t++)
        page_l2[FIRST + t] = table_entry(t);
    roots[0] = read_cr3();
    memcpy(second_root, (void *)(roots[0] & ~0xffful), PAGE_SIZE);
    /* With 2 levels the directory is the root, and a copy would differ. */
    roots[1] = PAGING_LEVELS > 2 ? (ulong)second_root : roots[0];
    flush();
    write_cr0(read_cr0() | CR0_WP);
    for (unsigned int n = 0; n < STEPS && failures < 10; n++)
        step(n);
    write_cr0(read_cr0() | CR0_WP);
    printk("%u steps, %u differences\n", STEPS, failures);
    report_success(NULL);
}
