/* SPDX-License-Identifier: MIT */
/* sources: xen/drivers/acpi.c */
/* defines: -D__XEN__ */
/*
 * ACPI tables: the facts we take, and tables cut off at every byte or with
 * random contents, in buffers of exactly their size.
 */
#include <cairn/acpi.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t madt[] = {
    'A', 'P', 'I',  'C',  86, 0, 0,    0,    1,    0, 'x', 'x', 'x', 'x', 'x', 'x', 0, 0, 0,
    0,   0,   0,    0,    0,  0, 0,    0,    0,    0, 0,   0,   0,   0,   0,   0,   0, /* header */
    0,   0,   0xe0, 0xfe, 1,  0, 0,    0,                     /* local APIC address, flags */
    0,   8,   0,    0,    1,  0, 0,    0,                     /* processor 0, enabled */
    0,   8,   1,    1,    0,  0, 0,    0,                     /* processor 1, disabled */
    1,   12,  1,    0,    0,  0, 0xc0, 0xfe, 0,    0, 0,   0, /* I/O APIC */
    2,   10,  0,    0,    2,  0, 0,    0,    0,    0,         /* IRQ 0 -> GSI 2 */
    2,   10,  0,    9,    9,  0, 0,    0,    0x0d, 0,         /* IRQ 9 level, active high */
};

/* A copy of exactly @len bytes, so that ASan sees every overrun. */
static uint8_t *exact(const uint8_t *p, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    memcpy(copy, p, len);
    return copy;
}

static void test_madt(void **state)
{
    struct acpi_info a = {0};
    uint8_t *t = exact(madt, sizeof(madt));

    acpi_parse_madt(t, sizeof(madt), &a);
    assert_int_equal(a.nr_cpus, 1);
    assert_int_equal(a.ioapic_addr, 0xfec00000);
    assert_true(a.isa_override[0].present);
    assert_int_equal(a.isa_override[0].gsi, 2);
    assert_int_equal(a.isa_override[9].flags, 0x0d);
    assert_false(a.isa_override[4].present);
    free(t);
}

static void test_s5(void **state)
{
    uint8_t dsdt[64] = {0};
    struct acpi_info a = {0};

    memcpy(dsdt + 40, "\x08_S5_\x12\x06\x04\x0a\x05\x0a\x03\x00\x00", 14);
    acpi_parse_s5(dsdt, sizeof(dsdt), &a);
    assert_true(a.s5_known);
    assert_int_equal(a.s5_typ_a, 5);
    assert_int_equal(a.s5_typ_b, 3);

    memset(&a, 0, sizeof(a));
    memcpy(dsdt + 40, "\x08_S5_\x12\x06\x04\x00\x00\x00\x00\x00\x00", 14);
    acpi_parse_s5(dsdt, sizeof(dsdt), &a);
    assert_true(a.s5_known);
    assert_int_equal(a.s5_typ_a, 0);
}

static void test_fadt(void **state)
{
    uint8_t t[244] = {0};
    struct acpi_info a = {0};

    t[40] = 0x78;
    t[64] = 0x04;
    t[65] = 0xb0;
    t[113] = 0x04; /* RESET_REG_SUP */
    t[116] = 1;
    t[120] = 0xf9;
    t[121] = 0x0c;
    t[128] = 6;
    assert_int_equal(acpi_parse_fadt(t, sizeof(t), &a), 0x78);
    assert_int_equal(a.pm1a_cnt, 0xb004);
    assert_int_equal(a.reset_port, 0xcf9);
    assert_int_equal(a.reset_value, 6);
    t[140] = 0x99; /* X_DSDT is preferred */
    assert_int_equal(acpi_parse_fadt(t, sizeof(t), &a), 0x99);
}

static void parse_all(const uint8_t *p, size_t len)
{
    struct acpi_info a = {0};
    uint8_t *t = exact(p, len);

    acpi_parse_madt(t, len, &a);
    acpi_parse_fadt(t, len, &a);
    acpi_parse_s5(t, len, &a);
    acpi_checksum_ok(t, len);
    assert_true(a.nr_cpus <= ACPI_MAX_CPUS);
    free(t);
}

static void test_truncated(void **state)
{
    uint8_t dsdt[60] = {0};

    memcpy(dsdt + 46, "_S5_\x12\xc6\x04\x0a\x05\x0a\x03\x0a\x0a\x0a", 14);
    for (size_t len = 0; len <= sizeof(madt); len++)
        parse_all(madt, len);
    for (size_t len = 0; len <= sizeof(dsdt); len++)
        parse_all(dsdt, len);
}

static void test_random(void **state)
{
    uint8_t t[300];

    srand(1);
    for (int round = 0; round < 20000; round++) {
        size_t len = rand() % sizeof(t);
        for (size_t i = 0; i < len; i++)
            t[i] = rand() % 4 ? rand() % 16 : rand();
        if (len > 50 && round % 2)
            memcpy(t + 40 + rand() % (len - 45), "_S5_\x12", 5);
        parse_all(t, len);
    }
}

static void test_checksum(void **state)
{
    uint8_t t[4] = {1, 2, 3, 250};

    assert_true(acpi_checksum_ok(t, 4));
    t[0]++;
    assert_false(acpi_checksum_ok(t, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_madt),   cmocka_unit_test(test_s5),
        cmocka_unit_test(test_fadt),   cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_random), cmocka_unit_test(test_checksum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
