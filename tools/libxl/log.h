/* SPDX-License-Identifier: MIT */
/*
 * log.h - messages of the tools to whoever typed the command.
 *
 * One message is one line on stderr without a time: dom0 has one console and
 * the line has to say by itself what failed and what to do about it.
 */
#ifndef TOOLS_LIBXL_LOG_H
#define TOOLS_LIBXL_LOG_H

#include <stdarg.h>

enum log_level {
    LOG_ERROR,   /* "xl: error: ..."   the command fails */
    LOG_WARNING, /* "xl: warning: ..." the command goes on */
    LOG_INFO,    /* "xl: ..."          something asked for in the background */
};

/* log_message - print one line. */
void log_message(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * log_set_sink - have @sink called with each finished line instead of printing
 * it, for tests; NULL prints again.
 */
void log_set_sink(void (*sink)(enum log_level level, const char *line));

#define log_error(...)   log_message(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, __VA_ARGS__)

#endif
