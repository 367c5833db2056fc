/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/pvclock.c */
/* defines: -D__XEN__ */
/* Guest time: the scale against exact arithmetic; dates against the host's. */
#include <asm/pvclock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

/* As the ABI has a guest do it, xen.h: vcpu_time_info. */
static uint64_t pvclock_ns(struct pvclock_scale s, uint64_t ticks)
{
    ticks = s.shift < 0 ? ticks >> -s.shift : ticks << s.shift;
    return (unsigned __int128)ticks * s.mul >> 32;
}

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

/* A ratio and what it makes of ticks, against arithmetic by 128 bits. */
static void check_ratio(uint32_t guest, uint32_t host)
{
    uint64_t ratio = tsc_ratio_of(guest, host, true), second = host * 1000ull;
    unsigned __int128 exact = ((unsigned __int128)guest << 48) / host;

    assert_int_equal(ratio, exact >> 64 ? 0 : exact);
    if (!ratio)
        return;
    /* A thousand seconds later the guest's TSC is behind by a tick for each 2^48 at most. */
    for (uint64_t ticks = 1; ticks <= 1000 * second; ticks = ticks * 7 + 3) {
        uint64_t should = (unsigned __int128)ticks * guest / host;
        assert_true(should - tsc_scale(ticks, ratio) <= 1 + (ticks >> 48));
    }
    /* As the processor, the low 64 bits of what is left of 128. */
    uint64_t big = 0xfedcba9876543210ull;
    unsigned __int128 product =
        (unsigned __int128)big * (ratio >> 32) + ((unsigned __int128)big * (uint32_t)ratio >> 32);
    assert_int_equal(tsc_scale(big, ratio), (uint64_t)(product >> 16));
}

static void test_ratio(void **state)
{
    static const uint32_t khz[] = {1,       2,       9999,    10000,   10001,      65535,     65536,
                                   1000000, 2893217, 3700000, 4000001, 0x7fffffff, UINT32_MAX};
    const unsigned int nr = sizeof(khz) / sizeof(khz[0]);

    for (unsigned int i = 0; i < nr; i++)
        for (unsigned int j = 0; j < nr; j++)
            check_ratio(khz[i], khz[j]);
    assert_int_equal(tsc_ratio_of(0, 3000000, false), TSC_RATIO_ONE);
    assert_int_equal(tsc_ratio_of(1500000, 3000000, true), TSC_RATIO_ONE / 2);
    assert_int_equal(tsc_ratio_of(UINT32_MAX, 65535, true), 0);
    /* Without scaling only what is as good as the same. */
    assert_int_equal(tsc_ratio_of(3000750, 3000000, false), TSC_RATIO_ONE);
    assert_int_equal(tsc_ratio_of(2999250, 3000000, false), TSC_RATIO_ONE);
    assert_int_equal(tsc_ratio_of(3000751, 3000000, false), 0);
    assert_int_equal(tsc_ratio_of(2999249, 3000000, false), 0);
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
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
