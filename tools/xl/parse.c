/* SPDX-License-Identifier: MIT */
/*
 * parse.c - xl.cfg text to settings: one reader, one function a grammar rule.
 *
 * Owns the settings it builds until parse_cfg() has put them into the caller's
 * list.  Promises never to look outside [text, text + len), to report the
 * place of the first thing that cannot continue, and to leak nothing then.
 */
#include "xl/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at;
    const char *end;
    const char *line_start;
    struct cfg_place place; /* line of @at; column made on demand */
    struct parse_error *error;
    bool failed;
};

/* The byte at the reader, or -1 at the end. */
static int peek(const struct reader *r)
{
    return r->at < r->end ? (unsigned char)*r->at : -1;
}

static void advance(struct reader *r)
{
    if (*r->at++ == '\n') {
        r->place.line++;
        r->line_start = r->at;
    }
}

static struct cfg_place here(const struct reader *r)
{
    struct cfg_place place = r->place;

    place.column = r->at - r->line_start + 1;
    return place;
}

__attribute__((format(printf, 3, 4))) static void fail_at(struct reader *r, struct cfg_place place,
                                                          const char *format, ...)
{
    va_list args;

    if (r->failed)
        return;
    r->failed = true;
    r->error->place = place;
    va_start(args, format);
    vsnprintf(r->error->text, sizeof(r->error->text), format, args);
    va_end(args);
}

/* Say what stands at the reader although @expected should. */
static void fail_expected(struct reader *r, const char *expected)
{
    int c = peek(r);

    if (c < 0)
        fail_at(r, here(r), "expected %s, found the end of the file", expected);
    else if (c == '\n')
        fail_at(r, here(r), "expected %s, found the end of the line", expected);
    else if (c > ' ' && c < 0x7f)
        fail_at(r, here(r), "expected %s, found '%c'", expected, c);
    else
        fail_at(r, here(r), "expected %s, found byte 0x%02x", expected, c);
}

static void skip_blanks(struct reader *r, bool newlines_too)
{
    for (;;) {
        int c = peek(r);

        if (c == '#') {
            while (peek(r) >= 0 && peek(r) != '\n')
                advance(r);
        } else if (c == ' ' || c == '\t' || c == '\r' || (newlines_too && c == '\n')) {
            advance(r);
        } else {
            return;
        }
    }
}

