/* SPDX-License-Identifier: MIT */
/*
 * Two vCPUs: the second one is refused with a state that no processor can be
 * in, then started with a good one.  Both count in a shared word under LOCK,
 * see each other's time never go back, and hand a ball to and fro: without the
 * other getting a CPU none of this ends.  Then the second one goes down.
 */
#include <guest/test.h>

#include <xen/hvm/hvm_vcpu.h>
#include <xen/vcpu.h>

const char test_title[] = "Two vCPUs";

#define ROUNDS 2000
#define BALLS  50

static uint8_t stack[4096] __attribute__((aligned(16)));
static volatile uint32_t counter, ball, done;
static volatile uint64_t latest;
static volatile uint32_t latest_lock;
static volatile uint32_t went_back;

static long vcpu_op(unsigned int cmd, unsigned int vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, cmd, vcpu, (ulong)arg, 0, 0);
}

static void note_time(void)
{
    while (__atomic_exchange_n(&latest_lock, 1, __ATOMIC_ACQUIRE))
        asm volatile("pause");
    uint64_t now = rdtsc();
    if (now < latest)
        went_back++;
    latest = now;
    __atomic_store_n(&latest_lock, 0, __ATOMIC_RELEASE);
}

static void work(void)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
        if (i % 16 == 0)
            note_time();
        if (i % 64 == 0)
            cpuid(0, 0);
    }
}

static void play(uint32_t me)
{
    for (unsigned int i = 0; i < BALLS; i++) {
        while (ball != me)
            xen_yield();
        ball = 1 - me;
    }
}

static void second(void)
{
    work();
    play(1);
    done = 1;
    vcpu_op(VCPUOP_down, 1, NULL);
    done = 2; /* never */
    for (;;)
        asm volatile("hlt");
}

static void context_of_mine(struct vcpu_hvm_context *c)
{
    memset(c, 0, sizeof(*c));
    c->mode = VCPU_HVM_MODE_64B;
    c->cpu_regs.x86_64.rip = (ulong)second;
    c->cpu_regs.x86_64.rsp = (ulong)stack + sizeof(stack) - 8;
    c->cpu_regs.x86_64.rflags = EFLAGS_MBS;
    c->cpu_regs.x86_64.cr0 = read_cr0();
    c->cpu_regs.x86_64.cr3 = read_cr3();
    c->cpu_regs.x86_64.cr4 = read_cr4();
    c->cpu_regs.x86_64.efer = rdmsr(MSR_EFER);
}

void test_main(void)
{
    struct vcpu_hvm_context c;

    if (!on_xen()) {
        report_skip("not here: needs vCPU hypercalls");
        return;
    }
    context_of_mine(&c);
    if (vcpu_op(VCPUOP_is_up, 1, NULL) == -XEN_ENOENT) {
        report_skip("only one vCPU");
        return;
    }
    if (vcpu_op(VCPUOP_up, 1, NULL) != -XEN_EINVAL)
        report_failure("a vCPU without a state came up");
    c.cpu_regs.x86_64.cr0 &= ~(uint64_t)CR0_PE;
    if (vcpu_op(VCPUOP_initialise, 1, &c) != -XEN_EINVAL)
        report_failure("paging without protection was taken");
    c.mode = 7;
    if (vcpu_op(VCPUOP_initialise, 1, &c) != -XEN_EINVAL)
        report_failure("mode 7 was taken");
    context_of_mine(&c);
    long rc = vcpu_op(VCPUOP_initialise, 1, &c);
    if (rc) {
        report_failure("VCPUOP_initialise: %ld", rc);
        return;
    }
    if (vcpu_op(VCPUOP_initialise, 1, &c) != -XEN_EEXIST)
        report_failure("initialised twice");
    if (vcpu_op(VCPUOP_up, 1, NULL) || vcpu_op(VCPUOP_is_up, 1, NULL) != 1) {
        report_failure("it does not come up");
        return;
    }
    work();
    play(0);
    while (!done)
        xen_yield();
    while (vcpu_op(VCPUOP_is_up, 1, NULL) == 1)
        xen_yield();
    if (counter != 2 * ROUNDS)
        report_failure("counted %u, not %u", counter, 2 * ROUNDS);
    if (went_back)
        report_failure("time went back %u times", went_back);
    if (done != 1)
        report_failure("a vCPU that is down went on");
    printk("both counted to %u\n", counter);
    report_success(NULL);
}
