/* SPDX-License-Identifier: MIT */
/* test_tools_parse.c - the grammar of xl.cfg, with exact places of errors. */
/* sources: tools/xl/parse.c tools/libxl/cfg.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "xl/parse.h"

static int parse(struct cfg *cfg, const char *text, struct parse_error *error)
{
    /* An exact copy, so that reading past the end is seen by ASan. */
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);

    memcpy(copy, text, len);
    int rc = parse_cfg(cfg, "t.cfg", copy, len, error);
    free(copy);
    return rc;
}

/* The settings as one text: key=value with strings in <>. */
static void show_value(const struct cfg_value *value, char *out, size_t size)
{
    size_t len = strlen(out);

    if (value->type == CFG_STRING) {
        snprintf(out + len, size - len, "<%s>", value->text);
    } else if (value->type == CFG_NUMBER) {
        snprintf(out + len, size - len, "%llu", (unsigned long long)value->number);
    } else {
        snprintf(out + len, size - len, "[");
        for (size_t i = 0; i < value->nr_items; i++) {
            show_value(value->items[i], out, size);
            len = strlen(out);
            snprintf(out + len, size - len, " ");
        }
        len = strlen(out);
        snprintf(out + len, size - len, "]");
    }
}

static void test_good(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", ""},
        {"\n\n# only a comment", ""},
        {"a=1", "a=1;"},
        {"a = 1 # why\nb = 2", "a=1;b=2;"},
        {"a=1;b=2 ; c=3;\n;", "a=1;b=2;c=3;"},
        {"a=0x1F\nb=017\nc=0\n", "a=31;b=15;c=0;"},
        {"a=18446744073709551615", "a=18446744073709551615;"},
        {"s='x\"y' ; t=\"x'y\"", "s=<x\"y>;t=<x'y>;"},
        {"s=\"a\\nb\\\"c\\\\\\x41\"", "s=<a\nb\"c\\A>;"},
        {"s=\"# no comment\"", "s=<# no comment>;"},
        {"l=[]", "l=[];"},
        {"l=[1,'a',[2,],]", "l=[1 <a> [2 ] ];"},
        {"l=[ # first\n 1,\n\n 2 # second\n]\nb=3", "l=[1 2 ];b=3;"},
        {"a=1\na=2", "a=2;"},
        {"s='a'\ns+='b'", "s=<ab>;"},
        {"l=[1]\nl+=[2,3]\nl+='x'", "l=[1 2 3 <x> ];"},
        {"l+=[1]", "l=[1 ];"},
        {"a=1\r\nb=2\r\n", "a=1;b=2;"},
        {"name=\"test-hvm64-example\"\n\nvcpus=1 \n\ntype=\"hvm\"\nbuilder=\"hvm\" # Legacy\n",
         "name=<test-hvm64-example>;vcpus=1;type=<hvm>;builder=<hvm>;"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cfg cfg = {NULL};
        struct parse_error error;
        char shown[256] = "";

        assert_int_equal(parse(&cfg, cases[i].text, &error), 0);
        for (struct cfg_setting *s = cfg.first; s; s = s->next) {
            strcat(strcat(shown, s->key), "=");
            show_value(s->value, shown, sizeof(shown));
            strcat(shown, ";");
        }
        assert_string_equal(shown, cases[i].shown);
        cfg_free(&cfg);
    }
}

static void test_errors(void **state)
{
    static const struct {
        const char *text;
        unsigned int line, column;
        const char *words;
    } cases[] = {
        {"a", 1, 2, "'=' after the key, found the end of the file"},
        {"a\n=1", 1, 2, "'=' after the key, found the end of the line"},
        {"a=", 1, 3, "expected a string, a number or a list"},
        {"a=\nb=1", 1, 3, "found the end of the line"},
        {"a=1 2", 1, 5, "expected the end of the line or ';', found '2'"},
        {"a=1\n  =2", 2, 3, "expected a setting (key = value), found '='"},
        {"x=1\n1a=2", 2, 1, "expected a setting"},
        {"a=\"abc\nb=1", 1, 3, "string not closed"},
        {"a='abc", 1, 3, "string not closed"},
        {"a='a\\qb'", 1, 5, "unknown escape"},
        {"a='\\x4'", 1, 4, "unknown escape"},
        {"a='\\x00'", 1, 4, "unknown escape"},
        {"a='\\", 1, 4, "unknown escape"},
        {"a=089", 1, 4, "'8' is no digit of a number in base 8"},
        {"a=12k", 1, 5, "'k' is no digit of a number in base 10"},
        {"a=0x", 1, 5, "expected a hexadecimal digit"},
        {"a=0xg", 1, 5, "'g' is no digit of a number in base 16"},
        {"a=18446744073709551616", 1, 3, "does not fit in 64 bits"},
        {"a=-1", 1, 3, "found '-'"},
        {"a=[1 2]", 1, 6, "expected ',' or ']', found '2'"},
        {"a=[1,\n2", 2, 2, "expected ',' or ']', found the end of the file"},
        {"a=[,]", 1, 4, "found ','"},
        {"a=[", 1, 4, "found the end of the file"},
        {"a=]", 1, 3, "found ']'"},
        {"a+1", 1, 3, "expected '=' after '+'"},
        {"s='a'\ns+=1", 2, 4, "+= can append"},
        {"n=1\nn+='a'", 2, 4, "+= can append"},
        {"a=\x01", 1, 3, "byte 0x01"},
        {"a=[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 1, 19, "nested deeper than 16"},
        {"ok=1\nbad line\n", 2, 5, "'=' after the key, found 'l'"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cfg cfg = {NULL};
        struct parse_error error = {{0}};

        if (parse(&cfg, cases[i].text, &error) != -1 || error.place.line != cases[i].line ||
            error.place.column != cases[i].column || !strstr(error.text, cases[i].words))
            fail_msg("case %zu <%s>: got %u:%u: %s", i, cases[i].text, error.place.line,
                     error.place.column, error.text);
        cfg_free(&cfg);
    }
}

static void test_zero_byte_in_string(void **state)
{
    static const char text[] = "a='x\0y'";
    struct cfg cfg = {NULL};
    struct parse_error error;

    assert_int_equal(parse_cfg(&cfg, "t.cfg", text, sizeof(text) - 1, &error), -1);
    assert_int_equal(error.place.column, 5);
    cfg_free(&cfg);
}

/* Every prefix, and every single byte changed: no crash, no leak. */
static void test_damaged(void **state)
{
    static const char text[] = "name='a\\n' ; l = [ 1, \"b\", [0x10], ] # c\nl += [ 'z' ]\nk = 077";
    struct parse_error error;

    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        char *copy = malloc(len ? len : 1);
        struct cfg cfg = {NULL};

        memcpy(copy, text, len);
        parse_cfg(&cfg, "t", copy, len, &error);
        cfg_free(&cfg);
        free(copy);
    }
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        for (int byte = 0; byte < 256; byte += 3) {
            char *copy = malloc(sizeof(text) - 1);
            struct cfg cfg = {NULL};

            memcpy(copy, text, sizeof(text) - 1);
            copy[at] = byte;
            parse_cfg(&cfg, "t", copy, sizeof(text) - 1, &error);
            cfg_free(&cfg);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_zero_byte_in_string),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
