/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/boot/multiboot2.c xen/arch/x86/boot/pvh.c */
/* defines: -D__XEN__ */
/*
 * What loaders hand over: well-formed, cut off at every byte, with every
 * length field wrong.  The sanitizers watch for reads outside of the buffer.
 */
#include <cairn/boot_info.h>
#include <cairn/errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

size_t strlcpy(char *d, const char *s, size_t size);
size_t strlcpy(char *d, const char *s, size_t size)
{
    size_t len = strlen(s), n = len < size ? len : size - 1;

    memcpy(d, s, n);
    d[n] = '\0';
    return len;
}

static uint8_t buf[8192];
static size_t used;

static void put32(uint32_t v)
{
    memcpy(buf + used, &v, 4);
    used += 4;
}

static void put64(uint64_t v)
{
    memcpy(buf + used, &v, 8);
    used += 8;
}

static void put_string(const char *s)
{
    memcpy(buf + used, s, strlen(s) + 1);
    used += strlen(s) + 1;
}

static size_t tag_begin(uint32_t type)
{
    size_t at = used;

    put32(type);
    put32(0);
    return at;
}

static void tag_end(size_t at)
{
    uint32_t size = used - at;

    memcpy(buf + at + 4, &size, 4);
    used = (used + 7) & ~7ul;
}

static void begin(void)
{
    memset(buf, 0, sizeof(buf));
    used = 8;
}

static void end(void)
{
    uint32_t total;

    tag_end(tag_begin(0));
    total = used;
    memcpy(buf, &total, 4);
}

static void put_string_tag(uint32_t type, const char *s)
{
    size_t t = tag_begin(type);

    put_string(s);
    tag_end(t);
}

static void put_module(uint32_t start, uint32_t stop, const char *s)
{
    size_t t = tag_begin(3);

    put32(start);
    put32(stop);
    put_string(s);
    tag_end(t);
}

static void put_mmap(unsigned int entries)
{
    size_t t = tag_begin(6);

    put32(24);
    put32(0);
    for (unsigned int i = 0; i < entries; i++) {
        put64(i * 0x100000ull);
        put64(0x100000);
        put32(i % 5 + 1);
        put32(0);
    }
    tag_end(t);
}

static void typical(void)
{
    size_t t;

    begin();
    put_string_tag(1, "console=com1 loglvl=all");
    put_string_tag(2, "GRUB 2.06");
    put_module(0x1000000, 0x1012345, "dom0 args");
    put_module(0x2000000, 0x2000000, "");
    put_mmap(4);
    t = tag_begin(8);
    put64(0xb8000);
    put32(160);
    put32(80);
    put32(25);
    buf[used++] = 16;
    buf[used++] = 2;
    put32(0);
    tag_end(t);
    t = tag_begin(14);
    memcpy(buf + used, "RSD PTR 0123456789ab", 20);
    used += 20;
    tag_end(t);
    end();
}

/* Parses a copy of exactly @len bytes, so that ASan sees every overrun. */
static int parse(size_t len, struct boot_info *bi)
{
    uint8_t *copy = malloc(len ? len : 1);
    int rc;

    memcpy(copy, buf, len);
    rc = multiboot2_parse(copy, len, bi);
    free(copy);
    return rc;
}

static struct boot_info bi;

static void test_typical(void **state)
{
    typical();
    assert_int_equal(parse(used, &bi), 0);
    assert_string_equal(bi.cmdline, "console=com1 loglvl=all");
    assert_string_equal(bi.loader, "GRUB 2.06");
    assert_int_equal(bi.nr_mods, 2);
    assert_int_equal(bi.mod[0].start, 0x1000000);
    assert_int_equal(bi.mod[0].size, 0x12345);
    assert_string_equal(bi.mod[0].cmdline, "dom0 args");
    assert_int_equal(bi.mod[1].size, 0);
    assert_int_equal(bi.nr_e820, 4);
    assert_int_equal(bi.e820[3].addr, 0x300000);
    assert_int_equal(bi.e820[3].type, 4);
    assert_int_equal(bi.rsdp_len, 20);
    assert_memory_equal(bi.rsdp, "RSD PTR ", 8);
    assert_false(bi.no_vga_text);
}

/* Fewer bytes than the structure says: refused, whatever is cut off. */
static void test_truncated(void **state)
{
    typical();
    for (size_t len = 0; len < used; len++)
        assert_int_equal(parse(len, &bi), -EINVAL);
}

/* Cut off, with the total size adjusted so that only the tags are short. */
static void test_truncated_tags(void **state)
{
    typical();
    for (uint32_t len = 16; len < used; len++) {
        memcpy(buf, &len, 4);
        assert_int_equal(parse(len, &bi), -EINVAL);
    }
}

/* Every 32-bit word in turn has values that lie: no crash, no overrun. */
static void test_wrong_words(void **state)
{
    static const uint32_t values[] = {0,  1,          7,          8,          9,         16,
                                      17, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};

    for (size_t at = 0; typical(), at + 4 <= used; at += 4)
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
            typical();
            memcpy(buf + at, &values[i], 4);
            parse(used, &bi);
            assert_true(bi.nr_mods <= BOOT_MAX_MODULES && bi.nr_e820 <= BOOT_MAX_E820);
        }
}

