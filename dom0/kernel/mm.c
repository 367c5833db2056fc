/* SPDX-License-Identifier: MIT */
/*
 * mm.c - page tables under the PV ABI.
 *
 * Tables hold machine frames, are mapped read-only, and change only by
 * hypercall.  All of them live in the boot mapping (frames.h), so a table is
 * found from the entry above it through the machine-to-physical map.
 */
#include "kernel/mm.h"

#include <stdint.h>
#include <xen/errno.h>

#include <string.h>

#include "kernel/frames.h"
#include "kernel/hypercall.h"
#include "kernel/kernel.h"

#define PTE_PRESENT  0x001UL
#define PTE_WRITE    0x002UL
#define PTE_USER     0x004UL
#define PTE_ACCESSED 0x020UL
#define PTE_DIRTY    0x040UL
#define PTE_NX       (1UL << 63)
#define PTE_FRAME    0x000ffffffffff000UL

#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define PTE_RO    (PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_NX)
#define PTE_RW    (PTE_RO | PTE_WRITE | PTE_DIRTY)
#define PTE_RX    (PTE_RO & ~PTE_NX)

/* Requests a hypercall: enough to make its price small. */
#define MMU_BATCH 64

/* dom0.lds */
extern char image_start[], text_end[], rodata_end[], image_end[];
extern char main_stack_guard[]; /* entry.S */

/* One page of ours whose frame is replaced by the shared one. */
shared_info_t shared_info __attribute__((aligned(4096)));

static struct frames frames;
static unsigned long tables;

/* A batch of page table writes for frames of one owner. */
struct batch {
    struct mmu_update req[MMU_BATCH];
    unsigned int nr;
    domid_t domid;
};

static uint64_t mfn_of(unsigned long pfn)
{
    return ((const unsigned long *)boot.si->mfn_list)[pfn];
}

static uint64_t *table_of(uint64_t entry)
{
    return (uint64_t *)(machine_to_phys_mapping[(entry & PTE_FRAME) >> PAGE_SHIFT] << PAGE_SHIFT);
}

