/* SPDX-License-Identifier: MIT */
/*
 * vlapic.c - the local APIC of an HVM vCPU: reached by MMIO and MSRs, its
 * timer, and the interrupt messages between the vCPUs of a domain.
 * The rules are in vlapic_logic.c.
 *
 * ISR, TPR and the rest belong to the vCPU itself; IRR, TMR and the pending
 * errors may be changed by anybody, so these are atomic.  timer_lock is between
 * the vCPU and the timer's handler, which may run on another CPU.
 */
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>
#include <xen/arch-x86/xen.h>

#include "irq.h"
#include "save.h"
#include "vlapic_logic.h"

#define BUS_CYCLE_NS 10 /* one tick of the timer at divisor 1 */
#define X2APIC_FIRST 0x800
#define X2APIC_LAST  0xbff
/* A periodic timer cannot be faster: its host would do nothing else. */
#define SHORTEST_PERIOD MICROSECS(50)

static struct vlapic_state *state_of(struct vcpu *v)
{
    return &v->arch.hvm.vlapic.s;
}

static bool vlapic_present(const struct vcpu *v)
{
    return v->domain->arch.emulation_flags & XEN_X86_EMU_LAPIC;
}

/* ---- interrupts in and out ---- */

void vlapic_set_irq(struct vcpu *v, unsigned int vector, bool level)
{
    if (vlapic_logic_accept(state_of(v), vector, level))
        hvm_post(v, HVM_POSTED_INTR);
}

bool vlapic_accepts_pic(const struct vcpu *v)
{
    const struct vlapic_state *s = &v->arch.hvm.vlapic.s;
    uint32_t lvt0 = vlapic_get(s, APIC_LVT0);

    if (!vlapic_present(v) || !vlapic_enabled(s))
        return v->vcpu_id == 0;
    return !(lvt0 & APIC_LVT_MASKED) && APIC_MODE(lvt0) == APIC_EXTINT;
}

uint8_t vlapic_get_cr8(const struct vcpu *v)
{
    return vlapic_get(&v->arch.hvm.vlapic.s, APIC_TPR) >> 4;
}

void vlapic_set_cr8(struct vcpu *v, uint8_t cr8)
{
    *vlapic_reg(state_of(v), APIC_TPR) = cr8 << 4;
    hvm_post(v, HVM_POSTED_INTR);
}

/* ---- the timer ---- */

static s_time_t tick_ns(const struct vlapic_state *s)
{
    return BUS_CYCLE_NS * vlapic_logic_divisor(vlapic_get(s, APIC_TDCR));
}

static unsigned int timer_mode(const struct vlapic_state *s)
{
    return APIC_LVTT_MODE(vlapic_get(s, APIC_LVTT));
}

/* What TMCCT reads now. */
static uint32_t current_count(const struct vlapic *a)
{
    uint32_t initial = vlapic_get(&a->s, APIC_TMICT);
    uint64_t gone = (NOW() - a->started) / tick_ns(&a->s);

    if (initial == 0 || timer_mode(&a->s) == APIC_DEADLINE)
        return 0;
    if (timer_mode(&a->s) == APIC_PERIODIC)
        return initial - gone % initial;
    return gone >= initial ? 0 : initial - gone;
}

/* On the CPU where the vCPU is: no need to interrupt another. */
static void set_timer(struct vlapic *a, s_time_t at)
{
    timer_set_here(&a->timer, at);
}

/* timer_lock held, as for all below that set the timer. */
static void arm(struct vlapic *a)
{
    uint32_t initial = vlapic_get(&a->s, APIC_TMICT);
    s_time_t period = (s_time_t)initial * tick_ns(&a->s), now = NOW();

    timer_stop(&a->timer);
    if (initial == 0)
        return;
    s_time_t end = a->started + period;
    if (timer_mode(&a->s) == APIC_PERIODIC) {
        if (end <= now) /* periods that nobody saw count as one */
            end = now + period - (now - a->started) % period;
        end = max(end, now + SHORTEST_PERIOD);
    } else if (end <= now) {
        return;
    }
    set_timer(a, end);
}

static void timer_expired(void *arg)
{
    struct vcpu *v = arg;
    struct vlapic *a = &v->arch.hvm.vlapic;

    spin_lock(&a->timer_lock);
    uint32_t lvtt = vlapic_get(&a->s, APIC_LVTT);
    unsigned int mode = APIC_LVTT_MODE(lvtt);
    /* Stopped or set anew while we were on our way? */
    bool due = !a->timer.expires &&
               (mode == APIC_DEADLINE ? a->deadline : vlapic_get(&a->s, APIC_TMICT)) != 0;
    if (due && mode == APIC_PERIODIC)
        arm(a);
    if (due)
        a->deadline = 0;
    spin_unlock(&a->timer_lock);
    if (due && !(lvtt & APIC_LVT_MASKED))
        vlapic_set_irq(v, lvtt & 0xff, false);
}