static void test_too_many(void **state)
{
    begin();
    for (int i = 0; i < BOOT_MAX_MODULES + 1; i++)
        put_module(0x1000, 0x2000, "m");
    put_mmap(1);
    end();
    assert_int_equal(parse(used, &bi), -E2BIG);

    begin();
    put_mmap(BOOT_MAX_E820 + 1);
    end();
    assert_int_equal(parse(used, &bi), -E2BIG);

    begin();
    put_mmap(BOOT_MAX_E820);
    end();
    assert_int_equal(parse(used, &bi), 0);
    assert_int_equal(bi.nr_e820, BOOT_MAX_E820);
}

static void test_bad_contents(void **state)
{
    begin();
    end();
    assert_int_equal(parse(used, &bi), -ENOENT); /* no memory map */

    begin();
    put_module(0x2000, 0x1000, "backwards");
    put_mmap(1);
    end();
    assert_int_equal(parse(used, &bi), -EINVAL);
}

static void test_long_strings(void **state)
{
    char text[BOOT_CMDLINE_SIZE + 100];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    begin();
    put_string_tag(1, text);
    put_string_tag(2, text);
    put_module(0, 1, text);
    put_mmap(1);
    end();
    assert_int_equal(parse(used, &bi), 0);
    assert_int_equal(strlen(bi.cmdline), sizeof(bi.cmdline) - 1);
    assert_int_equal(strlen(bi.loader), sizeof(bi.loader) - 1);
    assert_int_equal(strlen(bi.mod[0].cmdline), BOOT_CMDLINE_SIZE - 1);
}

static void test_newer_rsdp_wins(void **state)
{
    for (int newer_first = 0; newer_first < 2; newer_first++) {
        begin();
        put_mmap(1);
        for (int i = 0; i < 2; i++) {
            bool newer = i != newer_first;
            size_t t = tag_begin(newer ? 15 : 14);
            memset(buf + used, newer ? 'n' : 'o', newer ? 36 : 20);
            used += newer ? 36 : 20;
            tag_end(t);
        }
        end();
        assert_int_equal(parse(used, &bi), 0);
        assert_int_equal(bi.rsdp_len, 36);
        assert_int_equal(bi.rsdp[0], 'n');
    }
}

/* ---- PVH: "physical memory" is @phys ---- */

static uint8_t phys[4096];

static bool phys_read(void *dst, uint64_t addr, size_t len)
{
    if (addr > sizeof(phys) || len > sizeof(phys) - addr)
        return false;
    memcpy(dst, phys + addr, len);
    return true;
}

static struct hvm_start_info pvh_typical(void)
{
    struct hvm_modlist_entry mod = {.paddr = 0x100000, .size = 0x5000, .cmdline_paddr = 0x200};
    struct hvm_memmap_table_entry map = {.addr = 0, .size = 0x8000000, .type = 1};

    memset(phys, 0, sizeof(phys));
    memcpy(phys + 0x100, "xen args", 9);
    memcpy(phys + 0x200, "dom0 args", 10);
    memcpy(phys + 0x300, &mod, sizeof(mod));
    memcpy(phys + 0x400, &map, sizeof(map));
    return (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE,
        .version = 1,
        .nr_modules = 1,
        .modlist_paddr = 0x300,
        .cmdline_paddr = 0x100,
        .rsdp_paddr = 0xe0000,
        .memmap_paddr = 0x400,
        .memmap_entries = 1,
    };
}

static void test_pvh(void **state)
{
    struct hvm_start_info si = pvh_typical();

    assert_int_equal(pvh_parse(&si, phys_read, &bi), 0);
    assert_string_equal(bi.cmdline, "xen args");
    assert_int_equal(bi.nr_mods, 1);
    assert_int_equal(bi.mod[0].size, 0x5000);
    assert_string_equal(bi.mod[0].cmdline, "dom0 args");
    assert_int_equal(bi.nr_e820, 1);
    assert_int_equal(bi.rsdp_addr, 0xe0000);
}

static void test_pvh_malformed(void **state)
{
    struct hvm_start_info si = pvh_typical();

    si.magic = 0;
    assert_int_equal(pvh_parse(&si, phys_read, &bi), -EINVAL);
    si = pvh_typical();
    si.version = 0;
    assert_int_equal(pvh_parse(&si, phys_read, &bi), -ENOENT);
    si = pvh_typical();
    si.memmap_paddr = UINT64_MAX - 4;
    assert_int_equal(pvh_parse(&si, phys_read, &bi), -EINVAL);
    si = pvh_typical();
    si.nr_modules = UINT32_MAX;
    assert_int_equal(pvh_parse(&si, phys_read, &bi), -E2BIG);
    si = pvh_typical();
    si.memmap_entries = BOOT_MAX_E820 + 1;
    assert_int_equal(pvh_parse(&si, phys_read, &bi), -E2BIG);
    si = pvh_typical();
    memset(phys + 0x800, 'x', sizeof(phys) - 0x800);
    si.cmdline_paddr = sizeof(phys) - 10;
    assert_int_equal(pvh_parse(&si, phys_read, &bi), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typical),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_truncated_tags),
        cmocka_unit_test(test_wrong_words),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_bad_contents),
        cmocka_unit_test(test_long_strings),
        cmocka_unit_test(test_newer_rsdp_wins),
        cmocka_unit_test(test_pvh),
        cmocka_unit_test(test_pvh_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
