/* SPDX-License-Identifier: MIT */
/*
 * Client of xenstore.  Messages are read whole, so that what comes next is
 * always a header.
 * Source: xen/io/xs_wire.h.
 */
#include <guest/xenstore.h>

#include <guest/cpu.h>
#include <guest/xen.h>

/* Yields until a silent server is given up. */
#define PATIENCE 200000

struct xenstore xenstore;

static const struct {
    const char *name;
    int error;
} errors[] = {
    {"EINVAL", XEN_EINVAL}, {"EACCES", XEN_EACCES}, {"EEXIST", XEN_EEXIST}, {"ENOENT", XEN_ENOENT},
    {"ENOSPC", XEN_ENOSPC}, {"ENOSYS", XEN_ENOSYS}, {"EBUSY", XEN_EBUSY},   {"EAGAIN", XEN_EAGAIN},
    {"E2BIG", XEN_E2BIG},   {"EPERM", XEN_EPERM},
};

bool xenstore_init(void)
{
    uint64_t pfn, port;

    if (xen_get_param(HVM_PARAM_STORE_PFN, &pfn) || xen_get_param(HVM_PARAM_STORE_EVTCHN, &port) ||
        !pfn || !port)
        return false;
    xenstore.page = (void *)(ulong)(pfn << PAGE_SHIFT);
    xenstore.port = port;
    return true;
}

bool xenstore_wait_for(volatile uint32_t *word, uint32_t value)
{
    for (unsigned int i = 0; i < PATIENCE; i++) {
        if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
            return true;
        xen_yield();
    }
    return false;
}

/* Move bytes out; false if the server takes none for long. */
static bool put(const void *bytes, size_t len)
{
    volatile struct xenstore_domain_interface *page = xenstore.page;
    const char *from = bytes;

    for (unsigned int i = 0; len && i < PATIENCE; i++) {
        uint32_t prod = page->req_prod;
        uint32_t room =
            XENSTORE_RING_SIZE - (prod - __atomic_load_n(&page->req_cons, __ATOMIC_ACQUIRE));

        for (; len && room; len--, room--)
            page->req[MASK_XENSTORE_IDX(prod++)] = *from++;
        __atomic_store_n(&page->req_prod, prod, __ATOMIC_RELEASE);
        xen_evtchn_send(xenstore.port);
        if (len)
            xen_yield();
    }
    return !len;
}

/* Move len bytes in, those beyond size are dropped. */
static bool get(void *bytes, size_t size, size_t len, unsigned int patience)
{
    volatile struct xenstore_domain_interface *page = xenstore.page;
    char *to = bytes;

    for (unsigned int i = 0; len && i < patience; i++) {
        uint32_t cons = page->rsp_cons;

        for (; len && cons != __atomic_load_n(&page->rsp_prod, __ATOMIC_ACQUIRE); len--) {
            char c = page->rsp[MASK_XENSTORE_IDX(cons++)];

            if (size) {
                *to++ = c;
                size--;
            }
        }
        if (cons != page->rsp_cons) {
            __atomic_store_n(&page->rsp_cons, cons, __ATOMIC_RELEASE);
            xen_evtchn_send(xenstore.port);
        }
        if (len)
            xen_yield();
    }
    return !len;
}

/* Read a message; an event is kept, another's payload goes to reply. */
static bool receive(struct xsd_sockmsg *header, char *reply, size_t size, unsigned int patience)
{
    if (!get(header, sizeof(*header), sizeof(*header), patience))
        return false;
    bool event = header->type == XS_WATCH_EVENT;
    char *to = event ? xenstore.event : reply;

    size = event ? sizeof(xenstore.event) : size;
    memset(to, 0, size);
    xenstore.has_event |= event;
    return get(to, size - 1, header->len, PATIENCE);
}

static long error_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        if (!strcmp(name, errors[i].name))
            return -errors[i].error;
    }
    return -XEN_EIO;
}

long xenstore_request(uint32_t type, uint32_t tx, const void *payload, size_t len, char *reply,
                      size_t size)
{
    struct xsd_sockmsg header = {type, ++xenstore.request, tx, len};

    if (!put(&header, sizeof(header)) || !put(payload, len))
        return -XEN_EIO;
    do {
        if (!receive(&header, reply, size, PATIENCE))
            return -XEN_EIO;
    } while (header.type == XS_WATCH_EVENT);
    if (header.req_id != xenstore.request || header.tx_id != tx)
        return -XEN_EIO;
    if (header.type == XS_ERROR)
        return error_of(reply);
    return header.type == type ? (long)header.len : -XEN_EIO;
}

long xenstore_ask(uint32_t type, uint32_t tx, const char *text, char *reply, size_t size)
{
    return xenstore_request(type, tx, text, strlen(text) + 1, reply, size);
}

long xenstore_write(uint32_t tx, const char *path, const char *value)
{
    char payload[256], reply[16];
    int len = snprintf(payload, sizeof(payload), "%s%c%s", path, 0, value);

    return xenstore_request(XS_WRITE, tx, payload, len, reply, sizeof(reply));
}

const char *xenstore_event(unsigned int yields)
{
    struct xsd_sockmsg header;
    char none[8];

    if (!xenstore.has_event && !receive(&header, none, sizeof(none), yields))
        return NULL;
    bool had = xenstore.has_event;
    xenstore.has_event = false;
    return had ? xenstore.event : NULL;
}

bool xenstore_reconnect(void)
{
    xenstore.has_event = false;
    __atomic_store_n(&xenstore.page->connection, XENSTORE_RECONNECT, __ATOMIC_RELEASE);
    xen_evtchn_send(xenstore.port);
    return xenstore_wait_for(&xenstore.page->connection, XENSTORE_CONNECTED);
}

bool xenstore_await_go(void)
{
    char reply[16];
    long got = -XEN_ENOENT;

    if (!xenstore_init() || xenstore_write(0, "data/ready", "1") != 3)
        return false;
    while (got == -XEN_ENOENT) {
        for (unsigned int i = 0; i < 100; i++)
            xen_yield();
        got = xenstore_ask(XS_READ, 0, "data/go", reply, sizeof(reply));
    }
    return got == 1;
}
