/* SPDX-License-Identifier: MIT */
/* test_tools_xl_store.c - a guest's xenstore ring, dom0's commands, shutting down by asking. */
/* sources: test/unit/fake_plat.c tools/consoled/consoled.c tools/consoled/logfile.c tools/consoled/ring.c tools/libctl/domctl.c tools/libctl/evtchn.c tools/libctl/hvm.c tools/libctl/memory.c tools/libctl/misc.c tools/libctl/sysctl.c tools/libxl/build.c tools/libxl/cfg.c tools/libxl/config.c tools/libxl/console.c tools/libxl/create.c tools/libxl/domain.c tools/libxl/host.c tools/libxl/image_elf.c tools/libxl/acpi.c tools/libxl/image_hvm.c tools/libxl/image_pv.c tools/libxl/log.c tools/libxl/save.c tools/libxl/stream.c tools/libxl/watch.c tools/libxl/xsnodes.c tools/xenstored/commands.c tools/xenstored/map.c tools/xenstored/request.c tools/xenstored/server.c tools/xenstored/store.c tools/xenstored/view.c tools/xenstored/xenstored.c tools/xenstored/xsring.c tools/xl/attach.c tools/xl/cmd_create.c tools/xl/cmd_domain.c tools/xl/cmd_info.c tools/xl/cmd_list.c tools/xl/cmd_save.c tools/xl/cmd_sched.c tools/xl/cmd_shutdown.c tools/xl/cmdtable.c tools/libxl/cpulist.c tools/xl/json.c tools/xl/main.c tools/xl/parse.c */
/* defines: -DLOGFILE_DIR='"/tmp"' */
#include "xl_run.h"

#include "libxl/xsnodes.h"
#include "xenstored/commands.h"
#include "xenstored/xenstored.h"

#include <xen/hvm/params.h>

/* What a guest does: a request by its ring, and the reply's payload. */
static const char *guest_request(domid_t domid, uint32_t type, const char *payload, size_t len)
{
    static char text[XENSTORE_RING_SIZE];
    struct xenstore_domain_interface *page = fake_guest(domid, 0xfeffc);
    struct xsd_sockmsg header = {.type = type, .len = len};

    for (size_t i = 0; i < sizeof(header) + len; i++)
        page->req[MASK_XENSTORE_IDX(page->req_prod++)] =
            i < sizeof(header) ? ((char *)&header)[i] : payload[i - sizeof(header)];
    xenstored_step();
    memset(text, 0, sizeof(text));
    for (size_t i = 0; page->rsp_cons != page->rsp_prod && !page->error; i++)
        text[i] = page->rsp[MASK_XENSTORE_IDX(page->rsp_cons++)];
    return text + sizeof(header);
}

static void test_xenstore_of_a_guest(void **state)
{
    xsnodes_host();
    assert_int_equal(xl(with_cfg("", "vcpus=2")), XL_OK);
    struct xenstore_domain_interface *page = fake_guest(1, 0xfeffc);
    assert_int_equal(page->server_features, 3);
    assert_string_equal(guest_request(1, XS_READ, "name", 5), "cairn-unit");
    assert_string_equal(guest_request(1, XS_READ, "domid", 6), "1");
    assert_string_equal(guest_request(1, XS_READ, "memory/target", 14), "16384");
    assert_string_equal(guest_request(1, XS_READ, "cpu/1/availability", 19), "online");
    assert_string_equal(guest_request(1, XS_WRITE, "name\0x", 6), "EACCES");
    assert_string_equal(guest_request(1, XS_WRITE, "data/x\0y", 8), "OK");
    assert_string_equal(guest_request(1, XS_READ, "/local/domain/0/name", 21), "EACCES");

    assert_int_equal(run(xenstore_main, "xenstore-ls -p /local/domain/1/data"), 0);
    assert_string_equal(printed, "x = \"y\"   (n1)\n");
    assert_int_equal(run(xenstore_main, "xenstore-ls -f /vm"), 0);
    assert_non_null(strstr(printed, "/name = \"cairn-unit\"\n"));
    assert_int_equal(run(xenstore_main, "xenstore-read /local/domain/0/name domid"), 0);
    assert_string_equal(printed, "Domain-0\n0\n");
    assert_int_equal(run(xenstore_main, "xenstore-list /local/domain"), 0);
    assert_string_equal(printed, "0\n1\n");
    assert_int_equal(run(xenstore_main, "xenstore-write /a/b 1 /a/c 2"), 0);
    assert_int_equal(run(xenstore_main, "xenstore-exists /a/b /a/c"), 0);
    assert_int_equal(run(xenstore_main, "xenstore-watch -n 2 /a/b /a"), 0);
    assert_string_equal(printed, "/a/b\n/a\n");
    fake.typed = "\x03";
    assert_int_equal(run(xenstore_main, "xenstore-watch /a"), 0);
    assert_int_equal(run(xenstore_main, "xenstore-rm /a"), 0);
    assert_int_equal(run(xenstore_main, "xenstore-exists /a"), 1);
    assert_int_equal(run(xenstore_main, "xenstore-read /a"), 1);
    assert_int_equal(run(xenstore_main, "xenstore-read"), 2);
    assert_int_equal(run(xenstore_main, "xenstore-ls -x"), 2);
    assert_int_equal(run(xenstore_main, "xenstore-bogus"), 2);

    assert_int_equal(xl("destroy cairn-unit"), XL_OK);
    assert_int_equal(run(xenstore_main, "xenstore-list /local/domain /vm"), 0);
    assert_string_equal(printed, "0\n");
    assert_true(fake_is_clean(FREE_MB << 8));
}

