/* SPDX-License-Identifier: MIT */
/*
 * parse.h - the grammar of xl.cfg.
 *
 *   file    := { setting (newline | ';') }
 *   setting := KEY ('=' | '+=') value
 *   value   := string | number | '[' { value ',' } [value] ']'
 *   string  := '"' ... '"' | "'" ... "'", with C escapes, on one line
 *   number  := decimal | 0octal | 0xhex, up to 64 bits
 * Comments go from # to the end of the line.  Lists nest and may span lines.
 * A key given twice has its last value; += appends to a string or a list.
 */
#ifndef TOOLS_XL_PARSE_H
#define TOOLS_XL_PARSE_H

#include "libxl/cfg.h"

/* Lists nested deeper are refused, which bounds recursion. */
#define PARSE_MAX_DEPTH 16

struct parse_error {
    struct cfg_place place;
    char text[160];
};

/*
 * parse_cfg - add the settings of @text, @len bytes, to @cfg.
 * @file  name for messages, kept by reference in every place
 * Returns 0; -1 with @error filled, @cfg then holding what came before.
 */
int parse_cfg(struct cfg *cfg, const char *file, const char *text, size_t len,
              struct parse_error *error);

#endif
