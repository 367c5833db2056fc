/* SPDX-License-Identifier: MIT */
/*
 * json.c - see json.h.
 */
#include "xl/json.h"

#include "libxl/config.h"
#include "libxl/xsnodes.h"

static void quoted(struct json *j, const char *text)
{
    fputc('"', j->out);
    for (; *text; text++) {
        unsigned char c = *text;

        if (c == '"' || c == '\\')
            fprintf(j->out, "\\%c", c);
        else if (c < 0x20)
            fprintf(j->out, "\\u%04x", c);
        else
            fputc(c, j->out);
    }
    fputc('"', j->out);
}

static void line(struct json *j)
{
    if (j->depth)
        fprintf(j->out, "\n%*s", (int)(4 * j->depth), "");
}

static void begin_item(struct json *j, const char *key)
{
    if (!j->first)
        fputc(',', j->out);
    line(j);
    j->first = false;
    if (key) {
        quoted(j, key);
        fprintf(j->out, ": ");
    }
}

void json_begin(struct json *j, const char *key, char bracket)
{
    if (j->depth || key)
        begin_item(j, key);
    fputc(bracket, j->out);
    j->depth++;
    j->first = true;
}

void json_end(struct json *j, char bracket)
{
    j->depth--;
    if (!j->first)
        fprintf(j->out, "\n%*s", (int)(4 * j->depth), "");
    fputc(bracket, j->out);
    j->first = false;
    if (j->depth == 0)
        fputc('\n', j->out);
}

void json_string(struct json *j, const char *key, const char *value)
{
    begin_item(j, key);
    quoted(j, value);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
    begin_item(j, key);
    fprintf(j->out, "%llu", (unsigned long long)value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    begin_item(j, key);
    fprintf(j->out, value ? "true" : "false");
}

static void build_info(struct json *j, const struct domain_config *config)
{
    json_begin(j, "b_info", '{');
    json_number(j, "max_vcpus", config->maxvcpus);
    json_begin(j, "avail_vcpus", '[');
    for (uint64_t i = 0; i < config->vcpus; i++)
        json_number(j, NULL, i);
    json_end(j, ']');
    json_number(j, "max_memkb", config->maxmem_mb * 1024);
    json_number(j, "target_memkb", config->memory_mb * 1024);
    if (config->type != DOMAIN_PV)
        json_number(j, "shadow_memkb", config->shadow_mb * 1024);
    json_number(j, "event_channels", config->max_event_channels);
    json_string(j, "kernel", config->kernel);
    if (config->ramdisk)
        json_string(j, "ramdisk", config->ramdisk);
    if (config->cmdline[0])
        json_string(j, "cmdline", config->cmdline);
    if (config->type != DOMAIN_PV) {
        json_begin(j, config->type == DOMAIN_HVM ? "type.hvm" : "type.pvh", '{');
        json_end(j, '}');
    }
    json_end(j, '}');
}

void json_config(struct json *j, const char *key, const struct domain_config *config)
{
    char uuid[40];

    xsnodes_uuid(config->uuid, uuid);
    json_begin(j, key, '{');
    json_begin(j, "c_info", '{');
    json_string(j, "type", config_type_name(config->type));
    if (config->hap != CONFIG_AUTO)
        json_bool(j, "hap", config->hap);
    json_string(j, "name", config->name);
    json_string(j, "uuid", uuid);
    json_end(j, '}');
    build_info(j, config);
    json_string(j, "on_poweroff", config_action_name(config->on_poweroff));
    json_string(j, "on_reboot", config_action_name(config->on_reboot));
    json_string(j, "on_watchdog", config_action_name(config->on_watchdog));
    json_string(j, "on_crash", config_action_name(config->on_crash));
    json_string(j, "on_soft_reset", config_action_name(config->on_soft_reset));
    json_end(j, '}');
}
