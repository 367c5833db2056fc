/* SPDX-License-Identifier: MIT */
/* test_dom0_lineedit.c - keys in, line and screen out. */
/* sources: dom0/app/lineedit.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/lineedit.h"

#define UP    "\033[A"
#define DOWN  "\033[B"
#define RIGHT "\033[C"
#define LEFT  "\033[D"
#define HOME  "\033[H"
#define END   "\033[F"
#define DEL   "\033[3~"

/* A terminal of one line that understands what the editor sends. */
struct screen {
    char line[2048];
    size_t at;
    unsigned int bells;
    char all[65536];
    size_t all_len;
};

static struct screen screen;
static struct lineedit editor;
static const char *const *candidates;

static void screen_char(char c)
{
    switch (c) {
    case '\r':
        screen.at = 0;
        break;
    case '\n':
        memset(screen.line, 0, sizeof(screen.line));
        screen.at = 0;
        break;
    case '\b':
        assert_true(screen.at > 0);
        screen.at--;
        break;
    case '\a':
        screen.bells++;
        break;
    default:
        screen.line[screen.at++] = c;
        break;
    }
}

static void screen_emit(void *ctx, const char *text, size_t len)
{
    memcpy(screen.all + screen.all_len, text, len);
    screen.all_len += len;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\033') {
            screen_char(text[i]);
            continue;
        }
        assert_int_equal(text[++i], '[');

        int number = 0;

        for (i++; text[i] >= '0' && text[i] <= '9'; i++)
            number = number * 10 + text[i] - '0';
        if (text[i] == 'K')
            memset(screen.line + screen.at, 0, sizeof(screen.line) - screen.at);
        else if (text[i] == 'D')
            screen.at -= number;
    }
}

static void complete(void *ctx, const char *line, size_t at, struct completion *c)
{
    c->start = at;
    while (c->start && line[c->start - 1] != ' ')
        c->start--;
    for (const char *const *p = candidates; p && *p; p++)
        if (!strncmp(*p, line + c->start, at - c->start))
            completion_add(c, *p, ' ');
}

static const struct lineedit_ops ops = {.emit = screen_emit, .complete = complete};

static int setup(void **state)
{
    memset(&screen, 0, sizeof(screen));
    candidates = NULL;
    lineedit_init(&editor, "> ", &ops, NULL);
    lineedit_begin(&editor);
    return 0;
}

static enum lineedit_event type(const char *keys)
{
    enum lineedit_event event = LINEEDIT_NONE;

    for (; *keys; keys++)
        event = lineedit_feed(&editor, *keys);
    return event;
}

/* The screen shows the prompt and the line, the cursor is where it should. */
static void expect(const char *line, size_t at)
{
    char shown[2048];

    snprintf(shown, sizeof(shown), "> %s", line);
    assert_string_equal(editor.buf, line);
    assert_int_equal(editor.len, strlen(line));
    assert_int_equal(editor.at, at);

    size_t len = strlen(screen.line);

    while (len > strlen(shown) && screen.line[len - 1] == ' ') /* "\b \b" */
        screen.line[--len] = '\0';
    assert_string_equal(screen.line, shown);
    assert_int_equal(screen.at, at + 2);
}

/* Types @line and enter, and begins anew. */
static void enter(const char *line)
{
    type(line);
    assert_int_equal(type("\r"), LINEEDIT_LINE);
    lineedit_begin(&editor);
}

static void test_plain(void **state)
{
    type("echo hi");
    expect("echo hi", 7);
    assert_int_equal(screen.all_len, strlen("> echo hi")); /* echoed, not repainted */
    assert_int_equal(type("\r"), LINEEDIT_LINE);
    assert_string_equal(editor.buf, "echo hi");
    lineedit_begin(&editor);
    assert_int_equal(type("\n"), LINEEDIT_NONE); /* the rest of "\r\n" */
    assert_int_equal(type("\n"), LINEEDIT_LINE);
    assert_string_equal(editor.buf, "");
}

static void test_moves(void **state)
{
    type("abcd" LEFT LEFT "X");
    expect("abXcd", 3);
    type("\x01Y");
    expect("YabXcd", 1);
    type(END "Z");
    expect("YabXcdZ", 7);
    type(HOME RIGHT RIGHT "-");
    expect("Ya-bXcdZ", 3);
    type("\x02\x02\x06+");
    expect("Ya+-bXcdZ", 3);
    type("\033[1~");
    expect("Ya+-bXcdZ", 0);
    type(LEFT);
    expect("Ya+-bXcdZ", 0);
    type("\033[4~" RIGHT);
    expect("Ya+-bXcdZ", 9);
    type("\033OH\x05");
    expect("Ya+-bXcdZ", 9);
}

