/* SPDX-License-Identifier: MIT */
/* path.c - path names; see path.h.  Pure. */
#include "fs/path.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

const char *path_next(const char **path, size_t *len)
{
    const char *start = *path + strspn(*path, "/");

    *len = strcspn(start, "/");
    *path = start + *len;
    return *len ? start : NULL;
}

static bool is_component(const char *start, size_t len, const char *what)
{
    return len == strlen(what) && !memcmp(start, what, len);
}

int path_normalise(const char *path, char *out, size_t size)
{
    const char *start;
    size_t len, used = 0;

    if (!*path)
        return -ENOENT;
    while ((start = path_next(&path, &len))) {
        if (is_component(start, len, "."))
            continue;
        if (is_component(start, len, "..")) {
            while (used && out[--used] != '/')
                ;
            continue;
        }
        if (used + 1 + len + 1 > size)
            return -ENAMETOOLONG;
        out[used++] = '/';
        memcpy(out + used, start, len);
        used += len;
    }
    if (!used) {
        if (size < 2)
            return -ENAMETOOLONG;
        out[used++] = '/';
    }
    out[used] = '\0';
    return 0;
}

int path_split(const char *path, char *folder, size_t size, const char **base)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == path ? 1 : (size_t)(slash - path);

    if (len + 1 > size)
        return -ENAMETOOLONG;
    memcpy(folder, path, len);
    folder[len] = '\0';
    *base = slash + 1;
    return 0;
}
