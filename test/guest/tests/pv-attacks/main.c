/* SPDX-License-Identifier: MIT */
/*
 * What a hostile PV guest tries once and on purpose: to have the hypervisor
 * read its own tables for it, to start a vCPU in user mode without tables, to
 * be entered by a frame that can never be returned to, on a stack without end,
 * and to give back pages that are still pinned.
 */
#include <guest/cpu.h>
#include <guest/pv.h>
#include <guest/test.h>
#include <xen/memory.h>
#include <xen/vcpu.h>

const char test_title[] = "PV guest that attacks";

#define SPARE_SLOT 8 /* of the root: nothing of ours is there */
#define SLOT_BITS  39
#define PINNED     24
#define TABLE      (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

static uint64_t levels[3][512] PAGE_BSS, stack[512] PAGE_BSS;
static uint64_t pinned[PINNED][512] PAGE_BSS;
static struct vcpu_guest_context context PAGE_BSS;

static long set_root_slot(uint64_t entry)
{
    struct mmu_update req = {
        .ptr = (pv_mfn((void *)pv_info->pt_base) << PAGE_SHIFT) + SPARE_SLOT * 8, .val = entry};

    return hypercall(__HYPERVISOR_mmu_update, (ulong)&req, 1, 0, DOMID_SELF, 0);
}

static bool readable(ulong va)
{
    return hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, va, 0, 0, 0) != -XEN_EFAULT;
}

/*
 * A root that maps itself shows the tables below it as memory: those of the
 * guest, and those that the hypervisor has in every root.  Ring 3 cannot read
 * there, but a hypercall's arguments are read in ring 0.
 */
static void read_through_root(void)
{
    uint64_t root = pv_mfn((void *)pv_info->pt_base) << PAGE_SHIFT;
    unsigned int seen = 0;

    if (set_root_slot(root | PTE_P | PTE_US | PTE_A) == -XEN_EINVAL)
        return; /* pv-linear-pt=0 */
    for (ulong slot = 256; slot < 272; slot++) {
        for (ulong l2 = 0; l2 < 4; l2++)
            seen += readable((ulong)SPARE_SLOT << SLOT_BITS | slot << 30 | l2 << 21);
        seen += readable((ulong)SPARE_SLOT << SLOT_BITS | (ulong)SPARE_SLOT << 30 | slot << 21);
    }
    check_equal("its own root is readable",
                readable((ulong)SPARE_SLOT << SLOT_BITS | (ulong)SPARE_SLOT << 30 |
                         SPARE_SLOT << 21 | SPARE_SLOT << 12),
                1);
    check_equal("places of the hypervisor that a hypercall reads", seen, 0);
    check_equal("root slot emptied", set_root_slot(0), 0);
}

static long vcpu_op(unsigned int op, unsigned int vcpu, const void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, op, vcpu, (ulong)arg, 0, 0);
}

static void user_mode_without_tables(void)
{
    context.flags = VGCF_online;
    context.ctrlreg[3] = xen_pfn_to_cr3(pv_mfn((void *)pv_info->pt_base));
    check_equal("a user mode without tables", vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EINVAL);
    context.flags |= VGCF_in_kernel;
    context.ctrlreg[3] = 0;
    check_equal("no tables", vcpu_op(VCPUOP_initialise, 1, &context), -XEN_EINVAL);
}

static uint64_t read_only(const void *page)
{
    return pv_mfn(page) << PAGE_SHIFT | PTE_P | PTE_US | PTE_A | PTE_D;
}

static long map(const void *at, uint64_t entry)
{
    return hypercall(__HYPERVISOR_update_va_mapping, (ulong)at, entry, UVMF_INVLPG, 0, 0);
}

/* 512 GiB that are all one page. */
static void make_endless_stack(void)
{
    for (unsigned int i = 0; i < 3; i++) {
        uint64_t to = pv_mfn(i ? levels[i - 1] : stack) << PAGE_SHIFT | TABLE;

        for (unsigned int slot = 0; slot < 512; slot++)
            levels[i][slot] = to;
        check_equal("table read-only", map(levels[i], read_only(levels[i])), 0);
    }
    check_equal("tables in place", set_root_slot(pv_mfn(levels[2]) << PAGE_SHIFT | TABLE), 0);
}

/* Its exceptions go where they came from: to a code segment there is none of. */
static void unreturnable_frame(void)
{
    for (unsigned int i = 0; i < 256; i++)
        context.trap_ctxt[i] = (struct trap_info){i, 0, 0xfff3, PAGE_SIZE};
    context.flags = VGCF_online | VGCF_in_kernel;
    context.ctrlreg[3] = xen_pfn_to_cr3(pv_mfn((void *)pv_info->pt_base));
    context.user_regs.cs = 0xfff3;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.user_regs.rip = PAGE_SIZE;
    context.user_regs.rsp = (ulong)(SPARE_SLOT + 1) << SLOT_BITS;
    check_equal("vCPU initialised", vcpu_op(VCPUOP_initialise, 1, &context), 0);
    check_equal("vCPU up", vcpu_op(VCPUOP_up, 1, NULL), 0);
    for (unsigned int i = 0; i < 20; i++)
        xen_yield();
}

/* The pin is what keeps it; the end of the domain is where it shows. */
static void give_back_pinned(void)
{
    for (unsigned int i = 0; i < PINNED; i++) {
        xen_pfn_t mfn = pv_mfn(pinned[i]);
        struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
        struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = mfn};

        set_xen_guest_handle(r.extent_start, &mfn);
        check_equal("unmap", map(pinned[i], 0), 0);
        check_equal("pin", hypercall(__HYPERVISOR_mmuext_op, (ulong)&pin, 1, 0, DOMID_SELF, 0), 0);
        check_equal("give back",
                    hypercall2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r), 1);
    }
}

void test_main(void)
{
    read_through_root();
    user_mode_without_tables();
    give_back_pinned();
    make_endless_stack();
    unreturnable_frame();
    report_success("alive");
}
