/* SPDX-License-Identifier: MIT */
/*
 * commands.c - domain 0's commands on the store; see commands.h.  They go by
 * the protocol as a guest would, only without a ring.
 */
#include "xenstored/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plat.h"
#include "xenstored/xenstored.h"

#define FAILED 1
#define USAGE  2

#define CTRL_C 0x03

/* A guest may nest deeper than there is stack here. */
#define MAX_DEPTH 64

/* One use of a command. */
struct use {
    const char *name; /* "xenstore-ls" */
    struct xs_conn *conn;
    bool full, perms; /* -f and -p */
    long limit;       /* -n; -1: none */
    int argc;
    char **argv;
};

static int failed(const struct use *use, const char *path, int rc)
{
    fprintf(stderr, "%s: %s: %s\n", use->name, path, ctl_strerror(rc));
    return FAILED;
}

/* A request with one path; the reply's payload has a NUL put behind it. */
static int ask(const struct use *use, uint32_t type, const char *path, struct xs_message **reply)
{
    int rc = xenstored_call(use->conn, type, 0, reply, "%s%c", path, 0);
    if (rc < 0)
        return rc;
    struct xs_message *m = realloc(*reply, sizeof(*m) + (*reply)->header.len + 1);
    if (!m) {
        free(*reply);
        return -XEN_ENOMEM;
    }
    xs_payload(m)[m->header.len] = '\0';
    *reply = m;
    return 0;
}

/* A value, with what is not printable as \xNN. */
static void print_value(const struct xs_message *m)
{
    const unsigned char *value = (const unsigned char *)(&m->header + 1);

    for (uint32_t i = 0; i < m->header.len; i++)
        printf(value[i] >= ' ' && value[i] < 0x7f ? "%c" : "\\x%02x", value[i]);
}

static int cmd_read(struct use *use)
{
    for (int i = 0; i < use->argc; i++) {
        struct xs_message *m;
        int rc = ask(use, XS_READ, use->argv[i], &m);

        if (rc < 0)
            return failed(use, use->argv[i], rc);
        if (use->perms)
            printf("%s: ", use->argv[i]);
        print_value(m);
        printf("\n");
        free(m);
    }
    return 0;
}

static int cmd_write(struct use *use)
{
    for (int i = 0; i + 1 < use->argc; i += 2) {
        int rc = xenstored_call(use->conn, XS_WRITE, 0, NULL, "%s%c%s", use->argv[i], 0,
                                use->argv[i + 1]);
        if (rc < 0)
            return failed(use, use->argv[i], rc);
    }
    if (use->argc % 2 == 0)
        return 0;
    fprintf(stderr, "%s: no value for %s\n", use->name, use->argv[use->argc - 1]);
    return USAGE;
}

static int cmd_rm(struct use *use)
{
    for (int i = 0; i < use->argc; i++) {
        int rc = xenstored_call(use->conn, XS_RM, 0, NULL, "%s%c", use->argv[i], 0);
        if (rc < 0)
            return failed(use, use->argv[i], rc);
    }
    return 0;
}

static int cmd_exists(struct use *use)
{
    for (int i = 0; i < use->argc; i++) {
        if (xenstored_call(use->conn, XS_READ, 0, NULL, "%s%c", use->argv[i], 0) < 0)
            return FAILED;
    }
    return 0;
}

static int cmd_list(struct use *use)
{
    for (int i = 0; i < use->argc; i++) {
        struct xs_message *m;
        int rc = ask(use, XS_DIRECTORY, use->argv[i], &m);

        if (rc < 0)
            return failed(use, use->argv[i], rc);
        for (const char *at = xs_payload(m); *at; at += strlen(at) + 1)
            printf("%s\n", at);
        free(m);
    }
    return 0;
}

static void print_perms(const struct use *use, const char *path)
{
    struct xs_message *m;

    if (ask(use, XS_GET_PERMS, path, &m) < 0)
        return;
    for (const char *at = xs_payload(m); *at; at += strlen(at) + 1)
        printf("%s%s", at == xs_payload(m) ? "   (" : ",", at);
    printf(")");
    free(m);
}

/* Print one node, as it is shown among those @depth levels down. */
static void print_node(const struct use *use, const char *path, unsigned int depth)
{
    struct xs_message *m;

    if (ask(use, XS_READ, path, &m) < 0)
        return; /* gone, or not for us */
    if (use->full)
        printf("%s = \"", path);
    else
        printf("%*s%s = \"", (int)depth, "", strrchr(path, '/') + 1);
    print_value(m);
    printf("\"");
    if (use->perms)
        print_perms(use, path);
    printf("\n");
    free(m);
}

