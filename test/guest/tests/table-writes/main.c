/* SPDX-License-Identifier: MIT */
/*
 * Page tables are memory, and any instruction may write them: by bytes, locked,
 * in strings, across the end of a table, by ring 3, through a mapping of their
 * own.  After a flush the new entry counts, however it came there, and the
 * instruction must have done its arithmetic and flags as on any memory.  A
 * hypervisor that write-protects tables has to emulate each of these or give
 * up its copy in time.
 *
 * Source: SDM vol. 3A, "Invalidation of TLBs and Paging-Structure Caches".
 */
#include <guest/test.h>

const char test_title[] = "Every way to write a page table";

#define OPEN   (PTE_P | PTE_RW | PTE_US)
#define AD     (PTE_A | PTE_D)
#define WORD   (*(volatile uint32_t *)WINDOW)
#define FIRST  0x11111111u
#define SECOND 0x22222222u
#define DWORDS (sizeof(pte_t) / 4)

static volatile uint32_t other_page[1024] PAGE_BSS;
static pte_t other_l1[PAGE_SIZE / sizeof(pte_t)] PAGE_BSS;
static uint8_t copy[PAGE_SIZE] PAGE_BSS;

#define OTHER_PTE(flags) ((ulong)other_page | (flags))

/* ---- one entry, by one kind of instruction ---- */

static void by_bytes(volatile pte_t *entry, pte_t value)
{
    volatile uint8_t *to = (void *)entry;

    for (unsigned int i = 0; i < sizeof(pte_t); i++)
        to[i] = value >> (8 * i);
}

static void by_words(volatile pte_t *entry, pte_t value)
{
    volatile uint16_t *to = (void *)entry;

    for (unsigned int i = 0; i < sizeof(pte_t) / 2; i++)
        to[i] = value >> (16 * i);
}

static void by_dwords(volatile pte_t *entry, pte_t value)
{
    volatile uint32_t *to = (void *)entry;

    for (unsigned int i = DWORDS; i-- > 0;) /* the half with P last */
        to[i] = (uint64_t)value >> (32 * i);
}

static void by_xchg(volatile pte_t *entry, pte_t value)
{
    volatile uint32_t *to = (void *)entry;

    for (unsigned int i = DWORDS; i-- > 0;) {
        uint32_t old = to[i], reg = (uint64_t)value >> (32 * i);

        asm volatile("xchg %0, %1" : "+r"(reg), "+m"(to[i]) : : "memory");
        check_equal("XCHG: what was there", reg & ~AD, old & ~AD);
    }
}

static void by_cmpxchg(volatile pte_t *entry, pte_t value)
{
    volatile uint32_t *to = (void *)entry;

    for (unsigned int i = DWORDS; i-- > 0;) {
        uint32_t old = to[i], seen = ~old;
        bool equal;

        asm volatile("lock cmpxchg %3, %1; sete %2"
                     : "+a"(seen), "+m"(to[i]), "=q"(equal)
                     : "r"(0xdead0000)
                     : "memory", "cc");
        check_true("CMPXCHG of another value fails", !equal && seen == old);
        asm volatile("lock cmpxchg %3, %1; sete %2"
                     : "+a"(old), "+m"(to[i]), "=q"(equal)
                     : "r"((uint32_t)((uint64_t)value >> (32 * i)))
                     : "memory", "cc");
        check_true("CMPXCHG of the same value succeeds", equal);
    }
}

static void by_arithmetic(volatile pte_t *entry, pte_t value)
{
    volatile uint32_t *to = (void *)entry;

    for (unsigned int i = DWORDS; i-- > 0;) {
        uint32_t want = (uint64_t)value >> (32 * i), reg;

        asm volatile("lock andl $0, %0" : "+m"(to[i]) : : "memory", "cc");
        asm volatile("lock orl %1, %0" : "+m"(to[i]) : "r"(want & 0xf0f0f0f0) : "memory", "cc");
        asm volatile("lock xorl %1, %0" : "+m"(to[i]) : "r"(want & 0x0f0f0000) : "memory", "cc");
        asm volatile("addl %1, %0" : "+m"(to[i]) : "r"(want & 0x00000f00) : "memory", "cc");
        reg = want & 0x0000000f;
        asm volatile("lock xadd %0, %1" : "+r"(reg), "+m"(to[i]) : : "memory", "cc");
        check_equal("XADD: what was there", reg, want & ~0xfu);
    }
}

static void by_bits(volatile pte_t *entry, pte_t value)
{
    volatile uint32_t *to = (void *)entry;

    by_dwords(entry, value ^ (PTE_P | PTE_RW));
    for (unsigned int bit = 0; bit < 2; bit++) {
        bool was;

        if (value >> bit & 1)
            asm volatile("lock btsl %2, %0; setc %1"
                         : "+m"(*to), "=q"(was)
                         : "r"(bit)
                         : "memory", "cc");
        else
            asm volatile("lock btrl %2, %0; setc %1"
                         : "+m"(*to), "=q"(was)
                         : "r"(bit)
                         : "memory", "cc");
        check_equal("BTS, BTR: what was there", was, ~value >> bit & 1);
    }
}

