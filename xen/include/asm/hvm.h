/* SPDX-License-Identifier: MIT */
/*
 * hvm.h - full guests: what they believe is hardware.  hvm/ never names a
 * VMCS field; it reads and changes state through hvm_*_state below, which
 * vmx/ provides.
 */
#ifndef ASM_HVM_H
#define ASM_HVM_H

#include <asm/vlapic.h>
#include <xen/xen.h>
#include <xen/hvm/params.h>

struct domain;
struct vcpu;
struct shadow_vcpu;

/* Control registers as the guest sees them (pure functions in hvm/cr.c). */
struct x86_ctrl {
    uint64_t cr0, cr2, cr3, cr4, efer;
};

/* Segment registers in the order of the VMCS's fields. */
enum hvm_seg_name {
    SEG_ES,
    SEG_CS,
    SEG_SS,
    SEG_DS,
    SEG_FS,
    SEG_GS,
    SEG_LDTR,
    SEG_TR,
    SEG_GDTR,
    SEG_IDTR,
    NR_SEGS
};

struct hvm_segment {
    uint16_t sel;
    uint16_t attr; /* type S DPL P in 7:0; AVL L D G in 11:8; P=0: unusable */
    uint32_t limit;
    uint64_t base;
};
#define ATTR_TYPE(attr) ((attr)&0xfu)
#define ATTR_CODE       0x8u /* in the type: code, else data */
#define ATTR_CONFORMING 0x4u /* of code */
#define ATTR_RW         0x2u /* data writable, code readable */
#define ATTR_S          0x10u
#define ATTR_DPL(attr)  (((attr) >> 5) & 3u)
#define ATTR_P          0x80u
#define ATTR_L          0x200u
#define ATTR_DB         0x400u
#define ATTR_G          0x800u

/* A code, data or system segment as a descriptor of 8 bytes gives it. */
static inline struct hvm_segment hvm_segment_unpack(uint64_t desc, uint16_t sel)
{
    struct hvm_segment s = {
        .sel = sel,
        .attr = (desc >> 40 & 0xff) | (desc >> 44 & 0xf00),
        .limit = (desc & 0xffff) | (desc >> 32 & 0xf0000),
        .base = (desc >> 16 & 0xffffff) | (desc >> 32 & 0xff000000),
    };
    if (s.attr & ATTR_G)
        s.limit = s.limit << 12 | 0xfff;
    return s;
}

struct hvm_domain {
    uint64_t params[HVM_NR_PARAMS];
    gfn_t hypercall_gfn;
    uint8_t callback_vector;     /* HVM_PARAM_CALLBACK_IRQ of type vector; 0 = none */
    struct hvm_devices *devices; /* hvm/devices.c; NULL: none */
};

/* What must be done before the next VM entry; zero on the hot path. */
#define HVM_WORK_EVENT      (1u << 0) /* hvm_vcpu.event waits to be injected */
#define HVM_WORK_FLUSH_VPID (1u << 1) /* the guest's own translations are stale */
#define HVM_WORK_ROOT       (1u << 3) /* paging_ops.update_root is owed */
#define HVM_WORK_ROLE       (1u << 4) /* with ROOT: more than CR3 changed */
#define HVM_WORK_OWED       (HVM_WORK_FLUSH_VPID | HVM_WORK_ROOT)
#define HVM_WORK_STATE      (1u << 8) /* VM entry may not take the segments: vmx/realmode.c */

/* The same, asked for by anybody at any time: atomically, by hvm_post() or
 * hvm_ask_domain(). */
#define HVM_POSTED_INTR       (1u << 0) /* an interrupt may be deliverable */
#define HVM_POSTED_NMI        (1u << 1) /* an NMI waits */
#define HVM_POSTED_INIT       (1u << 2) /* an INIT waits */
#define HVM_POSTED_SIPI       (1u << 3) /* and behind it a start-up message */
#define HVM_POSTED_FLUSH_VPID (1u << 4)
#define HVM_POSTED_FLUSH_EPT  (1u << 5)
#define HVM_POSTED_ROOT       (1u << 6) /* as HVM_WORK_ROOT */
#define HVM_POSTED_OWED       (HVM_POSTED_FLUSH_VPID | HVM_POSTED_FLUSH_EPT | HVM_POSTED_ROOT)

