/* SPDX-License-Identifier: MIT */
/*
 * pvh.c - hvm_start_info into struct boot_info.  Pure but for the reader of
 * physical memory that it is given.
 */
#include <cairn/boot_info.h>

#include <cairn/lib.h>
#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

/* A string of unknown length: read bytewise until its end or @size. */
static int read_string(phys_read_fn read, char *dst, uint64_t addr, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!read(dst + i, addr + i, 1))
            return -EINVAL;
        if (!dst[i])
            return 0;
    }
    dst[size - 1] = '\0';
    return 0;
}

static int read_modules(const struct hvm_start_info *si, phys_read_fn read, struct boot_info *bi)
{
    if (si->nr_modules > BOOT_MAX_MODULES)
        return -E2BIG;
    for (uint32_t i = 0; i < si->nr_modules; i++) {
        struct hvm_modlist_entry e;
        struct boot_module *m = &bi->mod[i];
        if (!read(&e, si->modlist_paddr + i * sizeof(e), sizeof(e)) || e.paddr + e.size < e.paddr)
            return -EINVAL;
        m->start = e.paddr;
        m->size = e.size;
        if (e.cmdline_paddr && read_string(read, m->cmdline, e.cmdline_paddr, sizeof(m->cmdline)))
            return -EINVAL;
    }
    bi->nr_mods = si->nr_modules;
    return 0;
}

static int read_memmap(const struct hvm_start_info *si, phys_read_fn read, struct boot_info *bi)
{
    if (si->version < 1 || !si->memmap_entries)
        return -ENOENT;
    if (si->memmap_entries > BOOT_MAX_E820)
        return -E2BIG;
    for (uint32_t i = 0; i < si->memmap_entries; i++) {
        struct hvm_memmap_table_entry e;
        if (!read(&e, si->memmap_paddr + i * sizeof(e), sizeof(e)))
            return -EINVAL;
        bi->e820[i] = (struct e820_entry){e.addr, e.size, e.type};
    }
    bi->nr_e820 = si->memmap_entries;
    return 0;
}

int pvh_parse(const struct hvm_start_info *si, phys_read_fn read, struct boot_info *bi)
{
    int rc;

    memset(bi, 0, sizeof(*bi));
    if (si->magic != XEN_HVM_START_MAGIC_VALUE)
        return -EINVAL;
    strlcpy(bi->loader, "PVH", sizeof(bi->loader));
    bi->rsdp_addr = si->rsdp_paddr;
    if (si->cmdline_paddr) {
        rc = read_string(read, bi->cmdline, si->cmdline_paddr, sizeof(bi->cmdline));
        if (rc)
            return rc;
    }
    rc = read_modules(si, read, bi);
    return rc ? rc : read_memmap(si, read, bi);
}
