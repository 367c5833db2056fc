/* SPDX-License-Identifier: MIT */
/* tools_on.c - the toolstack of libtools.a; see tools.h. */
#include "app/tools.h"

#include <stdio.h>
#include <string.h>

#include "consoled/consoled.h"
#include "plat.h"
#include "xl/xl.h"

void tools_start(void)
{
    int rc = plat_thread("consoled", consoled_main, NULL);

    if (rc)
        printf("consoled: %s\n", strerror(-rc));
}

int tools_xl(int argc, char **argv)
{
    return xl_main(argc, argv);
}
