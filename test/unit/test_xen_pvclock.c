/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/pvclock.c */
/* defines: -D__XEN__ */
/* Guest time: the scale against exact arithmetic; dates against the host's. */
#include <asm/pvclock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

/* A day after boot the guest's clock is within a microsecond a second. */
static void test_scale(void **state)
{
    static const uint32_t khz[] = {0,       1,       10000,   500000,  999999,   1000000,
                                   1000001, 2000000, 2000001, 3700000, 10000000, UINT32_MAX};

    for (unsigned int i = 0; i < sizeof(khz) / sizeof(khz[0]); i++) {
        uint64_t hz = (khz[i] ? khz[i] : 1) * 1000ull;
        struct pvclock_scale s = pvclock_scale_of(khz[i]);
        int64_t error = (int64_t)pvclock_ns(s, hz) - 1000000000;

        assert_true(error > -1000 && error < 1000);
        assert_int_equal(pvclock_ns(s, 0), 0);
    }
}

static void test_dates(void **state)
{
    for (time_t t = 0; t < 4102444800; t += 86399 * 5 + 1) {
        struct tm tm;
        struct rtc_time rtc;

        gmtime_r(&t, &tm);
        rtc = (struct rtc_time){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                                tm.tm_hour,        tm.tm_min,     tm.tm_sec};
        assert_int_equal(rtc_to_seconds(&rtc), t);
    }
    assert_int_equal(rtc_to_seconds(&(struct rtc_time){2024, 13, 1, 0, 0, 0}), 0);
    assert_int_equal(rtc_to_seconds(&(struct rtc_time){1950, 1, 1, 0, 0, 0}), 0);
    assert_int_equal(rtc_to_seconds(&(struct rtc_time){2024, 1, 1, 0, 60, 0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
