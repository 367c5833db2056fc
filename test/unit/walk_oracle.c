/* SPDX-License-Identifier: MIT */
/* walk_oracle.c - see walk_oracle.h. */
#include "walk_oracle.h"

#include <string.h>

#include <asm/processor.h>

static struct {
    uint64_t addr, entry;
} walk_changed[8];
static unsigned int walk_changes;

void must(bool ok, const char *what)
{
    if (!ok)
        walk_differs(what);
}

static uint64_t fetch(uint64_t addr, unsigned int len)
{
    uint64_t e;
    return walk_entry_at(addr, len, &e) ? e : len == 8 ? ~0ull : 0xffffffffull;
}

/* As the walker leaves it. */
static uint64_t fetch_after(uint64_t addr, unsigned int len)
{
    for (unsigned int i = 0; i < walk_changes; i++)
        if (walk_changed[i].addr == addr)
            return walk_changed[i].entry;
    return fetch(addr, len);
}

bool walk_read(void *ctx, gaddr_t addr, void *buf, size_t len)
{
    uint64_t e;
    if (!walk_entry_at(addr.gaddr, len, &e))
        return false;
    e = fetch_after(addr.gaddr, len);
    memcpy(buf, &e, len);
    return true;
}

bool walk_update(void *ctx, gaddr_t addr, uint64_t old, uint64_t new, size_t len)
{
    unsigned int i = 0;
    /* An entry that serves two levels has changed by now: walk again. */
    if (fetch_after(addr.gaddr, len) != old)
        return false;
    while (i < walk_changes && walk_changed[i].addr != addr.gaddr)
        i++;
    must(i < sizeof(walk_changed) / sizeof(walk_changed[0]), "more entries changed than walked");
    walk_changes += i == walk_changes;
    walk_changed[i].addr = addr.gaddr;
    walk_changed[i].entry = new;
    return true;
}

/* ---- the oracle ---- */

struct verdict {
    bool ok, present, reserved;
    bool user, write, exec; /* of the translation */
    uint64_t addr;
    unsigned int shift;
    uint64_t path[4];
    unsigned int hops;
    bool at_last; /* the walk came to an entry of level 1, with these rights: */
    uint64_t above, last;
};

static bool any(uint64_t e, int high, int low)
{
    for (int b = low; b <= high; b++)
        if (e >> b & 1)
            return true;
    return false;
}

static void oracle_32(const struct paging_role *r, uint64_t cr3, uint32_t va, struct verdict *v)
{
    uint64_t at = (cr3 & 0xfffff000) + 4 * (va >> 22);
    uint32_t pde = fetch(at, 4);
    if (!(pde & 1))
        return;
    v->path[v->hops++] = at;
    v->user = pde & 4;
    v->write = pde & 2;
    if (r->pse && (pde & 0x80)) {
        int m = r->maxphysaddr < 40 ? r->maxphysaddr : 40;
        uint64_t high = r->pse36 ? (uint64_t)(pde >> 13 & 0xff) << 32 : 0;
        v->present = true;
        v->reserved = r->pse36 ? any(pde, 21, m - 19 < 13 ? 13 : m - 19) : any(pde, 21, 13);
        v->addr = high | (pde & 0xffc00000) | (va & 0x3fffff);
        v->shift = 22;
        v->ok = !v->reserved;
        return;
    }
    at = (pde & 0xfffff000) + 4 * (va >> 12 & 1023);
    uint32_t pte = fetch(at, 4);
    if (!(pte & 1))
        return;
    v->path[v->hops++] = at;
    v->user &= (pte & 4) != 0;
    v->write &= (pte & 2) != 0;
    v->addr = (pte & 0xfffff000) | (va & 0xfff);
    v->shift = 12;
    v->present = v->ok = true;
}

static bool bad_64(const struct paging_role *r, uint64_t e, int level)
{
    bool leaf = e & 0x80;
    if (any(e, 51, r->maxphysaddr))
        return true;
    if (!r->nx && any(e, 63, 63))
        return true;
    if (r->levels == 3 && any(e, 62, 52))
        return true;
    if (level == 4)
        return leaf;
    if (level == 3 && leaf)
        return !r->page_1g || any(e, 29, 13);
    return level == 2 && leaf && any(e, 20, 13);
}

