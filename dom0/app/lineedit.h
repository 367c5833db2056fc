/* SPDX-License-Identifier: MIT */
/*
 * lineedit.h - editing a line on a terminal.  Pure: characters in, characters
 * and a finished line out.
 *
 * Keys: left right home end up down delete, backspace, tab, enter, ctrl-
 * A E B F K U W L P N D C.
 */
#ifndef APP_LINEEDIT_H
#define APP_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#define LINEEDIT_MAX     1024 /* with the final zero */
#define LINEEDIT_HISTORY 32

/* Candidates for the word before the cursor. */
struct completion {
    size_t start; /* where in the line the word begins; set by the completer */
    unsigned int count;
    char common[LINEEDIT_MAX]; /* the longest common beginning */
    char suffix;               /* to add if there is only one */
    char list[1024];           /* all of them, two spaces between */
};

/* Called by the completer for each candidate. */
void completion_add(struct completion *c, const char *name, char suffix);

struct lineedit_ops {
    void (*emit)(void *ctx, const char *text, size_t len);
    /* Optional: candidates for line[0..at). */
    void (*complete)(void *ctx, const char *line, size_t at, struct completion *c);
};

enum lineedit_event {
    LINEEDIT_NONE,
    LINEEDIT_LINE,      /* `buf' is a line */
    LINEEDIT_INTERRUPT, /* ctrl-C: the line is dropped */
    LINEEDIT_END,       /* ctrl-D on an empty line */
};

struct lineedit {
    const struct lineedit_ops *ops;
    void *ctx;
    const char *prompt;
    char buf[LINEEDIT_MAX];
    size_t len, at;
    char history[LINEEDIT_HISTORY][LINEEDIT_MAX];
    unsigned int history_next, history_count; /* slot to write; lines kept */
    unsigned int history_back;                /* 0: the line being written */
    char pending[LINEEDIT_MAX];               /* that line, while looking back */
    unsigned char escape;                     /* state of an escape sequence */
    unsigned char escape_digit;
    bool after_cr;
    bool aside; /* somebody else's text stands where the line should be */
};

/* @prompt, @ops and @ctx stay in use. */
void lineedit_init(struct lineedit *e, const char *prompt, const struct lineedit_ops *ops,
                   void *ctx);

/* Prints the prompt and starts an empty line. */
void lineedit_begin(struct lineedit *e);

/* Takes one character.  After another result than NONE, begin again. */
enum lineedit_event lineedit_feed(struct lineedit *e, char c);

/*
 * Somebody else's @text, in place of prompt and line; these are painted anew
 * when it ends with a newline, or else when the next character comes.
 */
void lineedit_aside(struct lineedit *e, const char *text, size_t len);

#endif
