/* SPDX-License-Identifier: MIT */
/* tools_on.c - the toolstack of libtools.a; see tools.h. */
#include "app/tools.h"

#include <stdio.h>
#include <string.h>

#include "consoled/consoled.h"
#include "plat.h"
#include "xenstored/commands.h"
#include "xenstored/xenstored.h"
#include "xl/xl.h"

static void start(const char *name, void (*daemon)(void *arg))
{
    int rc = plat_thread(name, daemon, NULL);

    if (rc)
        printf("%s: %s\n", name, strerror(-rc));
}

void tools_start(void)
{
    start("consoled", consoled_main);
    start("xenstored", xenstored_main);
}

int tools_xl(int argc, char **argv)
{
    return xl_main(argc, argv);
}

int tools_xenstore(int argc, char **argv)
{
    return xenstore_main(argc, argv);
}
