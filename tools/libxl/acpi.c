/* SPDX-License-Identifier: MIT */
/*
 * acpi.c - see acpi.h.  ACPI 6.4, chapter 5.2.  The machine described is
 * "hardware-reduced", as a PVH domain is: no SCI, no PM registers, none of a
 * PC's old devices; a domain ends by a hypercall or with all vCPUs halted.
 */
#include "libxl/acpi.h"

#include <stddef.h>
#include <string.h>

#define LAPIC_ADDRESS 0xfee00000u

struct __attribute__((packed)) header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem_id[6], oem_table_id[8];
    uint32_t oem_revision, creator_id, creator_revision;
};

struct __attribute__((packed)) tables {
    struct __attribute__((packed)) {
        char signature[8];
        uint8_t checksum;
        char oem_id[6];
        uint8_t revision;
        uint32_t rsdt, length;
        uint64_t xsdt;
        uint8_t extended_checksum, reserved[3];
    } rsdp;
    struct __attribute__((packed)) {
        struct header header;
        uint64_t fadt, madt;
    } xsdt;
    struct __attribute__((packed)) {
        struct header header;
        uint8_t legacy[109 - sizeof(struct header)];
        uint16_t boot_arch;
        uint8_t reserved;
        uint32_t flags;
        uint8_t reset[15], minor_revision;
        uint64_t facs, dsdt;
        uint8_t registers[276 - 148];
    } fadt;
    struct header dsdt;
    struct __attribute__((packed)) {
        struct header header;
        uint32_t lapic_address, flags;
        struct __attribute__((packed)) {
            uint8_t type, length, uid, apic_id;
            uint32_t flags;
        } lapic[128];
    } madt;
};
_Static_assert(sizeof(struct tables) <= 4096, "one page");

#define FADT_FLAG_WBINVD           (1u << 0)
#define FADT_FLAG_C1               (1u << 2)
#define FADT_FLAG_NO_POWER_BUTTON  (1u << 4)
#define FADT_FLAG_NO_SLEEP_BUTTON  (1u << 5)
#define FADT_FLAG_HARDWARE_REDUCED (1u << 20)
#define FADT_BOOT_NO_VGA           (1u << 2)
#define FADT_BOOT_NO_MSI           (1u << 3)
#define FADT_BOOT_NO_ASPM          (1u << 4)
#define FADT_BOOT_NO_CMOS_RTC      (1u << 5)
#define LAPIC_ENABLED              (1u << 0)

/* What to add so that all bytes come to nothing. */
static uint8_t checksum(const void *table, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum -= ((const uint8_t *)table)[i];
    return sum;
}

/* The header comes last: its checksum covers everything. */
static void finish(struct header *h, const char *signature, uint8_t revision, uint32_t len)
{
    memcpy(h->signature, signature, sizeof(h->signature));
    h->length = len;
    h->revision = revision;
    memcpy(h->oem_id, "Cairn ", sizeof(h->oem_id));
    memcpy(h->oem_table_id, "CairnPVH", sizeof(h->oem_table_id));
    h->oem_revision = h->creator_revision = 1;
    memcpy(&h->creator_id, "CRN ", sizeof(h->creator_id));
    h->checksum = checksum(h, len);
}

static void fill_rsdp(struct tables *t, uint64_t paddr)
{
    memcpy(t->rsdp.signature, "RSD PTR ", sizeof(t->rsdp.signature));
    memcpy(t->rsdp.oem_id, "Cairn ", sizeof(t->rsdp.oem_id));
    t->rsdp.revision = 2;
    t->rsdp.length = sizeof(t->rsdp);
    t->rsdp.xsdt = paddr + offsetof(struct tables, xsdt);
    t->rsdp.checksum = checksum(&t->rsdp, 20); /* the part that ACPI 1.0 had */
    t->rsdp.extended_checksum = checksum(&t->rsdp, sizeof(t->rsdp));
}

void acpi_build(uint8_t *page, uint64_t paddr, unsigned int vcpus, unsigned int maxvcpus)
{
    struct tables *t = (void *)page;

    memset(page, 0, 4096);
    fill_rsdp(t, paddr);
    t->xsdt.fadt = paddr + offsetof(struct tables, fadt);
    t->xsdt.madt = paddr + offsetof(struct tables, madt);
    finish(&t->xsdt.header, "XSDT", 1, sizeof(t->xsdt));

    t->fadt.boot_arch =
        FADT_BOOT_NO_VGA | FADT_BOOT_NO_MSI | FADT_BOOT_NO_ASPM | FADT_BOOT_NO_CMOS_RTC;
    t->fadt.flags = FADT_FLAG_WBINVD | FADT_FLAG_C1 | FADT_FLAG_NO_POWER_BUTTON |
                    FADT_FLAG_NO_SLEEP_BUTTON | FADT_FLAG_HARDWARE_REDUCED;
    t->fadt.minor_revision = 4;
    t->fadt.dsdt = paddr + offsetof(struct tables, dsdt);
    finish(&t->fadt.header, "FACP", 6, sizeof(t->fadt));
    finish(&t->dsdt, "DSDT", 2, sizeof(t->dsdt));

    t->madt.lapic_address = LAPIC_ADDRESS;
    for (unsigned int i = 0; i < maxvcpus && i < 128; i++) {
        t->madt.lapic[i].type = 0;
        t->madt.lapic[i].length = sizeof(t->madt.lapic[i]);
        t->madt.lapic[i].uid = i;         /* Linux takes it for Xen's vCPU number */
        t->madt.lapic[i].apic_id = 2 * i; /* as CPUID says */
        t->madt.lapic[i].flags = i < vcpus ? LAPIC_ENABLED : 0;
    }
    finish(&t->madt.header, "APIC", 5,
           sizeof(t->madt) - sizeof(t->madt.lapic) + maxvcpus * sizeof(t->madt.lapic[0]));
}