struct vmx_msrlist;

#define HVM_LBR_MAX 36 /* MSRs of last branch records, vmx/lbr.h */

struct vmx_vcpu {
    mfn_t vmcs;                      /* one frame */
    struct vmx_msrlist *msrlist;     /* NULL where controls switch EFER */
    uint64_t cr0_mask, cr4_mask;     /* bits set: not the guest's to change; as in the VMCS */
    uint64_t cr0_shadow, cr4_shadow; /* as in the VMCS */
    uint64_t hw_cr0, hw_cr4;         /* as in the VMCS unless ctrl_stale */
    bool ctrl_known;                 /* these six were written once */
    bool launched;
    unsigned int cpu;     /* where it is active: only there may it be loaded */
    uint16_t vpid;        /* 0: none */
    bool dr_live;         /* DR0-3 and DR6 hold the guest's values */
    bool ctrl_stale;      /* hvm_vcpu.ctrl lacks what the guest changed unseen */
    bool efer_direct;     /* hardware's EFER is always the guest's, by VMCS field */
    bool efer_read_exits; /* which MSR bitmap is in use */
    bool cr3_exits;       /* GUEST_CR3 is not the guest's */
    bool vm86;            /* the guest is in real mode, without unrestricted guest */
    bool vm86_active;     /* and the VMCS holds virtual-8086 mode, hiding these: */
    struct hvm_segment real_tr;
    uint64_t real_iopl;
    uint32_t real_exceptions;
    uint32_t proc_controls;  /* as in the VMCS */
    uint32_t entry_controls; /* as in the VMCS */
    bool lbr_used;           /* the guest has branch records of its own: */
    uint64_t lbr[HVM_LBR_MAX];
};

struct hvm_vcpu {
    struct x86_ctrl ctrl; /* guest view; after an exit only after hvm_sync_ctrl() */
    uint64_t msr_star, msr_lstar, msr_cstar, msr_fmask, msr_kernel_gs, msr_tsc_aux, msr_pat;
    uint64_t msr_mtrr_def_type;
    uint64_t tsc_offset;
    bool cpuid_faulting; /* MSR_MISC_FEATURES_ENABLES: CPUID outside ring 0 is #GP */
    struct vlapic vlapic;
    uint8_t upcall_vector; /* HVMOP_set_evtchn_upcall_vector; 0: none */
    uint8_t sipi_page;     /* of HVM_POSTED_SIPI */
    bool in_hlt;           /* VPF_blocked is by HLT */
    bool halted;           /* VPF_down is by HLT with interrupts off */
    union {
        struct {
            unsigned int work;   /* HVM_WORK_* */
            unsigned int posted; /* HVM_POSTED_* */
        };
        uint64_t any_work;
    };
    /* An event to inject at the next entry, if HVM_WORK_EVENT. */
    struct {
        uint8_t vector, type; /* SDM interruption types */
        bool has_ec;
        uint32_t ec;
        uint8_t insn_len; /* software exceptions */
    } event;
    struct shadow_vcpu *shadow; /* shadow paging */
    uint64_t pdpte[4];          /* shadow paging: what PAE paging has loaded */
    struct vmx_vcpu vmx;
};

/* The part of a vCPU's state that lives in the VMCS. */
struct hvm_cpu_state {
    uint64_t rip, rsp, rflags, dr7;
    struct hvm_segment seg[NR_SEGS];
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
};

/* ---- vmx/: the state that hvm/ sees.  Any vCPU that is not running, or current. ---- */
void hvm_get_cpu_state(struct vcpu *v, struct hvm_cpu_state *s);
void hvm_set_cpu_state(struct vcpu *v, const struct hvm_cpu_state *s);
/* What blocks events: interruptibility state as the SDM numbers it, and above
 * it the pending debug exceptions.  Follows the rest of the state; of what is
 * set, that which does not fit to it is dropped. */
