/* SPDX-License-Identifier: MIT */
/*
 * The steps of random programs: changes of tables and control registers, and what
 * is left of the manual's promises when they are not flushed.
 */
#include "random.h"

/* ---- invalidation ---- */

/* What is left of an address's promise when this happens without invalidation. */
static enum stale damage(pte_t old, pte_t new, bool large)
{
    pte_t raised = new & ~old, lowered = old & ~new, rights = PTE_RW | PTE_US | PTE_NX;

    if (!(old & PTE_P) || !(old & PTE_A) || reserved(old, large))
        return EXACT; /* nothing caches such an entry */
    if ((raised | lowered) & ~(rights | PTE_A | PTE_D))
        return LOOSE;
    if ((lowered & (PTE_RW | PTE_US)) || (raised & PTE_NX) ||
        ((raised & PTE_US) && (now.smep || now.smap)))
        return LOOSE;
    if ((raised | lowered) & rights)
        return RETRY;
    return lowered ? AD : EXACT;
}

static void invalidate(unsigned int t, unsigned int i)
{
    invlpg((void *)va_of(t, i));
    stale[t][i] = EXACT;
}

/* This address saw that change. */
static void changed(unsigned int t, unsigned int i, enum stale how, bool by_invlpg)
{
    if (by_invlpg)
        invalidate(t, i);
    else if (stale[t][i] != EXACT)
        stale[t][i] = LOOSE; /* which entry was cached? */
    else
        stale[t][i] = how;
}

/* ---- changes ---- */

static void change_leaf(unsigned int t, unsigned int i)
{
    volatile pte_t *leaf = &table(t)[slot_of(i)];
    pte_t old = *leaf, new = random_leaf();
    unsigned int method = any(4);

    if (any(2) && (old & ADDRESS)) /* the same page */
        new = (old & ADDRESS) | (new & ~(pte_t)ADDRESS);
    enum stale how = damage(old, new, false);
    *leaf = new;
    trace("leaf %u.%u = %llx, flush %u\n", t, i, (unsigned long long)new, method);
    for (unsigned int other = 0; other < MINE; other++)
        if ((*upper_of(other) & (PTE_P | ADDRESS)) == ((ulong)table(t) | PTE_P))
            changed(other, i, how, method == 1 || method == 2);
    if (method == 0)
        flush();
}

static void change_upper(unsigned int t)
{
    pte_t old = *upper_of(t), e = table_entry(t);
    unsigned int method = any(3);

    switch (any(8)) {
    case 0:
    case 1:
        e = LARGE_AT | PTE_PS | random_flags();
        break;
    case 2:
        e &= ~(pte_t)(any(2) ? PTE_RW : PTE_US);
        break;
    case 3:
        e = 0;
        break;
    case 4:
        e = table_entry(any(MINE));
        break;
    case 5:
        if (old & ADDRESS)
            e = (old & ~(pte_t)(PTE_A | PTE_D | PTE_RW | PTE_US | PTE_NX)) | random_flags();
        break;
    case 6:
        e = LARGE_AT | LARGE_RSVD | PTE_PS | random_flags();
        break;
    }
    enum stale how = damage(old, e, now.pse && (old & PTE_PS));
    *upper_of(t) = e;
    trace("upper %u = %llx, flush %u\n", t, (unsigned long long)e, method);
    /* A large page may have a translation for each of its addresses. */
    for (unsigned int i = 0; i < IN_USE; i++)
        changed(t, i, how, method == 1);
    if (method == 0)
        flush();
}

static void change_top(void)
{
    pte_t old = PAGING_LEVELS > 2 ? *top_entry() : 0, new = old ^ PTE_P;

    if (PAGING_LEVELS == 2)
        return;
    if (PAGING_LEVELS == 4)
        new = (old & ADDRESS) | (any(4) ? OPEN : 0) | random_flags();
    *top_entry() = new;
    if (PAGING_LEVELS == 3 || any(3))
        flush();
    else
        for (unsigned int n = 0; n < MINE * IN_USE; n++)
            changed(n / IN_USE, n % IN_USE, damage(old, new, false), false);
    trace("top = %llx\n", (unsigned long long)new);
}

/* Written through a mapping in the window, where shadows watch. */
static void write_by_window(unsigned int t, unsigned int victim)
{
    unsigned int i = any(IN_USE);
    pte_t new = random_leaf(), old = table(t)[slot_of(0)];

    if ((*upper_of(t) & ADDRESS) != (ulong)table(t) || (*upper_of(t) & PTE_PS))
        return;
    trace("entry %u.%u = %llx by window %u\n", victim, i, (unsigned long long)new, t);
    table(t)[slot_of(0)] = (ulong)table(victim) | PTE_P | PTE_RW;
    flush();
    struct walk w = walk(t, 0);
    if (!expect(&w, WRITE)) {
        ((volatile pte_t *)va_of(t, 0))[slot_of(i)] = new;
        if (victim == t && i == 0)
            table(t)[slot_of(0)] = new;
        else if (table(victim)[slot_of(i)] != new)
            wrong("  entry written through the window is %llx, not %llx\n",
                  (unsigned long long)table(victim)[slot_of(i)], (unsigned long long)new);
    }
    table(t)[slot_of(0)] = old;
    flush();
}

/* A table is data for a while. */
static void recycle(unsigned int t)
{
    pte_t keep = *upper_of(t);

    trace("new contents of table %u\n", t);
    *upper_of(t) = 0;
    flush();
    for (unsigned int i = 0; i < IN_USE; i++)
        table(t)[slot_of(i)] = any(3) ? 0 : random_leaf();
    *upper_of(t) = keep & PTE_PS ? table_entry(t) : keep;
    flush();
}

/* ---- control registers ---- */

static void change_control(void)
{
    bool must_flush = false;

    switch (any(6)) {
    case 0:
        now.wp = !now.wp;
        break;
    case 1:
        now.smep = now.has_smep && !now.smep;
        break;
    case 2:
        now.smap = now.has_smap && !now.smap;
        break;
    case 3:
        now.nx = now.has_nx && !now.nx;
        must_flush = true;
        break;
    case 4:
        now.pse = PAGING_LEVELS > 2 || !now.pse;
        must_flush = true;
        break;
    default:
        now.root ^= 1;
        must_flush = true;
        break;
    }
    trace("wp %u nx %u smep %u smap %u pse %u root %u\n", now.wp, now.nx, now.smep, now.smap,
          now.pse, now.root);
    /* What these make of a right that was raised without invalidation is open. */
    for (unsigned int n = 0; n < MINE * IN_USE; n++)
        must_flush |= stale[n / IN_USE][n % IN_USE] == RETRY;
    set_control();
    if (must_flush)
        flush();
}

void tables_step(void)
{
    unsigned int t = any(MINE), kind = any(100);

    if (kind < 40)
        change_leaf(t, any(IN_USE));
    else if (kind < 50)
        change_upper(t);
    else if (kind < 54)
        write_by_window(t, any(MINE));
    else if (kind < 56)
        recycle(t);
    else if (kind < 62)
        change_control();
    else if (kind < 65)
        change_top();
    else
        trace("\n");
    for (unsigned int n = 0; n < 3; n++)
        try_access(t, any(IN_USE));
}
