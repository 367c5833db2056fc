/* SPDX-License-Identifier: MIT */
/*
 * pgtable.c - the hypervisor's own page tables and the order in which memory
 * management comes up.
 *
 * Owns idle_pgt below the level that boot/head.S left: direct map of RAM
 * above 4 GiB, frame table, M2P, the ioremap window.
 * Promises: every top-level entry of slots 256-271 exists before the first PV
 * guest copies them, so later changes are seen in all address spaces; nothing
 * is both writable and executable.
 */
#include <asm/mm.h>

#include <asm/config.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <cairn/boot_info.h>
#include <cairn/lib.h>
#include <cairn/mm.h>
#include <cairn/spinlock.h>

#define DIRECTMAP_EARLY_END GB(4) /* what head.S maps */

extern char _start[], _end[]; /* xen.lds.S */

struct bootmem boot_mem;
unsigned long max_page;

static DEFINE_SPINLOCK(map_lock, LOCK_PAGE_ALLOC);
static unsigned long ioremap_next = IOREMAP_VA_START;

void *mfn_to_virt(mfn_t mfn)
{
    return (void *)(DIRECTMAP_VA_START + (mfn_x(mfn) << PAGE_SHIFT));
}

mfn_t virt_to_mfn(const void *p)
{
    unsigned long va = (unsigned long)p;

    if (va >= DIRECTMAP_VA_START)
        return _mfn((va - DIRECTMAP_VA_START) >> PAGE_SHIFT);
    ASSERT(va >= XEN_VA_START && va < STUBS_VA_START);
    return _mfn((va - XEN_VA_START) >> PAGE_SHIFT);
}

static mfn_t boot_alloc_raw(unsigned long pages, unsigned long align_pages)
{
    uint64_t at = bootmem_take(&boot_mem, pages << PAGE_SHIFT, align_pages << PAGE_SHIFT,
                               DIRECTMAP_EARLY_END);

    if (!at)
        panic("Out of memory at boot: %lu KiB wanted below 4 GiB", pages * 4);
    return maddr_to_mfn(_maddr(at));
}

mfn_t boot_alloc(unsigned long pages, unsigned long align_pages)
{
    mfn_t mfn = boot_alloc_raw(pages, align_pages);

    clear_pages(mfn_to_virt(mfn), pages);
    return mfn;
}

/* Boot memory first, the page allocator once it has taken that over. */
static pte_t *table_alloc(void)
{
    return boot_mem.nr ? mfn_to_virt(boot_alloc(1, 1)) : alloc_xen_page();
}

/* The table that @e points to, made if need be.  NULL: no memory. */
static pte_t *table_below(pte_t *e, uint64_t flags)
{
    if (!(e->pte & PTE_P)) {
        pte_t *t = table_alloc();

        if (!t)
            return NULL;
        *e = pte_make(virt_to_mfn(t), PTE_P | PTE_W | PTE_A | PTE_D | (flags & PTE_U));
        return t;
    }
    BUG_ON(e->pte & PTE_PS);
    return mfn_to_virt(pte_mfn(*e));
}

/* Largest level whose page fits at (va, mfn) with @nr frames left. */
static unsigned int leaf_level(unsigned long va, mfn_t mfn, unsigned long nr)
{
    unsigned long both = (va >> PAGE_SHIFT) | mfn_x(mfn);

    if (host_cpu.has_1gb && !(both & 0x3ffff) && nr >= 0x40000)
        return 3;
    return !(both & 0x1ff) && nr >= 0x200 ? 2 : 1;
}

static int map_one(unsigned long va, mfn_t mfn, unsigned int leaf, uint64_t flags)
{
    pte_t *table = idle_pgt;

    for (unsigned int level = 4; level > leaf; level--) {
        table = table_below(&table[PT_INDEX(va, level)], flags);
        if (!table)
            return -ENOMEM;
    }
    table[PT_INDEX(va, leaf)] = pte_make(mfn, flags | (leaf > 1 ? PTE_PS : 0));
    return 0;
}

int map_range(unsigned long va, mfn_t mfn, unsigned long nr, uint64_t flags)
{
    while (nr) {
        unsigned int level = leaf_level(va, mfn, nr);
        unsigned long step = 1ul << (9 * (level - 1));
        int rc = map_one(va, mfn, level, flags);

        if (rc)
            return rc;
        va += step << PAGE_SHIFT;
        mfn = mfn_add(mfn, step);
        nr -= step;
    }
    return 0;
}

int map_pages_to_xen(unsigned long va, mfn_t mfn, unsigned long nr, uint64_t flags)
{
    int rc = 0;

    spin_lock(&map_lock);
    for (unsigned long i = 0; i < nr && !rc; i++) {
        rc = map_one(va + (i << PAGE_SHIFT), mfn_add(mfn, i), 1, flags);
        invlpg(va + (i << PAGE_SHIFT));
    }
    spin_unlock(&map_lock);
    return rc;
}

