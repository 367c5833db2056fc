/* SPDX-License-Identifier: MIT */
/* param.h - parsing the boot command line; pure over a table. */
#ifndef CAIRN_PARAM_H
#define CAIRN_PARAM_H

#include <cairn/lib.h>
#include <cairn/types.h>

/* 1, 0, or -EINVAL. */
int param_parse_bool(const char *s);
/* Number with an optional K, M, G or T. 0 or -EINVAL. */
int param_parse_size(const char *s, uint64_t *v);
/* One word, which is taken apart in place. 0, -ENOENT unknown, -EINVAL value. */
int param_apply(const struct boot_param *table, unsigned int nr, char *word);
/* Every word of @cmdline; @report gets those that failed. Returns how many. */
int params_parse(const struct boot_param *table, unsigned int nr, const char *cmdline,
                 void (*report)(const char *word, int rc));

#endif