static void test_erasing(void **state)
{
    type("one two three");
    type("\x7f\b");
    expect("one two thr", 11);
    type("\x17");
    expect("one two ", 8);
    type("\x17");
    expect("one ", 4);
    type("four" LEFT LEFT "\x7f");
    expect("one fur", 5);
    type(DEL);
    expect("one fr", 5);
    type("\x04");
    expect("one f", 5);
    type(HOME RIGHT RIGHT "\x0b");
    expect("on", 2);
    type("abc" LEFT "\x15");
    expect("c", 0);
    type("\x7f");
    expect("c", 0);
    type(END DEL);
    expect("c", 1);
}

static void test_control(void **state)
{
    type("abc");
    assert_int_equal(type("\x04"), LINEEDIT_NONE); /* not an end: the line has text */
    assert_int_equal(type("\x03"), LINEEDIT_INTERRUPT);
    lineedit_begin(&editor);
    expect("", 0);
    assert_int_equal(type("\x04"), LINEEDIT_END);
    screen.bells = 0;
    type("\x11\033[Z\033[9~");
    assert_true(screen.bells >= 2);
    expect("", 0);
}

static void test_history(void **state)
{
    enter("first");
    enter("second");
    enter("second");
    enter("");
    type("draft" UP);
    expect("second", 6);
    type(UP);
    expect("first", 5);
    screen.bells = 0;
    type(UP);
    expect("first", 5);
    assert_int_equal(screen.bells, 1);
    type(DOWN DOWN);
    expect("draft", 5);
    type(DOWN);
    assert_int_equal(screen.bells, 2);
    type("\x10\x10!");
    expect("first!", 6);
    enter("");
    type(UP);
    expect("first!", 6);
    type(UP UP);
    expect("first", 5); /* the original is unchanged */
}

static void test_history_is_bounded(void **state)
{
    char line[16];

    for (int i = 0; i < 3 * LINEEDIT_HISTORY; i++) {
        snprintf(line, sizeof(line), "line%d", i);
        enter(line);
    }
    for (int i = 0; i < 2 * LINEEDIT_HISTORY; i++)
        type(UP);
    snprintf(line, sizeof(line), "line%d", 2 * LINEEDIT_HISTORY);
    expect(line, strlen(line));
}

static void test_full_line(void **state)
{
    for (int i = 0; i < LINEEDIT_MAX + 10; i++)
        type("x");
    assert_int_equal(editor.len, LINEEDIT_MAX - 1);
    assert_int_equal(strlen(editor.buf), LINEEDIT_MAX - 1);
    assert_int_equal(screen.bells, 11);
}

static void test_completion(void **state)
{
    static const char *const words[] = {"create", "crash", "list", NULL};

    candidates = words;
    type("l\t");
    expect("list ", 5);
    type("c\t");
    expect("list cr", 7);
    type("\t");
    assert_non_null(strstr(screen.all, "\ncreate  crash\n"));
    expect("list cr", 7);
    type("e\t");
    expect("list create ", 12);
    screen.bells = 0;
    type("zz\t");
    assert_int_equal(screen.bells, 1);
    expect("list create zz", 14);
    type(HOME "cre\t");
    expect("create list create zz", 7);
}

/* Somebody else's lines go before the prompt, and nothing typed is lost. */
static void test_aside(void **state)
{
    type("xl lost" LEFT LEFT);
    screen.all_len = 0;
    memset(screen.all, 0, sizeof(screen.all));
    lineedit_aside(&editor, "demo: bye\n", 10);
    expect("xl lost", 5);
    assert_string_equal(screen.all, "\r\033[Kdemo: bye\n> xl lost\033[2D");
    lineedit_aside(&editor, "no new", 6);
    assert_string_equal(screen.line, "no new");
    lineedit_aside(&editor, "line", 4);
    assert_string_equal(screen.line, "no newline");
    lineedit_aside(&editor, "", 0);
    type("i");
    expect("xl loist", 6);
    lineedit_aside(&editor, "half ", 5);
    assert_int_equal(type("\r"), LINEEDIT_LINE);
    assert_string_equal(editor.buf, "xl loist");
    lineedit_begin(&editor);
    expect("", 0);
}

/* Whatever is typed or said, the invariants hold. */
static void test_random_keys(void **state)
{
    static const char *const words[] = {"alpha", "alphabet", "beta", NULL};
    static const char keys[] =
        "ab \t\033[ABCDHF3~O\x01\x02\x04\x05\x06\x0b\x0c\x0e\x10\x15\x17\x7f\r";

    candidates = words;
    srand(1);
    for (int i = 0; i < 200000; i++) {
        screen.all_len = 0;
        if (lineedit_feed(&editor, keys[rand() % (sizeof(keys) - 1)]) != LINEEDIT_NONE)
            lineedit_begin(&editor);
        if (rand() % 64 == 0)
            lineedit_aside(&editor, "aside\n", rand() % 7);
        assert_true(editor.len < LINEEDIT_MAX && editor.at <= editor.len);
        assert_int_equal(strlen(editor.buf), editor.len);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain),       TEST(test_moves),      TEST(test_erasing),
        TEST(test_control),     TEST(test_history),    TEST(test_history_is_bounded),
        TEST(test_full_line),   TEST(test_completion), TEST(test_aside),
        TEST(test_random_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
