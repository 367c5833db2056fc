/* SPDX-License-Identifier: MIT */
/* tools_off.c - a dom0 without toolstack; see tools.h. */
#include "app/tools.h"

#include <stdio.h>

void tools_start(void) {}

int tools_xl(int argc, char **argv)
{
    fprintf(stderr, "%s: not built in\n", argv[0]);
    return 127;
}

int tools_xenstore(int argc, char **argv)
{
    return tools_xl(argc, argv);
}