static unsigned int index_of(unsigned long va, unsigned int level)
{
    return (va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

/* Puts a new empty table behind the entry at machine address @ptr. */
static uint64_t table_create(uint64_t ptr)
{
    unsigned long pfn = frames_alloc_table(&frames);

    if (!pfn)
        return 0;

    uint64_t mfn = mfn_of(pfn);
    struct mmu_update req = {
        .ptr = ptr | MMU_NORMAL_PT_UPDATE,
        .val = mfn << PAGE_SHIFT | PTE_TABLE,
    };

    memset((void *)(pfn << PAGE_SHIFT), 0, PAGE_SIZE);
    if (hypercall_update_va(pfn << PAGE_SHIFT, mfn << PAGE_SHIFT | PTE_RO, UVMF_INVLPG) ||
        hypercall_mmu_update(&req, 1, DOMID_SELF))
        return 0;
    tables++;
    return req.val;
}

/*
 * The machine address of the leaf entry of @va, and the entry in *@pte.
 * 0 if there is no leaf table and @create is false or fails.
 */
static uint64_t leaf_find(unsigned long va, bool create, uint64_t *pte)
{
    uint64_t entry = mfn_of(boot.si->pt_base >> PAGE_SHIFT) << PAGE_SHIFT;

    for (unsigned int level = 4;; level--) {
        uint64_t ptr = (entry & PTE_FRAME) + 8 * index_of(va, level);

        entry = table_of(entry)[index_of(va, level)];
        if (level == 1) {
            *pte = entry;
            return ptr;
        }
        if (!(entry & PTE_PRESENT)) {
            entry = create ? table_create(ptr) : 0;
            if (!entry)
                return 0;
        }
    }
}

bool mm_is_mapped(unsigned long va)
{
    uint64_t pte;

    return va < WINDOW_BASE + WINDOW_SIZE && leaf_find(va, false, &pte) && (pte & PTE_PRESENT);
}

static int batch_flush(struct batch *b)
{
    int rc = b->nr ? (int)hypercall_mmu_update(b->req, b->nr, b->domid) : 0;

    b->nr = 0;
    return rc;
}

static int batch_add(struct batch *b, uint64_t ptr, uint64_t pte)
{
    b->req[b->nr++] = (struct mmu_update){ptr | MMU_NORMAL_PT_UPDATE, pte};
    return b->nr == MMU_BATCH ? batch_flush(b) : 0;
}

int mm_map_new(unsigned long va, size_t nr)
{
    struct batch b = {.nr = 0, .domid = DOMID_SELF};
    int rc = nr <= frames_count_data(&frames) ? 0 : -XEN_ENOMEM;

    for (size_t i = 0; i < nr && !rc; i++) {
        uint64_t pte, ptr = leaf_find(va + i * PAGE_SIZE, true, &pte);
        unsigned long pfn = ptr ? frames_alloc(&frames) : 0;

        rc = pfn ? batch_add(&b, ptr, mfn_of(pfn) << PAGE_SHIFT | PTE_RW) : -XEN_ENOMEM;
    }
    if (!rc)
        rc = batch_flush(&b);
    if (!rc)
        memset((void *)va, 0, nr * PAGE_SIZE);
    return rc;
}

/* One by one, to tell which of them fail. */
static int map_frames_slowly(unsigned long va, uint16_t domid, const uint64_t *frame, size_t nr,
                             uint64_t flags, int *err)
{
    int first = 0;

    for (size_t i = 0; i < nr; i++) {
        uint64_t pte;
        struct mmu_update req = {
            .ptr = leaf_find(va + i * PAGE_SIZE, true, &pte) | MMU_NORMAL_PT_UPDATE,
            .val = frame[i] << PAGE_SHIFT | flags,
        };
        int rc = req.ptr ? (int)hypercall_mmu_update(&req, 1, domid) : -XEN_ENOMEM;

        if (err)
            err[i] = rc;
        if (rc && !first)
            first = rc;
    }
    return first;
}

int mm_map_frames(unsigned long va, uint16_t domid, const uint64_t *frame, size_t nr, bool writable,
                  int *err)
{
    uint64_t flags = writable ? PTE_RW : PTE_RO;
    struct batch b = {.nr = 0, .domid = domid};
    int rc = 0;

    for (size_t i = 0; i < nr && !rc; i++) {
        uint64_t pte, ptr = leaf_find(va + i * PAGE_SIZE, true, &pte);

        rc = ptr ? batch_add(&b, ptr, frame[i] << PAGE_SHIFT | flags) : -XEN_ENOMEM;
    }
    if (!rc)
        rc = batch_flush(&b);
    if (rc)
        return map_frames_slowly(va, domid, frame, nr, flags, err);
    if (err)
        memset(err, 0, nr * sizeof(*err));
    return 0;
}

/* The last one goes by a call that also flushes the TLB of them all. */
void mm_unmap(unsigned long va, size_t nr)
{
    struct batch b = {.nr = 0, .domid = DOMID_SELF};
    unsigned long last_va = 0;
    uint64_t pte, last_ptr = 0;

    for (; nr; nr--, va += PAGE_SIZE) {
        uint64_t ptr = leaf_find(va, false, &pte);

        if (!ptr || !(pte & PTE_PRESENT))
            continue;
        if (last_ptr)
            batch_add(&b, last_ptr, 0);
        last_ptr = ptr;
        last_va = va;
    }
    batch_flush(&b);
    if (last_ptr)
        hypercall_update_va(last_va, 0, UVMF_TLB_FLUSH | UVMF_LOCAL);
}

/*
 * Text executable and read-only, constants read-only, data not executable.
 * The caller flushes the TLB.
 */
static int image_protect(void)
{
    struct batch b = {.nr = 0, .domid = DOMID_SELF};
    int rc = 0;

    for (char *p = image_start; p < image_end && !rc; p += PAGE_SIZE) {
        uint64_t pte, ptr = leaf_find((unsigned long)p, false, &pte);
        uint64_t flags = p < text_end ? PTE_RX : p < rodata_end ? PTE_RO : PTE_RW;

        if (pte & PTE_PRESENT)
            rc = batch_add(&b, ptr, (pte & PTE_FRAME) | flags);
    }
    return rc ? rc : batch_flush(&b);
}

static unsigned long boot_mapping_end(unsigned long va)
{
    while (mm_is_mapped(va))
        va += PAGE_SIZE;
    return va;
}

int mm_init(void)
{
    unsigned long boot_end = (boot.boot_rsp + PAGE_SIZE - 1) & PAGE_MASK;
    int rc;

    frames_init(&frames, (unsigned long)image_start >> PAGE_SHIFT, boot_end >> PAGE_SHIFT,
                boot_mapping_end(boot_end) >> PAGE_SHIFT, boot.si->nr_pages);

    rc = image_protect();
    /* Null pointers and an overrun of the first stack shall fault. */
    if (!rc)
        rc = (int)hypercall_update_va(0, 0, UVMF_INVLPG);
    if (!rc)
        rc = (int)hypercall_update_va((unsigned long)main_stack_guard, 0,
                                      UVMF_TLB_FLUSH | UVMF_LOCAL);
    if (!rc)
        rc = (int)hypercall_update_va((unsigned long)&shared_info, boot.si->shared_info | PTE_RW,
                                      UVMF_INVLPG);
    return rc;
}

void mm_get_stats(struct mm_stats *stats)
{
    stats->total = frames.total;
    stats->used = frames.total - frames_count_free(&frames);
    stats->tables = tables;
}
