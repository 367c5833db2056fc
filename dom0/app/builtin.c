/* SPDX-License-Identifier: MIT */
/*
 * builtin.c - the shell's own commands.  Statuses as usual: 0 done, 1 failed
 * with a message on stderr, 2 wrong usage.
 */
#include "app/builtin.h"

#include <stdint.h>
#include <xen/sched.h>
#include <xen/version.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/shell.h"
#include "app/tools.h"
#include "drivers/console.h"
#include "fs/path.h"
#include "fs/ramfs.h"
#include "kernel/hypercall.h"
#include "kernel/kernel.h"
#include "kernel/mm.h"
#include "kernel/time.h"
#include "plat.h"

#define STATUS_USAGE 2

static int cmd_help(int argc, char **argv);

static int usage(const char *name)
{
    fprintf(stderr, "usage: %s\n", builtin_find(name)->usage);
    return STATUS_USAGE;
}

static int failed(const char *name, const char *path, int error)
{
    fprintf(stderr, "%s: %s: %s\n", name, path, strerror(error));
    return 1;
}

static void ls_print(const struct ramfs_node *n, const char *name, bool is_long)
{
    if (is_long)
        printf("%c %10lu %s%s\n", n->is_folder ? 'd' : '-', n->size, name, n->is_folder ? "/" : "");
    else
        printf("%s%s\n", name, n->is_folder ? "/" : "");
}

static int ls_path(const char *path, bool is_long, bool with_title)
{
    struct ramfs_node *node;
    int rc = ramfs_lookup(path, &node);

    if (rc)
        return failed("ls", path, -rc);
    if (!node->is_folder) {
        ls_print(node, path, is_long);
        return 0;
    }
    if (with_title)
        printf("%s:\n", path);
    for (const struct ramfs_node *n = node->children; n; n = n->next)
        ls_print(n, n->name, is_long);
    return 0;
}

static int cmd_ls(int argc, char **argv)
{
    bool is_long = argc > 1 && !strcmp(argv[1], "-l");
    int first = is_long ? 2 : 1, status = 0;

    if (argc > first && argv[first][0] == '-')
        return usage("ls");
    if (argc == first)
        return ls_path("/", is_long, false);
    for (int i = first; i < argc; i++)
        status |= ls_path(argv[i], is_long, argc > first + 1);
    return status;
}

static int cat_path(const char *path)
{
    char buf[512];
    size_t n;
    FILE *f = fopen(path, "r");

    if (!f)
        return failed("cat", path, errno);
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        fwrite(buf, 1, n, stdout);

    int rc = ferror(f) ? failed("cat", path, errno) : 0;

    fclose(f);
    return rc;
}

static int cmd_cat(int argc, char **argv)
{
    int status = 0;

    if (argc < 2)
        return usage("cat");
    for (int i = 1; i < argc; i++)
        status |= cat_path(argv[i]);
    return status;
}

static int cmd_echo(int argc, char **argv)
{
    bool newline = !(argc > 1 && !strcmp(argv[1], "-n"));

    for (int i = newline ? 1 : 2; i < argc; i++)
        printf("%s%s", argv[i], i + 1 < argc ? " " : "");
    if (newline)
        putchar('\n');
    return 0;
}

static int rm_path(const char *path, bool force, bool recursive)
{
    struct ramfs_node *node;
    int rc = ramfs_lookup(path, &node), status = 0;

    if (rc == -ENOENT && force)
        return 0;
    if (!rc && node->is_folder && !recursive)
        rc = -EISDIR;
    if (rc)
        return failed("rm", path, -rc);

    while (node->children && !status) {
        char child[2 * PATH_LEN];

        snprintf(child, sizeof(child), "%s/%s", path, node->children->name);
        status = rm_path(child, force, true);
    }
    if (status)
        return status;
    rc = ramfs_unlink(path);
    return rc ? failed("rm", path, -rc) : 0;
}

static int cmd_rm(int argc, char **argv)
{
    bool force = false, recursive = false;
    int i, status = 0;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strspn(argv[i] + 1, "rf") != strlen(argv[i] + 1) || !argv[i][1])
            return usage("rm");
        force |= strchr(argv[i], 'f') != NULL;
        recursive |= strchr(argv[i], 'r') != NULL;
    }
    if (i == argc && !force)
        return usage("rm");
    for (; i < argc; i++)
        status |= rm_path(argv[i], force, recursive);
    return status;
}

static int stop(const char *name, int argc, unsigned int reason)
{
    if (argc > 1)
        return usage(name);
    fflush(NULL);
    kernel_shutdown(reason);
}

static int cmd_poweroff(int argc, char **argv)
{
    return stop("poweroff", argc, SHUTDOWN_poweroff);
}

static int cmd_reboot(int argc, char **argv)
{
    return stop("reboot", argc, SHUTDOWN_reboot);
}

