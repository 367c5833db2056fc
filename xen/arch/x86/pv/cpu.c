/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - how a CPU gets from ring 3 into pv/entry.S by SYSCALL and SYSENTER.
 *
 * There is no per-CPU pointer in a register when SYSCALL arrives (GS is the
 * guest's), so each CPU has stubs of its own with its addresses in them.
 */
#include "private.h"

#define STUB_SIZE 64
#define SYSCALL_CLEARS                                                               \
    (X86_EFLAGS_AC | X86_EFLAGS_VM | X86_EFLAGS_RF | X86_EFLAGS_NT | X86_EFLAGS_DF | \
     X86_EFLAGS_IF | X86_EFLAGS_TF)

static uint8_t *put_bytes(uint8_t *p, const void *bytes, size_t n)
{
    memcpy(p, bytes, n);
    return p + n;
}

/*
 * movabs %rax, scratch; movabs $top, %rax; xchg %rax, %rsp; jmp target
 * @p is where to write, @va where it will run.
 */
static void write_stub(uint8_t *p, unsigned long va, const char *target)
{
    uint8_t *start = p;
    unsigned long scratch = (unsigned long)&get_cpu_info()->scratch[0];
    unsigned long top = (unsigned long)&guest_cpu_user_regs()->es;

    p = put_bytes(p, "\x48\xa3", 2);
    p = put_bytes(p, &scratch, 8);
    p = put_bytes(p, "\x48\xb8", 2);
    p = put_bytes(p, &top, 8);
    p = put_bytes(p, "\x48\x94\xe9", 3);

    int32_t rel = (unsigned long)target - (va + (p - start) + 4);

    put_bytes(p, &rel, 4);
}

int pv_cpu_init(void)
{
    unsigned long va = STUBS_VA_START + smp_processor_id() * PAGE_SIZE;
    uint8_t *page = alloc_xen_page();

    if (!page)
        return -ENOMEM;
    memset(page, 0xcc, PAGE_SIZE);
    write_stub(page, va, lstar_enter);
    write_stub(page + STUB_SIZE, va + STUB_SIZE, cstar_enter);
    if (map_pages_to_xen(va, virt_to_mfn(page), 1, PAGE_HYPERVISOR_RX))
        return -ENOMEM;

    wrmsr(MSR_EFER, HOST_EFER);
    wrmsr(MSR_STAR, (uint64_t)FLAT_RING3_CS32 << 48 | (uint64_t)HYPERVISOR_CS << 32);
    wrmsr(MSR_LSTAR, va);
    wrmsr(MSR_CSTAR, va + STUB_SIZE);
    wrmsr(MSR_SYSCALL_MASK, SYSCALL_CLEARS);
    wrmsr(MSR_IA32_SYSENTER_CS, HYPERVISOR_CS);
    wrmsr(MSR_IA32_SYSENTER_ESP, (unsigned long)&guest_cpu_user_regs()->es);
    wrmsr(MSR_IA32_SYSENTER_EIP, (unsigned long)sysenter_entry);
    return 0;
}
