/* SPDX-License-Identifier: MIT */
/*
 * cmd_create.c - xl create: options and messages; libxl does the work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/create.h"
#include "libxl/host.h"
#include "libxl/log.h"
#include "plat.h"
#include "xl/attach.h"
#include "xl/cmdtable.h"
#include "xl/json.h"
#include "xl/parse.h"
#include "xl/xl.h"

/* Error and warning texts about a configuration carry their place. */
void report_place(bool error, struct cfg_place place, const char *text)
{
    log_message(error ? LOG_ERROR : LOG_WARNING, "%s:%u:%u: %s", place.file, place.line,
                place.column, text);
}

static int parse_text(struct cfg *cfg, const char *source, const char *text, size_t len)
{
    struct parse_error error;

    if (parse_cfg(cfg, source, text, len, &error) < 0) {
        report_place(true, error.place, error.text);
        return -1;
    }
    return 0;
}

/*
 * An override key=value.  Its quotes rarely get through a shell, so a value
 * that is a plain word counts as a string.
 */
static int parse_override(struct cfg *cfg, const char *text)
{
    static const char plain[] = "0123456789,:+-abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ/_.";
    const char *value = strchr(text, '=') + 1;
    char quoted[256];

    /* It begins with none of what a number may begin with. */
    if (*value && strchr(strchr(plain, 'a'), *value) && value[strspn(value, plain)] == '\0') {
        int len = snprintf(quoted, sizeof(quoted), "%.*s\"%s\"", (int)(value - text), text, value);

        if (len < (int)sizeof(quoted))
            text = quoted;
    }
    return parse_text(cfg, "argument", text, strlen(text));
}

/* The file and then the overrides, which are the arguments with a '='. */
static int read_settings(struct xl_call *call, struct cfg *cfg, const char *file)
{
    if (file) {
        char why[200];
        size_t len;
        char *text = host_read_file(file, &len, why, sizeof(why));

        if (!text) {
            log_error("%s", why);
            return -1;
        }
        int rc = parse_text(cfg, file, text, len);
        free(text);
        if (rc < 0)
            return -1;
    }
    for (int i = 0; i < call->argc; i++) {
        if (strchr(call->argv[i], '=') && parse_override(cfg, call->argv[i]) < 0)
            return -1;
    }
    return 0;
}

/* The configuration file's name: -f, or the one argument without '='. */
static int find_file(struct xl_call *call, const char **file)
{
    *file = xl_value(call, 'f');
    for (int i = 0; i < call->argc; i++) {
        if (strchr(call->argv[i], '='))
            continue;
        if (*file) {
            log_error("more than one configuration file: '%s' and '%s'", *file, call->argv[i]);
            return -1;
        }
        *file = call->argv[i];
    }
    if (!*file && call->argc == 0) {
        log_error("no configuration file given (see 'xl help create')");
        return -1;
    }
    return 0;
}

/* Wait through restarts, until no domain of that name runs any more. */
static void wait_foreground(struct pvcon *console)
{
    for (;;) {
        attach_wait_end(console);
        attach_print_end(console);
        /* The daemon thread acts on the end before it lets others run. */
        const struct domain *again = domain_find_name(pvcon_name(console));
        if (!again || again->state != DOMAIN_ALIVE || !again->console ||
            again->domid == pvcon_domid(console))
            break;
        struct pvcon *next = pvcon_get(again->console);
        pvcon_put(console);
        console = next;
    }
    pvcon_put(console);
}

/* Attached before it runs, so that nothing it prints can be lost. */
static int run_created(struct xl_call *call, struct domain *d)
{
    struct pvcon *console = pvcon_get(d->console);
    int result = XL_OK;

    if (xl_given(call, 'c')) {
        pvcon_reader_enter(console);
        if (!xl_given(call, 'p')) {
            int rc = ctl_domain_unpause(d->domid);

            if (rc < 0) {
                log_error("%s: cannot let it run: %s", d->config.name, ctl_strerror(rc));
                domain_destroy(d->domid, CONSOLE_NEVER_RAN);
                result = XL_FAILED;
            }
        }
        if (result == XL_OK && attach_console(console, ATTACH_ESCAPE))
            attach_print_end(console);
        pvcon_reader_leave(console);
    } else if (xl_given(call, 'F')) {
        wait_foreground(pvcon_get(console));
    }
    pvcon_put(console);
    return result;
}

static int create(struct xl_call *call, const struct domain_config *config)
{
    struct domain *d;
    bool paused = xl_given(call, 'p') || xl_given(call, 'c');

    if (xl_given(call, 'n')) {
        struct json j = {.out = stdout};

        json_config(&j, NULL, config);
        return XL_OK;
    }
    if (domain_create(config, paused, &d) < 0)
        return XL_FAILED;
    return run_created(call, d);
}

int cmd_create(struct xl_call *call)
{
    struct domain_config config = {0};
    struct cfg cfg = {NULL};
    const char *file;
    int result = XL_FAILED;

    if (find_file(call, &file) < 0)
        return XL_USAGE;
    if (file && !xl_given(call, 'q') && !xl_given(call, 'n'))
        printf("Parsing config from %s\n", file);
    if (read_settings(call, &cfg, file) == 0 &&
        config_build(&config, &cfg, file ? file : "argument", report_place) == 0)
        result = create(call, &config);
    config_free(&config);
    cfg_free(&cfg);
    return result;
}