static int cmd_sleep(int argc, char **argv)
{
    char *rest;
    double seconds = argc == 2 ? strtod(argv[1], &rest) : -1;

    if (!(seconds >= 0 && seconds <= 1e9) || rest == argv[1] || *rest)
        return usage("sleep");

    uint64_t end = plat_now_ns() + (uint64_t)(seconds * 1e9), now;

    while ((now = plat_now_ns()) < end) {
        uint64_t ms = (end - now + 999999) / 1000000;

        plat_wait(ms < 60000 ? (int)ms : 60000);
        if (console_take_interrupt())
            return SHELL_INTERRUPTED;
    }
    return 0;
}

static int cmd_free(int argc, char **argv)
{
    struct mm_stats mm;

    mm_get_stats(&mm);
    printf("KiB    total       used       free       heap page tables\n");
    printf("  %10lu %10lu %10lu %10lu %11lu\n", mm.total * 4, mm.used * 4, (mm.total - mm.used) * 4,
           ((unsigned long)sbrk(0) - HEAP_BASE) / 1024, mm.tables * 4);
    return 0;
}

static int cmd_true(int argc, char **argv)
{
    return 0;
}

static int cmd_false(int argc, char **argv)
{
    return 1;
}

static int cmd_sh(int argc, char **argv)
{
    return argc == 2 ? shell_run_file(argv[1]) : usage("sh");
}

static void version_hypercall(void)
{
    hypercall(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);
}

/* The second time everything is warm. */
static int cmd_ticks(int argc, char **argv)
{
    const struct builtin *b = argc > 1 ? builtin_find(argv[1]) : NULL;
    uint64_t before = time_tsc();
    int status = 0;

    if (argc > 1 && !b)
        return failed("ticks", argv[1], ENOENT);
    if (b) {
        status = b->main(argc - 1, argv + 1);
    } else {
        version_hypercall();
        before = time_tsc();
        version_hypercall();
    }
    printf("ticks: %llu\n", (unsigned long long)(time_tsc() - before));
    return status;
}

#define BUILTINS(X)                                                                            \
    X("cat", cmd_cat, "cat FILE...", "print files")                                            \
    X("echo", cmd_echo, "echo [-n] [WORD...]", "print words")                                  \
    X("false", cmd_false, "false", "fail")                                                     \
    X("free", cmd_free, "free", "memory of this domain")                                       \
    X("help", cmd_help, "help [COMMAND]", "this list")                                         \
    X("ls", cmd_ls, "ls [-l] [PATH...]", "list folders")                                       \
    X("poweroff", cmd_poweroff, "poweroff", "switch the machine off")                          \
    X("reboot", cmd_reboot, "reboot", "restart the machine")                                   \
    X("rm", cmd_rm, "rm [-rf] FILE...", "remove files")                                        \
    X("sh", cmd_sh, "sh FILE", "run the lines of a file")                                      \
    X("sleep", cmd_sleep, "sleep SECONDS", "wait; ctrl-C ends it")                             \
    X("ticks", cmd_ticks, "ticks [COMMAND...]", "what a command takes; alone: a hypercall")    \
    X("true", cmd_true, "true", "succeed")                                                     \
    X("xenstore-exists", tools_xenstore, "xenstore-exists PATH...", "are there all of these?") \
    X("xenstore-list", tools_xenstore, "xenstore-list PATH...", "names below")                 \
    X("xenstore-ls", tools_xenstore, "xenstore-ls [-fp] [PATH...]", "the tree of xenstore")    \
    X("xenstore-read", tools_xenstore, "xenstore-read [-p] PATH...", "values")                 \
    X("xenstore-rm", tools_xenstore, "xenstore-rm PATH...", "remove nodes with all below")     \
    X("xenstore-watch", tools_xenstore, "xenstore-watch [-n N] PATH...",                       \
      "print changes; ctrl-C ends it")                                                         \
    X("xenstore-write", tools_xenstore, "xenstore-write PATH VALUE...", "set values")          \
    X("xl", tools_xl, "xl COMMAND...", "create and control guests; see xl help")

#define BUILTIN_ENTRY(name, main, usage, help) {name, main, usage, help},
#define BUILTIN_NAME(name, main, usage, help)  name,

static const struct builtin builtins[] = {BUILTINS(BUILTIN_ENTRY)};
const char *const builtin_names[] = {BUILTINS(BUILTIN_NAME) NULL};

const struct builtin *builtin_find(const char *name)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
        if (!strcmp(builtins[i].name, name))
            return &builtins[i];
    return NULL;
}

static int cmd_help(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
        if (argc < 2 || !strcmp(argv[1], builtins[i].name))
            printf("%-22s %s\n", builtins[i].usage, builtins[i].help);
    if (argc < 2)
        printf("A ; B   A && B   A || B   'quotes' \"quotes\"   $?   # comment\n");
    else if (!builtin_find(argv[1]))
        return failed("help", argv[1], ENOENT);
    return 0;
}
