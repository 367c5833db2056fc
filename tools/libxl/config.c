/* SPDX-License-Identifier: MIT */
/*
 * config.c - parsed settings to a checked domain configuration.
 *
 * Owns the table of keys: what each means, its range, and which are known to
 * Xen but do nothing here.  Pure: no hypercalls, no files.
 */
#include "libxl/config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libctl/libctl.h"
#include "libxl/cpulist.h"

enum key_kind {
    KEY_STRING,
    KEY_NUMBER,
    KEY_BOOL,
    KEY_TYPE,
    KEY_ACTION,
    KEY_TSC_MODE,
    KEY_UUID,
    KEY_CPUS,
    KEY_SILENT, /* accepted: what it asks for is how things are anyway */
    KEY_NO_EFFECT,
    KEY_ABSENT, /* the same, but 0 asks for nothing, and a list for what it names: refused */
};

struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;
    uint64_t min, max;
};

#define AT(field) offsetof(struct domain_config, field)

/* clang-format off */
static const struct key keys[] = {
    {"name",                KEY_STRING, AT(name)},
    {"type",                KEY_TYPE,   AT(type)},
    {"uuid",                KEY_UUID,   AT(uuid)},
    {"memory",              KEY_NUMBER, AT(memory_mb), 1, 16u << 20},
    {"maxmem",              KEY_NUMBER, AT(maxmem_mb), 1, 16u << 20},
    {"vcpus",               KEY_NUMBER, AT(vcpus), 1, CONFIG_MAX_VCPUS},
    {"maxvcpus",            KEY_NUMBER, AT(maxvcpus), 1, CONFIG_MAX_VCPUS},
    {"cpus",                KEY_CPUS,   AT(cpus)},
    {"cpu_weight",          KEY_NUMBER, AT(cpu_weight), 1, 65535},
    {"cap",                 KEY_NUMBER, AT(cap), 0, 65535},
    {"kernel",              KEY_STRING, AT(kernel)},
    {"firmware_override",   KEY_STRING, AT(firmware_override)},
    {"ramdisk",             KEY_STRING, AT(ramdisk)},
    {"cmdline",             KEY_STRING, AT(cmdline)},
    {"root",                KEY_STRING, AT(root)},
    {"extra",               KEY_STRING, AT(extra)},
    {"hap",                 KEY_BOOL,   AT(hap)},
    {"oos",                 KEY_BOOL,   AT(oos)},
    {"shadow_memory",       KEY_NUMBER, AT(shadow_mb), 1, 1u << 20},
    {"max_event_channels",  KEY_NUMBER, AT(max_event_channels), 1, 0x7fffffff},
    {"max_grant_frames",    KEY_NUMBER, AT(max_grant_frames), 0, 0x7fffffff},
    {"max_maptrack_frames", KEY_NUMBER, AT(max_maptrack_frames), 0, 0x7fffffff},
    {"max_grant_version",   KEY_NUMBER, AT(max_grant_version), 1, 2},
    {"tsc_mode",            KEY_TSC_MODE, AT(tsc_mode)},
    {"tsc_khz",             KEY_NUMBER, AT(tsc_khz), 0, UINT32_MAX},
    {"on_poweroff",         KEY_ACTION, AT(on_poweroff)},
    {"on_reboot",           KEY_ACTION, AT(on_reboot)},
    {"on_crash",            KEY_ACTION, AT(on_crash)},
    {"on_watchdog",         KEY_ACTION, AT(on_watchdog)},
    {"on_soft_reset",       KEY_ACTION, AT(on_soft_reset)},
    {"builder",             KEY_SILENT}, {"loader",          KEY_SILENT},
    {"device_model_version", KEY_SILENT}, {"pool",           KEY_SILENT},
    {"nomigrate",           KEY_SILENT}, {"seclabel",        KEY_SILENT},
    {"localtime",           KEY_SILENT}, {"driver_domain",   KEY_SILENT},
    {"vif",      KEY_NO_EFFECT}, {"disk",     KEY_NO_EFFECT},
    {"vfb",      KEY_NO_EFFECT}, {"usb",      KEY_NO_EFFECT},
    {"usbdev",   KEY_NO_EFFECT}, {"pci",      KEY_NO_EFFECT},
    {"serial",   KEY_NO_EFFECT}, {"vnc",      KEY_NO_EFFECT},
    {"sdl",      KEY_NO_EFFECT}, {"boot",     KEY_NO_EFFECT},
    {"cpuid",    KEY_NO_EFFECT}, {"cpus_soft", KEY_NO_EFFECT},
    {"firmware", KEY_NO_EFFECT},
    {"bios",     KEY_NO_EFFECT}, {"acpi",     KEY_NO_EFFECT},
    {"apic",     KEY_NO_EFFECT}, {"pae",      KEY_NO_EFFECT},
    {"nx",       KEY_NO_EFFECT}, {"hpet",     KEY_NO_EFFECT},
    {"timer_mode", KEY_NO_EFFECT},
    {"altp2m",   KEY_NO_EFFECT}, {"vpmu",     KEY_NO_EFFECT},
    {"msr_relaxed", KEY_NO_EFFECT}, {"mca_caps", KEY_NO_EFFECT},
    {"passthrough", KEY_NO_EFFECT}, {"rtc_timeoffset", KEY_NO_EFFECT},
    {"xen_platform_pci", KEY_NO_EFFECT}, {"bootloader", KEY_NO_EFFECT},
    {"nestedhvm", KEY_ABSENT}, {"viridian", KEY_ABSENT},
};
/* clang-format on */

