/* SPDX-License-Identifier: MIT */
/*
 * Verdicts.  The last line of a run is `Test result: X`:
 *   SUCCESS  what the test claims was checked and holds
 *   SKIP     this configuration lacks what the test needs
 *   ERROR    the test or its environment is broken
 *   FAILURE  the thing under test is wrong
 * The worst report stands; a test that reports nothing is an ERROR.
 */
#ifndef GUEST_REPORT_H
#define GUEST_REPORT_H

#include <guest/fault.h>
#include <guest/lib.h>

/* Each prints its text as a line of its own; NULL prints nothing. */
void report_success(const char *fmt, ...) PRINTF(1, 2);
void report_skip(const char *fmt, ...) PRINTF(1, 2);
void report_error(const char *fmt, ...) PRINTF(1, 2);
void report_failure(const char *fmt, ...) PRINTF(1, 2);

/* Part of the test does not apply here.  Said, but no verdict. */
void report_part_skipped(const char *fmt, ...) PRINTF(1, 2);

/*
 * Where the machine below is known not to follow the manual in all things, a
 * test may have the checks below only note the difference.  Any note makes the
 * verdict SKIP, for then nothing was proved.
 */
void checks_are_advisory(void);

/*
 * The emulators that we run on do this otherwise than the manual says; where is
 * the section of docs/emulators.md.  Said, and no verdict, unless the command
 * line has the word `strict`: then it is a FAILURE.
 */
void report_allowed(const char *what, const char *where);

/* FAILURE "what: got, want" unless equal. */
void check_fault(const char *what, fault_t got, fault_t want);
void check_equal(const char *what, uint64_t got, uint64_t want);
void check_true(const char *what, bool ok);

/* Print the verdict and end the machine. */
NORETURN void report_finish(void);

#endif /* GUEST_REPORT_H */
