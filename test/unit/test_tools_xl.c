/* SPDX-License-Identifier: MIT */
/* test_tools_xl.c - xl from the command line down to the hypercalls. */
/* sources: test/unit/fake_plat.c tools/consoled/consoled.c tools/consoled/logfile.c tools/consoled/ring.c tools/libctl/domctl.c tools/libctl/evtchn.c tools/libctl/hvm.c tools/libctl/memory.c tools/libctl/misc.c tools/libctl/sysctl.c tools/libxl/build.c tools/libxl/cfg.c tools/libxl/config.c tools/libxl/console.c tools/libxl/create.c tools/libxl/domain.c tools/libxl/host.c tools/libxl/image_elf.c tools/libxl/acpi.c tools/libxl/image_hvm.c tools/libxl/image_pv.c tools/libxl/log.c tools/libxl/save.c tools/libxl/stream.c tools/libxl/watch.c tools/libxl/xsnodes.c tools/xenstored/commands.c tools/xenstored/map.c tools/xenstored/request.c tools/xenstored/server.c tools/xenstored/store.c tools/xenstored/view.c tools/xenstored/xenstored.c tools/xenstored/xsring.c tools/xl/attach.c tools/xl/cmd_create.c tools/xl/cmd_domain.c tools/xl/cmd_info.c tools/xl/cmd_list.c tools/xl/cmd_save.c tools/xl/cmd_sched.c tools/xl/cmd_shutdown.c tools/xl/cmdtable.c tools/libxl/cpulist.c tools/xl/json.c tools/xl/main.c tools/xl/parse.c */
/* defines: -DLOGFILE_DIR='"/tmp"' */
#include "xl_run.h"

#include "consoled/logfile.h"
#include "libxl/host.h"
#include "xl/cmdtable.h"

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/elfnote.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>

static void test_create_hvm(void **state)
{
    assert_int_equal(xl(with_cfg("-p", "cmdline=\"hello\"")), XL_OK);
    struct fake_domain *d = fake_find(1);
    assert_non_null(d);
    assert_true(d->hvm);
    assert_true(d->paused);
    assert_true(d->flags & XEN_DOMCTL_CDF_hap);
    assert_int_equal(d->max_vcpus, 1);
    assert_int_equal(d->pages, 16 * 256 - 32 + 4);
    assert_null(fake_guest(1, 0xa0));
    assert_null(fake_guest(1, 0xbf));
    assert_non_null(fake_guest(1, 0xc0));
    assert_null(fake_guest(1, 0x1000));

    /* The image, its zeroes, and the registers. */
    char *page = fake_guest(1, 0x100);
    assert_int_equal(page[0x10], 'k');
    assert_int_equal(((char *)fake_guest(1, 0x102))[0], 0);
    const struct hvm_save_descriptor *record = (void *)d->hvm_context;
    assert_int_equal(record->typecode, HVM_SAVE_CODE(HEADER));
    record = (void *)((char *)(record + 1) + record->length);
    assert_int_equal(record->typecode, HVM_SAVE_CODE(CPU));
    const struct hvm_hw_cpu *cpu = (void *)(record + 1);
    assert_int_equal(cpu->rip, 0x100070);
    assert_int_equal(cpu->cr0, 0x11);
    assert_int_equal(cpu->cs_arbytes, 0xc9b);
    record = (void *)((char *)(record + 1) + record->length);
    assert_int_equal(record->typecode, 0);
    assert_int_equal((uint8_t *)(record + 1) - d->hvm_context, d->hvm_context_size);

    /* The start information and what it points to. */
    struct hvm_start_info *info = fake_guest(1, cpu->rbx >> 12);
    assert_int_equal(cpu->rbx, 0x105000);
    assert_int_equal(info->magic, XEN_HVM_START_MAGIC_VALUE);
    assert_string_equal((char *)info + (info->cmdline_paddr - cpu->rbx), "hello");
    struct hvm_memmap_table_entry *map = (void *)((char *)info + (info->memmap_paddr - cpu->rbx));
    assert_int_equal(map[0].size, 0xa0000);
    assert_int_equal(map[1].type, XEN_HVM_MEMMAP_TYPE_RESERVED);
    assert_int_equal(map[2].addr + map[2].size, 16 << 20);

    assert_int_equal(d->params[HVM_PARAM_CONSOLE_PFN], 0xfefff);
    assert_int_equal(d->params[HVM_PARAM_STORE_PFN], 0xfeffc);
    assert_int_equal(d->params[HVM_PARAM_IDENT_PT], 0xfeffe000);
    assert_int_equal(((uint32_t *)fake_guest(1, 0xfeffe))[3], 3 << 22 | 0xe7);
    assert_int_equal(fake.mappings, 2); /* the rings of console and xenstore */

    assert_int_equal(xl("list"), XL_OK);
    assert_non_null(strstr(printed, "Name                                        ID   Mem VCPUs"
                                    "\tState\tTime(s)\ncairn-unit"));
    assert_non_null(strstr(printed, "--p---"));
    assert_int_equal(xl("list -l"), XL_OK);
    assert_non_null(strstr(printed, "\"name\": \"cairn-unit\""));
    assert_int_equal(xl("domid cairn-unit"), XL_OK);
    assert_string_equal(printed, "1\n");
    assert_int_equal(xl("domname 1"), XL_OK);
    assert_string_equal(printed, "cairn-unit\n");
    assert_int_equal(xl("unpause cairn-unit"), XL_OK);
    assert_false(d->paused);
    assert_int_equal(xl("destroy 1"), XL_OK);
    assert_true(fake_is_clean(FREE_MB << 8));
}