static const char *const type_names[] = {
    [DOMAIN_PV] = "pv",
    [DOMAIN_HVM] = "hvm",
    [DOMAIN_PVH] = "pvh",
};

static const char *const action_names[] = {
    [ACTION_DESTROY] = "destroy",
    [ACTION_RESTART] = "restart",
    [ACTION_RENAME_RESTART] = "rename-restart",
    [ACTION_PRESERVE] = "preserve",
    [ACTION_COREDUMP_DESTROY] = "coredump-destroy",
    [ACTION_COREDUMP_RESTART] = "coredump-restart",
    [ACTION_SOFT_RESET] = "soft-reset",
};

static const char *const tsc_mode_names[] = {
    [TSC_DEFAULT] = "default",
    [TSC_NATIVE] = "native",
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* What reading needs at hand. */
struct build {
    struct domain_config *config;
    config_report *report;
    struct cfg_place file;
};

__attribute__((format(printf, 3, 4))) static int fail(const struct build *b, struct cfg_place place,
                                                      const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    b->report(true, place, text);
    return -1;
}

/* The index of @text in @names, or -1. */
static int find_name(const char *const *names, size_t nr, const char *text)
{
    for (size_t i = 0; i < nr; i++) {
        if (strcmp(names[i], text) == 0)
            return i;
    }
    return -1;
}

/* Numbers may be quoted, as Xen accepts it too. */
static int read_number(const struct build *b, const struct cfg_setting *s, uint64_t *out)
{
    if (s->value->type == CFG_NUMBER) {
        *out = s->value->number;
        return 0;
    }
    if (s->value->type == CFG_STRING && s->value->text[0] >= '0' && s->value->text[0] <= '9') {
        char *end;

        *out = strtoull(s->value->text, &end, 0);
        if (*end == '\0')
            return 0;
    }
    return fail(b, s->value->place, "'%s' needs a number", s->key);
}

static int read_ranged(const struct build *b, const struct key *key, const struct cfg_setting *s,
                       uint64_t *out)
{
    if (read_number(b, s, out) < 0)
        return -1;
    if (*out < key->min || *out > key->max)
        return fail(b, s->value->place, "'%s' must be between %llu and %llu", s->key,
                    (unsigned long long)key->min, (unsigned long long)key->max);
    return 0;
}

static int read_name(const struct build *b, const struct cfg_setting *s, const char *const *names,
                     size_t nr, uint64_t *out)
{
    int index = s->value->type == CFG_STRING ? find_name(names, nr, s->value->text) : -1;

    if (index >= 0) {
        *out = index;
        return 0;
    }
    char known[120] = "";
    for (size_t i = 0; i < nr; i++) {
        strncat(known, i ? ", " : "", sizeof(known) - strlen(known) - 1);
        strncat(known, names[i], sizeof(known) - strlen(known) - 1);
    }
    return fail(b, s->value->place, "'%s' must be one of: %s", s->key, known);
}

static int read_string(const struct build *b, const struct cfg_setting *s, char **out)
{
    if (s->value->type == CFG_LIST)
        return fail(b, s->value->place, "'%s' needs a string", s->key);
    *out = strdup(s->value->text);
    return *out ? 0 : fail(b, s->value->place, "not enough memory");
}

static int read_uuid(const struct build *b, const struct cfg_setting *s, uint8_t *uuid)
{
    const char *at = s->value->type == CFG_STRING ? s->value->text : "";
    size_t nibble = 0;

    for (; *at; at++) {
        static const char digits[] = "0123456789abcdef";
        const char *found = strchr(digits, *at >= 'A' && *at <= 'F' ? *at - 'A' + 'a' : *at);

        if (*at == '-')
            continue;
        if (!found || nibble >= 32)
            break;
        uuid[nibble / 2] = uuid[nibble / 2] << 4 | (found - digits);
        nibble++;
    }
    if (*at || nibble != 32)
        return fail(b, s->value->place, "'uuid' needs 32 hexadecimal digits, with '-' as you like");
    return 0;
}

/* One set of CPUs for all vCPUs, or a list with one each. */
static int read_cpus(const struct build *b, const struct cfg_setting *s, uint64_t *cpus)
{
    bool list = s->value->type == CFG_LIST;

    for (size_t i = 0; i < CONFIG_MAX_VCPUS; i++) {
        const struct cfg_value *v = s->value;

        if (list)
            v = i < v->nr_items ? v->items[i] : NULL;
        if (!v)
            cpus[i] = 0;
        else if (v->type == CFG_LIST || cpulist_parse(v->text, &cpus[i]) < 0)
            return fail(b, v->place, "'cpus' needs sets of CPUs, such as \"all\" or \"0-2,5\"");
    }
    return 0;
}

static int read_setting(const struct build *b, const struct key *key, const struct cfg_setting *s)
{
    void *field = (char *)b->config + key->offset;
    char text[120];

    switch (key->kind) {
    case KEY_STRING:
        return read_string(b, s, field);
    case KEY_NUMBER:
        return read_ranged(b, key, s, field);
    case KEY_BOOL:
        if (read_number(b, s, field) < 0)
            return -1;
        *(uint64_t *)field = *(uint64_t *)field != 0;
        return 0;
    case KEY_TYPE:
        return read_name(b, s, type_names, NR(type_names), field);
    case KEY_ACTION:
        return read_name(b, s, action_names, NR(action_names), field);
    case KEY_TSC_MODE:
        return read_name(b, s, tsc_mode_names, NR(tsc_mode_names), field);
    case KEY_UUID:
        return read_uuid(b, s, field);
    case KEY_CPUS:
        return read_cpus(b, s, field);
    case KEY_SILENT:
        return 0;
    case KEY_ABSENT:
        if (s->value->type == CFG_NUMBER && s->value->number == 0)
            return 0;
        if (s->value->type == CFG_LIST && s->value->nr_items)
            return fail(b, s->place, "'%s' is not supported here", s->key);
        __attribute__((fallthrough));
    case KEY_NO_EFFECT:
        if (s->value->type == CFG_LIST && s->value->nr_items == 0)
            return 0;
        snprintf(text, sizeof(text), "'%s' is not supported here and has no effect", s->key);
        b->report(false, s->place, text);
        return 0;
    }
    return 0;
}

static int read_all(const struct build *b, const struct cfg *cfg)
{
    for (const struct cfg_setting *s = cfg->first; s; s = s->next) {
        size_t k = 0;

        while (k < NR(keys) && strcmp(keys[k].name, s->key) != 0)
            k++;
        if (k == NR(keys)) {
            char text[120];

            snprintf(text, sizeof(text), "unknown setting '%s' ignored", s->key);
            b->report(false, s->place, text);
        } else if (read_setting(b, &keys[k], s) < 0) {
            return -1;
        }
    }
    return 0;
}

static void set_initial(struct domain_config *config)
{
    memset(config, 0, sizeof(*config));
    config->type = CONFIG_AUTO;
    config->maxmem_mb = CONFIG_AUTO;
    config->vcpus = 1;
    config->maxvcpus = CONFIG_AUTO;
    config->cpu_weight = config->cap = CONFIG_AUTO;
    config->hap = CONFIG_AUTO;
    config->oos = 1;
    config->shadow_mb = config->tsc_khz = CONFIG_AUTO;
    config->max_event_channels = 1023;
    config->max_grant_frames = CONFIG_AUTO;
    config->max_maptrack_frames = CONFIG_AUTO;
    config->max_grant_version = CONFIG_AUTO;
    config->on_poweroff = ACTION_DESTROY;
    config->on_reboot = ACTION_RESTART;
    config->on_crash = ACTION_DESTROY;
    config->on_watchdog = ACTION_DESTROY;
    config->on_soft_reset = ACTION_SOFT_RESET;
}

/* Place of @key for messages, or of the file when it is not there. */
static struct cfg_place place_of(const struct build *b, const struct cfg *cfg, const char *key)
{
    const struct cfg_setting *s = cfg_find(cfg, key);

    return s ? s->value->place : b->file;
}

static int check_name(const struct build *b, const struct cfg *cfg)
{
    const char *name = b->config->name;
    struct cfg_place place = place_of(b, cfg, "name");

    if (!name)
        return fail(b, place, "no 'name' given");
    if (name[0] == '\0' || strlen(name) > CONFIG_NAME_MAX)
        return fail(b, place, "'name' must have 1 to %d characters", CONFIG_NAME_MAX);
    bool number = true;
    for (const char *c = name; *c; c++) {
        if (*c <= ' ' || *c > '~' || *c == '/')
            return fail(b, place,
                        "'name' may hold printable characters without blank and '/' only");
        number = number && *c >= '0' && *c <= '9';
    }
    if (number)
        return fail(b, place, "'name' may not be a number, which would look like a domain id");
    return 0;
}

/* Old configurations say builder="hvm" instead of type="hvm". */
static void choose_type(const struct build *b, const struct cfg *cfg)
{
    const struct cfg_setting *s = cfg_find(cfg, "builder");

    if (b->config->type != CONFIG_AUTO)
        return;
    bool hvm = s && s->value->type == CFG_STRING && strcmp(s->value->text, "hvm") == 0;
    b->config->type = hvm ? DOMAIN_HVM : DOMAIN_PV;
}

static int check_image(const struct build *b, const struct cfg *cfg)
{
    struct domain_config *config = b->config;

    if (config->firmware_override && config->type != DOMAIN_HVM)
        return fail(b, place_of(b, cfg, "firmware_override"),
                    "'firmware_override' is for type=\"hvm\" only; use 'kernel'");
    if (config->firmware_override) {
        free(config->kernel);
        config->kernel = config->firmware_override;
        config->firmware_override = NULL;
    }
    if (!config->kernel)
        return fail(b, b->file, "no image: give 'kernel'%s",
                    config->type == DOMAIN_HVM ? " or 'firmware_override'" : "");
    return 0;
}

/* cmdline stands for itself; otherwise it is root and extra together. */
static int join_cmdline(const struct build *b)
{
    struct domain_config *config = b->config;

    if (!config->cmdline) {
        const char *root = config->root ? config->root : "";
        const char *extra = config->extra ? config->extra : "";
        size_t len = strlen(root) + strlen(extra) + sizeof("root= ");

        config->cmdline = malloc(len);
        if (!config->cmdline)
            return fail(b, b->file, "not enough memory");
        snprintf(config->cmdline, len, "%s%s%s%s", *root ? "root=" : "", root,
                 *root && *extra ? " " : "", extra);
    }
    if (strlen(config->cmdline) > 1023)
        return fail(b, b->file, "the command line is longer than 1023 characters");
    return 0;
}

static int check_sizes(const struct build *b, const struct cfg *cfg)
{
    struct domain_config *config = b->config;

    if (config->memory_mb == 0)
        return fail(b, b->file, "no 'memory' given");
    if (config->maxmem_mb == CONFIG_AUTO)
        config->maxmem_mb = config->memory_mb;
    if (config->maxmem_mb < config->memory_mb)
        return fail(b, place_of(b, cfg, "maxmem"), "'maxmem' is less than 'memory'");
    if (config->maxvcpus == CONFIG_AUTO)
        config->maxvcpus = config->vcpus;
    if (config->maxvcpus < config->vcpus)
        return fail(b, place_of(b, cfg, "maxvcpus"), "'maxvcpus' is less than 'vcpus'");
    if (config->shadow_mb == CONFIG_AUTO)
        config->shadow_mb = config->maxvcpus + (config->maxmem_mb * 8 + 1023) / 1024;
    return 0;
}

/* A setting for HVM in a PV configuration: no effect, as with Xen's xl. */
static void drop_for_pv(const struct build *b, const struct cfg *cfg, const char *key,
                        uint64_t *field, uint64_t none)
{
    char text[80];

    snprintf(text, sizeof(text), "'%s' has no effect for type=\"pv\"", key);
    if (*field != 0 && *field != none)
        b->report(false, place_of(b, cfg, key), text);
    *field = none;
}

int config_build(struct domain_config *config, const struct cfg *cfg, const char *file,
                 config_report *report)
{
    struct build b = {
        .config = config,
        .report = report,
        .file = {.file = file, .line = 1, .column = 1},
    };

    set_initial(config);
    if (read_all(&b, cfg) < 0)
        return -1;
    choose_type(&b, cfg);
    if (check_name(&b, cfg) < 0 || check_image(&b, cfg) < 0 || check_sizes(&b, cfg) < 0 ||
        join_cmdline(&b) < 0)
        return -1;
    if (config->type == DOMAIN_PV)
        drop_for_pv(&b, cfg, "hap", &config->hap, CONFIG_AUTO);
    if (config->type == DOMAIN_PV)
        drop_for_pv(&b, cfg, "tsc_khz", &config->tsc_khz, CONFIG_AUTO);
    return 0;
}

/* The strings of a configuration, for copying and freeing. */
static const size_t string_fields[] = {
    AT(name), AT(kernel), AT(firmware_override), AT(ramdisk), AT(cmdline), AT(root), AT(extra),
};

int config_copy(struct domain_config *to, const struct domain_config *from)
{
    bool failed = false;

    *to = *from;
    for (size_t i = 0; i < NR(string_fields); i++) {
        const char *text = *(char *const *)((const char *)from + string_fields[i]);
        char *copy = text ? strdup(text) : NULL;

        failed = failed || (text && !copy);
        *(char **)((char *)to + string_fields[i]) = copy;
    }
    if (failed)
        config_free(to);
    return failed ? -1 : 0;
}

void config_free(struct domain_config *config)
{
    for (size_t i = 0; i < NR(string_fields); i++) {
        char **field = (char **)((char *)config + string_fields[i]);

        free(*field);
        *field = NULL;
    }
}

const char *config_type_name(uint64_t type)
{
    return type < NR(type_names) ? type_names[type] : "?";
}

const char *config_action_name(uint64_t action)
{
    return action < NR(action_names) ? action_names[action] : "?";
}

/* A string of xl.cfg; only what needs it is escaped. */
static void print_string(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        bool plain = *text >= ' ' && *text <= '~' && *text != '"' && *text != '\\';

        fprintf(out, plain ? "%c" : "\\x%02x", (unsigned char)*text);
    }
    putc('"', out);
}

