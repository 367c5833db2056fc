/* SPDX-License-Identifier: MIT */
/*
 * consoled.c - see consoled.h.  Owns the port of VIRQ_DOM_EXC.
 */
#include "consoled/consoled.h"

#include "libctl/libctl.h"
#include "libxl/console.h"
#include "libxl/domain.h"
#include "libxl/log.h"
#include "libxl/watch.h"
#include "plat.h"

/* A lost event must not lose a domain's end: look this often anyway. */
#define LOOK_MS 1000

static bool domain_event = true;

static void on_domain_event(uint32_t port, void *arg)
{
    (void)port;
    (void)arg;
    domain_event = true;
    plat_wake();
}

bool consoled_step(bool check)
{
    bool more = pvcon_service_all();

    if (check || domain_event) {
        domain_event = false;
        watch_check_all();
    }
    return more;
}

static void bind_domain_event(void)
{
    uint32_t port;

    int rc = ctl_evtchn_bind_virq(VIRQ_DOM_EXC, &port);
    if (rc == 0)
        rc = plat_evtchn_bind(port, on_domain_event, NULL);
    if (rc < 0)
        log_warning("no VIRQ_DOM_EXC (%s): ends of domains are noticed late", ctl_strerror(rc));
}

void consoled_main(void *arg)
{
    (void)arg;
    uint64_t looked = 0;

    bind_domain_event();
    for (;;) {
        uint64_t now = plat_now_ns();
        bool check = now - looked >= LOOK_MS * 1000000ull;

        if (check)
            looked = now;
        if (consoled_step(check))
            plat_yield();
        else
            plat_wait(domain_each(NULL) ? LOOK_MS : -1);
    }
}
