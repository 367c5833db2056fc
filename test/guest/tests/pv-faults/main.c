/* SPDX-License-Identifier: MIT */
/*
 * What every PV test leans on: exceptions come to us with the right error code
 * and address, both ways of expecting one return, our page tables cannot be
 * written, and by hypercall they can; a segment base must be an address.
 */
#include <guest/cpu.h>
#include <guest/pv.h>
#include <guest/test.h>

const char test_title[] = "PV exceptions and page tables";

static uint8_t page[PAGE_SIZE] PAGE_BSS;

static void undefined(ulong arg)
{
    (void)arg;
    asm volatile("ud2");
}

static void write_byte(ulong at)
{
    *(volatile uint8_t *)at = 1;
}

static long map(const void *at, uint64_t entry)
{
    return hypercall(__HYPERVISOR_update_va_mapping, (ulong)at, entry, UVMF_INVLPG, 0, 0);
}

/* In ring 3, yet the hypervisor makes its page faults say supervisor. */
static void faults(void)
{
    uint64_t value;

    check_fault("ud2", guarded(undefined, 0), FAULT(VEC_UD, 0));
    check_true("the kernel is RPL 0 in a frame", !(fault_record.cs & 3));
    check_fault("RDMSR of none", rdmsr_safe(0x1234567, &value), FAULT(VEC_GP, 0));
    check_fault("absent page", guarded(write_byte, 0x40000008), FAULT(VEC_PF, PF_W));
    check_equal("its address", fault_record.cr2, 0x40000008);
    check_fault("a page table", guarded(write_byte, pv_info->pt_base), FAULT(VEC_PF, PF_P | PF_W));
}

static void tables(void)
{
    uint64_t entry = pv_mfn(page) << PAGE_SHIFT | PTE_P | PTE_US | PTE_A | PTE_D;

    check_equal("read-only", map(page, entry), 0);
    check_fault("write to it", guarded(write_byte, (ulong)page), FAULT(VEC_PF, PF_P | PF_W));
    check_equal("writable", map(page, entry | PTE_RW), 0);
    check_fault("write to it", guarded(write_byte, (ulong)page), 0);
    check_equal("what was written", page[0], 1);
    check_equal("our root, writable",
                map(page, pv_mfn((void *)pv_info->pt_base) << PAGE_SHIFT | PTE_P | PTE_RW),
                -XEN_EINVAL);
}

/* The number is 32 bits wide: what is above them must not get a base past the check. */
static void segment_bases(void)
{
    for (ulong which = 0; which < 3; which++)
        for (ulong high = 0; high < 2; high++)
            check_equal(
                "a base that is no address",
                hypercall(__HYPERVISOR_set_segment_base, which | high << 32, 1ul << 47, 0, 0, 0),
                -XEN_EINVAL);
}

#define AGAIN (-85l) /* XEN_ERESTART: the hypervisor's own, not in the public header */

/* RAX on the way back from an exception is whatever it was, also the number by
 * which a hypercall says that it is to be made again. */
static void any_result(void)
{
    long rax = AGAIN;

    asm volatile("1: ud2; nop; nop; 2:" ASM_FIXUP(1b, 2b) : "+a"(rax) : : "memory");
    check_equal("RAX over an exception", rax, AGAIN);
}

void test_main(void)
{
    faults();
    any_result();
    segment_bases();
    tables();
    report_success(NULL);
}