static bool is_alpha(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(int c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static char *copy_text(struct reader *r, const char *from, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy) {
        fail_at(r, here(r), "not enough memory");
        return NULL;
    }
    memcpy(copy, from, len);
    copy[len] = '\0';
    return copy;
}

static struct cfg_value *new_value(struct reader *r, enum cfg_type type)
{
    struct cfg_value *value = calloc(1, sizeof(*value));

    if (!value) {
        fail_at(r, here(r), "not enough memory");
        return NULL;
    }
    value->type = type;
    value->place = here(r);
    return value;
}

/* Reader after a backslash: the byte meant, or -1 with the error set. */
static int read_escape(struct reader *r, struct cfg_place backslash)
{
    static const char letters[] = "n\nt\tr\ra\ab\bf\fv\v";
    int c = peek(r);

    if (c == '\\' || c == '"' || c == '\'') {
        advance(r);
        return c;
    }
    if (c == 'x' && r->end - r->at >= 3) {
        int high = hex_value((unsigned char)r->at[1]);
        int low = hex_value((unsigned char)r->at[2]);

        if (high >= 0 && low >= 0 && (high || low)) {
            r->at += 3;
            return high * 16 + low;
        }
    }
    for (size_t i = 0; c > 0 && i + 1 < sizeof(letters); i += 2) {
        if (letters[i] == c) {
            advance(r);
            return letters[i + 1];
        }
    }
    fail_at(r, backslash, "unknown escape in string (known: \\\\ \\\" \\' \\n \\t \\r \\xHH ...)");
    return -1;
}

static struct cfg_value *read_string(struct reader *r)
{
    struct cfg_value *value = new_value(r, CFG_STRING);

    if (!value)
        return NULL;
    struct cfg_place start = here(r);
    int quote = peek(r);
    size_t len = 0;

    /* No string is longer than what is left of the text. */
    value->text = copy_text(r, "", 0);
    const char *stop = memchr(r->at, '\n', r->end - r->at);
    char *grown = value->text ? realloc(value->text, (stop ? stop : r->end) - r->at + 1) : NULL;
    if (!grown) {
        fail_at(r, start, "not enough memory");
        cfg_value_free(value);
        return NULL;
    }
    value->text = grown;
    advance(r);
    while (!r->failed && peek(r) != quote) {
        struct cfg_place place = here(r);
        int c = peek(r);

        if (c < 0 || c == '\n') {
            fail_at(r, start, "string not closed on its line");
        } else if (c == 0) {
            fail_at(r, place, "zero byte in string");
        } else {
            advance(r);
            value->text[len++] = c == '\\' ? read_escape(r, place) : c;
        }
    }
    value->text[len] = '\0';
    if (!r->failed)
        advance(r);
    return value;
}

static struct cfg_value *read_number(struct reader *r)
{
    struct cfg_value *value = new_value(r, CFG_NUMBER);

    if (!value)
        return NULL;
    struct cfg_place start = here(r);
    const char *from = r->at;
    unsigned int base = 10;

    if (peek(r) == '0' && r->end - r->at >= 2 && (r->at[1] == 'x' || r->at[1] == 'X')) {
        base = 16;
        r->at += 2;
    } else if (peek(r) == '0') {
        base = 8;
    }
    size_t digits = 0;
    for (; is_digit(peek(r)) || is_alpha(peek(r)); digits++) {
        int digit = hex_value(peek(r));

        if (digit < 0 || digit >= (int)base) {
            fail_at(r, here(r), "'%c' is no digit of a number in base %u", peek(r), base);
            break;
        }
        if (value->number > (UINT64_MAX - digit) / base) {
            fail_at(r, start, "number does not fit in 64 bits");
            break;
        }
        value->number = value->number * base + digit;
        advance(r);
    }
    if (digits == 0)
        fail_expected(r, "a hexadecimal digit");
    value->text = copy_text(r, from, r->at - from);
    return value;
}

static struct cfg_value *read_value(struct reader *r, unsigned int depth);

/* Take over @item, also when that fails. */
static void list_append(struct reader *r, struct cfg_value *list, struct cfg_value *item)
{
    struct cfg_value **items =
        realloc(list->items, (list->nr_items + 1) * sizeof(struct cfg_value *));

    if (!items) {
        fail_at(r, here(r), "not enough memory");
        cfg_value_free(item);
        return;
    }
    list->items = items;
    items[list->nr_items++] = item;
}

static struct cfg_value *read_list(struct reader *r, unsigned int depth)
{
    struct cfg_value *list = new_value(r, CFG_LIST);

    if (!list)
        return NULL;
    if (depth >= PARSE_MAX_DEPTH)
        fail_at(r, here(r), "lists nested deeper than %u", PARSE_MAX_DEPTH);
    advance(r);
    skip_blanks(r, true);
    while (!r->failed && peek(r) != ']') {
        struct cfg_value *item = read_value(r, depth + 1);

        if (!item)
            break;
        list_append(r, list, item);
        skip_blanks(r, true);
        if (r->failed || peek(r) == ']')
            break;
        if (peek(r) != ',') {
            fail_expected(r, "',' or ']'");
            break;
        }
        advance(r);
        skip_blanks(r, true);
    }
    if (!r->failed)
        advance(r);
    return list;
}

static struct cfg_value *read_value(struct reader *r, unsigned int depth)
{
    struct cfg_value *value = NULL;
    int c = peek(r);

    if (c == '"' || c == '\'')
        value = read_string(r);
    else if (is_digit(c))
        value = read_number(r);
    else if (c == '[')
        value = read_list(r, depth);
    else
        fail_expected(r, "a string, a number or a list");
    if (r->failed) {
        cfg_value_free(value);
        return NULL;
    }
    return value;
}

/* Append @more to the list or string @value; takes over @more. */
static void value_append(struct reader *r, struct cfg_value *value, struct cfg_value *more)
{
    if (value->type == CFG_LIST && more->type == CFG_LIST) {
        while (more->nr_items && !r->failed) {
            struct cfg_value *item = more->items[0];

            memmove(more->items, more->items + 1, --more->nr_items * sizeof(*more->items));
            list_append(r, value, item);
        }
    } else if (value->type == CFG_LIST) {
        list_append(r, value, more);
        return;
    } else if (value->type == CFG_STRING && more->type == CFG_STRING) {
        size_t len = strlen(value->text);
        char *text = realloc(value->text, len + strlen(more->text) + 1);

        if (text) {
            strcpy(text + len, more->text);
            value->text = text;
        } else {
            fail_at(r, more->place, "not enough memory");
        }
    } else {
        fail_at(r, more->place, "+= can append to a list, or a string to a string, only");
    }
    cfg_value_free(more);
}

/* Put a complete setting into @cfg; takes over @key and @value. */
static void store_setting(struct reader *r, struct cfg *cfg, struct cfg_place place, char *key,
                          struct cfg_value *value, bool append)
{
    struct cfg_setting *old = cfg_find(cfg, key);

    if (old && append) {
        value_append(r, old->value, value);
        free(key);
        return;
    }
    if (old) {
        cfg_value_free(old->value);
        old->value = value;
        old->place = place;
        free(key);
        return;
    }
    struct cfg_setting *setting = calloc(1, sizeof(*setting));
    if (!setting) {
        fail_at(r, place, "not enough memory");
        cfg_value_free(value);
        free(key);
        return;
    }
    *setting = (struct cfg_setting){.place = place, .key = key, .value = value};
    struct cfg_setting **tail = &cfg->first;
    while (*tail)
        tail = &(*tail)->next;
    *tail = setting;
}

static void read_setting(struct reader *r, struct cfg *cfg)
{
    struct cfg_place place = here(r);
    const char *from = r->at;
    bool append = false;

    if (!is_alpha(peek(r))) {
        fail_expected(r, "a setting (key = value)");
        return;
    }
    while (is_alpha(peek(r)) || is_digit(peek(r)))
        advance(r);
    char *key = copy_text(r, from, r->at - from);
    skip_blanks(r, false);
    if (peek(r) == '+') {
        append = true;
        advance(r);
    }
    if (peek(r) != '=') {
        fail_expected(r, append ? "'=' after '+'" : "'=' after the key");
        free(key);
        return;
    }
    advance(r);
    skip_blanks(r, false);
    struct cfg_value *value = read_value(r, 0);
    if (!key || !value) {
        free(key);
        cfg_value_free(value);
        return;
    }
    store_setting(r, cfg, place, key, value, append);
}

int parse_cfg(struct cfg *cfg, const char *file, const char *text, size_t len,
              struct parse_error *error)
{
    struct reader r = {
        .at = text,
        .end = text + len,
        .line_start = text,
        .place = {.file = file, .line = 1},
        .error = error,
    };

    for (;;) {
        skip_blanks(&r, true);
        while (peek(&r) == ';') {
            advance(&r);
            skip_blanks(&r, true);
        }
        if (r.failed || peek(&r) < 0)
            return r.failed ? -1 : 0;
        read_setting(&r, cfg);
        skip_blanks(&r, false);
        if (!r.failed && peek(&r) >= 0 && peek(&r) != '\n' && peek(&r) != ';')
            fail_expected(&r, "the end of the line or ';'");
    }
}
