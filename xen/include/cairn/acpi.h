/* SPDX-License-Identifier: MIT */
/*
 * acpi.h - the few facts we take from ACPI's static tables.  Bytes found in
 * tables are checked against the table's length; the parsers are pure.
 */
#ifndef CAIRN_ACPI_H
#define CAIRN_ACPI_H

#include <cairn/types.h>

#define ACPI_MAX_CPUS 64

struct acpi_isa_override {
    bool present;
    uint32_t gsi;
    uint16_t flags; /* MPS INTI flags: polarity bits 1:0, trigger bits 3:2 */
};

struct acpi_info {
    uint32_t ioapic_addr; /* 0: none */
    uint32_t ioapic_gsi_base;
    struct acpi_isa_override isa_override[16];
    unsigned int nr_cpus; /* enabled ones in the MADT */
    uint32_t cpu_apic_id[ACPI_MAX_CPUS];
    /* Power off: S5 sleep types and the ports to write them to. */
    uint16_t pm1a_cnt, pm1b_cnt; /* 0: none */
    bool s5_known;
    uint8_t s5_typ_a, s5_typ_b;
    /* Reset register, if it is a port. */
    uint16_t reset_port;
    uint8_t reset_value;
};

extern struct acpi_info acpi;

/* acpi_init - find and read the tables; absent or broken ones are left out
 * with a message. @rsdp: copy from the loader, or NULL to search for it. */
void acpi_init(const void *rsdp, size_t len, uint64_t rsdp_addr);

/* Pure parsers of whole tables with their header; @len bytes are readable. */
bool acpi_checksum_ok(const void *p, size_t len);
void acpi_parse_madt(const uint8_t *t, size_t len, struct acpi_info *out);
/* Returns the physical address of the DSDT, 0 if none. */
uint64_t acpi_parse_fadt(const uint8_t *t, size_t len, struct acpi_info *out);
void acpi_parse_s5(const uint8_t *t, size_t len, struct acpi_info *out);

#endif
