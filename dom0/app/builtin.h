/* SPDX-License-Identifier: MIT */
/* builtin.h - the commands the shell knows. */
#ifndef APP_BUILTIN_H
#define APP_BUILTIN_H

struct builtin {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *usage, *help;
};

/* NULL if there is none of this name. */
const struct builtin *builtin_find(const char *name);

/* All names, then NULL. */
extern const char *const builtin_names[];

#endif
