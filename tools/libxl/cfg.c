/* SPDX-License-Identifier: MIT */
/*
 * cfg.c - lookup and freeing of parsed settings.  Owns nothing of its own.
 */
#include "libxl/cfg.h"

#include <stdlib.h>
#include <string.h>

struct cfg_setting *cfg_find(const struct cfg *cfg, const char *key)
{
    for (struct cfg_setting *s = cfg->first; s; s = s->next) {
        if (strcmp(s->key, key) == 0)
            return s;
    }
    return NULL;
}

void cfg_value_free(struct cfg_value *value)
{
    if (!value)
        return;
    /* The parser bounds the nesting, hence this recursion. */
    for (size_t i = 0; i < value->nr_items; i++)
        cfg_value_free(value->items[i]);
    free(value->items);
    free(value->text);
    free(value);
}

void cfg_free(struct cfg *cfg)
{
    while (cfg->first) {
        struct cfg_setting *s = cfg->first;

        cfg->first = s->next;
        cfg_value_free(s->value);
        free(s->key);
        free(s);
    }
}
