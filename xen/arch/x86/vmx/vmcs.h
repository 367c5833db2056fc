/* SPDX-License-Identifier: MIT */
/*
 * vmcs.h - the fields of a VMCS, the names of control bits, and accessors
 * typed by field width: vmread32(GUEST_RIP) does not compile.
 *
 * An accessor works on the CPU's current VMCS.  A failing VMREAD or VMWRITE
 * means that our own code is wrong (no such field, no current VMCS): it ends
 * in vmx_insn_failed(), which names field and value and does not return.
 * Source: SDM vol. 3, "Field Encoding in VMCS".
 */
#ifndef X86_VMX_VMCS_H
#define X86_VMX_VMCS_H

#include <asm/current.h>

enum vmcs16 {
    VPID = 0x0000,
    GUEST_ES_SELECTOR = 0x0800,
    GUEST_CS_SELECTOR = 0x0802,
    HOST_ES_SELECTOR = 0x0c00,
    HOST_CS_SELECTOR = 0x0c02,
    HOST_SS_SELECTOR = 0x0c04,
    HOST_DS_SELECTOR = 0x0c06,
    HOST_FS_SELECTOR = 0x0c08,
    HOST_GS_SELECTOR = 0x0c0a,
    HOST_TR_SELECTOR = 0x0c0c,
};

enum vmcs64 {
    MSR_BITMAP = 0x2004,
    VM_EXIT_MSR_LOAD_ADDR = 0x2008,
    VM_ENTRY_MSR_LOAD_ADDR = 0x200a,
    TSC_OFFSET = 0x2010,
    EPT_POINTER = 0x201a,
    TSC_MULTIPLIER = 0x2032,
    GUEST_PHYSICAL_ADDRESS = 0x2400,
    VMCS_LINK_POINTER = 0x2800,
    GUEST_DEBUGCTL = 0x2802,
    GUEST_PAT = 0x2804,
    GUEST_EFER = 0x2806,
    GUEST_PDPTE0 = 0x280a, /* and 1 to 3 in steps of 2 */
    HOST_PAT = 0x2c00,
    HOST_EFER_FIELD = 0x2c02,
};

enum vmcs32 {
    PIN_BASED_CONTROLS = 0x4000,
    PROC_BASED_CONTROLS = 0x4002,
    EXCEPTION_BITMAP = 0x4004,
    PF_EC_MASK = 0x4006,
    PF_EC_MATCH = 0x4008,
    CR3_TARGET_COUNT = 0x400a,
    VM_EXIT_CONTROLS = 0x400c,
    VM_EXIT_MSR_STORE_COUNT = 0x400e,
    VM_EXIT_MSR_LOAD_COUNT = 0x4010,
    VM_ENTRY_CONTROLS = 0x4012,
    VM_ENTRY_MSR_LOAD_COUNT = 0x4014,
    VM_ENTRY_INTR_INFO = 0x4016,
    VM_ENTRY_EXCEPTION_EC = 0x4018,
    VM_ENTRY_INSN_LEN = 0x401a,
    SECONDARY_CONTROLS = 0x401e,
    VM_INSN_ERROR = 0x4400,
    VM_EXIT_REASON = 0x4402,
    VM_EXIT_INTR_INFO = 0x4404,
    VM_EXIT_INTR_EC = 0x4406,
    IDT_VECTORING_INFO = 0x4408,
    IDT_VECTORING_EC = 0x440a,
    VM_EXIT_INSN_LEN = 0x440c,
    VM_EXIT_INSN_INFO = 0x440e,
    GUEST_ES_LIMIT = 0x4800,
    GUEST_ES_AR = 0x4814,
    GUEST_CS_AR = 0x4816,
    GUEST_SS_AR = 0x4818,
    GUEST_INTERRUPTIBILITY = 0x4824,
    GUEST_ACTIVITY = 0x4826,
    GUEST_SYSENTER_CS = 0x482a,
    PREEMPT_TIMER_VALUE = 0x482e,
    HOST_SYSENTER_CS = 0x4c00,
};

enum vmcsnw {
    CR0_GUEST_HOST_MASK = 0x6000,
    CR4_GUEST_HOST_MASK = 0x6002,
    CR0_READ_SHADOW = 0x6004,
    CR4_READ_SHADOW = 0x6006,
    EXIT_QUALIFICATION = 0x6400,
    GUEST_LINEAR_ADDRESS = 0x640a,
    GUEST_CR0 = 0x6800,
    GUEST_CR3 = 0x6802,
    GUEST_CR4 = 0x6804,
    GUEST_ES_BASE = 0x6806,
    GUEST_DR7 = 0x681a,
    GUEST_RSP = 0x681c,
    GUEST_RIP = 0x681e,
    GUEST_RFLAGS = 0x6820,
    GUEST_PENDING_DBG = 0x6822,
    GUEST_SYSENTER_ESP = 0x6824,
    GUEST_SYSENTER_EIP = 0x6826,
    HOST_CR0 = 0x6c00,
    HOST_CR3 = 0x6c02,
    HOST_CR4 = 0x6c04,
    HOST_FS_BASE = 0x6c06,
    HOST_GS_BASE = 0x6c08,
    HOST_TR_BASE = 0x6c0a,
    HOST_GDTR_BASE = 0x6c0c,
    HOST_IDTR_BASE = 0x6c0e,
    HOST_SYSENTER_ESP = 0x6c10,
    HOST_SYSENTER_EIP = 0x6c12,
    HOST_RSP = 0x6c14,
    HOST_RIP = 0x6c16,
};

