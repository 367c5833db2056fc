/* SPDX-License-Identifier: MIT */
/* reset.c - see reset.h; the part that touches a vCPU. */
#include "reset.h"

#include <asm/current.h>
#include <asm/paging.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/perfc.h>

void hvm_vcpu_reset(struct vcpu *v, enum hvm_reset kind)
{
    struct hvm_cpu_state s, was;

    hvm_sync_ctrl(v);
    hvm_get_cpu_state(v, &was);
    const struct x86_ctrl old = v->arch.hvm.ctrl;

    x86_reset_ctrl(kind, &old, &v->arch.hvm.ctrl);
    hvm_reset_cpu_state(&s);
    if (kind == HVM_INIT) { /* MSRs stay */
        s.sysenter_cs = was.sysenter_cs;
        s.sysenter_esp = was.sysenter_esp;
        s.sysenter_eip = was.sysenter_eip;
    }
    v->arch.dr6 = 0xffff0ff0;
    v->arch.dr7 = s.dr7;
    hvm_update_ctrl(v);
    hvm_set_cpu_state(v, &s);
    if (x86_paging_changed(&old, &v->arch.hvm.ctrl)) {
        perfc_incr(paging_rebuilds);
        v->domain->arch.paging->flush(v);
    }
}
