/* SPDX-License-Identifier: MIT */
/*
 * cfg.h - the settings of a parsed xl.cfg, with the place of each.
 *
 * Produced by xl/parse.c, consumed by config.c.  A list of settings owns its
 * names and values; cfg_free() gives all of it back.
 */
#ifndef TOOLS_LIBXL_CFG_H
#define TOOLS_LIBXL_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where something stands: lines and columns count from 1, columns in bytes. */
struct cfg_place {
    const char *file; /* not owned: lives as long as the settings */
    unsigned int line;
    unsigned int column;
};

enum cfg_type { CFG_STRING, CFG_NUMBER, CFG_LIST };

struct cfg_value {
    enum cfg_type type;
    struct cfg_place place;
    char *text;               /* string: its contents; number: as written */
    uint64_t number;          /* number only */
    struct cfg_value **items; /* list only */
    size_t nr_items;
};

struct cfg_setting {
    struct cfg_setting *next; /* in the order of the file */
    struct cfg_place place;
    char *key;
    struct cfg_value *value;
};

struct cfg {
    struct cfg_setting *first;
};

/* cfg_find - the setting of @key, or NULL. */
struct cfg_setting *cfg_find(const struct cfg *cfg, const char *key);

/* cfg_value_free - free a value and what it holds; NULL is fine. */
void cfg_value_free(struct cfg_value *value);

/* cfg_free - free all settings; @cfg is empty afterwards. */
void cfg_free(struct cfg *cfg);

#endif
