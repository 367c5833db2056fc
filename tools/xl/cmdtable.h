/* SPDX-License-Identifier: MIT */
/*
 * cmdtable.h - the commands of xl as data, from which lookup, option parsing,
 * usage and help are made.
 */
#ifndef TOOLS_XL_CMDTABLE_H
#define TOOLS_XL_CMDTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "libxl/cfg.h"

#define XL_MAX_OPTIONS   8
#define XL_MAX_ARGUMENTS 32

struct xl_option {
    char letter;
    const char *word; /* long form without "--", or NULL */
    const char *arg;  /* name of its argument, or NULL */
    const char *help;
};

/* What stood on the command line, checked against the command's table. */
struct xl_call {
    const struct xl_command *command;
    bool given[XL_MAX_OPTIONS];        /* by index in the table */
    const char *value[XL_MAX_OPTIONS]; /* of options with an argument */
    int argc;                          /* what is not an option */
    char *argv[XL_MAX_ARGUMENTS];
};

struct xl_command {
    const char *name;
    int (*run)(struct xl_call *call); /* returns enum xl_exit */
    const char *arguments;            /* for usage */
    int min_arguments, max_arguments;
    const char *summary;
    struct xl_option options[XL_MAX_OPTIONS]; /* ends with a zero letter */
};

/* xl_command_at - the commands in the order of help; NULL behind the last. */
const struct xl_command *xl_command_at(size_t index);

/*
 * xl_command_find - by name or unambiguous prefix.
 * @candidates  receives a text of what it could mean when ambiguous
 * Returns NULL if there is none or more than one.
 */
const struct xl_command *xl_command_find(const char *name, char *candidates, size_t size);

/*
 * xl_command_parse - options and arguments of @command from @argv, which
 * begins with the command's name.  An argument "--" ends the options.
 * Returns 0; -1 with one sentence in @why.
 */
int xl_command_parse(const struct xl_command *command, int argc, char **argv, struct xl_call *call,
                     char *why, size_t why_size);

/* xl_given - option @letter was given; xl_value - its argument or NULL. */
bool xl_given(const struct xl_call *call, char letter);
const char *xl_value(const struct xl_call *call, char letter);

/* xl_print_usage - the help of one command; xl_print_help - of all. */
void xl_print_usage(const struct xl_command *command);
void xl_print_help(void);

/* Log an error or warning about a place in a configuration; cmd_create.c. */
void report_place(bool error, struct cfg_place place, const char *text);

/* The commands, in cmd_*.c. */
int cmd_create(struct xl_call *call);
int cmd_list(struct xl_call *call);
int cmd_vcpu_list(struct xl_call *call);
int cmd_vcpu_pin(struct xl_call *call);
int cmd_sched_credit2(struct xl_call *call);
int cmd_console(struct xl_call *call);
int cmd_pause(struct xl_call *call);
int cmd_unpause(struct xl_call *call);
int cmd_shutdown(struct xl_call *call);
int cmd_reboot(struct xl_call *call);
int cmd_destroy(struct xl_call *call);
int cmd_save(struct xl_call *call);
int cmd_restore(struct xl_call *call);
int cmd_domid(struct xl_call *call);
int cmd_domname(struct xl_call *call);
int cmd_info(struct xl_call *call);
int cmd_dmesg(struct xl_call *call);
int cmd_debug_keys(struct xl_call *call);
int cmd_help(struct xl_call *call);

#endif