/* Make call N fail, for every N: each time nothing may be left. */
static void test_every_failure_undone(void **state)
{
    static const int errors[] = {-XEN_ENOMEM, -XEN_EINVAL};

    for (size_t e = 0; e < 2; e++) {
        unsigned int n = 0;
        int rc;

        do {
            fake.calls = 0;
            fake.fail_with = errors[e];
            fake.fail_at = ++n;
            rc = xl(with_cfg("", ""));
            fake.fail_at = 0;
            if (rc != XL_OK) {
                if (!strstr(logged, "cairn-unit: stage ") || strchr(logged, '\n')[1])
                    fail_msg("call %u: logged '%s'", n, logged);
                assert_null(domain_each(NULL));
                if (!fake_is_clean(FREE_MB << 8))
                    fail_msg("call %u left something behind", n);
            } else if (fake.calls >= n) {
                /* A failure that is lived with, such as no large extents. */
                assert_int_equal(xl("destroy cairn-unit"), XL_OK);
            }
        } while (rc != XL_OK || fake.calls >= n);
        assert_true(n > 25);
        assert_int_equal(xl("destroy cairn-unit"), XL_OK);
        assert_true(fake_is_clean(FREE_MB << 8));
    }
}

static void test_bad_input(void **state)
{
    char path[80];

    expect_failure("create /nonexistent.cfg", XL_FAILED, "cannot open '/nonexistent.cfg'");
    expect_failure("create /tmp", XL_FAILED, "cannot read '/tmp': Is a directory");
    expect_failure("sched-credit2 -w 5", XL_USAGE, "-w and -c need a domain");
    expect_failure(with_cfg("", "memory=4096"), XL_FAILED, "MiB are free");
    expect_failure(with_cfg("", "memory=0"), XL_FAILED, "argument:1:8: 'memory' must be between");
    expect_failure(with_cfg("", "memory=x"), XL_FAILED, "argument:1:8: 'memory' needs a number");
    expect_failure(with_cfg("", "memory=4;x=y"), XL_FAILED, "argument:1:12: expected a string");
    expect_failure(with_cfg("", "firmware_override='/no'"), XL_FAILED, "cannot open '/no'");
    expect_failure(with_cfg("", "on_crash='explode'"), XL_FAILED, "must be one of: destroy,");
    expect_failure(with_cfg("", "type='vm'"), XL_FAILED, "must be one of: pv, hvm, pvh");
    expect_failure(with_cfg("", "name='7'"), XL_FAILED, "may not be a number");
    expect_failure(with_cfg("", "hap=0"), XL_FAILED, "no shadow paging");
    expect_failure(with_cfg("", "tsc_mode='always_emulate'"), XL_FAILED,
                   "'tsc_mode' must be one of: default, native");
    expect_failure(with_cfg("", "tsc_khz=5000"), XL_FAILED, "its TSC cannot run at 5000 kHz here");
    expect_failure(with_cfg("", "memory=1"), XL_FAILED, "which 'memory' = 1 does not give");
    expect_failure(with_cfg("", "/other.cfg"), XL_USAGE, "more than one configuration file");
    expect_failure("create", XL_USAGE, "no configuration file");

    snprintf(path, sizeof(path), "%s.bad", kernel);
    write_file(path, &elf, sizeof(elf) / 2);
    char override[120];
    snprintf(override, sizeof(override), "firmware_override='%s'", path);
    expect_failure(with_cfg("", override), XL_FAILED, "truncated: segment 0");
    elf.note.header.n_type = 99;
    write_file(path, &elf, sizeof(elf));
    expect_failure(with_cfg("", override), XL_FAILED, "no Xen PHYS32_ENTRY note");
    unlink(path);
    assert_true(fake_is_clean(FREE_MB << 8));

    assert_int_equal(xl(with_cfg("-p", "")), XL_OK);
    expect_failure(with_cfg("", ""), XL_FAILED, "a domain of this name exists already");
    expect_failure("pause nobody", XL_FAILED, "no such domain: 'nobody'");
    expect_failure("destroy Domain-0", XL_FAILED, "cannot destroy Domain-0");
    fake.capabilities = XEN_SYSCTL_PHYSCAP_pv;
    fake.ring = "boot\nVMX: disabled: old reason\nmore\nVMX: disabled: locked off by the BIOS\r\nx";
    expect_failure(with_cfg("", "name='b'"), XL_FAILED, "no HVM: locked off by the BIOS");
    assert_int_equal(xl("info hvm_unavailable"), XL_OK);
    assert_string_equal(printed, "locked off by the BIOS\n");
    assert_int_equal(xl("info virt_caps"), XL_OK);
    assert_string_equal(printed, "pv\n");
    assert_int_equal(xl("info nothing"), XL_FAILED);
}