static void oracle_64(const struct paging_role *r, uint64_t table, int level, uint64_t va,
                      struct verdict *v)
{
    v->user = v->write = v->exec = true;
    for (;; level--) {
        int shift = 12 + 9 * (level - 1);
        uint64_t at = table + 8 * (va >> shift & 511);
        uint64_t e = fetch(at, 8);
        if (level == 1) {
            v->at_last = true;
            v->above = (v->user ? 4 : 0) | (v->write ? 2 : 0) | (v->exec ? 0 : 1ull << 63);
            v->last = e;
        }
        if (!(e & 1))
            return;
        if (bad_64(r, e, level)) {
            v->present = v->reserved = true;
            return;
        }
        v->path[v->hops++] = at;
        v->user &= (e & 4) != 0;
        v->write &= (e & 2) != 0;
        v->exec &= !(e >> 63);
        uint64_t frame = e & 0xffffffffff000ull;
        if (level == 1 || (e & 0x80)) {
            uint64_t low = (1ull << shift) - 1;
            v->addr = (frame & ~low) | (va & low);
            v->shift = shift;
            v->present = v->ok = true;
            return;
        }
        table = frame;
    }
}

static bool rights(const struct paging_role *r, const struct verdict *v, unsigned int access)
{
    bool w = access & WALK_WRITE, x = access & WALK_FETCH;
    if (access & WALK_USER)
        return v->user && (!w || v->write) && (!x || v->exec);
    if (x)
        return v->exec && !(r->smep && v->user);
    if (v->user && r->smap && !(access & WALK_AC))
        return false;
    return !w || v->write || !r->wp;
}

static uint32_t code(const struct paging_role *r, const struct verdict *v, unsigned int access)
{
    return v->present | (access & WALK_WRITE ? 2 : 0) | (access & WALK_USER ? 4 : 0) |
           (v->reserved ? 8 : 0) | ((access & WALK_FETCH) && (r->nx || r->smep) ? 16 : 0);
}

/* The last step alone comes to the same. */
static void compare_last(const struct paging_role *r, const struct verdict *v, unsigned int access)
{
    uint64_t now;
    uint32_t ec;
    bool ok = guest_leaf_allows(r, v->above, v->last, access, &now, &ec);

    must(ok == (v->ok && rights(r, v, access)), "success of the last step");
    if (ok)
        must(now == (v->last | 0x20 | (access & WALK_WRITE ? 0x40 : 0)), "last entry");
    else
        must(ec == code(r, v, access), "error code of the last step");
}

bool walk_compare(const struct paging_role *r, uint64_t cr3, const uint64_t pdpte[4], uint64_t va,
                  unsigned int access, struct walk_result *res)
{
    const struct walk_memory mem = {walk_read, walk_update, NULL};
    unsigned int len = r->levels == 2 ? 4 : 8;
    struct verdict v = {.exec = true};

    walk_changes = 0;
    bool ok = guest_walk(r, cr3, pdpte, va, access, &mem, res);
    if (r->levels == 2) {
        oracle_32(r, cr3, va, &v);
    } else if (r->levels == 3) {
        uint64_t p = pdpte[(uint32_t)va >> 30];
        if (p & 1)
            oracle_64(r, p & 0xffffffffff000ull, 2, (uint32_t)va, &v);
    } else {
        oracle_64(r, cr3 & 0xffffffffff000ull, 4, va, &v);
    }
    must(ok == (v.ok && rights(r, &v, access)), "success");
    if (v.at_last)
        compare_last(r, &v, access);
    if (!ok) {
        must(res->ec == code(r, &v, access), "error code");
        must(!walk_changes, "accessed or dirty on a failed walk");
        return false;
    }
    must(res->addr.gaddr == v.addr, "address");
    must(res->order == v.shift - 12, "order");
    must(res->user == v.user && res->writable == v.write, "rights");
    for (unsigned int i = 0; i < walk_changes; i++)
        must(!(walk_changed[i].entry & ~fetch(walk_changed[i].addr, len) & ~0x60ull),
             "bits other than accessed and dirty");
    for (unsigned int i = 0; i < v.hops; i++) {
        uint64_t before = fetch(v.path[i], len), after = fetch_after(v.path[i], len);
        bool last = v.path[i] == v.path[v.hops - 1];
        must(after == (before | 0x20 | (last && (access & WALK_WRITE) ? 0x40 : 0)),
             "accessed and dirty");
    }
    return true;
}
