/* SPDX-License-Identifier: MIT */
/*
 * acpi_tables.c - finds the tables in memory during boot and hands them to
 * the parsers of acpi.c.  A table that lies, or that memory cannot show, is
 * left out.
 */
#include <cairn/acpi.h>

#include <cairn/lib.h>
#include <cairn/mm.h>

#define HEADER_SIZE 36u
#define MAX_TABLE   MB(1)

struct acpi_info acpi;

/* A table by physical address: NULL if its length or checksum is wrong. */
static __init const uint8_t *map_table(uint64_t pa, size_t *len)
{
    const uint8_t *p;
    uint32_t size;

    if (!pa)
        return NULL;
    p = ioremap(_maddr(pa), HEADER_SIZE);
    memcpy(&size, p + 4, sizeof(size));
    if (size < HEADER_SIZE || size > MAX_TABLE)
        return NULL;
    p = ioremap(_maddr(pa), size);
    if (!acpi_checksum_ok(p, size)) {
        printk(XENLOG_WARNING "ACPI: table %.4s at %#lx has a wrong checksum\n", p, pa);
        return NULL;
    }
    *len = size;
    return p;
}

static __init void read_fadt(const uint8_t *t, size_t len)
{
    uint64_t dsdt = acpi_parse_fadt(t, len, &acpi);
    size_t dsdt_len;
    const uint8_t *d = map_table(dsdt, &dsdt_len);

    if (d)
        acpi_parse_s5(d, dsdt_len, &acpi);
}

static __init void read_root(const uint8_t *root, size_t len, unsigned int entry_size)
{
    for (size_t at = HEADER_SIZE; at + entry_size <= len; at += entry_size) {
        uint64_t pa = 0;
        size_t size;
        const uint8_t *t;
        memcpy(&pa, root + at, entry_size);
        t = map_table(pa, &size);
        if (!t)
            continue;
        if (!memcmp(t, "APIC", 4))
            acpi_parse_madt(t, size, &acpi);
        else if (!memcmp(t, "FACP", 4))
            read_fadt(t, size);
    }
}

static __init bool rsdp_ok(const uint8_t *p)
{
    return !memcmp(p, "RSD PTR ", 8) && acpi_checksum_ok(p, 20);
}

static __init const uint8_t *find_rsdp(void)
{
    const uint8_t *bios = ioremap(_maddr(0xe0000), 0x20000);

    for (unsigned int at = 0; at + 36 <= 0x20000; at += 16)
        if (rsdp_ok(bios + at))
            return bios + at;
    return NULL;
}

__init void acpi_init(const void *given, size_t given_len, uint64_t rsdp_addr)
{
    const uint8_t *rsdp = NULL, *root = NULL;
    uint32_t rsdt;
    uint64_t xsdt = 0;
    size_t len;

    if (given_len >= 20 && rsdp_ok(given))
        rsdp = given;
    else if (rsdp_addr && rsdp_ok(ioremap(_maddr(rsdp_addr), 36)))
        rsdp = ioremap(_maddr(rsdp_addr), 36);
    else
        rsdp = find_rsdp();
    if (!rsdp) {
        printk(XENLOG_WARNING "ACPI: no RSDP found\n");
        return;
    }
    memcpy(&rsdt, rsdp + 16, sizeof(rsdt));
    if (rsdp[15] >= 2 && (rsdp != given || given_len >= 36))
        memcpy(&xsdt, rsdp + 24, sizeof(xsdt));
    if (xsdt && (root = map_table(xsdt, &len)))
        read_root(root, len, 8);
    else if ((root = map_table(rsdt, &len)))
        read_root(root, len, 4);
    printk(XENLOG_INFO "ACPI: %u processors, PM1a control port %#x, S5 %s\n", acpi.nr_cpus,
           acpi.pm1a_cnt, acpi.s5_known ? "known" : "unknown");
}
