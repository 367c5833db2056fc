/* SPDX-License-Identifier: MIT */
/*
 * logfile.c - see logfile.h.  Owns the open file.
 */
#include "consoled/logfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/log.h"

void logfile_open(struct logfile *log, const char *guest)
{
    memset(log, 0, sizeof(*log));
    snprintf(log->path, sizeof(log->path), "%s/guest-%s.log", LOGFILE_DIR, guest);
    log->file = fopen(log->path, "a");
    if (!log->file) {
        log_warning("no console log %s: %s", log->path, strerror(errno));
        return;
    }
    if (fseek(log->file, 0, SEEK_END) == 0) {
        long size = ftell(log->file);

        log->size = size > 0 ? size : 0;
    }
}

/* Read the last @len bytes of the file into a new buffer; NULL if that fails. */
static char *read_tail(const struct logfile *log, size_t len)
{
    FILE *file = fopen(log->path, "r");
    char *tail = file ? malloc(len) : NULL;

    if (tail && (fseek(file, -(long)len, SEEK_END) != 0 || fread(tail, 1, len, file) != len)) {
        free(tail);
        tail = NULL;
    }
    if (file)
        fclose(file);
    return tail;
}

/* Rewrite the file with its newer half. */
static void drop_older_half(struct logfile *log)
{
    static const char notice[] = "[older output dropped]\n";
    size_t keep = log->size < LOGFILE_LIMIT / 2 ? log->size : LOGFILE_LIMIT / 2;

    fclose(log->file);
    char *tail = read_tail(log, keep);
    log->file = fopen(log->path, "w");
    log->size = 0;
    if (log->file) {
        log->size = fwrite(notice, 1, sizeof(notice) - 1, log->file);
        if (tail)
            log->size += fwrite(tail, 1, keep, log->file);
    }
    free(tail);
}

void logfile_append(struct logfile *log, const char *bytes, size_t len)
{
    if (!log->file || len == 0)
        return;
    if (log->size + len > LOGFILE_LIMIT)
        drop_older_half(log);
    if (!log->file)
        return;
    log->size += fwrite(bytes, 1, len, log->file);
    fflush(log->file);
}

void logfile_close(struct logfile *log)
{
    if (log->file)
        fclose(log->file);
    log->file = NULL;
}
