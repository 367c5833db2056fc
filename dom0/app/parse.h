/* SPDX-License-Identifier: MIT */
/* parse.h - the shell's language.  Pure. */
#ifndef APP_PARSE_H
#define APP_PARSE_H

#define SHELL_MAX_LINE  1024 /* with the final zero */
#define SHELL_MAX_WORDS 64

/* What stands behind a command. */
enum shell_op {
    SHELL_END,
    SHELL_SEMICOLON,
    SHELL_AND, /* && */
    SHELL_OR,  /* || */
};

/* One command: its words, quotes removed, $? replaced. */
struct shell_command {
    int argc;
    char *argv[SHELL_MAX_WORDS + 1]; /* into `text' */
    char text[SHELL_MAX_LINE];
    enum shell_op op;
};

/*
 * Takes the first command of *@line, which moves behind it and its operator.
 * Quotes: 'as it is', "with \" \\ \$ and $?", \x outside.  # begins a comment.
 * @status is the value of $?.
 * Returns NULL, or what is wrong.  argc is 0 only for an empty line.
 */
const char *shell_parse_command(const char **line, int status, struct shell_command *cmd);

/* Checks a whole line.  Returns NULL, or what is wrong. */
const char *shell_check_line(const char *line);

#endif
