/* SPDX-License-Identifier: MIT */
/*
 * The tables of random programs: changes, accesses, and what must come of them.
 */

#include "random.h"

struct tables now;
enum stale stale[MINE][IN_USE];

static uint8_t second_root[PAGE_SIZE] PAGE_BSS;
static ulong roots[2];

/* The entry above the window's directory: PAE's is a register until CR3 is loaded. */
volatile pte_t *top_entry(void)
{
    volatile pte_t *top = (volatile pte_t *)(roots[now.root] & ~0xffful);

    return PAGING_LEVELS == 4 ? (volatile pte_t *)(ulong)(top[0] & ADDRESS) + 1 : top + 1;
}

pte_t random_flags(void)
{
    uint32_t r = any(64);
    pte_t flags = any(8) ? PTE_P : 0;

    flags |=
        (r & 1 ? PTE_RW : 0) | (r & 2 ? PTE_US : 0) | (r & 4 ? PTE_A : 0) | (r & 8 ? PTE_D : 0);
    if (now.has_nx && (r & 48) == 48)
        flags |= PTE_NX;
    return flags;
}

pte_t random_leaf(void)
{
    pte_t leaf = (DATA_AT + any(PAGES) * PAGE_SIZE) | random_flags();

    return any(32) || !now.has_rsvd ? leaf : leaf | ENTRY_RSVD;
}

/* ---- what must happen ---- */

bool reserved(pte_t e, bool large)
{
    return (e & ENTRY_RSVD) || ((e & PTE_NX) && !now.nx) || (large && (e & LARGE_RSVD));
}

struct walk walk(unsigned int t, unsigned int i)
{
    struct walk w = {.rights = OPEN};
    volatile pte_t *at = PAGING_LEVELS == 4 ? top_entry() : upper_of(t);

    if (PAGING_LEVELS == 3 && !(*top_entry() & PTE_P))
        return w;
    for (;;) {
        pte_t e = *at;
        bool is_upper = at == upper_of(t);

        w.large = is_upper && now.pse && (e & PTE_PS);
        w.entry[w.seen] = at;
        w.before[w.seen++] = e;
        w.error = 0;
        if (!(e & PTE_P))
            return w;
        w.error = PF_P;
        if (reserved(e, w.large)) {
            w.error |= PF_RSVD;
            return w;
        }
        w.rights &= e;
        w.no_fetch |= e & PTE_NX;
        if (w.large || w.seen == (PAGING_LEVELS == 4 ? 3 : 2))
            break;
        at = is_upper ? (volatile pte_t *)(ulong)(e & ADDRESS) + slot_of(i) : upper_of(t);
    }
    w.mapped = true;
    return w;
}

static bool allowed(const struct walk *w, unsigned int how)
{
    bool user = how & BY_USER, user_page = w->rights & PTE_US;

    if ((how & 3) == FETCH)
        return !w->no_fetch && (user ? user_page : !(now.smep && user_page));
    if (user ? !user_page : now.smap && user_page && !(how & WITH_AC))
        return false;
    return (how & 3) == READ || (w->rights & PTE_RW) || (!user && !now.wp);
}

/* The fault that must come of it, or 0. */
fault_t expect(const struct walk *w, unsigned int how)
{
    unsigned int error = ((how & 3) == WRITE ? PF_W : 0) | (how & BY_USER ? PF_U : 0);

    if (w->mapped && allowed(w, how))
        return 0;
    if ((how & 3) == FETCH && (now.nx || now.smep))
        error |= PF_I;
    return FAULT(VEC_PF, error | w->error);
}

/* ---- accesses ---- */

static volatile ulong access_va;
static volatile uint32_t access_value;

static void kernel_access(ulong how)
{
    volatile uint32_t *at = (volatile uint32_t *)access_va;

    if (how & WITH_AC)
        asm volatile("stac");
    if ((how & 3) == WRITE)
        at[how & SCRATCH ? WORD_SCRATCH : WORD_WRITTEN] = how >> VALUE;
    else if ((how & 3) == READ)
        access_value = at[0];
    else
        ((void (*)(void))(access_va + 4))();
    if (how & WITH_AC)
        asm volatile("clac");
}

static USER_TEXT ulong user_access(ulong va_and_how)
{
    volatile uint32_t *at = (volatile uint32_t *)(va_and_how & ~0xffful);
    ulong how = va_and_how & 0xfff;

    if ((how & 3) == WRITE)
        at[how & SCRATCH ? WORD_SCRATCH : WORD_WRITTEN] = how >> VALUE;
    else if ((how & 3) == READ)
        return at[0];
    else
        ((void (*)(void))((ulong)at + 4))();
    return 0;
}

