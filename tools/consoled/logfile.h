/* SPDX-License-Identifier: MIT */
/*
 * logfile.h - a guest's console log of bounded size.
 *
 * Appends to LOGFILE_DIR/guest-NAME.log.  When the file reaches
 * LOGFILE_LIMIT its older half is dropped, so that a talkative guest cannot
 * fill dom0's memory.
 */
#ifndef TOOLS_CONSOLED_LOGFILE_H
#define TOOLS_CONSOLED_LOGFILE_H

#include <stddef.h>
#include <stdio.h>

#ifndef LOGFILE_DIR
#define LOGFILE_DIR "/var/log/xen/console"
#endif
#define LOGFILE_LIMIT (128u * 1024)

struct logfile {
    FILE *file; /* NULL: no log, everything else is a no-op */
    size_t size;
    char path[160];
};

/* logfile_open - open for appending; a failure is reported and lived with. */
void logfile_open(struct logfile *log, const char *guest);
void logfile_append(struct logfile *log, const char *bytes, size_t len);
void logfile_close(struct logfile *log);

#endif
