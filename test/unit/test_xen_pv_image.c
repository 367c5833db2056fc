/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/pv/image.c xen/arch/x86/pv/layout.c */
/* defines: -D__XEN__ */
/* The PV kernel's ELF reader on good, truncated and mangled files; the layout
 * on many sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <asm/addr.h>
#include <asm/pv_image.h>
#include <cairn/errno.h>

void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);

/* A kernel as XTF's: one segment at 1 MiB, notes behind the headers. */
#define FILE_SIZE 0x2000u
#define NOTES     0x200u

static void put16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, 2);
}
static void put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
}
static void put64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, 8);
}

static void phdr(uint8_t *p, uint32_t type, uint64_t offset, uint64_t paddr, uint64_t filesz,
                 uint64_t memsz)
{
    put32(p, type);
    put64(p + 8, offset);
    put64(p + 24, paddr);
    put64(p + 32, filesz);
    put64(p + 40, memsz);
}

static size_t note(uint8_t *p, uint32_t type, uint64_t value)
{
    put32(p, 4);
    put32(p + 4, 8);
    put32(p + 8, type);
    memcpy(p + 12, "Xen", 4);
    put64(p + 16, value);
    return 24;
}

static uint8_t *make_kernel(size_t *notes_len)
{
    uint8_t *f = calloc(1, FILE_SIZE);
    size_t n = 0;

    memcpy(f, "\177ELF\2\1\1", 7);
    put16(f + 16, 2);
    put16(f + 18, 62);
    put64(f + 24, 0x100000);
    put64(f + 32, 64);
    put16(f + 54, 56);
    put16(f + 56, 2);
    n += note(f + NOTES, 2, 0x101000);
    phdr(f + 64, 1, 0x1000, 0x100000, 0x1000, 0x11000);
    phdr(f + 120, 4, NOTES, 0, n, n);
    *notes_len = n;
    return f;
}

static void test_good(void **state)
{
    struct pv_image img;
    size_t n;
    uint8_t *f = make_kernel(&n);

    assert_null(pv_image_parse(f, FILE_SIZE, &img));
    assert_int_equal(img.virt_base, 0);
    assert_int_equal(img.entry, 0x100000);
    assert_int_equal(img.kstart, 0x100000);
    assert_int_equal(img.kend, 0x111000);
    assert_int_equal(img.hypercall_page, 0x101000);

    n += note(f + NOTES + n, 3, 0xffffffff80000000);
    n += note(f + NOTES + n, 1, 0xffffffff80100010);
    put64(f + NOTES + 16, 0xffffffff80101000);
    phdr(f + 120, 4, NOTES, 0, n, n);
    assert_null(pv_image_parse(f, FILE_SIZE, &img));
    assert_int_equal(img.entry, 0xffffffff80100010);
    assert_int_equal(img.kstart, 0xffffffff80100000);
    free(f);
}

static void test_truncated(void **state)
{
    struct pv_image img;
    size_t n;
    uint8_t *f = make_kernel(&n);

    /* An exact-size copy: ASan sees any byte read past the end. */
    for (size_t len = 0; len < FILE_SIZE; len += len < 0x300 ? 1 : 64) {
        uint8_t *copy = malloc(len ? len : 1);

        memcpy(copy, f, len);
        assert_non_null(pv_image_parse(copy, len, &img));
        free(copy);
    }
    free(f);
}

static void test_refused(void **state)
{
    static const struct {
        unsigned int offset;
        uint64_t value;
    } bad[] = {
        {24, 0x99999999},               /* entry outside */
        {32, ~0ull},                    /* phoff */
        {64 + 8, ~0ull - 8},            /* load offset */
        {64 + 32, 0x12000},             /* filesz > memsz */
        {64 + 40, ~0ull},               /* memsz */
        {64 + 24, ~0ull - 0x800},       /* paddr */
        {120 + 8, FILE_SIZE - 4},       /* notes over the end */
        {NOTES + 16, 0x101008},         /* hypercall page not aligned */
        {NOTES + 16, 0x111000},         /* hypercall page outside */
        {NOTES, 0xffffffff00000004ull}, /* note size */
        {NOTES, 0x00000008fffffffcull}, /* name size */
    };
    struct pv_image img;
    size_t n;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t *f = make_kernel(&n);

        put64(f + bad[i].offset, bad[i].value);
        if (!pv_image_parse(f, FILE_SIZE, &img))
            fail_msg("case %zu was accepted", i);
        free(f);
    }
}

