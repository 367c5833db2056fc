/* SPDX-License-Identifier: MIT */
/*
 * fake_plat.h - a hypervisor made of arrays, for tests of the tools.
 *
 * Implements plat.h.  Keeps account of everything that a caller could leave
 * behind: domains, pages, event channel ports, foreign mappings.
 */
#ifndef TEST_FAKE_PLAT_H
#define TEST_FAKE_PLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libctl/libctl.h"

#define FAKE_FRAMES  (1u << 17) /* 512 MiB */
#define FAKE_PFNS    (1u << 20) /* guest frames below 4 GiB */
#define FAKE_DOMAINS 16
#define FAKE_PORTS   128

struct fake_domain {
    bool used, paused, dying, down, hvm;
    unsigned int reason;
    domid_t domid;
    uint32_t flags, emulation_flags, max_vcpus, paging_mb;
    uint64_t max_kib, pages;
    uint32_t *p2m; /* machine frame + 1; 0 is a hole */
    uint64_t params[64];
    uint32_t port_state[FAKE_PORTS];
    uint32_t next_port;
    uint8_t hvm_context[4096] __attribute__((aligned(8)));
    uint32_t hvm_context_size;
    vcpu_guest_context_t *vcpu0;
    uint64_t hypercall_page, pinned;
};

struct fake {
    struct fake_domain domains[FAKE_DOMAINS];
    domid_t next_domid;
    uint32_t capabilities;
    uint64_t free_pages;
    unsigned int mappings;    /* foreign frames mapped now */
    unsigned int local_ports; /* dom0's open ports */
    unsigned int bound_ports; /* of which plat_evtchn_bind() knows */
    unsigned int sends;       /* EVTCHNOP_send seen */
    unsigned int calls;       /* that can fail, since fake_reset() */
    unsigned int fail_at;     /* make call number this fail; 0: none */
    int fail_with;            /* with this, default -ENOMEM */
    bool no_large;            /* no 2 MiB extents to be had */
    const char *ring;         /* the hypervisor's console */
    const char *typed;        /* what plat_console_read() finds */
    void (*on_wait)(void);    /* runs in plat_wait() */
    void (*on_dom_exc)(uint32_t port, void *arg);
    uint64_t now_ns;
};

extern struct fake fake;

/* fake_reset - an empty host with @free_mb MiB. */
void fake_reset(unsigned int free_mb);
struct fake_domain *fake_find(domid_t domid);
/* fake_page - the bytes of a machine frame, always mapped for tests. */
void *fake_page(uint64_t mfn);
/* fake_guest - the bytes of a guest frame, or NULL. */
void *fake_guest(domid_t domid, uint64_t pfn);
/* fake_guest_print - what a guest does; false if the ring is full. */
bool fake_guest_print(domid_t domid, const char *text);
/* fake_guest_end - the domain shuts down and dom0 hears of it. */
void fake_guest_end(domid_t domid, unsigned int reason);
/* fake_is_clean - nothing left of any domain; @pages is what was free. */
bool fake_is_clean(uint64_t pages);

#endif