#define HVM_BLOCKING_STI    1u
#define HVM_BLOCKING_MOV_SS 2u
#define HVM_BLOCKING_SHADOW 3u
#define HVM_BLOCKING_NMI    8u
#define HVM_PENDING_SHIFT   8
#define HVM_PENDING_BS      (1u << HVM_PENDING_SHIFT << 14)
#define HVM_BLOCKING_ALL    (0xbu | 0x500fu << HVM_PENDING_SHIFT)
uint32_t hvm_get_blocking(struct vcpu *v);
void hvm_set_blocking(struct vcpu *v, uint32_t blocking);
/* DEBUGCTL and the last branch records, of the current vCPU; -EPERM: #GP. */
int hvm_lbr_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value);
int hvm_lbr_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value);
/* Bring hvm_vcpu.ctrl up to date: CR3 and the bits that the guest owns. */
void hvm_sync_ctrl(struct vcpu *v);
/* Write hvm_vcpu.ctrl, a state that hvm/cr.c allowed, to the hardware. */
void hvm_update_ctrl(struct vcpu *v);
void hvm_update_cr0(struct vcpu *v, uint64_t changed); /* only these bits of CR0 */
void hvm_update_cr3(struct vcpu *v);                   /* only CR3 changed, by hvm_set_cr3() */
void hvm_update_efer(struct vcpu *v);                  /* only SCE or NXE changed */
/* Shadow paging: the root on which the hardware runs. */
void hvm_set_hardware_cr3(struct vcpu *v, maddr_t root);
/* The four PDPTEs that PAE paging has loaded; meaningful only in that mode. */
void hvm_set_pdptes(struct vcpu *v, const uint64_t pdpte[4]);
void hvm_get_pdptes(struct vcpu *v, uint64_t pdpte[4]);
void hvm_set_tsc_offset(struct vcpu *v, uint64_t offset);
void hvm_set_pat(struct vcpu *v, uint64_t pat);
/* current only */
/* General register @n as an instruction numbers it, 0 RAX .. 15 R15. */
unsigned long hvm_read_gpr(const struct cpu_user_regs *regs, unsigned int n);
void hvm_write_gpr(struct cpu_user_regs *regs, unsigned int n, unsigned long value);
unsigned int hvm_get_cpl(void); /* 3 in virtual-8086 mode, and so in real mode run by it */
bool hvm_cs_is_64bit(struct vcpu *v);
uint64_t hvm_get_rflags(void);
uint64_t hvm_get_rip(void);
uint64_t hvm_get_segment_base(enum hvm_seg_name seg);
/* Let the functions below see the guest's own state, whatever it runs as. */
void hvm_show_state(struct vcpu *v);
void hvm_get_segment(enum hvm_seg_name seg, struct hvm_segment *out);
void hvm_set_segment(enum hvm_seg_name seg, const struct hvm_segment *in);
void hvm_set_rip(uint64_t rip);
/* An instruction executed in software is over. */
struct hvm_finished {
    uint64_t rip, rflags;
    bool shadow_sti, shadow_ss, single_step, iret;
};
void hvm_finish_instruction(struct vcpu *v, const struct hvm_finished *f);
void hvm_inject_exception(struct vcpu *v, unsigned int vector, uint32_t ec);
void hvm_inject_page_fault(struct vcpu *v, gva_t va, uint32_t ec);
/* Set bits of DR6, for a #DB that we raise.  Current vCPU. */
void hvm_note_debug_trap(struct vcpu *v, unsigned long bits);
/* MOV from or to DR0-3, DR6 or DR7; false: DR7.GD wants a #DB, which is noted. */
bool hvm_move_dr(struct vcpu *v, unsigned int n, uint64_t *value, bool write);
/* Deliver an event of SDM interruption @type at the next entry. */
void hvm_queue_event(struct vcpu *v, unsigned int vector, unsigned int type, bool has_ec,
                     uint32_t ec, unsigned int insn_len);
/* Would an event be delivered at the next entry?  Current vCPU; the shadow of
 * STI does not count: who asks waits after the instruction. */
bool hvm_event_deliverable(struct vcpu *v);
/* INIT: no event is under way, nothing is blocked, debug registers are ours. */
void hvm_forget_events(struct vcpu *v);
/* hvm/emul.c: execute the instruction at CS:RIP, of real mode or of what it
 * left behind in protected mode, in software; or end the domain. */
