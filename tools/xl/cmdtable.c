/* SPDX-License-Identifier: MIT */
/*
 * cmdtable.c - see cmdtable.h.  Owns the table of commands.
 */
#include "xl/cmdtable.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct xl_command commands[] = {
    {"create", cmd_create, "[FILE] [key=value ...]", 0, XL_MAX_ARGUMENTS,
     "Make a domain from a configuration file",
     {{'c', "console", NULL, "Attach to its console, until it ends or Ctrl-] is typed"},
      {'p', "paused", NULL, "Leave it paused after creation"},
      {'F', "foreground", NULL, "Wait until it has ended for good"},
      {'n', "dryrun", NULL, "Print the configuration as JSON and make nothing"},
      {'q', "quiet", NULL, "Do not print what is being done"},
      {'f', "defconfig", "FILE", "Configuration file"}}},
    {"list", cmd_list, "[Domain]", 0, 1,
     "List domains",
     {{'l', "long", NULL, "All about them, as JSON"},
      {'v', "verbose", NULL, "Also UUIDs and reasons of shutdown"}}},
    {"console", cmd_console, "Domain", 1, 1,
     "Attach to a domain's console; Ctrl-] detaches",
     {{'e', "escape", "CHAR", "Character to detach with, such as ^] or x"},
      {'t', "type", "TYPE", "Only pv is there"},
      {'n', "num", "N", "Only 0 is there"}}},
    {"pause", cmd_pause, "Domain", 1, 1, "Stop a domain's vCPUs", {{0}}},
    {"unpause", cmd_unpause, "Domain", 1, 1, "Let a paused domain run", {{0}}},
    {"shutdown", cmd_shutdown, "Domain|-a", 0, 1,
     "Ask a domain to power off",
     {{'a', "all", NULL, "All domains but Domain-0"},
      {'w', "wait", NULL, "Wait until it is gone; Ctrl-C ends the wait"},
      {'F', "fallback", NULL, "End it at once if it has no way to be asked"}}},
    {"reboot", cmd_reboot, "Domain|-a", 0, 1,
     "Ask a domain to reboot",
     {{'a', "all", NULL, "All domains but Domain-0"},
      {'w', "wait", NULL, "Wait until it is gone; Ctrl-C ends the wait"},
      {'F', "fallback", NULL, "End it at once if it has no way to be asked"}}},
    {"destroy", cmd_destroy, "Domain", 1, 1, "Kill a domain at once", {{0}}},
    {"save", cmd_save, "Domain File", 2, 2,
     "Write a HVM or PVH domain to a file and destroy it",
     {{'c', "checkpoint", NULL, "Let it run on instead"},
      {'p', "paused", NULL, "Leave it paused instead"}}},
    {"restore", cmd_restore, "File", 1, 1,
     "Let a saved domain go on",
     {{'p', "paused", NULL, "Leave it paused"}}},
    {"domid", cmd_domid, "Name", 1, 1, "Print the number of a domain", {{0}}},
    {"domname", cmd_domname, "Domid", 1, 1, "Print the name of a domain", {{0}}},
    {"vcpu-list", cmd_vcpu_list, "[Domain]", 0, 1, "List vCPUs of one or all domains", {{0}}},
    {"vcpu-pin", cmd_vcpu_pin, "Domain VCPU|all CPUs", 3, 3,
     "Choose the CPUs that a vCPU may run on: all, 3, 0-2,5 ...", {{0}}},
    {"sched-credit2", cmd_sched_credit2, "", 0, 0,
     "Print or set what share of the CPUs domains get",
     {{'d', "domain", "DOMAIN", "Only this one"},
      {'w', "weight", "WEIGHT", "In proportion to other domains; 256 at first"},
      {'c', "cap", "CAP", "At most so many percent of one CPU; 0: no limit"}}},
    {"info", cmd_info, "[Field]", 0, 1, "Print facts about the host, or the value of one", {{0}}},
    {"dmesg", cmd_dmesg, "", 0, 0,
     "Print the hypervisor's messages",
     {{'c', "clear", NULL, "Forget them afterwards"}}},
    {"debug-keys", cmd_debug_keys, "Keys", 1, 1,
     "Press the hypervisor's debug keys (h: help); see 'xl dmesg'", {{0}}},
    {"help", cmd_help, "[Command]", 0, 1, "Print this, or the help of one command", {{0}}},
};
/* clang-format on */

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct xl_command *xl_command_at(size_t index)
{
    return index < NR_COMMANDS ? &commands[index] : NULL;
}

