/* SPDX-License-Identifier: MIT */
/*
 * extable.c - instructions that may fault, and where to go on when they do.
 * The linker collects the pairs; the list is short and unsorted, faults are
 * rare.  Also the accessors that are built on it.
 */
#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/errno.h>

struct extable_entry {
    int32_t from, to; /* relative to the field itself */
};

extern const struct extable_entry __extable_start[], __extable_end[];

unsigned long extable_fixup(unsigned long rip)
{
    for (const struct extable_entry *e = __extable_start; e < __extable_end; e++)
        if ((unsigned long)&e->from + e->from == rip)
            return (unsigned long)&e->to + e->to;
    return 0;
}

int rdmsr_safe(uint32_t msr, uint64_t *v)
{
    uint32_t lo = 0, hi = 0;
    int rc = -EFAULT;

    __asm__ volatile("1: rdmsr\n\txorl %[rc], %[rc]\n2:\n\t" ASM_EXTABLE("1b", "2b")
                     : "=a"(lo), "=d"(hi), [rc] "+r"(rc)
                     : "c"(msr));
    *v = rc ? 0 : (uint64_t)hi << 32 | lo;
    return rc;
}

int wrmsr_safe(uint32_t msr, uint64_t v)
{
    int rc = -EFAULT;

    __asm__ volatile("1: wrmsr\n\txorl %[rc], %[rc]\n2:\n\t" ASM_EXTABLE("1b", "2b")
                     : [rc] "+r"(rc)
                     : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
                     : "memory");
    return rc;
}
