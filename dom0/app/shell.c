/* SPDX-License-Identifier: MIT */
/*
 * shell.c - reads lines, takes them apart (parse.c), runs what builtin.c
 * offers.  Owns $? and the line editor.
 */
#include "app/shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/builtin.h"
#include "app/complete.h"
#include "app/lineedit.h"
#include "app/parse.h"
#include "drivers/console.h"
#include "fs/path.h"
#include "fs/ramfs.h"
#include "libc/program.h"

#define MAX_DEPTH        8
#define STATUS_SYNTAX    2
#define STATUS_NOT_FOUND 127

static int status; /* $? */

static void complain(const char *where, const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "%s%s%s%s%s\n", where ? where : "", where ? ": " : "", what ? what : "",
            what ? ": " : "", why);
}

static int run_command(struct shell_command *cmd, const char *where)
{
    const struct builtin *b = builtin_find(cmd->argv[0]);

    if (!b) {
        complain(where, cmd->argv[0], "command not found (try help)");
        return STATUS_NOT_FOUND;
    }
    return program_run(b->main, cmd->argc, cmd->argv);
}

int shell_run_line(const char *line, const char *where)
{
    const char *error = shell_check_line(line);
    enum shell_op before = SHELL_SEMICOLON;

    if (error) {
        complain(where, NULL, error);
        return status = STATUS_SYNTAX;
    }

    struct shell_command *cmd = malloc(sizeof(*cmd));

    if (!cmd) {
        complain(where, NULL, "out of memory");
        return status = 1;
    }
    do {
        /* A longer $? than the check had can still make the line too long. */
        error = shell_parse_command(&line, status, cmd);
        if (error) {
            complain(where, NULL, error);
            status = STATUS_SYNTAX;
            break;
        }
        if (cmd->argc && !(before == SHELL_AND && status) && !(before == SHELL_OR && !status))
            status = run_command(cmd, where);
        before = cmd->op;
    } while (before != SHELL_END);
    free(cmd);
    return status;
}

/* Runs the lines of a file that is held. */
static void run_node(const struct ramfs_node *node, const char *path)
{
    char line[SHELL_MAX_LINE];
    char where[PATH_LEN + 16];
    unsigned int number = 0;

    for (size_t at = 0; at < node->size && status != SHELL_INTERRUPTED;) {
        const char *start = node->data + at;
        const char *end = memchr(start, '\n', node->size - at);
        size_t len = end ? (size_t)(end - start) : node->size - at;

        at += len + 1;
        snprintf(where, sizeof(where), "%s:%u", path, ++number);
        if (len >= sizeof(line)) {
            complain(where, NULL, "line too long");
            status = STATUS_SYNTAX;
            continue;
        }
        memcpy(line, start, len);
        line[len] = '\0';
        shell_run_line(line, where);
    }
}

int shell_run_file(const char *path)
{
    static int depth;
    struct ramfs_node *node;
    int rc = ramfs_lookup(path, &node);

    if (!rc && node->is_folder)
        rc = -EISDIR;
    if (!rc && depth == MAX_DEPTH)
        rc = -ELOOP;
    if (rc) {
        complain(NULL, path, strerror(-rc));
        return status = 1;
    }
    depth++;
    status = 0;
    ramfs_hold(node);
    run_node(node, path);
    ramfs_release(node);
    depth--;
    return status;
}

static void editor_emit(void *ctx, const char *text, size_t len)
{
    console_write(text, len);
}

static void editor_complete(void *ctx, const char *line, size_t at, struct completion *c)
{
    complete_word(builtin_names, line, at, c);
}

static struct lineedit editor;

/* A background thread's line, while the user types. */
static void editor_aside(const char *text, size_t len)
{
    lineedit_aside(&editor, text, len);
}

void shell_run_console(void)
{
    static const struct lineedit_ops ops = {.emit = editor_emit, .complete = editor_complete};
    enum lineedit_event event;
    char c;

    lineedit_init(&editor, "dom0# ", &ops, NULL);
    for (;;) {
        fflush(NULL);
        lineedit_begin(&editor);
        console_divert(editor_aside);
        do {
            console_read_wait(&c, 1);
            event = lineedit_feed(&editor, c);
        } while (event == LINEEDIT_NONE);
        console_divert(NULL);

        if (event == LINEEDIT_LINE)
            shell_run_line(editor.buf, NULL);
        else if (event == LINEEDIT_INTERRUPT)
            status = SHELL_INTERRUPTED;
        else
            console_write("\n", 1);
    }
}
