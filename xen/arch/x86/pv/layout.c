/* SPDX-License-Identifier: MIT */
/*
 * layout.c - where a PV domain's initial things lie (public ABI, start_info:
 * "Start-of-day memory layout"): kernel, ramdisk, frame list, start_info,
 * page tables, stack, and then at least 512 KiB of mapped memory up to a
 * 4 MiB border.  Pure.
 */
#include <asm/pv_image.h>

#include <asm/addr.h>
#include <asm/config.h>
#include <cairn/errno.h>

#define BORDER (4ull << 20)
#define SPARE  (512ull << 10)

/* Tables of the level whose tables cover 1 << @shift bytes each. */
static uint64_t tables_at(uint64_t start, uint64_t end, unsigned int shift)
{
    return ((end - 1) >> shift) - (start >> shift) + 1;
}

uint64_t pv_layout_tables(uint64_t start, uint64_t end)
{
    return 1 + tables_at(start, end, 39) + tables_at(start, end, 30) + tables_at(start, end, 21);
}

static uint64_t page_up(uint64_t x)
{
    return (x + PAGE_SIZE - 1) & PAGE_MASK;
}

int pv_layout_compute(const struct pv_layout_in *in, struct pv_layout *out)
{
    const uint64_t limit = 1ull << 40;
    uint64_t va = page_up(in->kend), memory = in->nr_pages << PAGE_SHIFT;

    if (in->virt_base & (PAGE_SIZE - 1))
        return -EINVAL;
    if (in->nr_pages > limit >> PAGE_SHIFT || in->initrd_len > limit || in->kend < in->virt_base ||
        in->kend - in->virt_base > memory)
        return -ENOMEM;
    /* All of it below the hypervisor, or all of it above, without wrapping. */
    if (in->virt_base + memory + 2 * BORDER < in->virt_base)
        return -EINVAL;
    if (in->virt_base >= 0x0000800000000000ull
            ? in->virt_base < HYPERVISOR_VA_END
            : in->virt_base + memory + 2 * BORDER > 0x0000800000000000ull)
        return -EINVAL;

    out->initrd = va;
    va += page_up(in->initrd_len);
    out->p2m = va;
    va += page_up(in->nr_pages * sizeof(uint64_t));
    out->start_info = va;
    va += PAGE_SIZE;
    out->page_tables = va;

    /* The tables map themselves: more of them may need more of them. */
    for (uint64_t n = 4;; n++) {
        out->stack = out->page_tables + (n << PAGE_SHIFT);
        out->end = out->stack + PAGE_SIZE;
        if (out->end - in->virt_base > memory)
            return -ENOMEM;
        out->map_end = (out->end + SPARE + BORDER - 1) & ~(BORDER - 1);
        if (out->map_end - in->virt_base > memory)
            out->map_end = in->virt_base + memory;
        if (pv_layout_tables(in->virt_base, out->map_end) <= n) {
            out->nr_tables = n;
            return 0;
        }
    }
}