static ulong do_access(unsigned int how)
{
    if (how & BY_USER)
        return exec_user(user_access, access_va | how);
    guarded(kernel_access, how);
    return access_value;
}

/* Where the manual leaves accessed and dirty bits open, we decide. */
static void settle(const struct walk *w, pte_t last)
{
    for (unsigned int n = 0; n < w->seen; n++)
        if (*w->entry[n] & PTE_P)
            *w->entry[n] |= PTE_A | (n == w->seen - 1 ? last : 0);
}

/* The same when the walk may have been by any older entry. */
static void settle_all(const struct walk *w, unsigned int i)
{
    settle(w, PTE_D);
    for (unsigned int t = 0; t < MINE; t++)
        if (table(t)[slot_of(i)] & PTE_P)
            table(t)[slot_of(i)] |= PTE_A | PTE_D;
}

/* A and D of entries that are not present may be anything by now. */
static pte_t known(pte_t e)
{
    return e & PTE_P ? e : e & ~(pte_t)(PTE_A | PTE_D);
}

static void check_bits(const struct walk *w, unsigned int how)
{
    for (unsigned int n = 0; n < w->seen; n++) {
        pte_t want = w->before[n] | PTE_A;

        if ((how & 3) == WRITE && n == w->seen - 1)
            want |= PTE_D;
        if (*w->entry[n] != want)
            wrong("  entry %u of %u is %llx, not %llx\n", n, w->seen,
                  (unsigned long long)*w->entry[n], (unsigned long long)want);
    }
}

static ulong frame_of(const struct walk *w, unsigned int i)
{
    return w->large ? 1000 + slot_of(i)
                    : ((w->before[w->seen - 1] & ADDRESS) - DATA_AT) / PAGE_SIZE;
}

static void check_access_at(const struct walk *w, unsigned int i, unsigned int how, ulong value)
{
    fault_t want = expect(w, how), got = fault_last();

    mix(got);
    if (got != want)
        wrong("  %s, not %s\n", fault_name(got), fault_name(want));
    if (got) {
        mix(fault_record.cr2);
        if ((fault_record.cr2 & ~0xffful) != access_va)
            wrong("  CR2 is %lx\n", (ulong)fault_record.cr2);
    } else if ((how & 3) == READ) {
        mix(value);
        if (!want && value != frame_of(w, i))
            wrong("  value is %lu, not %lu\n", value, frame_of(w, i));
    }
}

void try_access(unsigned int t, unsigned int i)
{
    static const char *const names[] = {"read", "write", "fetch"};
    struct walk w = walk(t, i);
    unsigned int how = any(3) | any(2) * BY_USER | any(512 / (1 << VALUE)) << VALUE;
    enum stale level = stale[t][i];

    if (any(2) && now.has_smap && !(how & BY_USER) && (how & 3) != FETCH)
        how |= WITH_AC;
    access_va = va_of(t, i);
    trace("%s%s%s %lx by", how & BY_USER ? "user " : "", names[how & 3], how & WITH_AC ? " AC" : "",
          access_va);
    for (unsigned int n = 0; n < w.seen; n++)
        trace(" %llx", (unsigned long long)w.before[n]);
    if (level == LOOSE) {
        do_access(how | SCRATCH);
        settle_all(&w, i);
        trace(": open\n");
        return;
    }
    ulong value = do_access(how);
    if (level == RETRY && fault_last())
        value = do_access(how);
    trace(": %s", fault_last() ? fault_name(fault_last()) : "");
    check_access_at(&w, i, how, value);
    if (level != EXACT || fault_last())
        settle(&w, !fault_last() && (how & 3) == WRITE ? PTE_D : 0);
    else
        check_bits(&w, how);
    for (unsigned int n = 0; n < w.seen; n++) {
        mix(known(*w.entry[n]));
        trace(" %llx", (unsigned long long)known(*w.entry[n]));
    }
    trace("\n");
}

/* ---- processor ---- */

void flush(void)
{
    write_cr3(roots[now.root]);
    memset(stale, 0, sizeof(stale));
}

