/* SPDX-License-Identifier: MIT */
/*
 * create.h - making a domain, in stages that can each be undone.
 */
#ifndef TOOLS_LIBXL_CREATE_H
#define TOOLS_LIBXL_CREATE_H

#include "libxl/build.h"
#include "libxl/config.h"
#include "libxl/domain.h"
#include "libxl/image_elf.h"
#include "libxl/stream.h"

/* A domain in the making; what the stages hand to each other. */
struct creation {
    const struct domain_config *config;
    const struct stream *saved; /* to go on from this; else NULL */
    char why[200];              /* the sentence that names what failed */
    struct xen_sysctl_physinfo host;
    struct domain *entry;
    char *file; /* the kernel */
    size_t file_len;
    char *ramdisk;
    size_t ramdisk_len;
    struct elf_image image;
    struct build_plan plan;
    domid_t domid;
    struct build_memory memory;
    xen_pfn_t *p2m; /* PV: machine frame of each guest frame */
    uint64_t start_info;
    uint64_t console_frame, store_frame; /* for dom0 to map */
    uint32_t store_port, console_port;
    void *private; /* image_pv.c's layout */
};

/* How one kind of domain is built.  Each returns 0, or -1 with @why filled. */
struct builder {
    int (*plan)(struct creation *c);     /* before anything exists */
    int (*populate)(struct creation *c); /* give it its memory */
    int (*load)(struct creation *c);     /* put the image and its data there */
    int (*start)(struct creation *c);    /* ports known: parameters, registers */
};

extern const struct builder hvm_builder; /* image_hvm.c */
extern const struct builder pv_builder;  /* image_pv.c */

/* creation_fail - fill @why; adds what @rc means if it is not 0.  Is -1. */
int creation_fail(struct creation *c, int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * domain_create - make a domain and let it run unless @paused.
 * On failure one error has been logged and nothing of the domain is left.
 * Does not switch threads.  Returns 0 and the domain, or -1.
 */
int domain_create(const struct domain_config *config, bool paused, struct domain **domain);

#endif
