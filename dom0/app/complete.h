/* SPDX-License-Identifier: MIT */
/* complete.h - completion of command words and paths.  Reads the ramfs. */
#ifndef APP_COMPLETE_H
#define APP_COMPLETE_H

#include "app/lineedit.h"

/*
 * Candidates for the word that ends at line[@at].  @commands ends with NULL;
 * they are offered where a command stands, paths elsewhere.
 */
void complete_word(const char *const *commands, const char *line, size_t at, struct completion *c);

#endif
