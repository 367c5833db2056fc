/* SPDX-License-Identifier: MIT */
/*
 * Start and end of a run: finds out where we are, copies the command line,
 * calls the test, ends the machine.
 */
#include <guest/platform.h>

#include <guest/cpu.h>
#include <guest/fault.h>
#include <guest/paging.h>
#include <guest/report.h>
#include <guest/test.h>
#include <guest/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

#define BOCHS_SHUTDOWN_PORT 0x8900
#define QEMU_DEBUG_EXIT     0xf4

/* The part of Multiboot's information structure that we read. */
struct multiboot_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
};
#define MBI_CMDLINE (1u << 2)

enum platform platform;
char cmdline[256];
void main_entry(void);

static uint64_t find_cmdline(void)
{
    const struct hvm_start_info *start = (void *)(ulong)boot_info;
    const struct multiboot_info *mbi = (void *)(ulong)boot_info;

    if (boot_magic == BOOT_PVH && start && start->magic == XEN_HVM_START_MAGIC_VALUE)
        return start->cmdline_paddr;
    if (boot_magic == BOOT_MULTIBOOT && mbi->flags & MBI_CMDLINE)
        return mbi->cmdline;
    return 0;
}

bool cmdline_has(const char *word)
{
    size_t len = strlen(word);

    for (const char *at = cmdline; (at = strstr(at, word)); at++) {
        bool begins = at == cmdline || at[-1] == ' ';

        if (begins && (at[len] == ' ' || at[len] == '\0'))
            return true;
    }
    return false;
}

uint64_t cmdline_number(const char *name, uint64_t otherwise)
{
    size_t len = strlen(name);
    uint64_t value = 0;

    for (const char *at = cmdline; (at = strstr(at, name)); at++) {
        if ((at != cmdline && at[-1] != ' ') || at[len] != '=')
            continue;
        for (at += len + 1; *at >= '0' && *at <= '9'; at++)
            value = value * 10 + (*at - '0');
        return value;
    }
    return otherwise;
}

void platform_init(void)
{
    uint64_t text = find_cmdline();

    if (text && text < (1ull << 32))
        snprintf(cmdline, sizeof(cmdline), "%s", (const char *)(ulong)text);
    if (xen_init())
        platform = PLATFORM_XEN;
    else if (cpuid(0x40000000, 0).b == 0x54474354) /* "TCGT" */
        platform = PLATFORM_TCG;
}

void machine_exit(unsigned int reason, unsigned int code)
{
    console_flush();
    if (on_xen())
        xen_shutdown(reason);
    else {
        for (const char *c = "Shutdown"; *c; c++)
            outb(*c, BOCHS_SHUTDOWN_PORT);
        outb(code, QEMU_DEBUG_EXIT);
    }
    /* Nobody listened: stop here, which a hypervisor reads as power-off. */
    for (;;)
        asm volatile("cli; hlt");
}

void platform_run(void)
{
    static const char *const where[] = {"bare", "bare on QEMU TCG", "Xen"};

    printk("--- %s: %s\n", TEST_ENV, test_title);
    printk("Running on %s, console %s%s%s\n", where[platform], console_name(),
           cmdline[0] ? ", command line: " : "", cmdline);
    test_main();
    report_finish();
}

void main_entry(void)
{
    fault_init();
    paging_init();
    platform_init();
    console_init();
    platform_run();
}