/* Any single byte changed: an answer, and no access outside the buffer. */
static void test_mutated(void **state)
{
    struct pv_image img;
    size_t n;
    uint8_t *f = make_kernel(&n);

    for (size_t at = 0; at < NOTES + n; at++) {
        uint8_t keep = f[at];

        for (unsigned int v = 0; v < 256; v++) {
            f[at] = v;
            if (!pv_image_parse(f, FILE_SIZE, &img)) {
                assert_true(img.entry >= img.kstart && img.entry < img.kend);
                for (unsigned int i = 0; i < img.nr_loads; i++)
                    assert_true(img.load[i].offset + img.load[i].filesz <= FILE_SIZE);
            }
        }
        f[at] = keep;
    }
    free(f);
}

static void test_layout(void **state)
{
    static const uint64_t bases[] = {
        0, 0x1000, 0x200000, 0x7ffff000, 0xffffffff80000000, 0xffff880000000000};
    unsigned int fitted = 0;

    for (unsigned int b = 0; b < 6; b++)
        for (uint64_t kernel = 1; kernel < 1 << 26; kernel = kernel * 3 + 4097)
            for (uint64_t initrd = 0; initrd < 1 << 26; initrd = initrd * 5 + 4095)
                for (uint64_t pages = 1; pages < 1 << 19; pages = pages * 2 + 1) {
                    struct pv_layout_in in = {bases[b], bases[b] + kernel, initrd, pages};
                    struct pv_layout l;

                    if (pv_layout_compute(&in, &l))
                        continue;
                    fitted++;
                    assert_true(l.initrd >= in.kend && !(l.initrd & 0xfff));
                    assert_true(l.p2m >= l.initrd + initrd);
                    assert_true(l.start_info >= l.p2m + pages * 8);
                    assert_true(l.page_tables == l.start_info + 0x1000);
                    assert_true(l.stack == l.page_tables + l.nr_tables * 0x1000ull);
                    assert_true(l.end == l.stack + 0x1000);
                    assert_true(l.map_end >= l.end);
                    assert_true(l.map_end - bases[b] <= pages << 12);
                    assert_true(pv_layout_tables(bases[b], l.map_end) <= l.nr_tables);
                }
    assert_true(fitted > 1000);
}

static void test_layout_refused(void **state)
{
    struct pv_layout l;
    struct pv_layout_in in = {0, 0x111000, 0, 16384};

    assert_int_equal(pv_layout_compute(&in, &l), 0);
    in.nr_pages = 0x110;
    assert_int_equal(pv_layout_compute(&in, &l), -ENOMEM);
    in.nr_pages = 16384;
    in.initrd_len = ~0ull;
    assert_int_equal(pv_layout_compute(&in, &l), -ENOMEM);
    in.initrd_len = 0;
    in.virt_base = 0xffff830000000000;
    in.kend = in.virt_base + 0x1000;
    assert_int_equal(pv_layout_compute(&in, &l), -EINVAL);
    in.virt_base = 0x00007fffffff0000;
    in.kend = in.virt_base + 0x1000;
    assert_int_equal(pv_layout_compute(&in, &l), -EINVAL);
    in.virt_base = 0xffffffffffff0000;
    in.kend = in.virt_base + 0x1000;
    assert_int_equal(pv_layout_compute(&in, &l), -EINVAL);
}

static void test_tables(void **state)
{
    assert_int_equal(pv_layout_tables(0, 0x200000), 4);
    assert_int_equal(pv_layout_tables(0, 0x400000), 5);
    assert_int_equal(pv_layout_tables(0x1ff000, 0x201000), 5);
    assert_int_equal(pv_layout_tables(0x3ffff000, 0x40001000), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_layout),  cmocka_unit_test(test_layout_refused),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
