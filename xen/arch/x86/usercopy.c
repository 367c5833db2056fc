/* SPDX-License-Identifier: MIT */
/*
 * usercopy.c - reaching the memory of the guest that is current.
 *
 * A PV guest's addresses are used as they are, in its own address space, with
 * every fault turned into -EFAULT; never below the hypervisor's own range.
 * An HVM guest's go through its page tables in software.
 */
#include <cairn/hypercall.h>

#include <asm/current.h>
#include <asm/traps.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

static bool range_ok(unsigned long va, size_t len)
{
    unsigned long end = va + len;

    if (end < va)
        return false;
    return end <= HYPERVISOR_VA_START || va >= HYPERVISOR_VA_END;
}

/* Words first, then bytes: a string instruction counts by its elements.
 * Returns 0, or -EFAULT at the first fault. */
static int copy_faultable(void *dst, const void *src, size_t len)
{
    size_t words = len / 8, rest = len % 8;
    int rc = -EFAULT;

    stac();
    __asm__ volatile("1: rep movsq\n\t"
                     "mov %[rest], %%rcx\n"
                     "2: rep movsb\n\t"
                     "xorl %[rc], %[rc]\n"
                     "3:\n\t" ASM_EXTABLE("1b", "3b") ASM_EXTABLE("2b", "3b")
                     : "+c"(words), "+D"(dst), "+S"(src), [rc] "+&r"(rc)
                     : [rest] "r"(rest)
                     : "memory");
    clac();
    return rc;
}

int raw_copy_from_guest(void *dst, unsigned long va, size_t len)
{
    if (unlikely(is_hvm_vcpu(current)))
        return hvm_copy_from_guest_linear(dst, va, len);
    if (unlikely(!range_ok(va, len)))
        return -EFAULT;
    int rc = copy_faultable(dst, (const void *)va, len);
    /* Afterwards: a vCPU that changes the root meanwhile has said so before. */
    const struct pv_domain *pv = &current->domain->arch.pv;
    if (unlikely(__atomic_load_n(&pv->linear, __ATOMIC_SEQ_CST)) &&
        pv_linear_shows_hypervisor(pv->linear_slots, va, len)) {
        memset(dst, 0, len);
        return -EFAULT;
    }
    return rc;
}

int raw_copy_to_guest(unsigned long va, const void *src, size_t len)
{
    if (unlikely(is_hvm_vcpu(current)))
        return hvm_copy_to_guest_linear(va, src, len);
    if (unlikely(!range_ok(va, len)))
        return -EFAULT;
    return copy_faultable((void *)va, src, len);
}
