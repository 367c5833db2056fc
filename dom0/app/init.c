/* SPDX-License-Identifier: MIT */
/* init.c - from a running kernel to the prompt; see init.h. */
#include "app/init.h"

#include <stdio.h>
#include <string.h>

#include "app/shell.h"
#include "app/tools.h"
#include "fs/path.h"
#include "fs/ramfs.h"
#include "kernel/kernel.h"
#include "kernel/mm.h"
#include "kernel/time.h"

/*
 * Copies the value of the word @name of @cmdline to @value: what is behind its
 * '=', or nothing.  Says if the word is there.
 */
static bool option_find(const char *cmdline, const char *name, char *value, size_t size)
{
    size_t len = strlen(name);

    for (const char *p = cmdline; *p;) {
        size_t word = strcspn(p, " ");

        if (word >= len && !strncmp(p, name, len) && (word == len || p[len] == '=')) {
            size_t skip = word == len ? len : len + 1;

            sniprintf(value, size, "%.*s", (int)(word - skip), p + skip);
            return true;
        }
        p += word;
        p += strspn(p, " ");
    }
    return false;
}

static void make_folders(void)
{
    static const char *const folders[] = {"/etc", "/tmp", "/var/log/xen/console"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        int rc = ramfs_mkdir(folders[i], true);

        if (rc)
            printf("%s: %s\n", folders[i], strerror(-rc));
    }
}

static void load_ramdisk(void)
{
    const start_info_t *si = boot.si;
    size_t at;

    if (!si->mod_start || !si->mod_len)
        return;

    int rc = ramfs_load((const void *)si->mod_start, si->mod_len, &at);

    if (rc)
        printf("ramdisk: cannot read on at byte %lu of %lu: %s\n", at, si->mod_len, strerror(-rc));
}

static void run_start_script(const char *cmdline)
{
    char path[PATH_LEN] = "";
    char none[2];
    struct ramfs_node *node;
    bool named = option_find(cmdline, "init", path, sizeof(path));

    if (option_find(cmdline, "nostart", none, sizeof(none)))
        return;
    if (!named)
        strcpy(path, "/etc/rc");
    if (named || !ramfs_lookup(path, &node))
        shell_run_file(path);
}

void init_main(const char *cmdline)
{
    struct mm_stats stats;

    mm_get_stats(&stats);
    printf("Cairn dom0 " CAIRN_VERSION ": %lu KiB of memory, ramdisk %lu KiB\n", stats.total * 4,
           boot.si->mod_len / 1024);
    load_ramdisk();
    make_folders();
    tools_start();
    /* What is left of the way to the prompt is the user's script, if any. */
    printf("Cairn dom0: ready after %lu thousand TSC ticks\n",
           (unsigned long)(time_tsc() - boot.tsc) / 1000);
    run_start_script(cmdline);
    shell_run_console();
}