static void by_strings(volatile pte_t *entry, pte_t value)
{
    void *to = (void *)entry;
    void *from = &value;
    ulong count = sizeof(value);

    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    check_equal("REP MOVSB: count left", count, 0);
}

static void by_stos(volatile pte_t *entry, pte_t value)
{
    void *to = (void *)entry;

    for (unsigned int i = 0; i < DWORDS; i++)
        asm volatile("stosl" : "+D"(to) : "a"((uint32_t)((uint64_t)value >> (32 * i))) : "memory");
}

static void by_pop(volatile pte_t *entry, pte_t value)
{
#ifdef __x86_64__
    asm volatile("push %1; popq %0" : "=m"(*entry) : "r"(value) : "memory");
#else
    volatile uint32_t *to = (void *)entry;

    for (unsigned int i = 0; i < DWORDS; i++) {
        uint32_t part = (uint64_t)value >> (32 * i);

        asm volatile("push %1; popl %0" : "=m"(to[i]) : "r"(part) : "memory");
    }
#endif
}

static void by_cmpxchg8b(volatile pte_t *entry, pte_t value)
{
    /* With two levels this takes the neighbour along, unchanged. */
    volatile uint64_t *to = (void *)((ulong)entry & ~7ul);
    uint64_t old = *to, want = value;
    bool equal;

    if (sizeof(pte_t) == 4)
        want = (ulong)entry & 4 ? (uint32_t)old | (uint64_t)value << 32
                                : (old & ~0xffffffffull) | (uint32_t)value;
    uint32_t lo = old, hi = old >> 32;
    asm volatile("lock cmpxchg8b %2; sete %3"
                 : "+a"(lo), "+d"(hi), "+m"(*to), "=q"(equal)
                 : "b"((uint32_t)want), "c"((uint32_t)(want >> 32))
                 : "memory", "cc");
    check_true("CMPXCHG8B succeeds", equal);
}

static const struct {
    const char *name;
    void (*write)(volatile pte_t *entry, pte_t value);
} ways[] = {
    {"bytes", by_bytes},   {"words", by_words},         {"dwords", by_dwords},
    {"XCHG", by_xchg},     {"CMPXCHG", by_cmpxchg},     {"AND, OR, XOR, ADD, XADD", by_arithmetic},
    {"BTS, BTR", by_bits}, {"REP MOVSB", by_strings},   {"STOS", by_stos},
    {"POP", by_pop},       {"CMPXCHG8B", by_cmpxchg8b},
};

static void check_way(unsigned int way, unsigned int level)
{
    volatile pte_t *entry = window_entry(level);
    pte_t first = window_default(level);
    pte_t second = level == 1 ? OTHER_PTE(OPEN) : (ulong)other_l1 | OPEN;
    char what[64];

    snprintf(what, sizeof(what), "%s, level %u", ways[way].name, level);
    for (unsigned int round = 0; round < 3; round++) {
        ways[way].write(entry, second);
        invlpg((void *)WINDOW);
        check_equal(what, WORD, SECOND);
        check_equal(what, *entry & ~(pte_t)AD, second);
        ways[way].write(entry, first);
        write_cr3(read_cr3());
        check_equal(what, WORD, FIRST);
        check_equal(what, *entry & ~(pte_t)AD, first);
    }
    ways[way].write(entry, first & ~(pte_t)PTE_P);
    invlpg((void *)WINDOW);
    check_access(what, WINDOW, ACCESS_READ, PF(0));
    ways[way].write(entry, first);
    check_access(what, WINDOW, ACCESS_READ, 0);
}

/* ---- whole tables, and strange paths to them ---- */

static void check_whole_table(void)
{
    volatile pte_t *table = (void *)((ulong)window_entry(1) & ~(PAGE_SIZE - 1ul));
    ulong count;
    const void *from;
    void *to;

    memcpy(copy, (void *)table, PAGE_SIZE);
    for (unsigned int round = 0; round < 3; round++) {
        to = (void *)table;
        count = PAGE_SIZE / 4;
        asm volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0) : "memory");
        invlpg((void *)WINDOW);
        check_access("a table filled by REP STOS", WINDOW, ACCESS_READ, PF(0));
        to = (void *)table;
        from = copy;
        count = PAGE_SIZE / 4;
        asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
        check_equal("a table filled by REP MOVS", WORD, FIRST);
    }
}

/* Ring 3 writes the entry through a second page of the window. */
static USER_TEXT ulong user_store(ulong value)
{
    *(volatile uint32_t *)(WINDOW + PAGE_SIZE) = value;
    return value;
}

