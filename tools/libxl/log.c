/* SPDX-License-Identifier: MIT */
/*
 * log.c - messages of the tools.  Owns the sink that tests may set.
 */
#include "libxl/log.h"

#include <stdio.h>

static void (*log_sink)(enum log_level level, const char *line);

void log_set_sink(void (*sink)(enum log_level level, const char *line))
{
    log_sink = sink;
}

void log_message(enum log_level level, const char *format, ...)
{
    static const char *const prefix[] = {
        [LOG_ERROR] = "xl: error: ",
        [LOG_WARNING] = "xl: warning: ",
        [LOG_INFO] = "xl: ",
    };
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (log_sink) {
        log_sink(level, line);
        return;
    }
    fflush(stdout);
    fprintf(stderr, "%s%s\n", prefix[level], line);
}
