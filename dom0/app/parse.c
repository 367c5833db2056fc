/* SPDX-License-Identifier: MIT */
/* parse.c - the shell's language; see parse.h.  Pure. */
#include "app/parse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Where words are being written. */
struct out {
    struct shell_command *cmd;
    size_t used;
    int status;
    const char *error;
};

static void put(struct out *o, char c)
{
    if (o->used + 1 < sizeof(o->cmd->text))
        o->cmd->text[o->used++] = c;
    else
        o->error = "line too long";
}

static void put_status(struct out *o)
{
    char number[16];

    snprintf(number, sizeof(number), "%d", o->status);
    for (const char *p = number; *p; p++)
        put(o, *p);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_operator(char c)
{
    return c && strchr(";&|<>", c);
}

/* Behind the opening quote; returns behind the closing one. */
static const char *quoted(struct out *o, const char *p, char quote)
{
    for (; *p != quote; p++) {
        if (!*p) {
            o->error = quote == '"' ? "missing closing \"" : "missing closing '";
            return p;
        }
        if (quote == '"' && p[0] == '\\' && p[1] && strchr("\"\\$", p[1])) {
            put(o, *++p);
        } else if (quote == '"' && p[0] == '$' && p[1] == '?') {
            put_status(o);
            p++;
        } else {
            put(o, *p);
        }
    }
    return p + 1;
}

static const char *word(struct out *o, const char *p)
{
    struct shell_command *cmd = o->cmd;

    if (cmd->argc == SHELL_MAX_WORDS) {
        o->error = "too many words";
        return p;
    }
    cmd->argv[cmd->argc++] = cmd->text + o->used;
    while (*p && !is_blank(*p) && !is_operator(*p) && !o->error) {
        if (*p == '\'' || *p == '"') {
            p = quoted(o, p + 1, *p);
        } else if (p[0] == '\\' && p[1]) {
            put(o, p[1]);
            p += 2;
        } else if (p[0] == '$' && p[1] == '?') {
            put_status(o);
            p += 2;
        } else {
            put(o, *p++);
        }
    }
    put(o, '\0');
    return p;
}

static const char *operator(struct out *o, const char *p)
{
    if (p[0] == ';') {
        o->cmd->op = SHELL_SEMICOLON;
        return p + 1;
    }
    if ((p[0] == '&' || p[0] == '|') && p[1] == p[0]) {
        o->cmd->op = p[0] == '&' ? SHELL_AND : SHELL_OR;
        return p + 2;
    }
    o->error = p[0] == '&'   ? "background jobs (&) are not supported"
               : p[0] == '|' ? "pipes (|) are not supported"
                             : "redirection (< >) is not supported";
    return p;
}

const char *shell_parse_command(const char **line, int status, struct shell_command *cmd)
{
    struct out o = {.cmd = cmd, .status = status};
    const char *p = *line;

    cmd->argc = 0;
    cmd->op = SHELL_END;
    for (;;) {
        p += strspn(p, " \t\r\n");
        if (!*p || *p == '#' || is_operator(*p) || o.error)
            break;
        p = word(&o, p);
    }
    cmd->argv[cmd->argc] = NULL;
    if (!o.error && is_operator(*p)) {
        p = operator(&o, p);
        if (!o.error && cmd->argc == 0)
            o.error = "missing command before an operator";
    } else if (*p == '#') {
        p += strlen(p);
    }
    *line = p;
    return o.error;
}

const char *shell_check_line(const char *line)
{
    static struct shell_command cmd; /* large; its content does not matter */
    enum shell_op before = SHELL_END;

    for (;;) {
        const char *error = shell_parse_command(&line, 0, &cmd);

        if (error)
            return error;
        if (cmd.argc == 0 && (before == SHELL_AND || before == SHELL_OR))
            return "missing command after && or ||";
        if (cmd.op == SHELL_END)
            return NULL;
        before = cmd.op;
    }
}