void hvm_emulate_real_mode(struct vcpu *v, struct cpu_user_regs *regs);
/* A vCPU's VMCS; -EOPNOTSUPP, -ENOMEM. */
int vmx_vcpu_create(struct vcpu *v);
void vmx_vcpu_destroy(struct vcpu *v);
/* The vCPU executed HLT: wait for an event, or stop for good with IF=0. */
void hvm_hlt(struct vcpu *v, uint64_t rflags);

/* ---- hvm/domain.c, hvm/vcpu.c ---- */
int hvm_domain_create(struct domain *d);
int hvm_domain_teardown(struct domain *d); /* resumable */
void hvm_domain_free(struct domain *d);    /* with its vCPUs gone */
int hvm_vcpu_create(struct vcpu *v);
/* VCPUOP_initialise: struct vcpu_hvm_context at @arg. */
long hvm_vcpu_initialise(struct vcpu *v, unsigned long arg);
/* ---- hvm/irq.c ---- */
void hvm_assert_upcall(struct vcpu *v);
void hvm_vcpu_destroy(struct vcpu *v);
/* What this machine offers to HVM guests: vmx_init() says. */
extern struct hvm_support {
    const char *unavailable; /* why there can be none; NULL: there can */
    bool hap, shadow;        /* kinds of paging */
    bool invpcid, rdtscp, tsc_scaling;
    unsigned int max_leaf_order; /* of EPT: 0, 9 or 18 */
    uint64_t cr4_possible;       /* CR4 bits that the hardware takes for a guest */
} hvm_support;
struct p2m;
/* hvm_ask_domain - make all vCPUs of @d do some of HVM_POSTED_OWED before they
 * enter the guest again; on return none runs guest code without having done
 * so.  Who asks for the same thing of one domain is kept apart by a lock. */
void hvm_ask_domain(struct domain *d, uint32_t asks);
void hvm_flush_ept(struct p2m *p2m); /* INVEPT on this CPU, now */
/* XEN_DOMCTL_sethvmcontext / gethvmcontext: a save stream, checked fully
 * before anything changes. */
int hvm_load(struct domain *d, const void *buf, size_t len);
int hvm_save(struct domain *d, void *buf, size_t *len);

/* ---- hvm/hypercall.c ---- */
/* VMCALL of the current vCPU, from code of that width.  True: done, the result is in RAX.  False: the
 * instruction is to be executed again, its registers are updated. */
bool hvm_hypercall(struct cpu_user_regs *regs, unsigned int cpl, bool is_64);
/* Fill the hypercall page at @va (directmap of a guest page). */
void hvm_hypercall_page_init(void *va);
/* The layout of @d's shared_info becomes that of the code which its vCPU runs
 * now.  No effect on another domain than the current one. */
void hvm_latch_width(struct domain *d);
/* Guest memory of the *current* HVM vCPU by linear address; 0 or -EFAULT. */
int hvm_copy_from_guest_linear(void *dst, gva_t va, size_t len);
int hvm_copy_to_guest_linear(gva_t va, const void *src, size_t len);
/* Any HVM domain's memory by physical address. */
int hvm_copy_from_guest_phys(struct domain *d, void *dst, gaddr_t addr, size_t len);
int hvm_copy_to_guest_phys(struct domain *d, gaddr_t addr, const void *src, size_t len);

/* ---- vmx/vmx.c: started once per CPU; safe where there is no VMX ---- */
/* vmx_cpu_up - on another CPU: enter VMX operation if CPU 0 did.  NULL, or why
 * this CPU cannot be used beside CPU 0. */
const char *vmx_cpu_up(void);
void vmx_init(void);                  /* prints the feature line, or "VMX: disabled: <reason>" */
void hvm_switch_from(struct vcpu *v); /* context switch: save what hardware holds */
void hvm_switch_to(struct vcpu *v);
noreturn void hvm_enter_guest(void); /* reset_stack_and_jump target */
void hvm_dump_vcpu(struct vcpu *v);

#endif
