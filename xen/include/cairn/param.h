/* SPDX-License-Identifier: MIT */
/* param.h - parsing the boot command line; pure over a table. */
#ifndef CAIRN_PARAM_H
#define CAIRN_PARAM_H

#include <cairn/lib.h>
#include <cairn/types.h>

/* Every word of @cmdline; @report gets those that failed. Returns how many. */
int params_parse(const struct boot_param *table, unsigned int nr, const char *cmdline,
                 void (*report)(const char *word, int rc));

#endif
