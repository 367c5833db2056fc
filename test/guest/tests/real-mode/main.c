/* SPDX-License-Identifier: MIT */
/*
 * Down to real mode and back: paging off, protected mode off, interrupts of
 * three kinds through the vectors at address 0 (INT n, faults, and as a guest
 * the event-channel upcall), instructions that exit, debug registers, and up again to where we
 * came from.  This is what firmware calls, suspend and resume, and the start of
 * other processors do.  EFER must read the same all the way, but for LMA; with
 * LME set and no paging at all as well (T51), and every page must hold what it
 * held (T52, the part of real mode).
 *
 * With unrestricted guest the processor does all this; without, the hypervisor
 * runs real mode by virtual-8086 mode and emulation.
 */
#include "real.h"

#include <guest/test.h>

const char test_title[] = "Real mode and back";

#define ROUNDS 20

static volatile struct real_result *const result = (volatile struct real_result *)REAL_RESULT;
static uint32_t pattern[PAGE_SIZE / 4] PAGE_BSS;
static bool has_efer, has_lm, has_nx;
static unsigned int rounds;

static void prepare(void)
{
    /* Far from what a loader left below 1 MiB. */
    memcpy((void *)REAL_CODE, real_code, real_code_end - real_code);
    uint8_t *gdtr = (uint8_t *)REAL_CODE + (real_gdtr - real_code);
    uint16_t limit = sizeof(gdt) - 1;
    uint32_t base = (ulong)gdt;
    memcpy(gdtr, &limit, 2);
    memcpy(gdtr + 2, &base, 4);
    gdt[GDT_SPARE] = desc_make(0, 0xffff, 0x9b, 0);
    gdt[GDT_SPARE + 1] = desc_make(0, 0xffff, 0x93, 0);

    uint32_t edx = cpuid(0x80000000, 0).a >= 0x80000001 ? cpuid(0x80000001, 0).d : 0;
    has_lm = edx & 1u << 29;
    has_nx = edx & 1u << 20;
    has_efer = has_lm || has_nx;
    for (unsigned int i = 0; i < ARRAY_SIZE(pattern); i++)
        pattern[i] = i * 0x01000193;
}

static void check_pattern(const char *what)
{
    unsigned int wrong = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(pattern); i++)
        wrong += pattern[i] != i * 0x01000193;
    check_equal(what, wrong, 0);
}

static void trip(const char *what, bool upcall)
{
    ulong cr0 = read_cr0(), cr3 = read_cr3(), cr4 = read_cr4();
    uint64_t efer = has_efer ? rdmsr(MSR_EFER) : 0;

    memset((void *)result, 0, sizeof(*result));
    result->has_efer = has_efer;
    result->want_upcall = upcall;
    real_trip();
    rounds++;

    check_equal("PE and PG in real mode", result->cr0 & (CR0_PE | CR0_PG), 0);
    check_equal("the rest of CR0 in real mode", result->cr0, cr0 & ~(ulong)(CR0_PE | CR0_PG));
    check_equal("EFER in real mode", result->efer, efer & ~(uint64_t)EFER_LMA);
    check_equal("software interrupts", result->ints, 1);
    check_equal("frame of the software interrupt", result->int_frame, 1);
    check_equal("divide errors", result->divides, 2);
    check_equal("undefined opcodes", result->undefined, 1);
    check_equal("upcalls", result->upcalls, upcall);
    check_equal("DR0", result->dr0_off, 0);
    check_equal("DR7", result->dr7, 0x701);
    check_equal("breakpoints", result->debugs, 1);
    check_equal("DR6", result->dr6, 0xffff0ff1);
    check_equal("CPUID in real mode", result->cpuid_b, cpuid(0, 0).b);

    check_equal("CR0 afterwards", read_cr0(), cr0);
    check_equal("CR3 afterwards", read_cr3(), cr3);
    check_equal("CR4 afterwards", read_cr4(), cr4);
    if (has_efer)
        check_equal("EFER afterwards", rdmsr(MSR_EFER), efer);
    check_pattern(what);
}

/* EFER bits that this mode may have besides. */
static void trips_with_efer_bits(void)
{
    uint64_t efer = rdmsr(MSR_EFER);

    if (has_nx) {
        wrmsr(MSR_EFER, efer | EFER_NXE);
        trip("memory after NXE", false);
        wrmsr(MSR_EFER, efer | EFER_NXE | EFER_SCE);
        trip("memory after NXE and SCE", false);
    }
#if PAGING_LEVELS == 0
    if (has_lm) {
        ulong cr4 = read_cr4();

        wrmsr(MSR_EFER, efer | EFER_LME);
        trip("memory after LME", false);
        write_cr4(cr4 | CR4_PAE);
        trip("memory after LME and PAE", false);
        check_equal("T51: LME without paging", rdmsr(MSR_EFER), efer | EFER_LME);
        write_cr4(cr4);
    }
#endif
    wrmsr(MSR_EFER, efer);
}

/* An event of our own, raised in protected mode with interrupts off. */
static void trip_with_upcall(void)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    struct xen_hvm_param callback = {
        .domid = DOMID_SELF,
        .index = HVM_PARAM_CALLBACK_IRQ,
        .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | REAL_UPCALL,
    };
    if (!on_xen()) {
        report_part_skipped("no event channels");
        return;
    }
    check_equal("shared_info", xen_map_page(XENMAPSPACE_shared_info, 0, (void *)REAL_SHARED), 0);
    check_equal("callback vector", hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_param, &callback), 0);
    check_equal("bind IPI", hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &bind), 0);
    check_equal("send", xen_evtchn_send(bind.port), 0);
    trip("memory after the upcall", true);
    callback.value = 0;
    hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_param, &callback);
}

void test_main(void)
{
    prepare();
    for (unsigned int i = 0; i < ROUNDS; i++)
        trip("memory", false);
    if (has_efer)
        trips_with_efer_bits();
    trip_with_upcall();
    report_success("%u times in real mode", rounds);
}
