/* SPDX-License-Identifier: MIT */
/* sources: tools/libxl/acpi.c xen/drivers/acpi.c */
/*
 * test_tools_acpi.c - the tables of PVH domains: every checksum, every pointer,
 * and what the hypervisor's own parser of ACPI finds in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libxl/acpi.h"

#include <cairn/acpi.h>

#define AT 0xfeffb000ull

static uint8_t page[4096];

static uint64_t get(const uint8_t *p, unsigned int size)
{
    uint64_t value = 0;

    memcpy(&value, p, size);
    return value;
}

/* The table at @paddr, which must have this signature and be whole. */
static const uint8_t *table(uint64_t paddr, const char *signature, uint32_t *len)
{
    assert_in_range(paddr, AT, AT + sizeof(page) - 36);
    const uint8_t *t = page + (paddr - AT);
    assert_memory_equal(t, signature, 4);
    *len = get(t + 4, 4);
    assert_in_range(*len, 36, AT + sizeof(page) - paddr);
    assert_true(acpi_checksum_ok(t, *len));
    return t;
}

static void check_processors(unsigned int vcpus, unsigned int maxvcpus)
{
    struct acpi_info found = {0};
    uint32_t len;

    acpi_build(page, AT, vcpus, maxvcpus);
    assert_memory_equal(page, "RSD PTR ", 8);
    assert_true(acpi_checksum_ok(page, 20));
    assert_true(acpi_checksum_ok(page, 36));
    const uint8_t *xsdt = table(get(page + 24, 8), "XSDT", &len);
    assert_int_equal(len, 36 + 2 * 8);

    const uint8_t *fadt = table(get(xsdt + 36, 8), "FACP", &len);
    assert_int_equal(len, 276);
    assert_true(get(fadt + 112, 4) & 1u << 20); /* no registers, and they are not named */
    uint64_t dsdt = acpi_parse_fadt(fadt, len, &found);
    assert_int_equal(found.pm1a_cnt, 0);
    assert_int_equal(found.reset_port, 0);
    table(dsdt, "DSDT", &len);
    assert_int_equal(len, 36);

    const uint8_t *madt = table(get(xsdt + 44, 8), "APIC", &len);
    assert_int_equal(len, 44 + 8 * maxvcpus);
    assert_int_equal(get(madt + 36, 4), 0xfee00000);
    assert_int_equal(get(madt + 40, 4), 0); /* no 8259 */
    acpi_parse_madt(madt, len, &found);
    assert_int_equal(found.ioapic_addr, 0);
    assert_int_equal(found.nr_cpus, vcpus);
    for (unsigned int i = 0; i < vcpus; i++)
        assert_int_equal(found.cpu_apic_id[i], 2 * i);
    for (unsigned int i = 0; i < maxvcpus; i++) {
        assert_int_equal(madt[44 + 8 * i + 2], i);
        assert_int_equal(get(madt + 44 + 8 * i + 4, 4), i < vcpus);
    }
}

static void test_tables(void **state)
{
    check_processors(1, 1);
    check_processors(2, 8);
    check_processors(8, 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