void *ioremap(maddr_t addr, size_t size)
{
    unsigned long offset = PAGE_OFFSET(maddr_x(addr));
    unsigned long nr = PFN_UP(offset + size), va = ioremap_next;

    if (nr > (IOREMAP_VA_END - va) >> PAGE_SHIFT)
        panic("ioremap: window full, %zu bytes at %#lx", size, maddr_x(addr));
    ioremap_next += nr << PAGE_SHIFT;
    if (map_pages_to_xen(va, maddr_to_mfn(addr), nr, PAGE_HYPERVISOR_UC))
        panic("ioremap: no memory for a page table");
    return (void *)(va + offset);
}

static void reserve(uint64_t start, uint64_t end)
{
    if (bootmem_reserve(&boot_mem, start, end))
        panic("More than %u pieces of RAM", BOOTMEM_MAX);
}

/* RAM that nobody uses: not the first MiB (firmware, AP start-up), not the
 * image, not the modules. */
static void __init find_boot_memory(void)
{
    uint64_t limit = min(DIRECTMAP_VA_END - DIRECTMAP_VA_START, 1ul << 44);

    for_each_ram(e) {
        uint64_t end = min(e->addr + e->size, limit);

        if (e->addr >= end)
            continue;
        if (bootmem_add(&boot_mem, e->addr, end))
            panic("More than %u pieces of RAM", BOOTMEM_MAX);
        if (PFN_DOWN(end) > PFN_UP(e->addr))
            total_pages += PFN_DOWN(end) - PFN_UP(e->addr);
        max_page = max(max_page, (unsigned long)PFN_DOWN(end));
    }
    reserve(0, MB(1));
    reserve((unsigned long)_start - XEN_VA_START, (unsigned long)_end - XEN_VA_START);
    for (unsigned int i = 0; i < boot_info.nr_mods; i++)
        reserve(boot_info.mod[i].start, boot_info.mod[i].start + boot_info.mod[i].size);
    if (!boot_mem.nr)
        panic("No RAM in the firmware's memory map");
}

static void __init map_high_ram(void)
{
    for_each_ram(e) {
        uint64_t first = max(PFN_UP(e->addr), PFN_DOWN(DIRECTMAP_EARLY_END));
        uint64_t last = min(PFN_DOWN(e->addr + e->size), (uint64_t)max_page);

        if (first < last && map_range((unsigned long)mfn_to_virt(_mfn(first)), _mfn(first),
                                      last - first, PAGE_HYPERVISOR))
            panic("No memory for the direct map");
    }
}

/* Slots that may be filled later get their second level now. */
static void __init fill_top_level(void)
{
    unsigned int last = PT_INDEX((unsigned long)mfn_to_virt(_mfn(max_page - 1)), 4);

    for (unsigned int i = PML4_SLOT_HYPERVISOR_FIRST; i <= last; i++)
        if (i == PML4_SLOT_M2P || i >= PML4_SLOT_XEN)
            table_below(&idle_pgt[i], i == PML4_SLOT_M2P ? PTE_U : 0);
}

void __init mm_init(void)
{
    find_boot_memory();
    fill_top_level();
    map_high_ram();
    frametable_init();
    m2p_init();
    page_alloc_init();
    write_cr3(read_cr3());
    printk(XENLOG_INFO "Memory: %lu MiB RAM, %lu KiB used by the hypervisor so far\n",
           total_pages >> 8, hypervisor_pages() * 4);
#ifdef CAIRN_DEBUG
    printk(XENLOG_INFO "W^X: %u mappings writable and executable\n", wx_count());
#endif
}

/* Walks below @table; @w and @x: what the levels above allow. */
static unsigned int wx_walk(const pte_t *table, unsigned int level, unsigned long va, bool w,
                            bool x)
{
    unsigned int found = 0;

    for (unsigned long i = 0; i < PT_ENTRIES; i++) {
        pte_t e = table[i];
        bool ew = w && (e.pte & PTE_W), ex = x && !(e.pte & PTE_NX);
        unsigned long at = va + (i << (12 + 9 * (level - 1)));

        if (!(e.pte & PTE_P) || !ew || !ex || (level == 4 && !is_hypervisor_slot(i)))
            continue;
        if (level > 1 && !(e.pte & PTE_PS)) {
            found += wx_walk(mfn_to_virt(pte_mfn(e)), level - 1, at, ew, ex);
        } else {
            printk(XENLOG_ERR "W^X: %#lx is writable and executable\n", at);
            found++;
        }
    }
    return found;
}

unsigned int wx_count(void)
{
    const pte_t *root = mfn_to_virt(maddr_to_mfn(_maddr(read_cr3() & PTE_ADDR_MASK)));

    return wx_walk(root, 4, HYPERVISOR_VA_START - (256ul << 39), true, true);
}
