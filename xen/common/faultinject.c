/* SPDX-License-Identifier: MIT */
/* faultinject.c - the counter of allocations.  See cairn/faultinject.h. */
#include <cairn/faultinject.h>

#ifdef CAIRN_DEBUG
#include <asm/traps.h>
#include <cairn/console.h>
#include <cairn/lib.h>

static bool armed;
static unsigned long seen, target; /* allocations since armed; the one to fail */
static unsigned long typed;        /* number that digits have made so far */
static const void *failed_for;     /* return address of who was refused */

bool faultinject_fail(void)
{
    if (likely(!armed) || __atomic_add_fetch(&seen, 1, __ATOMIC_RELAXED) != target)
        return false;
    failed_for = __builtin_return_address(0);
    return true;
}

bool faultinject_hold(void)
{
    return __atomic_exchange_n(&armed, false, __ATOMIC_RELAXED);
}

void faultinject_go_on(bool held)
{
    armed = held;
}

static void say_what_happened(void)
{
    printk(XENLOG_INFO "faultinject: %lu allocations, %s\n", seen,
           failed_for ? "one refused" : "none refused");
    if (failed_for)
        symbol_print((unsigned long)failed_for);
}

static void key_digit(char key)
{
    typed = typed > 1000000 ? 0 : typed * 10 + (key - '0');
}
DEBUG_KEYS('0', '9', key_digit, "a digit of the number for 'F'");

static void key_arm(char key)
{
    if (!typed) {
        armed = false;
        say_what_happened();
        return;
    }
    target = typed;
    typed = seen = 0;
    failed_for = NULL;
    armed = true;
    printk(XENLOG_INFO "faultinject: allocation %lu will be refused\n", target);
}
DEBUG_KEY('F', key_arm, "refuse the allocation of that number; without one: report");
#endif
