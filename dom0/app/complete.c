/* SPDX-License-Identifier: MIT */
/* complete.c - completion for the shell; see complete.h. */
#include "app/complete.h"

#include <string.h>

#include "fs/path.h"
#include "fs/ramfs.h"

static bool ends_word(char c)
{
    return strchr(" \t;&|=", c) != NULL;
}

/* Is the word at @start the first of its command? */
static bool is_command_place(const char *line, size_t start)
{
    while (start && (line[start - 1] == ' ' || line[start - 1] == '\t'))
        start--;
    return start == 0 || strchr(";&|", line[start - 1]);
}

static void complete_path(const char *word, size_t len, size_t start, struct completion *c)
{
    char folder[PATH_LEN];
    size_t dir = len; /* length of the folder part, with its slash */
    struct ramfs_node *node;

    while (dir && word[dir - 1] != '/')
        dir--;
    if (dir >= sizeof(folder))
        return;
    memcpy(folder, word, dir);
    folder[dir] = '\0';
    if (ramfs_lookup(dir ? folder : "/", &node) || !node->is_folder)
        return;
    c->start = start + dir;
    for (struct ramfs_node *n = node->children; n; n = n->next)
        if (!strncmp(n->name, word + dir, len - dir))
            completion_add(c, n->name, n->is_folder ? '/' : ' ');
}

void complete_word(const char *const *commands, const char *line, size_t at, struct completion *c)
{
    size_t start = at;

    while (start && !ends_word(line[start - 1]))
        start--;
    if (!is_command_place(line, start)) {
        complete_path(line + start, at - start, start, c);
        return;
    }
    c->start = start;
    for (; *commands; commands++)
        if (!strncmp(*commands, line + start, at - start))
            completion_add(c, *commands, ' ');
}