/* The count goes on from where it is, at another speed. */
static void set_divide(struct vlapic *a, uint32_t tdcr)
{
    uint32_t count = current_count(a);

    *vlapic_reg(&a->s, APIC_TDCR) = tdcr & 0xb;
    a->started = NOW() - (s_time_t)(vlapic_get(&a->s, APIC_TMICT) - count) * tick_ns(&a->s);
    if (count && timer_mode(&a->s) != APIC_DEADLINE)
        arm(a);
}

static void set_deadline(struct vcpu *v, uint64_t deadline)
{
    struct vlapic *a = &v->arch.hvm.vlapic;

    if (timer_mode(&a->s) != APIC_DEADLINE)
        return;
    a->deadline = deadline;
    timer_stop(&a->timer);
    if (!deadline)
        return;
    int64_t ticks = deadline - guest_tsc(v, rdtsc());
    set_timer(a, NOW() + (ticks > 0 ? guest_tsc_to_ns(v->domain, ticks) : 0));
}

void vlapic_tsc_moved(struct vcpu *v)
{
    struct vlapic *a = &v->arch.hvm.vlapic;

    scoped_lock(&a->timer_lock);
    if (a->deadline)
        set_deadline(v, a->deadline);
}

/* ---- messages ---- */

static void deliver_to(struct vcpu *v, unsigned int mode, unsigned int vector, bool level)
{
    switch (mode) {
    case APIC_FIXED:
    case APIC_LOWEST:
        vlapic_set_irq(v, vector, level);
        break;
    case APIC_NMI:
        hvm_post(v, HVM_POSTED_NMI);
        break;
    case APIC_INIT:
        hvm_init_signal(v);
        break;
    case APIC_STARTUP:
        hvm_startup_signal(v, vector);
        break;
    }
}

void vlapic_bus_message(struct domain *d, const struct vlapic_message *m)
{
    struct vcpu *lowest = NULL;

    for_each_vcpu(d, v) {
        if (!vlapic_logic_match(state_of(v), m->dest, m->logical, m->x2apic))
            continue;
        if (m->mode != APIC_LOWEST) {
            deliver_to(v, m->mode, m->vector, m->level);
            continue;
        }
        if (vlapic_sw_enabled(state_of(v)) &&
            (!lowest || vlapic_logic_ppr(state_of(v)) < vlapic_logic_ppr(state_of(lowest))))
            lowest = v;
    }
    if (lowest)
        deliver_to(lowest, APIC_LOWEST, m->vector, m->level);
}

static void send_ipi(struct vcpu *v)
{
    struct vlapic_state *s = state_of(v);
    uint32_t low = vlapic_get(s, APIC_ICR), high = vlapic_get(s, APIC_ICR2);
    struct domain *d = v->domain;
    const struct vlapic_message m = {
        .dest = vlapic_x2apic(s) ? high : high >> 24,
        .logical = low & APIC_LOGICAL,
        .x2apic = vlapic_x2apic(s),
        .mode = APIC_MODE(low),
        .vector = low & 0xff,
    };

    if (m.mode <= APIC_LOWEST && m.vector < 16) {
        if (vlapic_logic_error(s, ESR_SEND_ILLEGAL))
            hvm_post(v, HVM_POSTED_INTR);
        return;
    }
    if (m.mode == APIC_INIT && (low & APIC_ICR_LEVEL) && !(low & APIC_ICR_ASSERT))
        return; /* INIT level de-assert: of old processors */
    switch (APIC_SHORTHAND(low)) {
    case APIC_TO_DEST:
        vlapic_bus_message(d, &m);
        return;
    case APIC_TO_SELF:
        deliver_to(v, m.mode, m.vector, false);
        return;
    }
    for_each_vcpu(d, to)
        if (vlapic_enabled(state_of(to)) && (to != v || APIC_SHORTHAND(low) == APIC_TO_ALL))
            deliver_to(to, m.mode, m.vector, false);
}

/* ---- registers ---- */

static void stop_timer(struct vlapic *a)
{
    timer_stop(&a->timer);
    a->deadline = 0;
}

static void timer_follow_up(struct vlapic *a, unsigned int did, uint32_t value)
{
    scoped_lock(&a->timer_lock);
    if (did & VLAPIC_DID_TIMER) {
        a->started = NOW();
        arm(a);
    }
    if (did & VLAPIC_DID_DIVIDE)
        set_divide(a, value);
    if (did & VLAPIC_DID_TIMER_OFF) {
        stop_timer(a);
        *vlapic_reg(&a->s, APIC_TMICT) = 0;
    }
}

