/* SPDX-License-Identifier: MIT */
/*
 * Xenstore: a domain reads who it is, writes where it may and is refused where
 * it may not, sees its watches fire, and has one of two transactions fail that
 * cannot both be right.  With `wait-shutdown' on the command line it then waits
 * until control/shutdown asks it to end, as any guest does.
 *
 * Bare: there is no hypervisor to ask; skipped.
 */
#include <guest/test.h>
#include <guest/xenstore.h>

const char test_title[] = "Xenstore";

static char reply[512];

static long ask(uint32_t type, uint32_t tx, const char *text)
{
    return xenstore_ask(type, tx, text, reply, sizeof(reply));
}

static void check_value(const char *what, uint32_t tx, const char *path, const char *want)
{
    long len = ask(XS_READ, tx, path);

    check_equal(what, len, strlen(want));
    if (len >= 0 && strcmp(reply, want))
        report_failure("%s: '%s', want '%s'", what, reply, want);
}

static void check_self(void)
{
    char path[64];

    check_true("our domid is there", ask(XS_READ, 0, "domid") > 0);
    snprintf(path, sizeof(path), "/local/domain/%s/domid", reply);
    long len = ask(XS_READ, 0, "domid");
    check_equal("the same by its absolute path", ask(XS_READ, 0, path), len);
    check_true("our name is there", ask(XS_READ, 0, "name") > 0);
    printk("  this is '%s'\n", reply);
    check_true("its memory", ask(XS_READ, 0, "memory/target") > 0);
    check_true("our home is a folder", ask(XS_DIRECTORY, 0, "control") > 0);
    check_equal("our own path", ask(XS_GET_DOMAIN_PATH, 0, "7"), 16);
    check_true("that is /local/domain/7", !strcmp(reply, "/local/domain/7"));
    check_equal("nothing at a path that is not there", ask(XS_READ, 0, "data/none"), -XEN_ENOENT);
    check_equal("dom0's name", ask(XS_READ, 0, "/local/domain/0/name"), -XEN_EACCES);
    check_equal("our own name is not ours to set", xenstore_write(0, "name", "x"), -XEN_EACCES);
    check_equal("a bad path", ask(XS_READ, 0, "data//x"), -XEN_EINVAL);
    check_equal("an unknown operation", ask(99, 0, "data"), -XEN_ENOSYS);
    check_equal("dom0's operations", ask(XS_RELEASE, 0, "0"), -XEN_EACCES);
}

static void check_tree(void)
{
    check_equal("write", xenstore_write(0, "data/a/b", "one"), 3);
    check_value("read it", 0, "data/a/b", "one");
    check_value("what is above it is empty", 0, "data/a", "");
    check_equal("mkdir", ask(XS_MKDIR, 0, "data/a/c"), 3);
    check_equal("directory", ask(XS_DIRECTORY, 0, "data/a"), 4);
    check_true("both are in it", !memcmp(reply, "b\0c", 4));
    check_true("permissions", ask(XS_GET_PERMS, 0, "data/a") > 0 && reply[0] == 'n');
    check_equal("remove", ask(XS_RM, 0, "data/a"), 3);
    check_equal("it is gone, with all below", ask(XS_READ, 0, "data/a/b"), -XEN_ENOENT);
}

static void check_event(const char *what, const char *path, const char *token)
{
    const char *event = xenstore_event(100000);

    if (!event)
        report_failure("%s: no event", what);
    else if (strcmp(event, path) || strcmp(event + strlen(event) + 1, token))
        report_failure("%s: event at '%s' for '%s'", what, event, event + strlen(event) + 1);
}

static void check_watches(void)
{
    check_equal("watch", xenstore_request(XS_WATCH, 0, "data\0tok", 9, reply, sizeof(reply)), 3);
    check_event("a new watch fires", "data", "tok");
    check_equal("write", xenstore_write(0, "data/w", "1"), 3);
    check_event("it fires for what is below", "data/w", "tok");
    check_equal("again", xenstore_request(XS_WATCH, 0, "data\0tok", 9, reply, sizeof(reply)),
                -XEN_EEXIST);
    check_equal("unwatch", xenstore_request(XS_UNWATCH, 0, "data\0tok", 9, reply, sizeof(reply)),
                3);
    check_equal("write", xenstore_write(0, "data/w", "2"), 3);
    check_true("no more events", !xenstore_event(100));
}

static uint32_t begin(void)
{
    uint32_t tx = 0;

    check_true("start a transaction", ask(XS_TRANSACTION_START, 0, "") > 1);
    for (const char *c = reply; *c >= '0' && *c <= '9'; c++)
        tx = tx * 10 + *c - '0';
    return tx;
}

static void check_transactions(void)
{
    check_equal("write", xenstore_write(0, "data/n", "5"), 3);
    uint32_t a = begin(), b = begin();
    check_value("a reads", a, "data/n", "5");
    check_value("b reads", b, "data/n", "5");
    check_equal("a writes", xenstore_write(a, "data/n", "6"), 3);
    check_equal("b writes", xenstore_write(b, "data/n", "7"), 3);
    check_value("a sees its own", a, "data/n", "6");
    check_value("others do not yet", 0, "data/n", "5");
    check_equal("a is first", ask(XS_TRANSACTION_END, a, "T"), 3);
    check_equal("b comes too late", ask(XS_TRANSACTION_END, b, "T"), -XEN_EAGAIN);
    check_value("a's value stands", 0, "data/n", "6");
    check_equal("b is over", ask(XS_TRANSACTION_END, b, "T"), -XEN_ENOENT);
    a = begin();
    check_equal("remove in a transaction", ask(XS_RM, a, "data/n"), 3);
    check_equal("give it up", ask(XS_TRANSACTION_END, a, "F"), 3);
    check_value("nothing has happened", 0, "data/n", "6");
}

/* Until control/shutdown says something; that it was seen is said there too. */
static void wait_shutdown(void)
{
    check_equal("announce it", xenstore_write(0, "control/feature-poweroff", "1"), 3);
    check_equal("as Linux does", xenstore_write(0, "control/feature-suspend", "1"), 3);
    check_equal("watch",
                xenstore_request(XS_WATCH, 0, "control/shutdown\0s", 19, reply, sizeof(reply)), 3);
    printk("waiting for control/shutdown\n");
    do {
        if (!xenstore_event(UINT32_MAX))
            break;
    } while (ask(XS_READ, 0, "control/shutdown") == 0);
    printk("asked to %s\n", reply);
    unsigned int reason = strcmp(reply, "reboot") ? SHUTDOWN_poweroff : SHUTDOWN_reboot;
    check_equal("acknowledge", xenstore_write(0, "control/shutdown", ""), 3);
    console_flush();
    xen_shutdown(reason);
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
    check_self();
    check_tree();
    check_watches();
    check_transactions();
    if (cmdline_has("wait-shutdown"))
        wait_shutdown();
    report_success(NULL);
}
