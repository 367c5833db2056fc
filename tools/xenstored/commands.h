/* SPDX-License-Identifier: MIT */
/*
 * commands.h - xenstore-ls, -read, -write, -rm, -list, -exists, -watch.
 */
#ifndef TOOLS_XENSTORED_COMMANDS_H
#define TOOLS_XENSTORED_COMMANDS_H

/*
 * xenstore_main - run the one that @argv[0] names.  0 done, 1 failed with one
 * line on stderr, 2 wrong usage.  xenstore-watch switches threads.
 */
int xenstore_main(int argc, char **argv);

#endif
