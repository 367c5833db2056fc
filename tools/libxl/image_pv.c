/* SPDX-License-Identifier: MIT */
/*
 * image_pv.c - building of 64-bit PV domains: the start-of-day state that the
 * public header xen.h describes at struct start_info.
 *
 * The domain's first frames are mapped at virt_base in this order: kernel,
 * ramdisk, list of machine frames, start_info, store page, console page, page
 * tables (read-only), boot stack, and at least 512 KiB more.
 */
#include "libxl/create.h"

#include <stdlib.h>
#include <string.h>

#include "libxl/image_pv.h"

#define PAGE_UP(x)  (((x) + BUILD_PAGE_SIZE - 1) & ~(BUILD_PAGE_SIZE - 1))
#define ENTRY_TABLE 0x67ull /* present, writable, user, accessed, dirty */
#define ENTRY_PAGE  0x67ull
#define ENTRY_RW    0x2ull
#define SLACK       0x80000ul
#define LARGE_PAGE  0x200000ul
#define REGION_UNIT 0x400000ul
#define BATCH       512u

/* How many tables of @level (1 to 4) cover [start, end). */
static uint64_t tables_for(uint64_t start, uint64_t end, unsigned int level)
{
    unsigned int shift = BUILD_PAGE_SHIFT + 9 * level;

    if (level == 4)
        return 1;
    return ((end - 1) >> shift) - (start >> shift) + 1;
}

void pv_layout_tables(struct pv_layout *l, uint64_t virt_base, uint64_t first_table)
{
    l->virt_base = virt_base;
    l->first_table = first_table;
    l->nr_tables = 4;
    for (;;) {
        uint64_t nr = 0;
        uint64_t used = (first_table + l->nr_tables + 1) << BUILD_PAGE_SHIFT;
        uint64_t end = virt_base + ((used + SLACK + REGION_UNIT - 1) & ~(REGION_UNIT - 1));

        for (unsigned int level = 1; level <= 4; level++)
            nr += l->per_level[level] = tables_for(virt_base, end, level);
        l->nr_mapped = (end - virt_base) >> BUILD_PAGE_SHIFT;
        if (nr <= l->nr_tables)
            break;
        l->nr_tables = nr;
    }
    /* Tables no longer needed after a rounding stay as unused frames. */
    l->stack = first_table + l->nr_tables;
}

/*
 * Tables of one level lie behind those of the level above; a table's entries
 * point to the next level's tables one after the other.
 */
void pv_fill_tables(const struct pv_layout *l, const xen_pfn_t *p2m, uint64_t nr_pages,
                    uint64_t *tables)
{
    uint64_t base[5], next = l->first_table;

    memset(tables, 0, l->nr_tables << BUILD_PAGE_SHIFT);
    for (unsigned int level = 4; level >= 1; level--) {
        base[level] = next;
        next += l->per_level[level];
    }
    for (unsigned int level = 4; level >= 1; level--) {
        unsigned int shift = BUILD_PAGE_SHIFT + 9 * (level - 1);
        uint64_t *out = tables + ((base[level] - l->first_table) << 9);
        uint64_t skip = l->virt_base >> shift & 511;
        uint64_t nr = level == 1 ? l->nr_mapped : l->per_level[level - 1];

        for (uint64_t i = 0; i < nr; i++) {
            uint64_t pfn = level == 1 ? i : base[level - 1] + i;
            bool is_table = pfn >= l->first_table && pfn < l->first_table + l->nr_tables;

            if (pfn >= nr_pages)
                break;
            uint64_t flags = level > 1 ? ENTRY_TABLE : ENTRY_PAGE & ~(is_table ? ENTRY_RW : 0);
            out[skip + i] = p2m[pfn] << BUILD_PAGE_SHIFT | flags;
        }
    }
}

static uint64_t kernel_pa(const struct creation *c, uint64_t paddr)
{
    return paddr - c->image.paddr_offset.value; /* 0 if there is no such note */
}

/* Aligned, canonical, outside Xen's part, and not wrapping for any memory. */
static bool virt_base_usable(uint64_t virt_base)
{
    bool low = virt_base < 0x0000700000000000ul;
    bool high = virt_base >= 0xffff880000000000ul && virt_base <= 0xffffffffc0000000ul;

    return (low || high) && (virt_base & (LARGE_PAGE - 1)) == 0;
}

