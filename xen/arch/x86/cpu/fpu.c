/* SPDX-License-Identifier: MIT */
/*
 * fpu.c - x87 and SSE state of vCPUs, saved and loaded eagerly as FXSAVE
 * images.  The hypervisor itself never uses these registers.
 */
#include <asm/current.h>
#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/lib.h>

#define FXSAVE_SIZE  512
#define FXSAVE_FCW   0
#define FXSAVE_MXCSR 24
#define FCW_INIT     0x037f
#define MXCSR_INIT   0x1f80

void fpu_init(void)
{
    unsigned long cr4 = read_cr4() | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;
    uint32_t mxcsr = MXCSR_INIT;

    write_cr0((read_cr0() & ~(X86_CR0_EM | X86_CR0_TS)) | X86_CR0_MP | X86_CR0_NE);
    write_cr4(cr4);
    get_cpu_info()->cr4 = cr4;
    __asm__ volatile("fninit; ldmxcsr %0" ::"m"(mxcsr));
}

void fpu_save(void *area)
{
    __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

static int fxrstor_safe(const void *area)
{
    int rc = -EFAULT;

    __asm__ volatile("1: fxrstor64 (%[area])\n\txorl %[rc], %[rc]\n2:\n\t" ASM_EXTABLE("1b", "2b")
                     : [rc] "+r"(rc)
                     : [area] "r"(area)
                     : "memory");
    return rc;
}

void fpu_restore(const void *area)
{
    /* An image from outside may have reserved MXCSR bits: it counts as reset. */
    if (unlikely(fxrstor_safe(area))) {
        uint8_t reset[FXSAVE_SIZE] __aligned(16);
        fpu_reset_area(reset);
        BUG_ON(fxrstor_safe(reset));
    }
}

void fpu_reset_area(void *area)
{
    uint16_t fcw = FCW_INIT;
    uint32_t mxcsr = MXCSR_INIT;

    memset(area, 0, FXSAVE_SIZE);
    memcpy((char *)area + FXSAVE_FCW, &fcw, sizeof(fcw));
    memcpy((char *)area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}
