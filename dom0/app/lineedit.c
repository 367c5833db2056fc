/* SPDX-License-Identifier: MIT */
/*
 * lineedit.c - editing a line; see lineedit.h.  Pure.
 * Text added at the end is echoed as it is; anything else repaints the line.
 */
#include "app/lineedit.h"

#include <stdio.h>
#include <string.h>

#define CTRL(c) ((c)&0x1f)

enum {
    ESCAPE_NONE,
    ESCAPE_START, /* ESC seen */
    ESCAPE_CSI,   /* ESC [ or ESC O, and perhaps a digit */
};

static void emit(struct lineedit *e, const char *text, size_t len)
{
    if (len)
        e->ops->emit(e->ctx, text, len);
}

static void emit_text(struct lineedit *e, const char *text)
{
    emit(e, text, strlen(text));
}

/* Prompt and line on an empty line of the screen. */
static void paint(struct lineedit *e)
{
    char move[16];

    emit_text(e, e->prompt);
    emit(e, e->buf, e->len);
    if (e->at < e->len) {
        snprintf(move, sizeof(move), "\033[%uD", (unsigned int)(e->len - e->at));
        emit_text(e, move);
    }
}

static void clear(struct lineedit *e)
{
    emit_text(e, "\r\033[K");
}

static void repaint(struct lineedit *e)
{
    clear(e);
    paint(e);
}

static void bell(struct lineedit *e)
{
    emit_text(e, "\a");
}

static void move_to(struct lineedit *e, size_t at)
{
    e->at = at;
    repaint(e);
}

static void insert(struct lineedit *e, const char *text, size_t len)
{
    if (e->len + len >= LINEEDIT_MAX) {
        bell(e);
        return;
    }
    memmove(e->buf + e->at + len, e->buf + e->at, e->len - e->at);
    memcpy(e->buf + e->at, text, len);
    e->len += len;
    e->at += len;
    e->buf[e->len] = '\0';
    if (e->at == e->len)
        emit(e, text, len);
    else
        repaint(e);
}

/* Removes [from, to). */
static void erase(struct lineedit *e, size_t from, size_t to)
{
    bool last = to == e->len && to == from + 1 && e->at == to;

    if (from == to)
        return;
    memmove(e->buf + from, e->buf + to, e->len - to);
    e->len -= to - from;
    e->at = from;
    e->buf[e->len] = '\0';
    if (last)
        emit_text(e, "\b \b");
    else
        repaint(e);
}

static size_t word_start(const struct lineedit *e)
{
    size_t at = e->at;

    while (at && e->buf[at - 1] == ' ')
        at--;
    while (at && e->buf[at - 1] != ' ')
        at--;
    return at;
}

/* The line @back lines ago. */
static char *history_slot(struct lineedit *e, unsigned int back)
{
    return e->history[(e->history_next + LINEEDIT_HISTORY - back) % LINEEDIT_HISTORY];
}

static void history_add(struct lineedit *e)
{
    if (e->len == 0 || (e->history_count && !strcmp(history_slot(e, 1), e->buf)))
        return;
    memcpy(e->history[e->history_next], e->buf, e->len + 1);
    e->history_next = (e->history_next + 1) % LINEEDIT_HISTORY;
    if (e->history_count < LINEEDIT_HISTORY)
        e->history_count++;
}

static void history_show(struct lineedit *e, unsigned int back)
{
    if (back > e->history_count) {
        bell(e);
        return;
    }
    if (e->history_back == 0)
        memcpy(e->pending, e->buf, e->len + 1);
    e->history_back = back;

    const char *line = back ? history_slot(e, back) : e->pending;

    e->len = e->at = strlen(line);
    memcpy(e->buf, line, e->len + 1);
    repaint(e);
}

static void history_down(struct lineedit *e)
{
    if (e->history_back)
        history_show(e, e->history_back - 1);
    else
        bell(e);
}

void completion_add(struct completion *c, const char *name, char suffix)
{
    size_t same = 0, used = strlen(c->list), len = strlen(name);

    if (c->count++ == 0) {
        snprintf(c->common, sizeof(c->common), "%s", name);
        c->suffix = suffix;
    } else {
        while (c->common[same] && c->common[same] == name[same])
            same++;
        c->common[same] = '\0';
    }
    if (used + len + 3 < sizeof(c->list))
        snprintf(c->list + used, sizeof(c->list) - used, "%s%s", used ? "  " : "", name);
}

static void complete(struct lineedit *e)
{
    struct completion c = {.start = e->at};

    if (e->ops->complete)
        e->ops->complete(e->ctx, e->buf, e->at, &c);
    if (c.count == 0 || c.start > e->at) {
        bell(e);
        return;
    }

    size_t typed = e->at - c.start, len = strlen(c.common);

    if (len > typed)
        insert(e, c.common + typed, len - typed);
    if (c.count == 1) {
        insert(e, &c.suffix, 1);
    } else if (len <= typed) {
        emit_text(e, "\n");
        emit_text(e, c.list);
        emit_text(e, "\n");
        repaint(e);
    }
}