static void test_warnings_have_places(void **state)
{
    assert_int_equal(xl(with_cfg("-n", "happ=1;vif=['x']")), XL_OK);
    assert_string_equal(logged, "argument:1:1: unknown setting 'happ' ignored\n"
                                "argument:1:8: 'vif' is not supported here and has no effect\n");
    assert_non_null(strstr(printed, "\"target_memkb\": 16384"));

    /* XTF's configurations have these: what is missing is said, and that is all. */
    assert_int_equal(xl(with_cfg("-n", "viridian=1 nestedhvm=1")), XL_OK);
    assert_string_equal(logged, "argument:1:1: 'viridian' is not supported here and has no effect\n"
                                "argument:1:1: 'nestedhvm' is not supported here and has no "
                                "effect\n");
    assert_int_equal(xl("create -n name=p type=pv memory=8 kernel=/k hap=1"), XL_OK);
    assert_string_equal(logged, "argument:1:5: 'hap' has no effect for type=\"pv\"\n");
    assert_int_equal(xl(with_cfg("-n", "viridian=0;nestedhvm=0")), XL_OK);
    assert_int_equal(xl(with_cfg("-n", "viridian=[]")), XL_OK);
    assert_string_equal(logged, "");

    /* A guest that names parts of it may use their MSRs without looking at CPUID. */
    expect_failure(with_cfg("-n", "viridian=['base']"), XL_FAILED, "argument:1:1: 'viridian' is");
    assert_null(domain_each(NULL));
}

/* A shell takes the quotes away: a word alone is a string, for an override. */
static void test_override_without_quotes(void **state)
{
    assert_int_equal(xl(with_cfg("-n", "name=other on_reboot=restart cmdline=/a-b,c")), XL_OK);
    assert_non_null(strstr(printed, "\"name\": \"other\""));
    assert_non_null(strstr(printed, "\"on_reboot\": \"restart\""));
    assert_non_null(strstr(printed, "\"cmdline\": \"/a-b,c\""));
    assert_int_equal(xl(with_cfg("-n", "vif=[] memory=0x20;vcpus=2")), XL_OK);
    assert_non_null(strstr(printed, "\"target_memkb\": 32768"));
    assert_non_null(strstr(printed, "\"max_vcpus\": 2"));
}