static void check_mapped_table(void)
{
    volatile pte_t *table = (void *)((ulong)window_entry(1) & ~(PAGE_SIZE - 1ul));
    volatile pte_t *through = (void *)(WINDOW + PAGE_SIZE);

    table[1] = (ulong)table | OPEN;
    invlpg((void *)through);
    check_equal("a table in its own window: read", through[0] & ~(pte_t)AD, WINDOW_PTE(OPEN));
    for (unsigned int round = 0; round < 3; round++) {
        through[0] = OTHER_PTE(OPEN);
        invlpg((void *)WINDOW);
        check_equal("a table in its own window: written", WORD, SECOND);
        exec_user(user_store, WINDOW_PTE(OPEN));
        check_fault("a table written by ring 3", fault_last(), 0);
        invlpg((void *)WINDOW);
        check_equal("a table written by ring 3", WORD, FIRST);
    }
    /* Read-only there: a fault, and with WP = 0 a write. */
    table[1] = (ulong)table | PTE_P | PTE_US;
    invlpg((void *)through);
    check_access("a table mapped read-only", through, ACCESS_WRITE, PF(PF_P | PF_W));
    write_cr0(read_cr0() & ~(ulong)CR0_WP);
    through[0] = OTHER_PTE(OPEN);
    invlpg((void *)WINDOW);
    check_equal("a read-only table written with WP=0", WORD, SECOND);
    write_cr0(read_cr0() | CR0_WP);
    table[0] = WINDOW_PTE(OPEN);
    table[1] = 0;
    write_cr3(read_cr3());
    check_equal("a table no longer in its window", WORD, FIRST);
}

/* The directory serves as its own table: entries of two kinds at once. */
static void check_recursive(void)
{
    volatile pte_t *own = window_entry(2);
    volatile pte_t *directory = (void *)((ulong)own & ~(PAGE_SIZE - 1ul));
    unsigned int slot = own - directory;
    volatile pte_t *seen = (void *)(WINDOW + slot * PAGE_SIZE);
    volatile pte_t *next = own + 1;
    volatile uint32_t *behind = (void *)(WINDOW + LARGE_SIZE);
    pte_t old = *next;

    window_set(2, (ulong)directory | PTE_P | PTE_RW);
    check_equal("a directory as its own table: read", seen[slot] & ~(pte_t)AD,
                (ulong)directory | PTE_P | PTE_RW);
    for (unsigned int round = 0; round < 3; round++) {
        seen[slot + 1] = (ulong)other_l1 | OPEN;
        invlpg((void *)behind);
        check_equal("a directory as its own table: next entry", *behind, SECOND);
        seen[slot + 1] = 0;
        invlpg((void *)behind);
        check_access("a directory as its own table: next entry gone", behind, ACCESS_READ, PF(0));
    }
    *next = old;
    window_set(2, window_default(2));
    check_equal("a directory as a directory again", WORD, FIRST);
}

#if PAGING_LEVELS > 2
/* Two tables lie next to each other: one store changes both. */
static void check_across(void)
{
    volatile uint8_t *at = (volatile uint8_t *)window_entry(2) - 2;
    volatile uint32_t *both = (void *)at;
    uint32_t old;

    if ((ulong)window_entry(2) & (PAGE_SIZE - 1)) {
        report_error("the window's directory has another slot than 0");
        return;
    }
    for (unsigned int round = 0; round < 3; round++) {
        window_set(2, window_default(2));
        check_access("before a store across tables", WINDOW, ACCESS_WRITE, 0);
        WORD = FIRST;
        old = *both;
        *both = old & ~((uint32_t)PTE_RW << 16);
        invlpg((void *)WINDOW);
        check_access("after a store across tables", WINDOW, ACCESS_WRITE, PF(PF_P | PF_W));
        asm volatile("lock orl %1, %0"
                     : "+m"(*both)
                     : "r"((uint32_t)PTE_RW << 16)
                     : "memory", "cc");
        check_access("after a locked one", WINDOW, ACCESS_WRITE, 0);
        WORD = FIRST;
    }
    window_set(2, window_default(2));
}
#endif

void test_main(void)
{
    if (platform == PLATFORM_TCG)
        checks_are_advisory();
    window_map(WINDOW_PTE(OPEN));
    *(volatile uint32_t *)window_page = FIRST;
    other_page[0] = SECOND;
    other_l1[0] = OTHER_PTE(OPEN);
    for (unsigned int way = 0; way < ARRAY_SIZE(ways); way++)
        for (unsigned int level = 1; level <= 2; level++)
            check_way(way, level);
    check_whole_table();
    check_mapped_table();
    check_recursive();
#if PAGING_LEVELS > 2
    check_across();
#endif
    report_success(NULL);
}