/* Do what a write asked for; @value was written. */
static void follow_up(struct vcpu *v, unsigned int did, uint32_t value)
{
    struct vlapic *a = &v->arch.hvm.vlapic;

    if (did & VLAPIC_DID_ICR)
        send_ipi(v);
    if (did & (VLAPIC_DID_TIMER | VLAPIC_DID_DIVIDE | VLAPIC_DID_TIMER_OFF))
        timer_follow_up(a, did, value);
    if (did & VLAPIC_DID_LEVEL_EOI)
        hvm_level_eoi(v->domain, a->s.eoi_vector);
    if (did & VLAPIC_DID_RECHECK)
        hvm_post(v, HVM_POSTED_INTR);
}

static uint64_t mmio_read(struct vlapic *a, struct vcpu *v, unsigned int offset)
{
    unsigned int skip = offset & 0xf;

    /* Architecturally 32-bit reads only: others give the bytes they cover. */
    if (skip >= 4 || offset >= 0x400)
        return 0;
    if (offset - skip == APIC_TMCCT)
        *vlapic_reg(&a->s, APIC_TMCCT) = current_count(a);
    uint32_t value = vlapic_logic_read(&a->s, offset - skip);
    if (unlikely(a->s.esr_pending)) /* maybe by this read: then its interrupt */
        hvm_post(v, HVM_POSTED_INTR);
    return value >> (8 * skip);
}

bool vlapic_mmio(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t *value, bool write)
{
    struct vlapic *a = &v->arch.hvm.vlapic;
    unsigned int offset = addr & 0xfff;

    if (((addr ^ a->s.base) & PAGE_MASK) || !vlapic_present(v) || !vlapic_enabled(&a->s) ||
        vlapic_x2apic(&a->s))
        return false;
    if (!write)
        *value = mmio_read(a, v, offset);
    else if (!(offset & 0xf) && size >= 4 && offset < 0x400)
        follow_up(v, vlapic_logic_write(&a->s, offset, *value), *value);
    return true;
}

static int set_base(struct vcpu *v, uint64_t value)
{
    struct vlapic *a = &v->arch.hvm.vlapic;
    const struct cpu_policy *p = &v->domain->arch.policy;
    int rc = vlapic_logic_set_base(&a->s, value, p->lapic, p->maxphysaddr);

    if (!rc && !vlapic_enabled(&a->s)) {
        spin_lock(&a->timer_lock);
        stop_timer(a);
        spin_unlock(&a->timer_lock);
    }
    if (!rc)
        hvm_post(v, HVM_POSTED_INTR);
    return rc;
}

bool vlapic_owns_msr(uint32_t msr)
{
    return msr == MSR_IA32_APIC_BASE || msr == MSR_IA32_TSC_DEADLINE ||
           (msr >= X2APIC_FIRST && msr <= X2APIC_LAST);
}

int vlapic_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    struct vlapic *a = &v->arch.hvm.vlapic;

    if (!vlapic_present(v))
        return -EPERM;
    if (msr == MSR_IA32_APIC_BASE) {
        *val = a->s.base;
        return 0;
    }
    if (msr == MSR_IA32_TSC_DEADLINE) {
        *val = timer_mode(&a->s) == APIC_DEADLINE ? a->deadline : 0;
        return 0;
    }
    if (!vlapic_x2apic(&a->s))
        return -EPERM;
    if (msr - X2APIC_FIRST == APIC_TMCCT >> 4)
        *vlapic_reg(&a->s, APIC_TMCCT) = current_count(a);
    return vlapic_logic_rdmsr(&a->s, msr - X2APIC_FIRST, val) ? 0 : -EPERM;
}

int vlapic_wrmsr(struct vcpu *v, uint32_t msr, uint64_t val)
{
    struct vlapic *a = &v->arch.hvm.vlapic;

    if (!vlapic_present(v))
        return -EPERM;
    if (msr == MSR_IA32_APIC_BASE)
        return set_base(v, val);
    if (msr == MSR_IA32_TSC_DEADLINE) {
        spin_lock(&a->timer_lock);
        set_deadline(v, val);
        spin_unlock(&a->timer_lock);
        return 0;
    }
    if (!vlapic_x2apic(&a->s))
        return -EPERM;
    unsigned int did = vlapic_logic_wrmsr(&a->s, msr - X2APIC_FIRST, val);
    if (did & VLAPIC_DID_FAULT)
        return -EPERM;
    follow_up(v, did, val);
    return 0;
}

/* ---- life ---- */

