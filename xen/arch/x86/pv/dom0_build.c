/* SPDX-License-Identifier: MIT */
/*
 * dom0_build.c - the control domain from boot modules: memory, kernel,
 * ramdisk, start_info, page tables (checked by the same rules as any PV
 * guest's), first vCPU.
 *
 * Runs once, at boot.  On an error nothing is cleaned up: the caller panics.
 */
#include "private.h"

#include <asm/pv_image.h>

#define MAX_CHUNK_ORDER 9
/* Without dom0_mem=: this, and the size of what is loaded. */
#define DOM0_DEFAULT_MEM MB(16)
/* What the hypervisor keeps for itself and the guests' bookkeeping. */
#define HYPERVISOR_RESERVE_PAGES (MB(4) >> PAGE_SHIFT)

static unsigned long opt_dom0_mem;
size_param("dom0_mem", opt_dom0_mem);

struct build {
    struct domain *d;
    const uint8_t *file;
    struct pv_image img;
    struct pv_layout lay;
    unsigned long nr_pages;
    uint32_t *mfn; /* of each frame of the domain */
    unsigned int mfn_order;
    unsigned int tables_used;
};

/* ---- memory ---- */

static int __init allocate_memory(struct build *b)
{
    unsigned long n = 0;
    unsigned int order = MAX_CHUNK_ORDER;

    while (PAGE_SIZE << b->mfn_order < b->nr_pages * sizeof(uint32_t))
        b->mfn_order++;
    b->mfn = alloc_xen_pages(b->mfn_order, 0);
    if (!b->mfn)
        return -ENOMEM;
    while (n < b->nr_pages) {
        while (order && (1ul << order) > b->nr_pages - n)
            order--;

        struct page_info *pg = alloc_domheap_pages(b->d, order, 0);

        if (!pg && !order)
            return -ENOMEM;
        if (!pg) {
            order--;
            continue;
        }
        for (unsigned long i = 0; i < 1ul << order; i++, n++) {
            b->mfn[n] = mfn_x(page_to_mfn(pg)) + i;
            set_gpfn_from_mfn(_mfn(b->mfn[n]), n);
        }
    }
    return 0;
}

static unsigned long va_to_pfn(const struct build *b, uint64_t va)
{
    return (va - b->img.virt_base) >> PAGE_SHIFT;
}

/* Where the hypervisor sees the domain's byte @va. */
static void *__init at(const struct build *b, uint64_t va)
{
    return (char *)mfn_to_virt(_mfn(b->mfn[va_to_pfn(b, va)])) + PAGE_OFFSET(va);
}

static void __init put_bytes(const struct build *b, uint64_t va, const void *src, size_t len)
{
    const char *from = src;

    while (len) {
        size_t n = min(len, (size_t)(PAGE_SIZE - PAGE_OFFSET(va)));

        memcpy(at(b, va), from, n);
        va += n;
        from += n;
        len -= n;
    }
}

/* ---- contents ---- */

static const uint8_t *__init module_bytes(const struct boot_module *m)
{
    return (const uint8_t *)mfn_to_virt(_mfn(PFN_DOWN(m->start))) + PAGE_OFFSET(m->start);
}

static void __init load_kernel(const struct build *b)
{
    for (unsigned int i = 0; i < b->img.nr_loads; i++)
        put_bytes(b, b->img.load[i].paddr - b->img.paddr_offset + b->img.virt_base,
                  b->file + b->img.load[i].offset, b->img.load[i].filesz);
    if (b->img.hypercall_page != PV_UNSET)
        pv_hypercall_page_init(at(b, b->img.hypercall_page));
}

static void __init write_p2m(const struct build *b)
{
    for (unsigned long pfn = 0; pfn < b->nr_pages; pfn++) {
        uint64_t mfn = b->mfn[pfn];

        put_bytes(b, b->lay.p2m + pfn * sizeof(mfn), &mfn, sizeof(mfn));
    }
}

static void __init write_start_info(const struct build *b, const struct boot_module *initrd,
                                    const char *cmdline)
{
    struct start_info *si = at(b, b->lay.start_info);

    _Static_assert(sizeof(*si) <= PAGE_SIZE, "one page");
    strlcpy(si->magic, "xen-3.0-x86_64", sizeof(si->magic));
    si->nr_pages = b->nr_pages;
    si->shared_info = virt_to_maddr(b->d->shared_info);
    si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    si->pt_base = b->lay.page_tables;
    si->nr_pt_frames = b->lay.nr_tables;
    si->mfn_list = b->lay.p2m;
    si->first_p2m_pfn = va_to_pfn(b, b->lay.p2m);
    si->nr_p2m_frames = va_to_pfn(b, b->lay.start_info) - si->first_p2m_pfn;
    if (initrd && initrd->size) {
        si->mod_start = b->img.mod_start_is_pfn ? va_to_pfn(b, b->lay.initrd) : b->lay.initrd;
        si->mod_len = initrd->size;
        if (b->img.mod_start_is_pfn)
            si->flags |= SIF_MOD_START_PFN;
    }
    if (cmdline)
        strlcpy((char *)si->cmd_line, cmdline, sizeof(si->cmd_line));
}

/* ---- page tables ---- */

static uint64_t __init table_frame(const struct build *b, unsigned int n)
{
    return b->mfn[va_to_pfn(b, b->lay.page_tables) + n];
}

