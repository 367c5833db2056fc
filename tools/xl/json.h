/* SPDX-License-Identifier: MIT */
/*
 * json.h - writing of indented JSON to a stream, one call a token.
 */
#ifndef TOOLS_XL_JSON_H
#define TOOLS_XL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    unsigned int depth;
    bool first; /* nothing yet in the innermost container */
};

/* @key is NULL inside arrays and at the top. */
void json_begin(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_end(struct json *j, char bracket);                    /* '}' or ']' */
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

/* json_config - a domain's configuration, named as Xen's toolstack does. */
struct domain_config;
void json_config(struct json *j, const char *key, const struct domain_config *config);

#endif
