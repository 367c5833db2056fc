/* SPDX-License-Identifier: MIT */
/*
 * main.c - xl: finds the command, checks its options, runs it.
 */
#include "xl/xl.h"

#include <stdio.h>
#include <string.h>

#include "libxl/log.h"
#include "xl/cmdtable.h"

int cmd_help(struct xl_call *call)
{
    char candidates[120];

    if (call->argc == 0) {
        xl_print_help();
        return XL_OK;
    }
    const struct xl_command *command =
        xl_command_find(call->argv[0], candidates, sizeof(candidates));
    if (!command) {
        log_error("no command '%s' (see 'xl help')", call->argv[0]);
        return XL_USAGE;
    }
    xl_print_usage(command);
    return XL_OK;
}

static const struct xl_command *find_command(const char *name)
{
    char candidates[120];

    const struct xl_command *command = xl_command_find(name, candidates, sizeof(candidates));
    if (!command && candidates[0])
        log_error("command '%s' could be: %s", name, candidates);
    else if (!command)
        log_error("no command '%s' (see 'xl help')", name);
    return command;
}

int xl_main(int argc, char **argv)
{
    struct xl_call call;
    char why[160];
    int first = 1;

    /* Nothing is verbose here, but scripts written for Xen say -v. */
    while (first < argc && strcmp(argv[first], "-v") == 0)
        first++;
    if (first >= argc) {
        xl_print_help();
        return XL_USAGE;
    }
    if (strcmp(argv[first], "-h") == 0 || strcmp(argv[first], "--help") == 0) {
        xl_print_help();
        return XL_OK;
    }
    const struct xl_command *command = find_command(argv[first]);
    if (!command)
        return XL_USAGE;
    for (int i = first + 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            xl_print_usage(command);
            return XL_OK;
        }
    }
    if (xl_command_parse(command, argc - first, argv + first, &call, why, sizeof(why)) < 0) {
        log_error("%s (see 'xl help %s')", why, command->name);
        return XL_USAGE;
    }
    int rc = command->run(&call);
    fflush(stdout);
    return rc;
}
