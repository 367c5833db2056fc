/* SPDX-License-Identifier: MIT */
/*
 * acpi.c - RSDP, RSDT/XSDT, and of the tables: MADT (I/O APIC, overrides,
 * processors), FADT (power and reset ports), the \_S5 package in the DSDT's
 * bytes.  There is no AML interpreter here.  ACPI 6.4, chapter 5.
 */
#include <cairn/acpi.h>

#include <cairn/lib.h>

#define HEADER_SIZE 36u

bool acpi_checksum_ok(const void *p, size_t len)
{
    const uint8_t *b = p;
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += b[i];
    return sum == 0;
}

static void madt_override(const uint8_t *e, struct acpi_info *out)
{
    if (e[2] == 0 && e[3] < 16)
        out->isa_override[e[3]] = (struct acpi_isa_override){
            .present = true,
            .gsi = get32(e + 4),
            .flags = e[8] | e[9] << 8,
        };
}

static void madt_cpu(uint32_t id, uint32_t flags, struct acpi_info *out)
{
    if ((flags & 1) && out->nr_cpus < ACPI_MAX_CPUS)
        out->cpu_apic_id[out->nr_cpus++] = id;
}

void acpi_parse_madt(const uint8_t *t, size_t len, struct acpi_info *out)
{
    size_t at = HEADER_SIZE + 8;

    while (at + 2 <= len) {
        const uint8_t *e = t + at;
        size_t size = e[1];
        if (size < 2 || at + size > len)
            return;
        if (e[0] == 0 && size >= 8)
            madt_cpu(e[3], get32(e + 4), out);
        else if (e[0] == 1 && size >= 12 && !out->ioapic_addr) {
            out->ioapic_addr = get32(e + 4);
            out->ioapic_gsi_base = get32(e + 8);
        } else if (e[0] == 2 && size >= 10)
            madt_override(e, out);
        else if (e[0] == 9 && size >= 16)
            madt_cpu(get32(e + 4), get32(e + 8), out);
        at += size;
    }
}

uint64_t acpi_parse_fadt(const uint8_t *t, size_t len, struct acpi_info *out)
{
    uint64_t dsdt = 0;

    if (len >= 44)
        dsdt = get32(t + 40);
    if (len >= 72) {
        out->pm1a_cnt = get32(t + 64) <= 0xffff ? get32(t + 64) : 0;
        out->pm1b_cnt = get32(t + 68) <= 0xffff ? get32(t + 68) : 0;
    }
    /* RESET_REG_SUP, and a register in port space (address space 1). */
    if (len >= 129 && (get32(t + 112) >> 10 & 1) && t[116] == 1 && get64(t + 120) <= 0xffff) {
        out->reset_port = get64(t + 120);
        out->reset_value = t[128];
    }
    if (len >= 148 && get64(t + 140))
        dsdt = get64(t + 140);
    return dsdt;
}

/* One integer of AML: ZeroOp, OneOp or a byte constant; -1 otherwise. */
static int aml_small_integer(const uint8_t *t, size_t len, size_t *at)
{
    uint8_t op;

    if (*at >= len)
        return -1;
    op = t[(*at)++];
    if (op <= 1)
        return op;
    if (op != 0x0a || *at >= len)
        return -1;
    return t[(*at)++];
}

void acpi_parse_s5(const uint8_t *t, size_t len, struct acpi_info *out)
{
    for (size_t i = HEADER_SIZE; i + 7 < len; i++) {
        size_t at = i + 5;
        int a, b;
        /* Name(_S5_, Package(){a, b, ...}): NameOp may be followed by "\". */
        if (memcmp(t + i, "_S5_\x12", 5) != 0)
            continue;
        at += 1 + (t[at] >> 6); /* PkgLength */
        at++;                   /* number of elements */
        a = aml_small_integer(t, len, &at);
        b = aml_small_integer(t, len, &at);
        if (a < 0)
            continue;
        out->s5_known = true;
        out->s5_typ_a = a & 7;
        out->s5_typ_b = b < 0 ? 0 : b & 7;
        return;
    }
}