/* It is ignored, once with a line, until it reconnects; others are served. */
static void test_hostile_store_ring(void **state)
{
    assert_int_equal(xl(with_cfg("", "")), XL_OK);
    assert_int_equal(xl(with_cfg("", "name='other'")), XL_OK);
    struct xenstore_domain_interface *page = fake_guest(1, 0xfeffc);
    unsigned int lines = 0;

    logged[0] = '\0';
    for (uint32_t lie = 1; lie < 50; lie++) {
        page->req_prod = page->req_cons + 1025 * lie;
        xenstored_step();
        assert_int_equal(page->error, XENSTORE_ERROR_RINGIDX);
        page->connection = lie % 3 ? XENSTORE_RECONNECT : 77;
        xenstored_step();
        assert_int_equal(page->error, lie % 3 ? XENSTORE_ERROR_NONE : XENSTORE_ERROR_RINGIDX);
        assert_string_equal(guest_request(2, XS_READ, "name", 5), "other");
    }
    for (const char *at = logged; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 1);
    assert_non_null(strstr(logged, "domain 1 is ignored: its ring's indices make no sense"));
    page->connection = XENSTORE_RECONNECT;
    xenstored_step();
    assert_string_equal(guest_request(1, XS_READ, "name", 5), "cairn-unit");
    page->rsp_cons += 5;
    assert_string_equal(guest_request(1, XS_READ, "name", 5), "");
    assert_int_equal(page->error, XENSTORE_ERROR_RINGIDX);
}

/* A guest that was asked and answers, or does not. */
static void test_shutdown_asks(void **state)
{
    fake.on_wait = do_step;
    assert_int_equal(xl(with_cfg("", "on_reboot='restart'")), XL_OK);
    guest_request(1, XS_READ, "name", 5);
    assert_int_equal(xl("shutdown cairn-unit"), XL_OK);
    assert_false(fake_find(1)->down);
    assert_string_equal(guest_request(1, XS_READ, "control/shutdown", 17), "poweroff");
    assert_string_equal(guest_request(1, XS_WRITE, "control/shutdown\0", 17), "OK");
    fake.typed = "\x03";
    assert_int_equal(xl("reboot -w 1"), XL_FAILED);
    assert_string_equal(guest_request(1, XS_READ, "control/shutdown", 17), "reboot");
    fake_guest_end(1, SHUTDOWN_reboot);
    consoled_step(true);
    assert_string_equal(guest_request(2, XS_READ, "control/shutdown", 17), "");
    assert_int_equal(xl(with_cfg("", "name='mute'")), XL_OK);
    expect_failure("shutdown -a", XL_FAILED, "'mute' shows no use of xenstore");
    assert_string_equal(guest_request(2, XS_READ, "control/shutdown", 17), "poweroff");
    fake_guest_end(2, SHUTDOWN_poweroff);
    assert_int_equal(xl("shutdown -aFw"), XL_OK);
    assert_null(domain_each(NULL));
    expect_failure("shutdown Domain-0", XL_FAILED, "cannot poweroff Domain-0");
    expect_failure("shutdown", XL_USAGE, "either a domain or -a");
    expect_failure("shutdown -a x", XL_USAGE, "either a domain or -a");
    /* By its parameter alone. */
    assert_int_equal(xl(with_cfg("", "")), XL_OK);
    domid_t last = fake.next_domid - 1;
    fake_find(last)->params[HVM_PARAM_CALLBACK_IRQ] = 2ull << 56 | 0x20;
    assert_int_equal(xl("reboot cairn-unit"), XL_OK);
    assert_string_equal(guest_request(last, XS_READ, "control/shutdown", 17), "reboot");
}

/* A kept domain and its successor share a uuid, and what /vm says of it. */
static void test_shared_uuid(void **state)
{
    assert_int_equal(xl(with_cfg("", "on_reboot='rename-restart'")), XL_OK);
    fake_guest_end(1, SHUTDOWN_reboot);
    consoled_step(true);
    assert_int_equal(run(xenstore_main, "xenstore-list /local/domain"), 0);
    assert_string_equal(printed, "0\n1\n2\n");
    assert_int_equal(run(xenstore_main, "xenstore-read /local/domain/1/name"), 0);
    assert_string_equal(printed, "cairn-unit-1\n");
    assert_int_equal(xl("destroy 1"), XL_OK);
    assert_int_equal(run(xenstore_main, "xenstore-ls /vm"), 0);
    assert_non_null(strstr(printed, "name = \"cairn-unit\"\n"));
    assert_int_equal(xl("destroy 2"), XL_OK);
    assert_int_equal(run(xenstore_main, "xenstore-ls /vm"), 0);
    assert_string_equal(printed, "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_xenstore_of_a_guest),
        T(test_hostile_store_ring),
        T(test_shutdown_asks),
        T(test_shared_uuid),
    };

    if (!make_folder())
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    remove_folder();
    return rc;
}
