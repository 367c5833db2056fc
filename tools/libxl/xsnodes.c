/* SPDX-License-Identifier: MIT */
/*
 * xsnodes.c - see xsnodes.h.  Owns nothing: the nodes are the store's.
 *
 * Names and permissions are those that Xen's toolstack gives and guests know:
 * a domain reads its home, and owns what it is to answer or announce in.
 */
#include "libxl/xsnodes.h"

#include <stdio.h>
#include <string.h>

#include "xenstored/xenstored.h"

void xsnodes_uuid(const uint8_t *u, char *text)
{
    snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
             u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
             u[14], u[15]);
}

/* What one domain is written with; stops at the first error. */
struct writer {
    struct xs_conn *conn;
    domid_t domid;
    int rc;
};

static void put(struct writer *w, const char *top, const char *name, const char *value)
{
    if (w->rc == 0)
        w->rc = xenstored_call(w->conn, XS_WRITE, 0, NULL, "%s%s%c%s", top, name, 0, value);
}

static void put_number(struct writer *w, const char *top, const char *name, uint64_t number)
{
    char value[24];

    snprintf(value, sizeof(value), "%llu", (unsigned long long)number);
    put(w, top, name, value);
}

/* A folder of domain 0's that the domain may read, with all that is put in. */
static void make_readable(struct writer *w, const char *path)
{
    put(w, path, "", "");
    if (w->rc == 0)
        w->rc = xenstored_call(w->conn, XS_SET_PERMS, 0, NULL, "%s%cn0%cr%u%c", path, 0, 0,
                               w->domid, 0);
}

/* A node that is the domain's own. */
static void make_own(struct writer *w, const char *top, const char *name)
{
    put(w, top, name, "");
    if (w->rc == 0)
        w->rc = xenstored_call(w->conn, XS_SET_PERMS, 0, NULL, "%s%s%cn%u%c", top, name, 0,
                               w->domid, 0);
}

static void put_home(struct writer *w, const struct domain_config *config,
                     const struct xsnodes_rings *rings)
{
    static const char *const own[] = {
        "/control/shutdown",
        "/control/feature-poweroff",
        "/control/feature-reboot",
        "/control/feature-suspend",
        "/control/sysrq",
        "/data",
        "/drivers",
        "/feature",
        "/attr",
        "/error",
    };
    char home[40], vm[48], cpu[40];

    snprintf(home, sizeof(home), "/local/domain/%u", w->domid);
    strcpy(vm, "/vm/");
    xsnodes_uuid(config->uuid, vm + 4);
    make_readable(w, vm);
    put(w, vm, "/uuid", vm + 4);
    put(w, vm, "/name", config->name);
    make_readable(w, home);
    put(w, home, "/vm", vm);
    put(w, home, "/name", config->name);
    put_number(w, home, "/domid", w->domid);
    put_number(w, home, "/memory/static-max", config->maxmem_mb * 1024);
    put_number(w, home, "/memory/target", config->memory_mb * 1024);
    for (unsigned int i = 0; i < config->maxvcpus; i++) {
        snprintf(cpu, sizeof(cpu), "/cpu/%u/availability", i);
        put(w, home, cpu, i < config->vcpus ? "online" : "offline");
    }
    put(w, home, "/device", "");
    put_number(w, home, "/store/ring-ref", rings->store_frame);
    put_number(w, home, "/store/port", rings->store_port);
    put(w, home, "/console/type", "xenconsoled");
    put_number(w, home, "/console/ring-ref", rings->console_frame);
    put_number(w, home, "/console/port", rings->console_port);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        make_own(w, home, own[i]);
}

void xsnodes_host(void)
{
    struct writer w = {.conn = xenstored_open()};

    if (!w.conn)
        return;
    put(&w, "/local/domain/0", "/name", "Domain-0");
    put(&w, "/local/domain/0", "/domid", "0");
    server_disconnect(w.conn);
}

int xsnodes_add(domid_t domid, const struct domain_config *config,
                const struct xsnodes_rings *rings)
{
    struct writer w = {.conn = xenstored_open(), .domid = domid};

    if (!w.conn)
        return -XEN_ENOMEM;
    put_home(&w, config, rings);
    server_disconnect(w.conn);
    if (w.rc == 0)
        w.rc = xenstored_introduce(domid, rings->store_frame, rings->store_port);
    if (w.rc < 0)
        xsnodes_remove(domid, config->uuid);
    return w.rc;
}

/* After a rename-restart the new domain has the uuid of the kept one. */
static bool uuid_shared(domid_t domid, const uint8_t *uuid)
{
    for (const struct domain *d = domain_each(NULL); d; d = domain_each(d)) {
        if (d->state != DOMAIN_BUILDING && d->domid != domid &&
            memcmp(d->config.uuid, uuid, sizeof(d->config.uuid)) == 0)
            return true;
    }
    return false;
}

void xsnodes_remove(domid_t domid, const uint8_t *uuid)
{
    struct xs_conn *conn = xenstored_open();
    char text[37];

    xenstored_release(domid);
    if (!conn)
        return;
    xsnodes_uuid(uuid, text);
    xenstored_call(conn, XS_RM, 0, NULL, "/local/domain/%u%c", domid, 0);
    if (!uuid_shared(domid, uuid))
        xenstored_call(conn, XS_RM, 0, NULL, "/vm/%s%c", text, 0);
    server_disconnect(conn);
}

void xsnodes_name(domid_t domid, const uint8_t *uuid, const char *name)
{
    struct xs_conn *conn = xenstored_open();
    char text[37];

    if (!conn)
        return;
    xsnodes_uuid(uuid, text);
    xenstored_call(conn, XS_WRITE, 0, NULL, "/local/domain/%u/name%c%s", domid, 0, name);
    xenstored_call(conn, XS_WRITE, 0, NULL, "/vm/%s/name%c%s", text, 0, name);
    server_disconnect(conn);
}

int xsnodes_ask(domid_t domid, const char *what)
{
    struct xs_conn *conn = xenstored_open();

    if (!conn)
        return -XEN_ENOMEM;
    int rc = xenstored_call(conn, XS_WRITE, 0, NULL, "/local/domain/%u/control/shutdown%c%s", domid,
                            0, what);
    server_disconnect(conn);
    return rc;
}
