/* SPDX-License-Identifier: MIT */
/*
 * Keeps the worst verdict so far.
 */
#include <guest/report.h>

#include <guest/platform.h>
#include <xen/xen.h>
#include <xen/sched.h>

enum verdict { SILENT, SUCCESS, SKIP, ERROR, FAILURE };

static enum verdict verdict;
static bool advisory;
static unsigned int checks;

static void line(const char *prefix, const char *fmt, va_list args)
{
    if (!fmt)
        return;
    printk("%s", prefix);
    vprintk(fmt, args);
    printk("\n");
}

#define REPORTER(name, value, prefix) \
    void name(const char *fmt, ...)   \
    {                                 \
        va_list args;                 \
                                      \
        if (verdict < (value))        \
            verdict = (value);        \
        va_start(args, fmt);          \
        line(prefix, fmt, args);      \
        va_end(args);                 \
    }

REPORTER(report_success, SUCCESS, "")
REPORTER(report_skip, SKIP, "Skip: ")
REPORTER(report_error, ERROR, "Error: ")
REPORTER(report_failure, FAILURE, "Failure: ")
REPORTER(report_part_skipped, SILENT, "  not here: ")

void report_allowed(const char *what, const char *where)
{
    if (cmdline_has("strict"))
        report_failure("%s (known of emulators: docs/emulators.md, %s)", what, where);
    else
        printk("  allowed: %s (docs/emulators.md, %s)\n", what, where);
}

void checks_are_advisory(void)
{
    advisory = true;
}

#define CHECK_FAILED(...) (advisory ? report_skip : report_failure)(__VA_ARGS__)

void check_fault(const char *what, fault_t got, fault_t want)
{
    checks++;
    if (got != want)
        CHECK_FAILED("%s: got %s, want %s", what, fault_name(got), fault_name(want));
}

void check_equal(const char *what, uint64_t got, uint64_t want)
{
    checks++;
    if (got != want)
        CHECK_FAILED("%s: got %llx, want %llx", what, (unsigned long long)got,
                     (unsigned long long)want);
}

void check_true(const char *what, bool ok)
{
    checks++;
    if (!ok)
        CHECK_FAILED("%s does not hold", what);
}

void report_finish(void)
{
    static const char *const names[] = {"ERROR", "SUCCESS", "SKIP", "ERROR", "FAILURE"};

    if (verdict == SILENT)
        report_error("the test reported nothing");
    if (checks)
        printk("%u checks\n", checks);
    printk("Test result: %s\n", names[verdict]);
    machine_exit(SHUTDOWN_poweroff, verdict);
}
