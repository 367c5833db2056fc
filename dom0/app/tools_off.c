/* SPDX-License-Identifier: MIT */
/* tools_off.c - a dom0 without toolstack; see tools.h. */
#include "app/tools.h"

#include <stdio.h>

void tools_start(void) {}

int tools_xl(int argc, char **argv)
{
    fprintf(stderr, "xl: not built in\n");
    return 127;
}