/* A guest that prints more than the ring holds, then ends. */
static unsigned int printed_lines;
static void guest_runs(void)
{
    struct domain *d = domain_each(NULL);
    char line[32];

    if (d && !fake_find(d->domid)->paused && !fake_find(d->domid)->down) {
        while (printed_lines < 20000) {
            snprintf(line, sizeof(line), "line %05u\n", printed_lines);
            struct xencons_interface *ring = fake_guest(d->domid, 0xfefff);
            if (sizeof(ring->out) - (ring->out_prod - ring->out_cons) < strlen(line))
                break;
            fake_guest_print(d->domid, line);
            printed_lines++;
        }
        if (printed_lines == 20000) {
            fake_guest_print(d->domid, "last words");
            fake_guest_end(d->domid, SHUTDOWN_poweroff);
        }
    }
    consoled_step(true);
}

static void test_create_attached_loses_nothing(void **state)
{
    fake.on_wait = guest_runs;
    printed_lines = 0;
    assert_int_equal(xl(with_cfg("-c -q", "")), XL_OK);
    char *at = printed;
    for (unsigned int i = 0; i < 20000; i++) {
        unsigned int number = ~0u;

        assert_int_equal(sscanf(at, "line %u", &number), 1);
        assert_int_equal(number, i);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "last wordsDomain cairn-unit (id 1) shut down: reason poweroff\n");
    assert_true(fake_is_clean(FREE_MB << 8));
    assert_null(domain_each(NULL));

    /* The log is bounded and ends with the end. */
    size_t len;
    char why[100];
    char *log = host_read_file("/tmp/guest-cairn-unit.log", &len, why, sizeof(why));
    assert_non_null(log);
    assert_true(len <= LOGFILE_LIMIT);
    assert_string_equal(log + len - 10, "last words");
    assert_memory_equal(log, "[older output dropped]\n", 23);
    free(log);
}

static void test_console_after_death(void **state)
{
    assert_int_equal(xl(with_cfg("-p", "")), XL_OK);
    assert_int_equal(xl("unpause cairn-unit"), XL_OK);
    fake_guest_print(1, "early\r\nTest result: SUCCESS\r\n");
    fake_guest_end(1, SHUTDOWN_crash);
    consoled_step(true);
    assert_true(fake_is_clean(FREE_MB << 8));
    assert_int_equal(xl("console cairn-unit"), XL_OK);
    assert_string_equal(printed, "early\r\nTest result: SUCCESS\r\n");
    expect_failure("console cairn-unit", XL_FAILED, "no such domain");
}

static void test_console_input_and_escape(void **state)
{
    assert_int_equal(xl(with_cfg("", "")), XL_OK);
    fake.typed = "ls\r\x1d";
    fake.on_wait = do_step;
    assert_int_equal(xl("console cairn-unit"), XL_OK);
    consoled_step(false);
    struct xencons_interface *ring = fake_guest(1, 0xfefff);
    assert_int_equal(ring->in_prod, 3);
    assert_memory_equal(ring->in, "ls\r", 3);
    assert_true(fake.sends > 0);
    fake.typed = "q";
    assert_int_equal(xl("console -e q cairn-unit"), XL_OK);
    assert_int_equal(xl("console -e long cairn-unit"), XL_USAGE);
    assert_non_null(fake_find(1));
}

static void test_hostile_ring(void **state)
{
    assert_int_equal(xl(with_cfg("", "")), XL_OK);
    struct xencons_interface *ring = fake_guest(1, 0xfefff);
    for (uint32_t lie = 0; lie < 100; lie++) {
        ring->out_prod += 0x12345678 * lie + 4097;
        ring->in_cons -= 77 * lie;
        consoled_step(false);
    }
    fake_guest_end(1, SHUTDOWN_poweroff);
    consoled_step(true);
    assert_true(fake_is_clean(FREE_MB << 8));
    assert_int_equal(xl("console cairn-unit"), XL_OK);
    assert_string_equal(printed, "\n[console ring corrupt: output dropped]\n");
}