static void key_csi(struct lineedit *e, char c)
{
    static const char by_digit[] = "?H?3F??HF"; /* ESC [ digit ~ */

    if (c == '~')
        c = e->escape_digit < sizeof(by_digit) - 1 ? by_digit[e->escape_digit] : '?';
    switch (c) {
    case 'A':
        history_show(e, e->history_back + 1);
        break;
    case 'B':
        history_down(e);
        break;
    case 'C':
        if (e->at < e->len)
            move_to(e, e->at + 1);
        break;
    case 'D':
        if (e->at)
            move_to(e, e->at - 1);
        break;
    case 'H':
        move_to(e, 0);
        break;
    case 'F':
        move_to(e, e->len);
        break;
    case '3':
        if (e->at < e->len)
            erase(e, e->at, e->at + 1);
        break;
    default:
        bell(e);
        break;
    }
}

static void key_escape(struct lineedit *e, char c)
{
    if (e->escape == ESCAPE_START) {
        e->escape = c == '[' || c == 'O' ? ESCAPE_CSI : ESCAPE_NONE;
        e->escape_digit = 0;
    } else if (c >= '0' && c <= '9') {
        e->escape_digit = c - '0';
    } else if (c != ';') {
        e->escape = ESCAPE_NONE;
        key_csi(e, c);
    }
}

/* The keys that remove text; says if @c is one. */
static bool key_erase(struct lineedit *e, char c)
{
    switch (c) {
    case CTRL('H'):
    case 0x7f:
        if (e->at)
            erase(e, e->at - 1, e->at);
        break;
    case CTRL('K'):
        e->len = e->at;
        e->buf[e->len] = '\0';
        repaint(e);
        break;
    case CTRL('U'):
        erase(e, 0, e->at);
        break;
    case CTRL('W'):
        erase(e, word_start(e), e->at);
        break;
    default:
        return false;
    }
    return true;
}

static enum lineedit_event key_control(struct lineedit *e, char c)
{
    /* Those that do what a key of its own does: the end of its sequence. */
    static const char same_as[32] = {
        [CTRL('A')] = 'H', [CTRL('E')] = 'F', [CTRL('B')] = 'D',
        [CTRL('F')] = 'C', [CTRL('P')] = 'A', [CTRL('N')] = 'B',
    };

    if (c < (char)sizeof(same_as) && same_as[(unsigned char)c]) {
        key_csi(e, same_as[(unsigned char)c]);
        return LINEEDIT_NONE;
    }
    if (key_erase(e, c))
        return LINEEDIT_NONE;
    switch (c) {
    case CTRL('L'):
        emit_text(e, "\033[H\033[2J");
        repaint(e);
        break;
    case CTRL('D'):
        if (e->len == 0)
            return LINEEDIT_END;
        key_csi(e, '3');
        break;
    case CTRL('C'):
        emit_text(e, "^C\n");
        return LINEEDIT_INTERRUPT;
    case '\t':
        complete(e);
        break;
    case '\r':
    case '\n':
        emit_text(e, "\n");
        history_add(e);
        return LINEEDIT_LINE;
    case 0x1b:
        e->escape = ESCAPE_START;
        break;
    default:
        bell(e);
        break;
    }
    return LINEEDIT_NONE;
}

void lineedit_init(struct lineedit *e, const char *prompt, const struct lineedit_ops *ops,
                   void *ctx)
{
    memset(e, 0, sizeof(*e));
    e->prompt = prompt;
    e->ops = ops;
    e->ctx = ctx;
}

void lineedit_begin(struct lineedit *e)
{
    e->len = e->at = 0;
    e->buf[0] = '\0';
    e->history_back = 0;
    e->escape = ESCAPE_NONE;
    e->aside = false;
    emit_text(e, e->prompt);
}

void lineedit_aside(struct lineedit *e, const char *text, size_t len)
{
    if (len == 0)
        return;
    if (!e->aside)
        clear(e);
    emit(e, text, len);
    e->aside = text[len - 1] != '\n';
    if (!e->aside)
        paint(e);
}

enum lineedit_event lineedit_feed(struct lineedit *e, char c)
{
    bool after_cr = e->after_cr;

    if (e->aside)
        lineedit_aside(e, "\n", 1);
    e->after_cr = c == '\r';
    if (c == '\n' && after_cr) /* "\r\n" is one enter */
        return LINEEDIT_NONE;
    if (e->escape != ESCAPE_NONE) {
        key_escape(e, c);
        return LINEEDIT_NONE;
    }
    if ((unsigned char)c >= 0x20 && c != 0x7f) {
        insert(e, &c, 1);
        return LINEEDIT_NONE;
    }
    return key_control(e, c);
}
