/* SPDX-License-Identifier: MIT */
/*
 * host.c - see host.h.  Owns nothing.
 */
#include "libxl/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libctl/libctl.h"

#define RING_CHUNK 4096u
#define RING_MAX   (1u << 20)
#define FILE_MAX   (256l << 20)

char *host_read_ring(int clear, int *rc)
{
    uint32_t index = 0;
    size_t len = 0;
    char *text = malloc(1);

    *rc = text ? 0 : -XEN_ENOMEM;
    while (*rc == 0 && len < RING_MAX) {
        char *grown = realloc(text, len + RING_CHUNK + 1);

        if (!grown) {
            *rc = -XEN_ENOMEM;
            break;
        }
        text = grown;
        int nr = ctl_ring_read(text + len, RING_CHUNK, false, &index);
        if (nr < 0)
            *rc = nr;
        if (nr <= 0)
            break;
        len += nr;
    }
    if (*rc == 0 && clear) {
        char last;
        int nr = ctl_ring_read(&last, 1, true, &index);

        *rc = nr < 0 ? nr : 0;
    }
    if (*rc < 0) {
        free(text);
        return NULL;
    }
    text[len] = '\0';
    return text;
}

void host_find_reason(const char *text, char *reason, size_t size)
{
    static const char *const marks[] = {"VMX: disabled: ", "HVM: unavailable: "};
    const char *found = NULL;

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        for (const char *at = text; (at = strstr(at, marks[i])) != NULL;) {
            at += strlen(marks[i]);
            if (!found || at > found)
                found = at;
        }
    }
    if (found)
        snprintf(reason, size, "%.*s", (int)strcspn(found, "\r\n"), found);
    else
        snprintf(reason, size, "the hypervisor did not say why (see 'xl dmesg')");
}

void host_hvm_reason(char *reason, size_t size)
{
    int rc;
    char *text = host_read_ring(false, &rc);

    host_find_reason(text ? text : "", reason, size);
    free(text);
}

/* The size of an open file, or -1 with @why filled. */
static long file_size(FILE *file, const char *path, char *why, size_t why_size)
{
    struct stat st;

    if (fstat(fileno(file), &st) != 0)
        snprintf(why, why_size, "cannot read '%s': %s", path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        snprintf(why, why_size, "cannot read '%s': %s", path, strerror(EISDIR));
    else if (st.st_size > FILE_MAX)
        snprintf(why, why_size, "'%s' is larger than 256 MiB", path);
    else
        return st.st_size;
    return -1;
}

char *host_read_file(const char *path, size_t *len, char *why, size_t why_size)
{
    FILE *file = fopen(path, "rb");

    if (!file) {
        snprintf(why, why_size, "cannot open '%s': %s", path, strerror(errno));
        return NULL;
    }
    long size = file_size(file, path, why, why_size);
    char *bytes = NULL;
    if (size >= 0) {
        bytes = malloc(size + 1);
        if (!bytes)
            snprintf(why, why_size, "not enough memory in dom0 for '%s' (%ld bytes)", path, size);
    }
    if (bytes && fread(bytes, 1, size, file) != (size_t)size) {
        snprintf(why, why_size, "cannot read '%s': %s", path, strerror(errno));
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    if (bytes)
        bytes[size] = '\0';
    *len = bytes ? size : 0;
    return bytes;
}