/* Nothing if it is not set. */
static void print_setting(FILE *out, const struct domain_config *config, const struct key *key)
{
    const void *field = (const char *)config + key->offset;
    const char *text = NULL;

    if (key->kind > KEY_UUID)
        return;
    if (key->kind == KEY_UUID) {
        fprintf(out, "%s=\"", key->name);
        for (unsigned int i = 0; i < sizeof(config->uuid); i++)
            fprintf(out, "%02x", config->uuid[i]);
        fprintf(out, "\"\n");
        return;
    }
    uint64_t number = key->kind == KEY_STRING ? 0 : *(const uint64_t *)field;
    if (key->kind == KEY_STRING)
        text = *(char *const *)field;
    else if (key->kind == KEY_TYPE)
        text = config_type_name(number);
    else if (key->kind == KEY_ACTION)
        text = config_action_name(number);
    else if (key->kind == KEY_TSC_MODE)
        text = tsc_mode_names[number];
    else if (number != CONFIG_AUTO)
        fprintf(out, "%s=%llu\n", key->name, (unsigned long long)number);
    if (!text)
        return;
    fprintf(out, "%s=", key->name);
    print_string(out, text);
    putc('\n', out);
}

char *config_print(const struct domain_config *config)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        return NULL;
    for (size_t k = 0; k < NR(keys); k++)
        print_setting(out, config, &keys[k]);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