/* Pin-based controls */
#define PIN_EXT_INTR_EXITING (1u << 0)
#define PIN_NMI_EXITING      (1u << 3)
#define PIN_VIRTUAL_NMIS     (1u << 5)
#define PIN_PREEMPT_TIMER    (1u << 6)

/* Primary processor-based controls */
#define PROC_INTR_WINDOW       (1u << 2)
#define PROC_TSC_OFFSETTING    (1u << 3)
#define PROC_HLT_EXITING       (1u << 7)
#define PROC_INVLPG_EXITING    (1u << 9)
#define PROC_MWAIT_EXITING     (1u << 10)
#define PROC_RDPMC_EXITING     (1u << 11)
#define PROC_CR3_LOAD_EXITING  (1u << 15)
#define PROC_CR3_STORE_EXITING (1u << 16)
#define PROC_CR8_LOAD_EXITING  (1u << 19)
#define PROC_CR8_STORE_EXITING (1u << 20)
#define PROC_NMI_WINDOW        (1u << 22)
#define PROC_MOV_DR_EXITING    (1u << 23)
#define PROC_UNCOND_IO_EXITING (1u << 24)
#define PROC_MSR_BITMAPS       (1u << 28)
#define PROC_MONITOR_EXITING   (1u << 29)
#define PROC_SECONDARY         (1u << 31)

/* Secondary processor-based controls */
#define PROC2_EPT                (1u << 1)
#define PROC2_RDTSCP             (1u << 3)
#define PROC2_VPID               (1u << 5)
#define PROC2_WBINVD_EXITING     (1u << 6)
#define PROC2_UNRESTRICTED_GUEST (1u << 7)
#define PROC2_INVPCID            (1u << 12)
#define PROC2_VMFUNC             (1u << 13)
#define PROC2_PML                (1u << 17)
#define PROC2_TSC_SCALING        (1u << 25)

/* VM-exit controls */
#define EXIT_SAVE_DEBUG       (1u << 2)
#define EXIT_HOST_64          (1u << 9)
#define EXIT_LOAD_PERF_GLOBAL (1u << 12)
#define EXIT_ACK_INTERRUPT    (1u << 15)
#define EXIT_SAVE_PAT         (1u << 18)
#define EXIT_LOAD_PAT         (1u << 19)
#define EXIT_SAVE_EFER        (1u << 20)
#define EXIT_LOAD_EFER        (1u << 21)
#define EXIT_CLEAR_BNDCFGS    (1u << 23)
#define EXIT_CLEAR_RTIT       (1u << 25)
#define EXIT_CLEAR_LBR        (1u << 26)
#define EXIT_LOAD_CET         (1u << 28)
#define EXIT_LOAD_PKRS        (1u << 29)
#define EXIT_SAVE_PERF_GLOBAL (1u << 30)

/* VM-entry controls */
#define ENTRY_LOAD_DEBUG       (1u << 2)
#define ENTRY_IA32E_GUEST      (1u << 9)
#define ENTRY_LOAD_PERF_GLOBAL (1u << 13)
#define ENTRY_LOAD_PAT         (1u << 14)
#define ENTRY_LOAD_EFER        (1u << 15)
#define ENTRY_LOAD_BNDCFGS     (1u << 16)
#define ENTRY_LOAD_RTIT        (1u << 18)
#define ENTRY_LOAD_CET         (1u << 20)
#define ENTRY_LOAD_LBR         (1u << 21)
#define ENTRY_LOAD_PKRS        (1u << 22)

/* VM_ENTRY_INTR_INFO, VM_EXIT_INTR_INFO, IDT_VECTORING_INFO */
#define INTR_VECTOR_MASK 0xffu
#define INTR_TYPE_SHIFT  8
#define INTR_TYPE_MASK   (7u << INTR_TYPE_SHIFT)
#define INTR_TYPE(info)  (((info)&INTR_TYPE_MASK) >> INTR_TYPE_SHIFT)
#define INTR_EC_VALID    (1u << 11)
#define INTR_NMI_UNBLOCK (1u << 12) /* exit: IRET had unblocked NMIs */
#define INTR_VALID       (1u << 31)
enum {
    INTR_TYPE_EXT = 0,
    INTR_TYPE_NMI = 2,
    INTR_TYPE_HW_EXC = 3,
    INTR_TYPE_SW_INT = 4,
    INTR_TYPE_PRIV_SW_EXC = 5,
    INTR_TYPE_SW_EXC = 6,
};
/* An event of an instruction, which is over once that is delivered. */
static inline bool intr_is_software(unsigned int type)
{
    return type >= INTR_TYPE_SW_INT;
}

