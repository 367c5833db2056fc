/* SPDX-License-Identifier: MIT */
/* test_tools_stream.c - saved domains as files: good, cut, changed, random. */
/* sources: tools/libxl/stream.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libxl/stream.h"

#define PAGES 3

struct file {
    struct stream_header h;
    struct stream_param params[2];
    char config[16];
    char context[24];
    struct stream_page pages[PAGES];
};

static struct file good(void)
{
    struct file f = {
        .h = {.version = STREAM_VERSION,
              .header_size = sizeof(f.h),
              .nr_params = 2,
              .config_len = 13,
              .context_len = 24,
              .nr_pages = PAGES},
        .params = {{1, 2}, {3, 4}},
    };

    memcpy(f.h.magic, STREAM_MAGIC, 8);
    for (unsigned int i = 0; i < PAGES; i++)
        f.pages[i].gfn = 10 * i;
    return f;
}

/* Parse a copy that ends where the file ends, so that ASan sees any step
 * beyond, and touch all that it gives. */
static const char *parse(const void *bytes, size_t len)
{
    struct stream s;
    void *copy = malloc(len ? len : 1);
    volatile uint8_t sum = 0;

    memcpy(copy, bytes, len);
    const char *bad = stream_parse(copy, len, &s);
    if (!bad) {
        for (uint32_t i = 0; i < s.nr_params; i++)
            sum += s.params[i].value;
        for (uint32_t i = 0; i < s.config_len; i++)
            sum += s.config[i];
        for (uint32_t i = 0; i < s.context_len; i++)
            sum += ((const uint8_t *)s.context)[i];
        for (uint64_t i = 0; i < s.nr_pages; i++)
            sum += s.pages[i].bytes[0] + s.pages[i].bytes[STREAM_PAGE - 1];
    }
    free(copy);
    return bad;
}

static void test_good(void **state)
{
    struct file f = good();
    struct stream s;

    assert_null(stream_parse(&f, sizeof(f), &s));
    assert_ptr_equal(s.params, f.params);
    assert_ptr_equal(s.config, f.config);
    assert_ptr_equal(s.context, f.context);
    assert_ptr_equal(s.pages, f.pages);
    assert_int_equal(s.nr_pages, PAGES);
    assert_int_equal(s.config_len, 13);
}

static void test_cut(void **state)
{
    struct file f = good();

    for (size_t len = 0; len < sizeof(f); len++)
        assert_non_null(parse(&f, len));
    struct {
        struct file f;
        char more;
    } longer = {f, 0};
    assert_string_equal(parse(&longer, sizeof(f) + 1), "something is behind its end");
}

static void test_lies(void **state)
{
#define REFUSE(change)                         \
    do {                                       \
        struct file f = good();                \
        change;                                \
        assert_non_null(parse(&f, sizeof(f))); \
    } while (0)
    REFUSE(f.h.magic[7] = 0);
    REFUSE(f.h.version++);
    REFUSE(f.h.header_size++);
    REFUSE(f.h.reserved = 1);
    REFUSE(f.h.nr_params = 65);
    REFUSE(f.h.nr_params = UINT32_MAX);
    REFUSE(f.h.config_len = 0);
    REFUSE(f.h.config_len = UINT32_MAX);
    REFUSE(f.h.context_len = 0);
    REFUSE(f.h.context_len = UINT32_MAX);
    REFUSE(f.h.nr_pages = UINT64_MAX);
    REFUSE(f.h.nr_pages = UINT64_MAX / sizeof(struct stream_page) + 2);
    REFUSE(f.h.nr_pages--);
    REFUSE(f.pages[1].gfn = 0);
    REFUSE(f.pages[2].gfn = 9);
}

/* Random bytes, and good files with a few of them in the head. */
static void test_random(void **state)
{
    unsigned int passed = 0;

    srandom(1);
    for (unsigned int round = 0; round < 200000; round++) {
        struct file f = good();
        uint8_t *at = (uint8_t *)&f;
        size_t len = random() % 4 ? sizeof(f) : random() % sizeof(f);

        for (unsigned int n = random() % 6; n; n--)
            at[random() % offsetof(struct file, pages)] = random();
        if (random() % 8 == 0)
            for (size_t i = 8; i < offsetof(struct file, pages); i++)
                at[i] = random();
        passed += !parse(&f, len);
    }
    assert_true(passed > 1000 && passed < 190000); /* both kinds were there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