static void test_actions(void **state)
{
    fake.on_wait = do_step;
    assert_int_equal(xl(with_cfg("", "on_poweroff='preserve';on_crash='coredump-restart'")), XL_OK);
    fake.now_ns += 5000000000ull;
    fake_guest_end(1, SHUTDOWN_crash);
    logged[0] = '\0';
    consoled_step(true);
    assert_non_null(strstr(logged, "coredump-restart is not supported, doing restart"));
    assert_null(fake_find(1));
    assert_non_null(fake_find(2));
    assert_false(fake_find(2)->paused);
    fake_guest_end(2, SHUTDOWN_poweroff);
    consoled_step(true);
    consoled_step(true);
    assert_non_null(fake_find(2));
    assert_int_equal(xl("list"), XL_OK);
    assert_non_null(strstr(printed, "---s--"));
    assert_int_equal(xl("destroy cairn-unit"), XL_OK);
    assert_true(fake_is_clean(FREE_MB << 8));
}

static void test_rename_restart(void **state)
{
    assert_int_equal(xl(with_cfg("", "on_reboot='rename-restart'")), XL_OK);
    fake_guest_end(1, SHUTDOWN_reboot);
    consoled_step(true);
    assert_int_equal(xl("domid cairn-unit-1"), XL_OK);
    assert_string_equal(printed, "1\n");
    assert_int_equal(xl("domid cairn-unit"), XL_OK);
    assert_string_equal(printed, "2\n");
}

/* Triple faults for ever: restarted a few times, then not again. */
static void test_reboot_loop_ends(void **state)
{
    assert_int_equal(xl(with_cfg("", "on_reboot='restart'")), XL_OK);
    for (domid_t id = 1; fake_find(id); id++) {
        assert_true(id < 10);
        fake_guest_end(id, SHUTDOWN_reboot);
        consoled_step(true);
    }
    assert_non_null(strstr(logged, "not again"));
    assert_true(fake_is_clean(FREE_MB << 8));
}

static void end_now(void)
{
    struct domain *d = domain_each(NULL);

    if (d && !fake_find(d->domid)->down)
        fake_guest_end(d->domid, SHUTDOWN_reboot);
    consoled_step(true);
}

static void test_foreground_and_shutdown(void **state)
{
    fake.on_wait = end_now;
    assert_int_equal(xl(with_cfg("-F -q", "")), XL_OK);
    assert_string_equal(printed, "Domain cairn-unit (id 1) shut down: reason reboot\n");
    fake.on_wait = do_step;
    fake.typed = "x\x03";
    assert_int_equal(xl(with_cfg("-F", "")), XL_FAILED); /* it goes on without us */
    expect_failure("shutdown -w cairn-unit", XL_FAILED, "cannot be asked (-F ends it at once)");
    assert_int_equal(xl("shutdown -wF cairn-unit"), XL_OK);
    assert_true(fake_is_clean(FREE_MB << 8));
}

/* Output of a silent end is not kept for ever, and rounds do not add up. */
static void test_many_rounds(void **state)
{
    for (int i = 0; i < 100; i++) {
        assert_int_equal(xl(with_cfg("", "")), XL_OK);
        fake_guest_print(fake.next_domid - 1, "unread");
        fake_guest_end(fake.next_domid - 1, SHUTDOWN_poweroff);
        consoled_step(true);
        assert_true(fake_is_clean(FREE_MB << 8));
    }
}

static void test_no_large_extents(void **state)
{
    fake.no_large = true;
    assert_int_equal(xl(with_cfg("-p", "")), XL_OK);
    assert_int_equal(fake_find(1)->pages, 16 * 256 - 32 + 4);
}

