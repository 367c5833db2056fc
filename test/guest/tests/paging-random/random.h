/* SPDX-License-Identifier: MIT */
/*
 * Random programs: shared between main.c, tables.c (tables, accesses and what must
 * come of them) and changes.c (steps: what is changed, and how it is flushed).
 */
#ifndef PAGING_RANDOM_H
#define PAGING_RANDOM_H

#include <guest/test.h>

#define TABLES        200u
#define MINE          12u /* a program's */
#define IN_USE        8u
#define RANDOM_WINDOW 0x40000000ul
#define TABLE_AT      0x800000ul /* 200 pages of tables */
#define DATA_AT       0x900000ul /* 64 pages of data, the first word of each its number */
#define PAGES         64u
#define LARGE_AT      0xc00000ul /* a large page, its words numbered by page */
#define FIRST         (RANDOM_WINDOW / LARGE_SIZE)

/* Words of a page: 0 its number, then a RET, then what accesses write, then what
 * accesses write of which nobody knows where they go. */
#define WORD_RET     1
#define WORD_WRITTEN 2
#define WORD_SCRATCH 3

#if PAGING_LEVELS > 2
#define ENTRY_RSVD (1ull << 51) /* unless the processor has 52 address bits */
#define LARGE_RSVD (1u << 13)
#define ADDRESS    0x000ffffffffff000ull
#else
#define ENTRY_RSVD 0
#define LARGE_RSVD (1u << 21)
#define ADDRESS    0xfffff000u
#define PTE_NX     0
#endif
#define OPEN (PTE_P | PTE_RW | PTE_US)

/* The program's first table, and the processor's state. */
struct tables {
    unsigned int base, root;
    bool wp, nx, smep, smap, pse;
    bool has_nx, has_smep, has_smap, has_rsvd;
};
extern struct tables now;

/* What the manual promises of an address after changes without invalidation. */
enum stale {
    EXACT, /* all */
    AD,    /* the access, not whether it sets accessed and dirty bits */
    RETRY, /* as AD, but for one fault that need not be */
    LOOSE, /* nothing: the old translation or the new */
};
extern enum stale stale[MINE][IN_USE];

/* ---- main.c ---- */
/* 0 to limit - 1, the same everywhere for one seed and program. */
uint32_t any(uint32_t limit);
/* Into the program's digest. */
void mix(uint64_t v);
/* Text of a traced program; whole lines are the callers'. */
void trace(const char *fmt, ...) PRINTF(1, 2);
/* A FAILURE, with a line about it. */
void wrong(const char *fmt, ...) PRINTF(1, 2);

/* ---- changes.c ---- */
void tables_step(void);

/* ---- tables.c ---- */
void tables_init(void);
/* What this processor offers to programs, as text. */
const char *tables_features(void);
/* Begin a program: nothing of earlier ones is left. */
void tables_reset(void);
/* Tables and data as the program leaves them go into the digest. */
void tables_digest(void);
/* Back to what printing needs. */
void tables_print_mode(void);

static inline volatile pte_t *table(unsigned int t)
{
    return (volatile pte_t *)(TABLE_AT + (now.base + t) * PAGE_SIZE);
}

/* Entries spread over the table. */
static inline unsigned int slot_of(unsigned int i)
{
    return i * (LARGE_SIZE / PAGE_SIZE / IN_USE) + i;
}

static inline ulong va_of(unsigned int t, unsigned int i)
{
    return RANDOM_WINDOW + (now.base + t) * LARGE_SIZE + slot_of(i) * PAGE_SIZE;
}

static inline volatile pte_t *upper_of(unsigned int t)
{
    return &page_l2[FIRST + now.base + t];
}

static inline pte_t table_entry(unsigned int t)
{
    return (pte_t)(ulong)table(t) | OPEN;
}

volatile pte_t *top_entry(void);
pte_t random_flags(void);
pte_t random_leaf(void);

enum { READ, WRITE, FETCH };
/* With one of them: */
#define BY_USER 4u
#define WITH_AC 8u /* ring 0's read or write with EFLAGS.AC */
#define SCRATCH 16u
#define VALUE   5 /* and up: what is written */

/* A walk from the top: entries as they were, and where it ended. */
struct walk {
    volatile pte_t *entry[3];
    pte_t before[3];
    unsigned int seen;
    bool mapped, large;
    pte_t rights, no_fetch;
    unsigned int error; /* P and RSVD, if not mapped */
};

struct walk walk(unsigned int t, unsigned int i);
/* Is a bit set that must not be? */
bool reserved(pte_t e, bool large);
/* The fault that must come of an access, or 0. */
fault_t expect(const struct walk *w, unsigned int how);
/* One random access, compared and recorded as far as the manual promises. */
void try_access(unsigned int t, unsigned int i);
/* Load CR3, which invalidates everything. */
void flush(void);
/* Load CR0, CR4 and EFER as they are in `now`. */
void set_control(void);

#endif