/* All below @path, each node before those below it. */
static int print_tree(const struct use *use, const char *path, unsigned int depth)
{
    struct xs_message *m;

    if (depth == MAX_DEPTH) {
        printf("%*s...\n", use->full ? 0 : (int)depth, "");
        return 0;
    }
    int rc = ask(use, XS_DIRECTORY, path, &m);
    if (rc < 0)
        return failed(use, path, rc);
    for (const char *at = xs_payload(m); *at; at += strlen(at) + 1) {
        size_t size = strlen(path) + strlen(at) + 2;
        char *child = malloc(size);

        if (!child)
            break;
        snprintf(child, size, "%s/%s", strcmp(path, "/") == 0 ? "" : path, at);
        print_node(use, child, depth);
        print_tree(use, child, depth + 1);
        free(child);
    }
    free(m);
    return 0;
}

static int cmd_ls(struct use *use)
{
    int status = 0;

    if (use->argc == 0)
        return print_tree(use, "/", 0);
    for (int i = 0; i < use->argc && status == 0; i++)
        status = print_tree(use, use->argv[i], 0);
    return status;
}

/* Print events that have come.  False: as many as were wanted. */
static bool print_events(struct use *use)
{
    struct xs_message *m;

    while (use->limit != 0 && (m = server_pop(use->conn)) != NULL) {
        printf("%s\n", xs_payload(m));
        free(m);
        use->limit -= use->limit > 0;
    }
    fflush(stdout);
    return use->limit != 0;
}

static int cmd_watch(struct use *use)
{
    char typed[64];

    for (int i = 0; i < use->argc; i++) {
        int rc = xenstored_call(use->conn, XS_WATCH, 0, NULL, "%s%c%s%c", use->argv[i], 0,
                                use->argv[i], 0);
        if (rc < 0)
            return failed(use, use->argv[i], rc);
    }
    while (print_events(use)) {
        size_t nr = plat_console_read(typed, sizeof(typed));

        if (memchr(typed, CTRL_C, nr))
            break;
        plat_wait(-1);
    }
    return 0;
}

static const struct command {
    const char *name; /* behind "xenstore-" */
    int (*run)(struct use *use);
    int min; /* arguments */
    const char *options, *usage;
} commands[] = {
    {"exists", cmd_exists, 1, "", "PATH..."},
    {"list", cmd_list, 1, "", "PATH..."},
    {"ls", cmd_ls, 0, "fp", "[-fp] [PATH...]"},
    {"read", cmd_read, 1, "p", "[-p] PATH..."},
    {"rm", cmd_rm, 1, "", "PATH..."},
    {"watch", cmd_watch, 1, "n", "[-n N] PATH..."},
    {"write", cmd_write, 2, "", "PATH VALUE..."},
};

/* Returns false if the options are not the command's. */
static bool parse_options(struct use *use, const struct command *command)
{
    for (; use->argc && use->argv[0][0] == '-' && use->argv[0][1]; use->argc--, use->argv++) {
        for (const char *o = use->argv[0] + 1; *o; o++) {
            if (!strchr(command->options, *o))
                return false;
            use->full = use->full || *o == 'f';
            use->perms = use->perms || *o == 'p';
            if (*o == 'n' && (o[1] || use->argc < 2))
                return false;
            if (*o == 'n') {
                char *end;

                use->argc--;
                use->argv++;
                use->limit = strtol(use->argv[0], &end, 10);
                if (end == use->argv[0] || *end || use->limit < 1)
                    return false;
                break;
            }
        }
    }
    return use->argc >= command->min;
}

int xenstore_main(int argc, char **argv)
{
    struct use use = {.name = argv[0], .limit = -1, .argc = argc - 1, .argv = argv + 1};
    const char *word = strchr(argv[0], '-');
    size_t i = 0, nr = sizeof(commands) / sizeof(commands[0]);

    while (word && i < nr && strcmp(commands[i].name, word + 1) != 0)
        i++;
    if (!word || i == nr)
        return USAGE;
    if (!parse_options(&use, &commands[i])) {
        fprintf(stderr, "usage: %s %s\n", argv[0], commands[i].usage);
        return USAGE;
    }
    use.conn = xenstored_open();
    if (!use.conn) {
        fprintf(stderr, "%s: not enough memory\n", argv[0]);
        return FAILED;
    }
    int status = commands[i].run(&use);
    server_disconnect(use.conn);
    fflush(stdout);
    return status;
}