void set_control(void)
{
    ulong cr4 = read_cr4() & ~(ulong)(CR4_SMEP | CR4_SMAP | CR4_PSE);

    write_cr0(now.wp ? read_cr0() | CR0_WP : read_cr0() & ~(ulong)CR0_WP);
    write_cr4(cr4 | (now.smep ? CR4_SMEP : 0) | (now.smap ? CR4_SMAP : 0) |
              (now.pse && PAGING_LEVELS == 2 ? CR4_PSE : 0));
    if (now.has_nx)
        wrmsr(MSR_EFER,
              now.nx ? rdmsr(MSR_EFER) | EFER_NXE : rdmsr(MSR_EFER) & ~(uint64_t)EFER_NXE);
}

/* ---- programs ---- */

static volatile uint32_t *data_page(unsigned int n)
{
    return (volatile uint32_t *)(n < PAGES ? DATA_AT + n * PAGE_SIZE
                                           : LARGE_AT + slot_of(n - PAGES) * PAGE_SIZE);
}

void tables_reset(void)
{
    now.wp = now.pse = true;
    now.nx = now.smep = now.smap = false;
    now.root = 0;
    set_control();
    flush();
    for (unsigned int r = 0; PAGING_LEVELS > 2 && r < 2; r++) {
        now.root = r;
        *top_entry() = (pte_t)((ulong)page_l2 + PAGE_SIZE) | (PAGING_LEVELS == 4 ? OPEN : PTE_P);
    }
    now.root = 0;
    now.base = any(TABLES - MINE + 1);
    for (unsigned int t = 0; t < MINE; t++) {
        *upper_of(t) = table_entry(t);
        for (unsigned int i = 0; i < IN_USE; i++)
            table(t)[slot_of(i)] = any(4) ? random_leaf() : 0;
    }
    for (unsigned int n = 0; n < PAGES + IN_USE; n++)
        data_page(n)[WORD_WRITTEN] = 0;
    flush();
}

void tables_digest(void)
{
    for (unsigned int t = 0; t < MINE; t++) {
        mix(known(*upper_of(t)));
        for (unsigned int i = 0; i < IN_USE; i++)
            mix(known(table(t)[slot_of(i)]));
    }
    for (unsigned int n = 0; n < PAGES + IN_USE; n++)
        mix(data_page(n)[WORD_WRITTEN]);
}

void tables_print_mode(void)
{
    now.wp = now.pse = true;
    set_control();
    flush();
}

const char *tables_features(void)
{
    static char text[64];

    snprintf(text, sizeof(text), "%u levels%s%s%s", PAGING_LEVELS, now.has_nx ? ", NX" : "",
             now.has_smep ? ", SMEP" : "", now.has_smap ? ", SMAP" : "");
    return text;
}

void tables_init(void)
{
#if PAGING_LEVELS == 2
    /* With CR4.PSE off, what lies beyond the first 4 MiB needs tables of its own. */
    static pte_t low[2 * PAGE_SIZE / sizeof(pte_t)] PAGE_BSS;

    for (unsigned int n = 0; n < ARRAY_SIZE(low); n++)
        low[n] = (TABLE_AT + n * PAGE_SIZE) | PTE_P | PTE_RW;
    page_l2[TABLE_AT / LARGE_SIZE] = (ulong)low | PTE_P | PTE_RW;
    page_l2[LARGE_AT / LARGE_SIZE] = ((ulong)low + PAGE_SIZE) | PTE_P | PTE_RW;
#endif
    for (unsigned int i = 0; i < PAGES + LARGE_SIZE / PAGE_SIZE; i++) {
        ulong at = i < PAGES ? DATA_AT + i * PAGE_SIZE : LARGE_AT + (i - PAGES) * PAGE_SIZE;

        *(volatile uint32_t *)at = i < PAGES ? i : 1000 + i - PAGES;
        ((volatile uint32_t *)at)[WORD_RET] = OPCODE_RET;
    }
    now.has_nx = PAGING_LEVELS > 2 && cpu_has_nx();
    now.has_smep = cpu_has_smep();
    now.has_smap = cpu_has_smap();
    now.has_rsvd = cpu_maxphysaddr() < 52;
    for (unsigned int t = 0; t < TABLES; t++)
        page_l2[FIRST + t] = (pte_t)(TABLE_AT + t * PAGE_SIZE) | OPEN;
    roots[0] = read_cr3();
    memcpy(second_root, (void *)(roots[0] & ~0xffful), PAGE_SIZE);
    /* With 2 levels the directory is the root, and a copy would differ. */
    roots[1] = PAGING_LEVELS > 2 ? (ulong)second_root : roots[0];
    flush();
}