/* The table below @entry, made if it is not there. */
static pte_t *__init descend(struct build *b, pte_t *entry)
{
    if (!(entry->pte & PTE_P)) {
        BUG_ON(b->tables_used >= b->lay.nr_tables);
        *entry =
            pte_make(_mfn(table_frame(b, b->tables_used++)), PTE_P | PTE_W | PTE_U | PTE_A | PTE_D);
    }
    return mfn_to_virt(pte_mfn(*entry));
}

static void __init build_tables(struct build *b)
{
    pte_t *l4 = mfn_to_virt(_mfn(table_frame(b, 0)));

    b->tables_used = 1;
    for (uint64_t va = b->img.virt_base; va < b->lay.map_end; va += PAGE_SIZE) {
        uint64_t flags = PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;
        pte_t *t = l4;

        for (unsigned int level = 4; level > 1; level--)
            t = descend(b, &t[PT_INDEX(va, level)]);
        if (va >= b->lay.page_tables && va < b->lay.stack)
            flags &= ~PTE_W;
        t[PT_INDEX(va, 1)] = pte_make(_mfn(b->mfn[va_to_pfn(b, va)]), flags);
    }
}

/* As a guest would: one use by CR3, one by a pin. */
static int __init take_root(struct build *b, struct vcpu *v)
{
    struct page_info *root = mfn_to_page(_mfn(table_frame(b, 0)));
    int rc;

    for (unsigned int i = 0; i < 2; i++) {
        do {
            rc = get_page_and_type(root, b->d, PGT_l4_page_table);
        } while (rc == -ERESTART);
        if (rc)
            return rc;
    }
    root->type_info |= PGT_pinned;
    v->arch.pv.kernel_cr3 = page_to_mfn(root);
    return 0;
}

/* ---- the first vCPU ---- */

static void __init start_vcpu(const struct build *b, struct vcpu *v)
{
    struct cpu_user_regs *regs = &v->arch.user_regs;

    memset(regs, 0, sizeof(*regs));
    regs->rip = b->img.entry;
    regs->rsp = b->lay.end;
    regs->rsi = b->lay.start_info;
    regs->cs = FLAT_KERNEL_CS64;
    regs->ss = FLAT_KERNEL_SS64;
    regs->rflags = X86_EFLAGS_IF | X86_EFLAGS_MBS;
    v->arch.pv.in_kernel = true;
    fpu_reset_area(v->arch.fpu);
    v->vcpu_info->evtchn_upcall_mask = 1;
    v->is_initialised = true;
    v->pause_flags &= ~VPF_down;
}

/* ---- all of it ---- */

static int __init build(struct build *b, const struct boot_module *initrd, const char *cmdline)
{
    struct pv_layout_in in = {
        .virt_base = b->img.virt_base,
        .kend = b->img.kend,
        .initrd_len = initrd ? initrd->size : 0,
        .nr_pages = b->nr_pages,
    };
    struct vcpu *v;
    int rc = pv_layout_compute(&in, &b->lay);

    if (rc) {
        printk(XENLOG_ERR "dom0: kernel and ramdisk do not fit %lu KiB (dom0_mem=)\n",
               b->nr_pages * 4);
        return rc;
    }
    b->d->max_pages = max(b->d->max_pages, b->nr_pages);
    rc = allocate_memory(b);
    if (rc) {
        printk(XENLOG_ERR "dom0: no memory for %lu pages\n", b->nr_pages);
        return rc;
    }
    for (unsigned int i = 0; i < b->d->max_vcpus; i++)
        if (!domain_vcpu(b->d, i) && !vcpu_create(b->d, i, &rc))
            return rc;
    v = domain_vcpu(b->d, 0);
    load_kernel(b);
    if (initrd && initrd->size)
        put_bytes(b, b->lay.initrd, module_bytes(initrd), initrd->size);
    write_p2m(b);
    write_start_info(b, initrd, cmdline);
    build_tables(b);
    rc = take_root(b, v);
    if (!rc)
        start_vcpu(b, v);
    return rc;
}

static void __init free_module(const struct boot_module *m)
{
    if (m)
        free_boot_range(_maddr(m->start), _maddr(m->start + m->size));
}

static unsigned long __init default_memory(const struct pv_image *img,
                                           const struct boot_module *initrd)
{
    uint64_t loaded = img->kend - img->kstart + (initrd ? initrd->size : 0);

    return DOM0_DEFAULT_MEM + ROUNDUP(loaded, MB(1));
}

int __init pv_dom0_build(struct domain *d, const struct boot_module *kernel,
                         const struct boot_module *initrd, const char *cmdline)
{
    static struct build b __initdata;
    const char *err;
    int rc;

    b.d = d;
    b.file = module_bytes(kernel);
    err = pv_image_parse(b.file, kernel->size, &b.img);
    if (err) {
        printk(XENLOG_ERR "dom0: cannot load the kernel module: %s\n", err);
        return -EINVAL;
    }
    b.nr_pages = (opt_dom0_mem ? opt_dom0_mem : default_memory(&b.img, initrd)) >> PAGE_SHIFT;
    if (avail_pages() > HYPERVISOR_RESERVE_PAGES)
        b.nr_pages = min(b.nr_pages, avail_pages() - HYPERVISOR_RESERVE_PAGES);

    rc = build(&b, initrd, cmdline);
    if (rc)
        return rc;
    printk(XENLOG_INFO "dom0: \"%s\" at %#lx-%#lx, entry %#lx, %lu KiB\n", b.img.guest_os,
           (unsigned long)b.img.kstart, (unsigned long)b.img.kend, (unsigned long)b.img.entry,
           b.nr_pages * 4);
    free_xen_pages(b.mfn, b.mfn_order);
    free_module(kernel);
    free_module(initrd);
    return 0;
}