void vlapic_vcpu_init(struct vcpu *v)
{
    struct vlapic *a = &v->arch.hvm.vlapic;

    a->s.deadline_ok = v->domain->arch.policy.lapic;
    vlapic_logic_reset(&a->s, v->vcpu_id * 2, v->vcpu_id == 0);
    spin_lock_init(&a->timer_lock, LOCK_DEVICES);
    timer_init(&a->timer, timer_expired, v, v->processor);
}

void vlapic_vcpu_destroy(struct vcpu *v)
{
    timer_kill(&v->arch.hvm.vlapic.timer);
}

void vlapic_init_signal(struct vcpu *v)
{
    struct vlapic *a = &v->arch.hvm.vlapic;

    scoped_lock(&a->timer_lock);
    stop_timer(a);
    vlapic_logic_init(&a->s);
}

/* ---- saving ---- */

/* A local APIC after reset, whose APIC_BASE was then written.  0 or -EPERM. */
static int reset_to_base(const struct vcpu *v, struct vlapic_state *s, uint64_t base)
{
    const struct cpu_policy *p = &v->domain->arch.policy;

    vlapic_logic_reset(s, v->vcpu_id * 2, v->vcpu_id == 0);
    return vlapic_logic_set_base(s, base, p->lapic, p->maxphysaddr);
}

static const char *base_bad(const struct vcpu *v, const void *record)
{
    const struct hvm_hw_lapic *l = record;
    struct vlapic_state s = {.deadline_ok = false};

    return reset_to_base(v, &s, l->apic_base_msr) ? "APIC_BASE" : NULL;
}

static void base_load(struct vcpu *v, const void *record, uint64_t tsc)
{
    const struct hvm_hw_lapic *l = record;
    struct vlapic *a = &v->arch.hvm.vlapic;

    scoped_lock(&a->timer_lock);
    stop_timer(a);
    reset_to_base(v, &a->s, l->apic_base_msr);
    a->deadline = l->tdt_msr; /* armed with the registers */
}

static void base_save(struct vcpu *v, void *record, uint64_t tsc)
{
    struct hvm_hw_lapic *l = record;
    struct vlapic *a = &v->arch.hvm.vlapic;

    scoped_lock(&a->timer_lock);
    l->apic_base_msr = a->s.base;
    l->disabled = !vlapic_enabled(&a->s);
    l->timer_divisor = vlapic_logic_divisor(vlapic_get(&a->s, APIC_TDCR));
    l->tdt_msr = a->deadline;
}

/* The page keeps a register in each 16 bytes. */
static void regs_unpack(const void *record, uint32_t reg[VLAPIC_NR_REGS])
{
    for (unsigned int i = 0; i < VLAPIC_NR_REGS; i++)
        memcpy(&reg[i], (const char *)record + 16 * i, 4);
}

static const char *regs_bad(const struct vcpu *v, const void *record)
{
    uint32_t reg[VLAPIC_NR_REGS];

    regs_unpack(record, reg);
    return vlapic_logic_regs_ok(&v->arch.hvm.vlapic.s, reg) ? NULL : "local APIC registers";
}

static void regs_load(struct vcpu *v, const void *record, uint64_t tsc)
{
    struct vlapic *a = &v->arch.hvm.vlapic;
    uint32_t reg[VLAPIC_NR_REGS];

    regs_unpack(record, reg);
    spin_lock(&a->timer_lock);
    vlapic_logic_take_regs(&a->s, reg);
    /* The count goes on from where it was. */
    uint32_t initial = reg[APIC_TMICT >> 4], left = min(initial, reg[APIC_TMCCT >> 4]);
    a->started = NOW() - (s_time_t)(initial - left) * tick_ns(&a->s);
    if (timer_mode(&a->s) == APIC_DEADLINE)
        set_deadline(v, a->deadline);
    else if (left)
        arm(a);
    spin_unlock(&a->timer_lock);
    hvm_post(v, HVM_POSTED_INTR);
}

static void regs_save(struct vcpu *v, void *record, uint64_t tsc)
{
    struct vlapic *a = &v->arch.hvm.vlapic;

    scoped_lock(&a->timer_lock);
    *vlapic_reg(&a->s, APIC_TMCCT) = current_count(a);
    for (unsigned int i = 0; i < VLAPIC_NR_REGS; i++)
        memcpy((char *)record + 16 * i, &a->s.reg[i], 4);
}

const struct hvm_record hvm_lapic_record = {HVM_SAVE_CODE(LAPIC), sizeof(struct hvm_hw_lapic),
                                            base_bad, base_load, base_save};
const struct hvm_record hvm_lapic_regs_record = {
    HVM_SAVE_CODE(LAPIC_REGS), sizeof(struct hvm_hw_lapic_regs), regs_bad, regs_load, regs_save};
