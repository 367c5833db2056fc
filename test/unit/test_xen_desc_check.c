/* SPDX-License-Identifier: MIT */
/* sources: xen/arch/x86/pv/desc_check.c */
/* defines: -D__XEN__ */
/* Every type, S, DPL, P and flag nibble of a descriptor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <asm/pv.h>

static void test_all(void **state)
{
    static const uint64_t bodies[] = {0, 0x000f00ff0000ffffull & ~(0xffull << 40),
                                      0xff0000ffffffffffull & ~(0xffull << 40)};

    for (unsigned int access = 0; access < 256; access++)
        for (unsigned int flags = 0; flags < 16; flags++)
            for (unsigned int b = 0; b < 3; b++) {
                uint64_t in = bodies[b] | (uint64_t)access << 40 | (uint64_t)flags << 52;
                uint64_t out = in;
                bool ok = pv_check_descriptor(&out);
                bool present = access & 0x80, segment = access & 0x10;

                if (!present) {
                    assert_true(ok);
                    assert_int_equal(out, in);
                } else if (segment) {
                    assert_true(ok);
                    assert_int_equal(out, in | 3ull << 45);
                } else {
                    /* TSS, LDT, gates: never; type 0: harmless. */
                    assert_int_equal(ok, (access & 15) == 0);
                    assert_int_equal(out, in);
                }
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