/* Walk the tables as the processor would; 0 for nothing there. */
static uint64_t walk(uint64_t root_mfn, uint64_t va)
{
    uint64_t entry = root_mfn << 12 | 1;

    for (int shift = 39; shift >= 12 && (entry & 1); shift -= 9)
        entry = ((uint64_t *)fake_page(entry >> 12 & 0xffffffffff))[va >> shift & 511];
    return entry & 1 ? entry : 0;
}

static void make_pv_kernel(uint64_t virt_base)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segments[2];
        struct {
            Elf64_Nhdr header;
            char name[4];
            uint64_t value;
        } __attribute__((packed)) notes[3];
        char code[6000];
    } f;

    memset(&f, 0, sizeof(f));
    memcpy(f.header.e_ident, ELFMAG "\2\1\1", 7);
    f.header.e_type = ET_EXEC;
    f.header.e_machine = EM_X86_64;
    f.header.e_entry = virt_base + 0x100000;
    f.header.e_phoff = sizeof(f.header);
    f.header.e_phentsize = sizeof(Elf64_Phdr);
    f.header.e_phnum = 2;
    f.segments[0] = (Elf64_Phdr){
        PT_LOAD, 7, (char *)f.code - (char *)&f, virt_base + 0x100000, 0x100000, sizeof(f.code),
        0x8000,  4};
    f.segments[1] =
        (Elf64_Phdr){PT_NOTE, 4, (char *)f.notes - (char *)&f, 0, 0, sizeof(f.notes), 0, 4};
    for (int i = 0; i < 3; i++)
        strcpy(f.notes[i].name, "Xen");
    f.notes[0].header = (Elf64_Nhdr){4, 8, XEN_ELFNOTE_HYPERCALL_PAGE};
    f.notes[0].value = virt_base + 0x106000;
    f.notes[1].header = (Elf64_Nhdr){4, 8, XEN_ELFNOTE_VIRT_BASE};
    f.notes[1].value = virt_base;
    f.notes[2].header = (Elf64_Nhdr){4, 8, 99};
    memset(f.code, 'p', sizeof(f.code));
    write_file(kernel, &f, sizeof(f));

    char text[300];
    snprintf(text, sizeof(text), "name='cairn-unit'\ntype='pv'\nmemory=16\nkernel='%s'\n", kernel);
    write_file(cfg_file, text, strlen(text));
}

static void check_pv(uint64_t virt_base)
{
    make_pv_kernel(virt_base);
    assert_int_equal(xl(with_cfg("-p", "cmdline='arg'")), XL_OK);
    struct fake_domain *d = fake_find(fake.next_domid - 1);
    const vcpu_guest_context_t *v = d->vcpu0;

    assert_false(d->hvm);
    assert_int_equal(d->pages, 16 * 256);
    assert_int_equal(v->user_regs.rip, virt_base + 0x100000);
    uint64_t root = v->ctrlreg[3] >> 12;
    assert_int_equal(d->pinned, root);
    assert_int_equal(d->hypercall_page, d->p2m[0x106] - 1);

    uint64_t entry = walk(root, v->user_regs.rsi);
    assert_true(entry & 2);
    const struct start_info *info = fake_page(entry >> 12);
    assert_string_equal(info->magic, "xen-3.0-x86_64");
    assert_string_equal((const char *)info->cmd_line, "arg");
    assert_int_equal(info->nr_pages, 16 * 256);
    /* Tables are mapped read-only, everything else writable and in order. */
    uint64_t first = (info->pt_base - virt_base) >> 12;
    assert_int_equal(walk(root, info->pt_base) >> 12, root);
    for (uint64_t pfn = 0; pfn < first + info->nr_pt_frames + 128; pfn++) {
        bool table = pfn >= first && pfn < first + info->nr_pt_frames;

        entry = walk(root, virt_base + (pfn << 12));
        assert_int_equal(entry >> 12, d->p2m[pfn] - 1);
        assert_int_equal(entry & 0x67, table ? 0x65 : 0x67);
    }
    entry = walk(root, info->mfn_list);
    assert_int_equal(((uint64_t *)fake_page(entry >> 12))[5], d->p2m[5] - 1);
    assert_int_equal(walk(root, v->user_regs.rsp - 8) & 0x67, 0x67);
    assert_int_equal(walk(root, virt_base + 0x100000) >> 12, d->p2m[0x100] - 1);
    assert_int_equal(*(char *)fake_page(d->p2m[0x100] - 1), 'p');
    assert_int_equal(xl("destroy cairn-unit"), XL_OK);
    assert_true(fake_is_clean(FREE_MB << 8));
}