static int pv_plan(struct creation *c)
{
    const struct elf_image *image = &c->image;
    uint64_t nr_pages = c->config->memory_mb << 8;
    struct pv_layout *l = calloc(1, sizeof(*l));

    c->private = l;
    c->p2m = malloc(nr_pages * sizeof(*c->p2m));
    if (!l || !c->p2m)
        return creation_fail(c, 0, "not enough memory in dom0");
    if (!image->is_64bit || image->is_i386)
        return creation_fail(c, 0, "'%s': only 64-bit PV kernels are supported", c->config->kernel);
    if (!image->has_xen_notes)
        return creation_fail(c, 0, "'%s' has no Xen notes: no PV kernel", c->config->kernel);

    if (!virt_base_usable(image->virt_base.value))
        return creation_fail(c, 0, "'%s' wants the unusable virtual base 0x%llx", c->config->kernel,
                             (unsigned long long)image->virt_base.value);
    uint64_t end = kernel_pa(c, image->high_paddr);
    if (kernel_pa(c, image->low_paddr) > end || end > nr_pages << BUILD_PAGE_SHIFT)
        return creation_fail(c, 0, "'%s' does not fit into 'memory' = %u", c->config->kernel,
                             (unsigned int)c->config->memory_mb);
    l->ramdisk = PAGE_UP(end) >> BUILD_PAGE_SHIFT;
    l->frame_list = l->ramdisk + (PAGE_UP(c->ramdisk_len) >> BUILD_PAGE_SHIFT);
    l->start_info = l->frame_list + (PAGE_UP(nr_pages * 8) >> BUILD_PAGE_SHIFT);
    l->store = l->start_info + 1;
    l->console = l->store + 1;
    pv_layout_tables(l, image->virt_base.value, l->console + 1);
    if (l->stack >= nr_pages)
        return creation_fail(c, 0, "'memory' = %u is too little for '%s' and its data",
                             (unsigned int)c->config->memory_mb, c->config->kernel);
    c->plan.nr_pages = nr_pages;
    return 0;
}

static int pv_populate(struct creation *c)
{
    uint64_t nr_pages = c->plan.nr_pages;

    int rc = ctl_domain_set_address_size(c->domid, 64);
    if (rc < 0)
        return creation_fail(c, rc, "cannot make it a 64-bit domain");
    for (uint64_t i = 0; i < nr_pages; i++)
        c->p2m[i] = i;
    for (uint64_t pfn = 0; pfn < nr_pages; pfn += BATCH) {
        uint64_t nr = nr_pages - pfn < BATCH ? nr_pages - pfn : BATCH;
        long done = ctl_memory_populate(c->domid, 0, nr, c->p2m + pfn);

        if (done != (long)nr)
            return creation_fail(c, done < 0 ? (int)done : -XEN_ENOMEM, "cannot give it %u MiB",
                                 (unsigned int)c->config->memory_mb);
    }
    c->memory.p2m = c->p2m;
    c->memory.nr_pfns = nr_pages;
    return 0;
}

static uint64_t address(const struct pv_layout *l, uint64_t pfn)
{
    return l->virt_base + (pfn << BUILD_PAGE_SHIFT);
}

static int write_frame(struct creation *c, uint64_t pfn, const void *from, uint64_t size)
{
    return build_write(&c->memory, pfn << BUILD_PAGE_SHIFT, from, size);
}

static int write_tables(struct creation *c)
{
    const struct pv_layout *l = c->private;
    uint64_t size = l->nr_tables << BUILD_PAGE_SHIFT;
    uint64_t *tables = malloc(size);

    if (!tables)
        return -XEN_ENOMEM;
    pv_fill_tables(l, c->p2m, c->plan.nr_pages, tables);
    int rc = write_frame(c, l->first_table, tables, size);
    free(tables);
    return rc;
}

static int pv_load(struct creation *c)
{
    const struct pv_layout *l = c->private;
    struct elf_image image = c->image;

    for (unsigned int i = 0; i < image.nr_segments; i++)
        image.segments[i].paddr = kernel_pa(c, image.segments[i].paddr);
    int rc = build_load(&c->memory, &image, c->file);
    if (rc == 0 && c->ramdisk)
        rc = write_frame(c, l->ramdisk, c->ramdisk, c->ramdisk_len);
    if (rc == 0)
        rc = write_frame(c, l->frame_list, c->p2m, c->plan.nr_pages * sizeof(*c->p2m));
    if (rc == 0)
        rc = write_frame(c, l->store, NULL, 2 * BUILD_PAGE_SIZE);
    if (rc == 0)
        rc = write_frame(c, l->stack, NULL, BUILD_PAGE_SIZE);
    if (rc == 0)
        rc = write_tables(c);
    c->console_frame = c->p2m[l->console];
    c->store_frame = c->p2m[l->store];
    return rc < 0 ? creation_fail(c, rc, "cannot write to its memory") : 0;
}

