/* SPDX-License-Identifier: MIT */
/*
 * vmx.h - shared between the files of vmx/; nobody else includes it.
 */
#ifndef X86_VMX_VMX_H
#define X86_VMX_VMX_H

#include <asm/paging.h>
#include <cairn/domain.h>
#include <cairn/lib.h>

#include "caps.h"
#include "vmcs.h"

/* vmx.c: what the boot processor offers; valid while vmx_on. */
extern struct vmx_caps vmx_caps;
extern bool vmx_on;

/* ---- vmcs.c ---- */
/* vmcs_enter - make @v's VMCS the CPU's current one, whoever runs; each is
 * paired with vmcs_exit(), which puts back that of the current vCPU. */
void vmcs_enter_other(struct vcpu *v);
void vmcs_exit_other(struct vcpu *v);
static always_inline void vmcs_enter(struct vcpu *v)
{
    if (unlikely(v != current)) /* its own stays with it while it runs */
        vmcs_enter_other(v);
}
static always_inline void vmcs_exit(struct vcpu *v)
{
    if (unlikely(v != current))
        vmcs_exit_other(v);
}
void vmcs_load(struct vcpu *v);
int vmx_alloc_bitmaps(void); /* at boot: the MSR bitmaps */
void vmx_set_proc_control(struct vcpu *v, uint32_t bit, bool on);
/* Does RDMSR of EFER exit?  Of the current VMCS, @v's. */
void vmx_set_efer_read_exits(struct vcpu *v, bool exits);
/* Hardware's EFER while the guest runs, by field, list entry (@by_list), or
 * as the host's own.  Of the current VMCS, @v's. */
void vmx_write_efer(struct vcpu *v, uint64_t efer, bool by_list);
/* Debug registers: make the guest's live, or save them. */
void vmx_load_debug_registers(struct vcpu *v);
void vmx_save_debug_registers(struct vcpu *v);

/* ---- vmx.c ---- */
void vmx_invvpid(struct vcpu *v);

/* ---- exit.c ---- */
enum exit_action {
    EXIT_RESUME,  /* enter again where the guest stands */
    EXIT_ADVANCE, /* the instruction is done */
    EXIT_CRASH,   /* not understood: dump and end the domain */
};

/* Entered from entry.S with interrupts off. */
struct vmx_entry {
    struct cpu_user_regs *regs; /* to load the general registers from */
    unsigned long launched;     /* 0: VMLAUNCH, else VMRESUME */
};
struct cpu_user_regs *vmx_handle_exit(struct cpu_user_regs *regs);
struct vmx_entry vmx_prepare_entry(void);
void vmx_entry_failed(void);
void vmx_exit_entry(void); /* entry.S: HOST_RIP */

/* State of the current VMCS as it is there. */
void vmx_read_state(struct hvm_cpu_state *s);
void vmx_write_state(const struct hvm_cpu_state *s);
struct vmx_mode_env;
void vmx_fill_mode_env(const struct vcpu *v, struct vmx_mode_env *env);
/* Without unrestricted guest some states need help that may not be there. */
void vmx_crash_unless_runnable(struct vcpu *v);

/* The instruction ends with exception @vector, error code 0. */
enum exit_action exit_inject(struct vcpu *v, unsigned int vector);

/* ---- exit_*.c ---- */
typedef enum exit_action exit_handler(struct vcpu *v, struct cpu_user_regs *regs);
exit_handler exit_cpuid, exit_cr_access, exit_dr_access, exit_rdmsr, exit_wrmsr, exit_io;
exit_handler exit_exception, exit_page_fault, exit_ept_violation, exit_invlpg, exit_task_switch;
void exit_iret_faulted(void); /* when the exit says so */

/* ---- intr.c ---- */
/* Work flagged in v->arch.hvm.any_work, just before entry.
 * False: something has changed, look again at everything. */
bool vmx_intr_assist(struct vcpu *v);
/* An exit interrupted the delivery of an event: deliver it again. */
void vmx_requeue_vectoring(struct vcpu *v);

/* ---- realmode.c ---- */
/* Before an entry: true if VM entry will take the state; false if an
 * instruction was executed in software or something else comes first. */
bool vmx_make_enterable(struct vcpu *v);
/* An exception in virtual-8086 mode that stands for real mode. */
enum exit_action vmx_real_mode_exception(struct vcpu *v, struct cpu_user_regs *regs, uint32_t info);

/* ---- vmcs_audit.c: our invariants, before an entry of a debug build ---- */
void vmcs_audit(struct vcpu *v);

/* ---- inject.c: debug builds ---- */
#ifdef CAIRN_DEBUG
void vmx_inject_into_list(struct vcpu *v); /* last thing before an entry */
#else
static inline void vmx_inject_into_list(struct vcpu *v) {}
#endif

#endif
