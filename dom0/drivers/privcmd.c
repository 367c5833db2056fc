/* SPDX-License-Identifier: MIT */
/* privcmd.c - see privcmd.h.  Everything the tools hold is mapped for good. */
#include "drivers/privcmd.h"

#include <stdint.h>
#include <xen/errno.h>

#include <errno.h>

#include "kernel/hypercall.h"
#include "kernel/mm.h"
#include "plat.h"

/* The numbers of the hypercall page. */
#define NR_HYPERCALLS 128

int errno_from_xen(int xen_errno)
{
    static const struct {
        unsigned char xen, newlib;
    } differ[] = {
        {XEN_EDEADLK, EDEADLK},
        {XEN_ENAMETOOLONG, ENAMETOOLONG},
        {XEN_ENOSYS, ENOSYS},
        {XEN_ENOTEMPTY, ENOTEMPTY},
        {XEN_ENODATA, ENODATA},
        {XEN_EILSEQ, EILSEQ},
        {XEN_EOVERFLOW, EOVERFLOW},
        {XEN_ENOTSOCK, ENOTSOCK},
        {XEN_EMSGSIZE, EMSGSIZE},
        {XEN_EOPNOTSUPP, EOPNOTSUPP},
        {XEN_EADDRINUSE, EADDRINUSE},
        {XEN_EADDRNOTAVAIL, EADDRNOTAVAIL},
        {XEN_ENOBUFS, ENOBUFS},
        {XEN_EISCONN, EISCONN},
        {XEN_ENOTCONN, ENOTCONN},
        {XEN_ETIMEDOUT, ETIMEDOUT},
        {XEN_ECONNREFUSED, ECONNREFUSED},
    };

    for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
        if (differ[i].xen == xen_errno)
            return differ[i].newlib;
    return xen_errno;
}

long plat_hypercall(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3,
                    unsigned long a4, unsigned long a5)
{
    if (nr >= NR_HYPERCALLS)
        return -XEN_ENOSYS;
    return hypercall(nr, a1, a2, a3, a4, a5);
}

void *plat_map_foreign(uint16_t domid, const uint64_t *gfn, size_t nr, bool writable, int *err)
{
    unsigned long va = window_alloc(nr);

    if (!va) {
        errno = nr ? ENOMEM : EINVAL;
        return NULL;
    }

    int rc = mm_map_frames(va, domid, gfn, nr, writable, err);

    if (rc) {
        plat_unmap_foreign((void *)va, nr);
        errno = errno_from_xen(-rc);
        return NULL;
    }
    return (void *)va;
}

void plat_unmap_foreign(void *va, size_t nr)
{
    mm_unmap((unsigned long)va, nr);
    window_free((unsigned long)va, nr);
}