static void test_create_pv(void **state)
{
    check_pv(0);
    check_pv(0xffffffff80000000);
    check_pv(0xffff88ffffe00000); /* crosses tables of all levels but one */
}

static void test_pv_failures_undone(void **state)
{
    unsigned int n = 0;
    int rc;

    make_pv_kernel(0);
    do {
        fake.calls = 0;
        fake.fail_at = ++n;
        rc = xl(with_cfg("", ""));
        fake.fail_at = 0;
        if (rc != XL_OK && !fake_is_clean(FREE_MB << 8))
            fail_msg("call %u left something behind", n);
    } while (rc != XL_OK);
    assert_true(n > 25);
    expect_failure(with_cfg("", "name='b';memory=1"), XL_FAILED, "does not fit into");
    make_pv_kernel(0xffff87ffffe00000);
    expect_failure(with_cfg("", "name='b'"), XL_FAILED, "unusable virtual base");
}

static void test_lookup_and_usage(void **state)
{
    char candidates[120];

    for (size_t i = 0; xl_command_at(i); i++) {
        const struct xl_command *c = xl_command_at(i);
        char line[64];

        assert_ptr_equal(xl_command_find(c->name, candidates, sizeof(candidates)), c);
        assert_non_null(c->summary);
        snprintf(line, sizeof(line), "help %s", c->name);
        assert_int_equal(xl(line), XL_OK);
        assert_non_null(strstr(printed, c->name));
        assert_int_equal(xl("help"), XL_OK);
        assert_non_null(strstr(printed, c->name));
    }
    assert_string_equal(xl_command_find("cr", candidates, sizeof(candidates))->name, "create");
    assert_string_equal(xl_command_find("des", candidates, sizeof(candidates))->name, "destroy");
    assert_null(xl_command_find("dom", candidates, sizeof(candidates)));
    assert_string_equal(candidates, "domid, domname");
    expect_failure("dom 1", XL_USAGE, "could be: domid, domname");
    expect_failure("bogus", XL_USAGE, "no command 'bogus'");
    expect_failure("pause", XL_USAGE, "'pause' needs Domain");
    expect_failure("pause a b", XL_USAGE, "unexpected argument 'b'");
    expect_failure("create -z", XL_USAGE, "unknown option '-z'");
    expect_failure("create --zz", XL_USAGE, "unknown option '--zz'");
    expect_failure("create -f", XL_USAGE, "needs an argument");
    assert_int_equal(xl("list --help"), XL_OK);
    assert_non_null(strstr(printed, "Usage: xl list [options] [Domain]"));
    assert_int_equal(xl(""), XL_USAGE);
    snprintf(command, sizeof(command), "create -nqf %s", cfg_file);
    assert_int_equal(xl(command), XL_OK);
    snprintf(command, sizeof(command), "create --dryrun --defconfig=%s", cfg_file);
    assert_int_equal(xl(command), XL_OK);
}

