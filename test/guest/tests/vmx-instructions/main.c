/* SPDX-License-Identifier: MIT */
/*
 * Nobody offers this guest nested virtualisation, so every VMX instruction must
 * raise #UD, in ring 0 and in ring 3, and CR4.VMXE must refuse to be set.  Each
 * of them is an unconditional VM exit, so each needs an answer from the
 * hypervisor.  VMCALL is the exception: it is the hypercall, open to ring 0
 * and answered -EPERM in ring 3.  The SVM instructions and GETSEC are #UD too.
 *
 * Bare, outside VMX operation, the manual says the same for all but VMCALL, which
 * is #UD as well; CR4.VMXE may then be set and is left alone.
 * Source: SDM vol. 3C, "VMX Instruction Reference"; Xen's hypercall ABI.
 */
#include <guest/test.h>

const char test_title[] = "VMX instructions in a guest";

#define UD  FAULT(VEC_UD, 0)
#define GP0 FAULT(VEC_GP, 0)

/* A plausible VMXON region: revision first. */
static struct {
    uint32_t revision;
    uint8_t rest[4092];
} region PAGE_BSS;
static USER_DATA uint64_t region_address;
static USER_DATA uint64_t descriptor[2];

/* name: a function for each ring that executes it once. */
#define INSTRUCTION(name, ...)                    \
    static void kernel_##name(ulong arg)          \
    {                                             \
        asm volatile(__VA_ARGS__ : "memory");     \
    }                                             \
    static USER_TEXT ulong user_##name(ulong arg) \
    {                                             \
        asm volatile(__VA_ARGS__ : "memory");     \
        return 0;                                 \
    }

INSTRUCTION(vmxon, "vmxon %0" : : "m"(region_address))
INSTRUCTION(vmxoff, "vmxoff" : :)
INSTRUCTION(vmclear, "vmclear %0" : : "m"(region_address))
INSTRUCTION(vmptrld, "vmptrld %0" : : "m"(region_address))
INSTRUCTION(vmptrst, "vmptrst %0" : : "m"(region_address))
INSTRUCTION(vmread, "vmread %0, %0" : "+r"(arg) :)
INSTRUCTION(vmwrite, "vmwrite %0, %0" : : "r"(arg))
INSTRUCTION(vmlaunch, "vmlaunch" : :)
INSTRUCTION(vmresume, "vmresume" : :)
INSTRUCTION(vmfunc, "vmfunc" : : "a"(0), "c"(0))
INSTRUCTION(invept, "invept %0, %1" : : "m"(descriptor), "r"(1ul))
INSTRUCTION(invvpid, "invvpid %0, %1" : : "m"(descriptor), "r"(2ul))
INSTRUCTION(vmrun, "vmrun" : : "a"(0))
INSTRUCTION(vmload, "vmload" : : "a"(0))
INSTRUCTION(vmsave, "vmsave" : : "a"(0))
INSTRUCTION(stgi, "stgi" : :)
INSTRUCTION(clgi, "clgi" : :)
INSTRUCTION(getsec, "getsec" : "+a"(arg) :)

static const struct {
    const char *name;
    void (*kernel)(ulong);
    ulong (*user)(ulong);
} instructions[] = {
    {"VMXON", kernel_vmxon, user_vmxon},
    {"VMXOFF", kernel_vmxoff, user_vmxoff},
    {"VMCLEAR", kernel_vmclear, user_vmclear},
    {"VMPTRLD", kernel_vmptrld, user_vmptrld},
    {"VMPTRST", kernel_vmptrst, user_vmptrst},
    {"VMREAD", kernel_vmread, user_vmread},
    {"VMWRITE", kernel_vmwrite, user_vmwrite},
    {"VMLAUNCH", kernel_vmlaunch, user_vmlaunch},
    {"VMRESUME", kernel_vmresume, user_vmresume},
    {"VMFUNC", kernel_vmfunc, user_vmfunc},
    {"INVEPT", kernel_invept, user_invept},
    {"INVVPID", kernel_invvpid, user_invvpid},
    {"VMRUN", kernel_vmrun, user_vmrun},
    {"VMLOAD", kernel_vmload, user_vmload},
    {"VMSAVE", kernel_vmsave, user_vmsave},
    {"STGI", kernel_stgi, user_stgi},
    {"CLGI", kernel_clgi, user_clgi},
    {"GETSEC", kernel_getsec, user_getsec},
};

static void check_instructions(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(instructions); i++) {
        char what[32];

        snprintf(what, sizeof(what), "%s in ring 0", instructions[i].name);
        check_fault(what, guarded(instructions[i].kernel, 0), UD);
        snprintf(what, sizeof(what), "%s in ring 3", instructions[i].name);
        exec_user(instructions[i].user, 0);
        check_fault(what, fault_last(), UD);
    }
    printk("%u instructions in two rings\n", (unsigned int)ARRAY_SIZE(instructions));
}

static USER_TEXT ulong user_vmcall(ulong nr)
{
    asm volatile("vmcall" : "+a"(nr) : : "memory");
    return nr;
}

static void check_vmcall(void)
{
    ulong result = exec_user(user_vmcall, __HYPERVISOR_xen_version);

    check_fault("VMCALL in ring 3", fault_last(), on_xen() ? 0 : UD);
    if (on_xen())
        check_equal("VMCALL in ring 3", (long)result, -XEN_EPERM);
}

/* CR4.VMXE and the MSRs that would tell about VMX. */
static void check_vmx_hidden(void)
{
    ulong cr4 = read_cr4();
    uint64_t value;

    if (!on_xen()) {
        report_part_skipped("bare processors may have VMX to show");
        return;
    }
    check_fault("CR4.VMXE", write_cr4_safe(cr4 | CR4_VMXE), GP0);
    check_equal("CR4", read_cr4(), cr4);
    for (uint32_t msr = 0x480; msr <= 0x492; msr++)
        check_fault("RDMSR of a VMX capability", rdmsr_safe(msr, &value), GP0);
    if (!rdmsr_safe(0x3a, &value)) {
        check_true("FEATURE_CONTROL is locked", value & 1);
        check_equal("VMXON allowed by FEATURE_CONTROL", value & 6, 0);
    }
}

void test_main(void)
{
    if (platform == PLATFORM_TCG) {
        report_skip("QEMU TCG offers SVM and has its own idea of it");
        return;
    }
    region.revision = 0x2b;
    region_address = (ulong)&region;
    check_instructions();
    check_vmcall();
    check_vmx_hidden();
    /* And once more the way a hypervisor would really begin. */
    guarded(kernel_vmxon, 0);
    report_success("alive after all of them");
}