const struct xl_command *xl_command_find(const char *name, char *candidates, size_t size)
{
    const struct xl_command *found = NULL;
    size_t count = 0, len = strlen(name), used = 0;

    candidates[0] = '\0';
    for (size_t i = 0; i < NR_COMMANDS; i++) {
        if (strncmp(commands[i].name, name, len) != 0)
            continue;
        if (commands[i].name[len] == '\0')
            return &commands[i];
        found = &commands[i];
        count++;
        if (used < size)
            used += snprintf(candidates + used, size - used, "%s%s", used ? ", " : "",
                             commands[i].name);
    }
    if (count <= 1)
        candidates[0] = '\0';
    return count == 1 ? found : NULL;
}

static size_t nr_options(const struct xl_command *command)
{
    size_t nr = 0;

    while (nr < XL_MAX_OPTIONS && command->options[nr].letter)
        nr++;
    return nr;
}

/* The option's index, or -1.  "word=value" also matches "word". */
static int find_option(const struct xl_command *command, char letter, const char *word)
{
    for (size_t i = 0; i < nr_options(command); i++) {
        const struct xl_option *o = &command->options[i];

        if (word && o->word && strlen(o->word) == strcspn(word, "=") &&
            strncmp(o->word, word, strlen(o->word)) == 0)
            return i;
        if (!word && o->letter == letter)
            return i;
    }
    return -1;
}

/*
 * One word of options, "--long", "--long=value", "-x", "-xyz" or "-xvalue".
 * Returns how many words it took, or -1.
 */
static int parse_options(struct xl_call *call, int left, char **argv, char *why, size_t why_size)
{
    const char *at = argv[0] + 1;
    bool is_long = *at == '-';

    if (is_long)
        at++;
    while (*at) {
        int i = find_option(call->command, *at, is_long ? at : NULL);

        if (i < 0 && is_long) {
            snprintf(why, why_size, "unknown option '%s'", argv[0]);
            return -1;
        }
        if (i < 0) {
            snprintf(why, why_size, "unknown option '-%c'", *at);
            return -1;
        }
        const struct xl_option *o = &call->command->options[i];
        const char *rest = is_long ? at + strlen(o->word) : at + 1;
        call->given[i] = true;
        if (!o->arg && is_long && *rest) {
            snprintf(why, why_size, "option '--%s' takes no argument", o->word);
            return -1;
        }
        if (o->arg) {
            call->value[i] = *rest ? rest + is_long : left > 1 ? argv[1] : NULL;
            if (!call->value[i]) {
                snprintf(why, why_size, "option '%s' needs an argument", argv[0]);
                return -1;
            }
            return *rest ? 1 : 2;
        }
        at = rest;
    }
    return 1;
}

int xl_command_parse(const struct xl_command *command, int argc, char **argv, struct xl_call *call,
                     char *why, size_t why_size)
{
    bool options = true;

    memset(call, 0, sizeof(*call));
    call->command = command;
    for (int i = 1; i < argc;) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            i++;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            int took = parse_options(call, argc - i, argv + i, why, why_size);

            if (took < 0)
                return -1;
            i += took;
        } else if (call->argc == XL_MAX_ARGUMENTS) {
            snprintf(why, why_size, "more than %d arguments", XL_MAX_ARGUMENTS);
            return -1;
        } else {
            call->argv[call->argc++] = argv[i++];
        }
    }
    if (call->argc < command->min_arguments)
        snprintf(why, why_size, "'%s' needs %s", command->name, command->arguments);
    else if (call->argc > command->max_arguments)
        snprintf(why, why_size, "unexpected argument '%s'", call->argv[command->max_arguments]);
    else
        return 0;
    return -1;
}

bool xl_given(const struct xl_call *call, char letter)
{
    int i = find_option(call->command, letter, NULL);

    return i >= 0 && call->given[i];
}

const char *xl_value(const struct xl_call *call, char letter)
{
    int i = find_option(call->command, letter, NULL);

    return i >= 0 ? call->value[i] : NULL;
}

void xl_print_usage(const struct xl_command *command)
{
    size_t nr = nr_options(command);

    printf("Usage: xl %s%s%s%s\n\n%s.\n", command->name, nr ? " [options]" : "",
           command->arguments[0] ? " " : "", command->arguments, command->summary);
    if (nr)
        printf("\nOptions:\n");
    for (size_t i = 0; i < nr; i++) {
        const struct xl_option *o = &command->options[i];
        char form[40];

        snprintf(form, sizeof(form), "-%c%s%s, --%s%s%s", o->letter, o->arg ? " " : "",
                 o->arg ? o->arg : "", o->word, o->arg ? "=" : "", o->arg ? o->arg : "");
        printf("  %-30s %s\n", form, o->help);
    }
}

void xl_print_help(void)
{
    printf("Usage: xl [-v] <command> [arguments]\n\nCommands (unambiguous beginnings do):\n");
    for (size_t i = 0; i < NR_COMMANDS; i++)
        printf(" %-12s %s\n", commands[i].name, commands[i].summary);
    printf("\n'xl help <command>' tells more about one.\n");
}
