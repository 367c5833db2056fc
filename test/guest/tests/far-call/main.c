/* SPDX-License-Identifier: MIT */
/*
 * Far CALL through memory with REX.W: Intel's processors take an offset of 64
 * bits before the selector, AMD's ignore the prefix and take one of 32.  The
 * pointer here is good for the latter only; the former leads where nothing is.
 * Sources: SDM vol. 2A, "CALL"; AMD64 manual vol. 3, "CALL (Far)".
 */
#include <guest/asm.h>
#include <guest/cpu.h>
#include <guest/test.h>

const char test_title[] = "Far CALL with REX.W";

extern char far_target[];
asm(".pushsection .text\nfar_target: lretl\n.popsection");

static struct {
    uint32_t offset;
    uint16_t selector, zero, selector64;
} __attribute__((packed)) pointer = {.selector = KERNEL_CS, .selector64 = KERNEL_CS};

static void far_call(ulong arg)
{
    (void)arg;
    asm volatile("rex64 lcall *%0" : : "m"(pointer) : "memory");
}

void test_main(void)
{
    pointer.offset = (ulong)far_target;

    fault_t got = guarded(far_call, 0);
    bool wide = got == FAULT(VEC_PF, PF_I) || got == FAULT(VEC_PF, 0);

    if (wide)
        check_equal("offset", fault_record.cr2, pointer.offset | (uint64_t)KERNEL_CS << 32);
    if (wide && !cpu_is_intel())
        report_allowed("an offset of 64 bits on AMD", "Far CALL on AMD");
    else
        check_true(cpu_is_intel() ? "64 bits" : "32 bits", cpu_is_intel() ? wide : !got);
    report_success(NULL);
}
