/* SPDX-License-Identifier: MIT */
/*
 * xl.h - the command line of the toolstack, as dom0's shell calls it.
 */
#ifndef TOOLS_XL_XL_H
#define TOOLS_XL_XL_H

enum xl_exit { XL_OK = 0, XL_FAILED = 1, XL_USAGE = 2 };

/*
 * xl_main - run `xl COMMAND ...`; @argv[0] is "xl".
 * Returns an enum xl_exit.  Switches threads in commands that wait.
 */
int xl_main(int argc, char **argv);

#endif