static int write_start_info(struct creation *c)
{
    const struct pv_layout *l = c->private;
    struct xen_domctl_getdomaininfo domain;
    union {
        struct start_info info;
        char page[BUILD_PAGE_SIZE];
    } u;

    int rc = ctl_domain_get_info(c->domid, &domain);
    if (rc < 0)
        return rc;
    memset(&u, 0, sizeof(u));
    strcpy(u.info.magic, "xen-3.0-x86_64");
    u.info.nr_pages = c->plan.nr_pages;
    u.info.shared_info = domain.shared_info_frame << BUILD_PAGE_SHIFT;
    u.info.store_mfn = c->p2m[l->store];
    u.info.store_evtchn = c->store_port;
    u.info.console.domU.mfn = c->p2m[l->console];
    u.info.console.domU.evtchn = c->console_port;
    u.info.pt_base = address(l, l->first_table);
    u.info.nr_pt_frames = l->nr_tables;
    u.info.mfn_list = address(l, l->frame_list);
    if (c->ramdisk) {
        u.info.mod_start = address(l, l->ramdisk);
        u.info.mod_len = c->ramdisk_len;
    }
    strncpy((char *)u.info.cmd_line, c->config->cmdline, sizeof(u.info.cmd_line) - 1);
    return write_frame(c, l->start_info, &u, sizeof(u));
}

static int set_registers(struct creation *c)
{
    const struct pv_layout *l = c->private;
    vcpu_guest_context_t *context = calloc(1, sizeof(*context));

    if (!context)
        return -XEN_ENOMEM;
    uint64_t entry = c->image.virt_entry.present ? c->image.virt_entry.value : c->image.entry;
    uint64_t stack = address(l, l->stack) + BUILD_PAGE_SIZE;
    context->flags = VGCF_in_kernel | VGCF_online;
    context->user_regs.rip = entry;
    context->user_regs.rsp = stack;
    context->user_regs.rsi = address(l, l->start_info);
    context->user_regs.rflags = 1 << 9; /* IF */
    context->user_regs.cs = FLAT_KERNEL_CS;
    context->user_regs.ss = FLAT_KERNEL_SS;
    context->user_regs.ds = context->user_regs.es = FLAT_KERNEL_DS;
    context->user_regs.fs = context->user_regs.gs = FLAT_KERNEL_DS;
    context->kernel_ss = FLAT_KERNEL_SS;
    context->kernel_sp = stack;
    context->ctrlreg[3] = c->p2m[l->first_table] << BUILD_PAGE_SHIFT;
    int rc = ctl_vcpu_set_context(c->domid, 0, context);
    free(context);
    return rc;
}

static int init_hypercall_page(struct creation *c)
{
    const struct elf_image *image = &c->image;
    uint64_t pfn = (image->hypercall_page.value - image->virt_base.value) >> BUILD_PAGE_SHIFT;

    if (!image->hypercall_page.present)
        return 0;
    if (pfn >= c->plan.nr_pages)
        return -XEN_EFAULT;
    return ctl_domain_init_hypercall_page(c->domid, c->p2m[pfn]);
}

static int pv_start(struct creation *c)
{
    const struct pv_layout *l = c->private;

    int rc = write_start_info(c);
    if (rc < 0)
        return creation_fail(c, rc, "cannot write its start_info");
    rc = init_hypercall_page(c);
    if (rc < 0)
        return creation_fail(c, rc, "cannot set up its hypercall page");
    rc = ctl_mmu_pin(c->domid, 4, c->p2m[l->first_table]);
    if (rc < 0)
        return creation_fail(c, rc, "the hypervisor refused its page tables");
    rc = set_registers(c);
    return rc < 0 ? creation_fail(c, rc, "cannot set the registers of vCPU 0") : 0;
}

const struct builder pv_builder = {pv_plan, pv_populate, pv_load, pv_start};