/* Save, end, restore: the same memory, registers, parameters; again and again. */
static void test_save_and_restore(void **state)
{
    char save[120], restore[120], path[80];
    uint8_t registers[64];

    snprintf(path, sizeof(path), "%s/saved", dir);
    snprintf(save, sizeof(save), "save cairn-unit %s", path);
    snprintf(restore, sizeof(restore), "restore %s", path);
    assert_int_equal(xl(with_cfg("", "extra='a\"b\\\\' hap=1 tsc_mode='native' tsc_khz=0")), XL_OK);
    struct domain *d = domain_find_name("cairn-unit");
    memset(fake_guest(d->domid, 0x345), 0x5a, 4096);
    assert_true(fake_guest_print(d->domid, "before\n"));
    memcpy(registers, fake_find(d->domid)->hvm_context, sizeof(registers));
    uint8_t uuid[16];
    memcpy(uuid, d->config.uuid, sizeof(uuid));
    assert_int_equal(xl(save), XL_OK);
    assert_null(domain_find_name("cairn-unit"));
    assert_true(fake_is_clean(FREE_MB << 8));

    assert_int_equal(xl(restore), XL_OK);
    d = domain_find_name("cairn-unit");
    struct fake_domain *f = fake_find(d->domid);
    assert_false(f->paused);
    assert_string_equal(d->config.cmdline, "a\"b\\");
    assert_int_equal(d->config.hap, 1);
    assert_int_equal(d->config.tsc_mode, TSC_NATIVE);
    assert_int_equal(d->config.tsc_khz, 0);
    assert_memory_equal(d->config.uuid, uuid, sizeof(uuid));
    assert_memory_equal(f->hvm_context, registers, sizeof(registers));
    const uint8_t *page = fake_guest(d->domid, 0x345);
    assert_true(page[0] == 0x5a && page[4095] == 0x5a);
    assert_int_equal(*(uint8_t *)fake_guest(d->domid, 0x346), 0);
    assert_true(fake_guest_print(d->domid, "after\n"));
    do_step();
    assert_int_equal(xl(save), XL_OK);
    char log[200] = "";
    FILE *file = fopen("/tmp/guest-cairn-unit.log", "r");
    assert_true(fread(log, 1, sizeof(log) - 1, file) > 0);
    fclose(file);
    assert_string_equal(log, "before\nafter\n"); /* each once */
    unlink(path);
    expect_failure(restore, XL_FAILED, "cannot open");
}

/* Every call of saving fails once: the domain runs on and there is no file. */
static void test_save_failures_undone(void **state)
{
    char save[120], restore[120], path[80];
    unsigned int n = 0;
    int rc;

    snprintf(path, sizeof(path), "%s/saved", dir);
    snprintf(save, sizeof(save), "save -c cairn-unit %s", path);
    snprintf(restore, sizeof(restore), "restore %s", path);
    assert_int_equal(xl(with_cfg("", "")), XL_OK);
    do {
        fake.calls = 0;
        fake.fail_with = -XEN_ENOMEM;
        fake.fail_at = ++n;
        rc = xl(save);
        fake.fail_at = 0;
        if (rc != XL_OK && access(path, F_OK) == 0 && !strstr(logged, "stays paused"))
            fail_msg("call %u: a file is left: %s", n, logged);
        if (rc != XL_OK && !strchr(logged, '\n'))
            fail_msg("call %u: nothing said", n);
    } while (rc != XL_OK || fake.calls >= n);
    assert_int_equal(xl("destroy cairn-unit"), XL_OK);
    assert_true(fake_is_clean(FREE_MB << 8));
    n = 0;
    do {
        fake.calls = 0;
        fake.fail_at = ++n;
        rc = xl(restore);
        fake.fail_at = 0;
        if (rc == XL_OK) {
            unsigned int calls = fake.calls;
            assert_int_equal(xl("destroy cairn-unit"), XL_OK);
            fake.calls = calls;
        } else {
            assert_non_null(strstr(logged, "cairn-unit: stage "));
        }
        assert_null(domain_each(NULL));
        assert_true(fake_is_clean(FREE_MB << 8));
    } while (rc != XL_OK || fake.calls >= n);
    assert_true(n > 25);
    unlink(path);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_create_hvm),
        T(test_every_failure_undone),
        T(test_bad_input),
        T(test_warnings_have_places),
        T(test_override_without_quotes),
        T(test_create_attached_loses_nothing),
        T(test_console_after_death),
        T(test_console_input_and_escape),
        T(test_hostile_ring),
        T(test_actions),
        T(test_rename_restart),
        T(test_reboot_loop_ends),
        T(test_foreground_and_shutdown),
        T(test_many_rounds),
        T(test_no_large_extents),
        T(test_create_pv),
        T(test_pv_failures_undone),
        T(test_save_and_restore),
        T(test_save_failures_undone),
        T(test_lookup_and_usage),
    };

    if (!make_folder())
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    remove_folder();
    return rc;
}