/* GUEST_INTERRUPTIBILITY */
#define INTERRUPTIBILITY_STI    (1u << 0)
#define INTERRUPTIBILITY_MOV_SS (1u << 1)
#define INTERRUPTIBILITY_NMI    (1u << 3)
#define INTERRUPTIBILITY_SHADOW (INTERRUPTIBILITY_STI | INTERRUPTIBILITY_MOV_SS)

#define PENDING_DBG_ENABLED_BP (1ul << 12)
#define PENDING_DBG_BS         (1ul << 14)

/* Segment access rights as a VMCS holds them */
#define SEG_AR_DPL(ar)  (((ar) >> 5) & 3)
#define SEG_AR_P        (1u << 7)
#define SEG_AR_L        (1u << 13)
#define SEG_AR_UNUSABLE (1u << 16)

/* Those that we expect or name. */
enum exit_reason {
    EXIT_EXCEPTION_NMI = 0,
    EXIT_EXT_INTERRUPT = 1,
    EXIT_TRIPLE_FAULT = 2,
    EXIT_INIT = 3,
    EXIT_SIPI = 4,
    EXIT_INTR_WINDOW = 7,
    EXIT_NMI_WINDOW = 8,
    EXIT_TASK_SWITCH = 9,
    EXIT_CPUID = 10,
    EXIT_GETSEC = 11,
    EXIT_HLT = 12,
    EXIT_INVD = 13,
    EXIT_INVLPG = 14,
    EXIT_RDPMC = 15,
    EXIT_RDTSC = 16,
    EXIT_VMCALL = 18,
    EXIT_VMCLEAR = 19, /* and others until: */
    EXIT_VMXON = 27,
    EXIT_CR_ACCESS = 28,
    EXIT_DR_ACCESS = 29,
    EXIT_IO = 30,
    EXIT_RDMSR = 31,
    EXIT_WRMSR = 32,
    EXIT_BAD_GUEST_STATE = 33,
    EXIT_BAD_MSR_LOAD = 34,
    EXIT_MWAIT = 36,
    EXIT_MONITOR = 39,
    EXIT_MCE_DURING_ENTRY = 41,
    EXIT_APIC_ACCESS = 44,
    EXIT_EPT_VIOLATION = 48,
    EXIT_EPT_MISCONFIG = 49,
    EXIT_INVEPT = 50,
    EXIT_PREEMPT_TIMER = 52,
    EXIT_INVVPID = 53,
    EXIT_WBINVD = 54,
    EXIT_XSETBV = 55,
    EXIT_VMFUNC = 59,
    EXIT_ENCLS = 60,
    EXIT_XSAVES = 63,
    EXIT_XRSTORS = 64,
    NR_EXIT_REASONS = 70,
};
#define EXIT_REASON_ENTRY_FAILURE (1u << 31)

/* dump.c: a failed VMREAD or VMWRITE is our own error. */
noreturn void vmx_insn_failed(const char *insn, unsigned int field, unsigned long value);

#ifdef CAIRN_COUNT /* the build that make bench takes its counts from */
#define vmcs_count(what) perfc_incr(what)
#else
#define vmcs_count(what) ((void)0)
#endif

static inline unsigned long vmread_raw(unsigned int field)
{
    unsigned long value;
    bool failed;
    vmcs_count(vmreads);
    __asm__ volatile("vmread %[field], %[value]"
                     : [value] "=rm"(value), "=@ccbe"(failed)
                     : [field] "r"((unsigned long)field));
    if (unlikely(failed))
        vmx_insn_failed("VMREAD", field, 0);
    return value;
}

static inline void vmwrite_raw(unsigned int field, unsigned long value)
{
    vmcs_count(vmwrites);
    __asm__ goto("vmwrite %[value], %[field]\n\t"
                 "jbe %l[failed]"
                 :
                 : [field] "r"((unsigned long)field), [value] "rm"(value)
                 : "cc", "memory"
                 : failed);
    return;
failed:
    vmx_insn_failed("VMWRITE", field, value);
}

/* As vmread_raw, for the dump of a VMCS that may be in any state. */
static inline bool vmread_safe(unsigned int field, unsigned long *value)
{
    bool failed;
    __asm__ volatile("vmread %[field], %[value]"
                     : [value] "=rm"(*value), "=@ccbe"(failed)
                     : [field] "r"((unsigned long)field));
    return !failed;
}

#define VMCS_ACCESSORS(width, type)                                       \
    static inline type vmread##width(enum vmcs##width field)              \
    {                                                                     \
        return (type)vmread_raw(field);                                   \
    }                                                                     \
    static inline void vmwrite##width(enum vmcs##width field, type value) \
    {                                                                     \
        vmwrite_raw(field, value);                                        \
    }
VMCS_ACCESSORS(16, uint16_t)
VMCS_ACCESSORS(32, uint32_t)
VMCS_ACCESSORS(64, uint64_t)
VMCS_ACCESSORS(nw, uint64_t)

#endif
