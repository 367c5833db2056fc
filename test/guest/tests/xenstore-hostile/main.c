/* SPDX-License-Identifier: MIT */
/*
 * What a hostile guest puts into its xenstore ring: indices that make no
 * sense, a request too long, random bytes, requests whose answers it does not
 * read, as much as its quotas let it keep.  The server says so in the page and
 * ignores us until we reconnect; then all works again.
 *
 * Bare: there is no hypervisor to ask; skipped.
 */
#include <guest/test.h>
#include <guest/xenstore.h>

const char test_title[] = "Xenstore, abused";

static char reply[512];

static void kick(void)
{
    xen_evtchn_send(xenstore.port);
}

/* The server serves us, from a clean start. */
static void check_alive(const char *after)
{
    check_true("the server lets us reconnect", xenstore_reconnect());
    check_equal("indices are zero", xenstore.page->req_prod | xenstore.page->rsp_prod, 0);
    if (xenstore_ask(XS_READ, 0, "domid", reply, sizeof(reply)) <= 0)
        report_failure("after %s: no answer to an honest request", after);
}

static void check_error(const char *what, uint32_t want)
{
    kick();
    if (!xenstore_wait_for(&xenstore.page->error, want))
        report_failure("%s: error %u in the page, want %u", what, xenstore.page->error, want);
    check_alive(what);
}

static void check_indices(void)
{
    xenstore.page->req_prod = xenstore.page->req_cons + XENSTORE_RING_SIZE + 1;
    check_error("more requests than fit", XENSTORE_ERROR_RINGIDX);
    xenstore.page->req_prod = xenstore.page->req_cons - 1;
    check_error("requests taken back", XENSTORE_ERROR_RINGIDX);
    struct xsd_sockmsg read = {XS_READ, 1, 0, 0};
    xenstore.page->rsp_cons = xenstore.page->rsp_prod + 1;
    for (size_t i = 0; i < sizeof(read); i++)
        xenstore.page->req[MASK_XENSTORE_IDX(xenstore.page->req_prod + i)] = ((char *)&read)[i];
    xenstore.page->req_prod += sizeof(read);
    check_error("answers taken that were not given", XENSTORE_ERROR_RINGIDX);
}

static void check_length(void)
{
    static char big[XENSTORE_PAYLOAD_MAX + 1];
    struct xsd_sockmsg huge = {XS_READ, 1, 0, UINT32_MAX};

    check_equal("the longest request",
                xenstore_request(XS_READ, 0, big, XENSTORE_PAYLOAD_MAX, reply, sizeof(reply)),
                -XEN_EINVAL);
    for (size_t i = 0; i < sizeof(huge); i++)
        xenstore.page->req[MASK_XENSTORE_IDX(xenstore.page->req_prod + i)] = ((char *)&huge)[i];
    xenstore.page->req_prod += sizeof(huge);
    check_error("a request too long", XENSTORE_ERROR_PROTO);
}

/* Fill the ring with requests and read nothing: no more than a ring is answered. */
static void check_deaf(void)
{
    struct xsd_sockmsg list = {XS_GET_DOMAIN_PATH, 1, 0, 2};

    for (unsigned int round = 0; round < 200; round++) {
        uint32_t prod = xenstore.page->req_prod;

        for (; prod - xenstore.page->req_cons <= XENSTORE_RING_SIZE - 18; prod += 18)
            for (unsigned int i = 0; i < 18; i++)
                xenstore.page->req[MASK_XENSTORE_IDX(prod + i)] = i < 16    ? ((char *)&list)[i]
                                                                  : i == 16 ? '1'
                                                                            : 0;
        __atomic_store_n(&xenstore.page->req_prod, prod, __ATOMIC_RELEASE);
        kick();
        xen_yield();
    }
    check_equal("answers fill their ring", xenstore.page->rsp_prod - xenstore.page->rsp_cons,
                XENSTORE_RING_SIZE);
    check_alive("unread answers");
}

static void check_noise(void)
{
    uint32_t seed = 1, errors = 0;

    for (unsigned int round = 0; round < 300; round++) {
        for (unsigned int i = 0; i < XENSTORE_RING_SIZE; i++) {
            seed = seed * 1664525 + 1013904223;
            /* Headers that are now and then almost right. */
            xenstore.page->req[i] = i % 32 < 16 && i % 4 ? 0 : (seed >> 24) % 32;
        }
        xenstore.page->req_prod = xenstore.page->req_cons + (seed >> 20) % 1100;
        xenstore.page->rsp_cons = xenstore.page->rsp_prod;
        kick();
        xen_yield();
        if (xenstore.page->error) {
            errors++;
            xenstore_reconnect();
        }
    }
    printk("  %u of 300 rounds of noise were errors\n", errors);
    check_true("some were", errors > 0);
    check_alive("noise");
}

/* What one domain may keep is bounded, and is given back. */
static void check_quotas(void)
{
    static char big[2100] = "data/big";
    char path[32];
    long rc = 3;
    unsigned int n = 0;

    check_equal("a value too large",
                xenstore_request(XS_WRITE, 0, big, sizeof(big), reply, sizeof(reply)), -XEN_ENOSPC);
    for (; rc == 3 && n < 5000; n++) {
        snprintf(path, sizeof(path), "data/%u", n);
        rc = xenstore_write(0, path, "x");
    }
    check_equal("nodes without end", rc, -XEN_ENOSPC);
    printk("  %u nodes\n", n);
    for (n = 0, rc = 3; rc >= 0 && n < 100; n++)
        rc = xenstore_ask(XS_TRANSACTION_START, 0, "", reply, sizeof(reply));
    check_equal("transactions without end", rc, -XEN_ENOSPC);
    check_equal("all of it removed", xenstore_ask(XS_RM, 0, "data", reply, sizeof(reply)), 3);
    check_alive("reaching its quotas");
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("no hypervisor under us");
        return;
    }
    if (!xenstore_init()) {
        report_failure("no xenstore ring");
        return;
    }
    check_equal("what the server offers", xenstore.page->server_features, 3);
    check_indices();
    check_length();
    check_deaf();
    check_noise();
    check_quotas();
    report_success(NULL);
}
