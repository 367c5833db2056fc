/* SPDX-License-Identifier: MIT */
/* path.h - path names.  Pure. */
#ifndef FS_PATH_H
#define FS_PATH_H

#include <stddef.h>

#define PATH_LEN 256 /* with the final zero */

/*
 * Makes @path absolute ("/" is the only working folder) and resolves "//", "."
 * and ".."; ".." of "/" is "/".  0, or -ENAMETOOLONG if it exceeds @size, or
 * -ENOENT if @path is empty.
 */
int path_normalise(const char *path, char *out, size_t size);

/*
 * Splits a normalised path into the folder it is in and its last component
 * (which points into @path and is empty for "/").  0 or -ENAMETOOLONG.
 */
int path_split(const char *path, char *folder, size_t size, const char **base);

/*
 * The next component of *@path, which moves behind it; its length in *@len.
 * NULL at the end.
 */
const char *path_next(const char **path, size_t *len);

#endif
