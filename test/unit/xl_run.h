/* SPDX-License-Identifier: MIT */
/*
 * xl_run.h - command lines of the tools on the fake host: for test_tools_xl*.c,
 * each of which has its own copy.
 */
#ifndef TEST_XL_RUN_H
#define TEST_XL_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "consoled/consoled.h"
#include "elf_make.h"
#include "fake_plat.h"
#include "libxl/domain.h"
#include "libxl/log.h"
#include "xl/xl.h"

#define FREE_MB 256

static char logged[2048]; /* error and warning lines */
static char *printed;     /* stdout of the last run */
static size_t printed_len;
static char dir[] = "/tmp/cairn-xl-XXXXXX";
static char kernel[64], cfg_file[64];

static inline void keep_log(enum log_level level, const char *line)
{
    strncat(logged, line, sizeof(logged) - strlen(logged) - 2);
    strcat(logged, "\n");
}

/* Run one command line, words separated by blanks. */
static inline int run(int (*entry)(int argc, char **argv), const char *line)
{
    char copy[512], *argv[24], *save;
    int argc = 0;
    FILE *old = stdout;

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    argv[argc] = NULL;
    logged[0] = '\0';
    free(printed);
    printed = NULL;
    stdout = open_memstream(&printed, &printed_len);
    int rc = entry(argc, argv);
    fclose(stdout);
    stdout = old;
    return rc;
}

static inline int xl(const char *line)
{
    char whole[512];

    snprintf(whole, sizeof(whole), "xl %s", line);
    return run(xl_main, whole);
}

static inline void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "w");

    fwrite(bytes, 1, len, file);
    fclose(file);
}

static struct small32 elf;

static inline int setup(void **state)
{
    fake_reset(FREE_MB);
    elf = elf_make32();
    elf.segments[0].p_vaddr = elf.segments[0].p_paddr = 0x100010;
    elf.segments[0].p_memsz = 0x4000;
    memset(elf.code, 'k', sizeof(elf.code));
    write_file(kernel, &elf, sizeof(elf));

    char text[300];
    snprintf(text, sizeof(text),
             "name=\"cairn-unit\"\ntype=\"hvm\"\nmemory=16\nfirmware_override=\"%s\"\n"
             "on_reboot = \"destroy\"\n",
             kernel);
    write_file(cfg_file, text, strlen(text));
    log_set_sink(keep_log);
    return 0;
}

/* Destroys what a test left, so that the next starts with no domains. */
static inline int teardown(void **state)
{
    struct domain *d;

    while ((d = domain_each(NULL)) != NULL)
        domain_destroy(d->domid, CONSOLE_NEVER_RAN);
    fake.on_wait = NULL;
    free(printed);
    printed = NULL;
    unlink("/tmp/guest-cairn-unit.log");
    return 0;
}

static char command[256];
static inline const char *with_cfg(const char *options, const char *overrides)
{
    snprintf(command, sizeof(command), "create %s %s %s", options, cfg_file, overrides);
    return command;
}

static inline void expect_failure(const char *line, int code, const char *words)
{
    int rc = xl(line);

    if (rc != code || !strstr(logged, words) || !strchr(logged, '\n') ||
        strchr(logged, '\n')[1] != '\0')
        fail_msg("'%s' gave %d: %s", line, rc, logged);
}

static inline void do_step(void)
{
    consoled_step(true);
}

/* Where setup() puts the kernel and its configuration.  False: nowhere. */
static inline bool make_folder(void)
{
    if (!mkdtemp(dir))
        return false;
    snprintf(kernel, sizeof(kernel), "%s/kernel", dir);
    snprintf(cfg_file, sizeof(cfg_file), "%s/a.cfg", dir);
    return true;
}

static inline void remove_folder(void)
{
    unlink(kernel);
    unlink(cfg_file);
    rmdir(dir);
}

#endif
