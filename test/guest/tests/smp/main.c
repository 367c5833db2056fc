/* SPDX-License-Identifier: MIT */
/*
 * Two vCPUs: the second one is refused with a state that no processor can be
 * in, then started with a good one.  Both count in a shared word under LOCK,
 * see each other's time never go back, and hand a ball to and fro: without the
 * other getting a CPU none of this ends.  Both change entries of one page table
 * at the same time, each its own, and each sees what the other wrote to a third
 * after its own INVLPG.  A page of guest memory is replaced while the second
 * one looks at it all the time.  Then that one goes down.
 *
 * Time is the TSC's and that of vcpu_time_info, which claims to be the same for
 * all vCPUs.  With `clock` on the command line both only look at it, for three
 * seconds, while somebody moves them from CPU to CPU.  With `wait` the domain may
 * be saved and restored while they do: what is each one's own stays so.
 */
#include <guest/paging.h>
#include <guest/test.h>
#include <guest/xenstore.h>

#include <xen/hvm/hvm_vcpu.h>
#include <xen/memory.h>
#include <xen/vcpu.h>

const char test_title[] = "Two vCPUs";

#define ROUNDS 2000
#define BALLS  50
#define REMAPS 300

static uint8_t stack[4096] __attribute__((aligned(16)));
static volatile uint32_t counter, ball, done;
static volatile uint64_t latest;
static volatile uint32_t latest_lock;
static volatile uint32_t went_back;

static long vcpu_op(unsigned int cmd, unsigned int vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, cmd, vcpu, (ulong)arg, 0, 0);
}

static struct shared_info info PAGE_BSS;
static volatile uint64_t latest_ns;

static void note_time(unsigned int me)
{
    while (__atomic_exchange_n(&latest_lock, 1, __ATOMIC_ACQUIRE))
        asm volatile("pause");
    uint64_t now = rdtsc();
    if (now < latest)
        went_back++;
    latest = now;
    now = xen_system_time(&info.vcpu_info[me]);
    if (now < latest_ns)
        went_back++;
    latest_ns = now;
    __atomic_store_n(&latest_lock, 0, __ATOMIC_RELEASE);
}

static void work(unsigned int me)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
        if (i % 16 == 0)
            note_time(me);
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

#define MARK 0xf0u
static uint32_t frame[2][1024] __attribute__((aligned(4096)));
static uint32_t window[3][1024] __attribute__((aligned(4096)));
static volatile uint32_t turn, stale;

static void map(volatile uint32_t *page, unsigned int which)
{
    *pte_of(page) = (*pte_of(page) & 0xfff) | (ulong)frame[which];
}

/* window[me] is mine, window[2] whose turn it is. */
static void remap(uint32_t me)
{
    volatile uint32_t *mine = window[me], *shared = window[2];

    for (unsigned int i = 0; i < REMAPS; i++) {
        map(mine, i & 1);
        invlpg((const void *)mine);
        stale += *mine != MARK + (i & 1);
        if ((turn & 1) != me)
            continue;
        invlpg((const void *)shared);
        stale += *shared != MARK + (turn >> 1 & 1);
        map(shared, (turn + 1) >> 1 & 1);
        turn++;
    }
}

static uint32_t watched[1024] __attribute__((aligned(4096)));
static uint32_t moving[1024] __attribute__((aligned(4096)));
static volatile uint32_t watching, moved, last_look;

/* Nothing here leaves the guest: the translation stays in the TLB.  With
 * interrupts enabled: docs/emulators.md. */
static void watch(void)
{
    asm volatile("sti");
    do
        watching = 1 + *(volatile uint32_t *)watched;
    while (!moved);
    asm volatile("cli");
    last_look = *(volatile uint32_t *)watched;
}

/* A translation that is gone when the call returns is gone for every vCPU. */
static void move(void)
{
    struct xen_add_to_physmap x = {.domid = DOMID_SELF,
                                   .space = XENMAPSPACE_gmfn,
                                   .idx = (ulong)moving >> 12,
                                   .gpfn = (ulong)watched >> 12};

    moving[0] = MARK;
    while (!watching)
        xen_yield();
    long rc = hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (ulong)&x, 0, 0, 0);
    moved = 1;
    if (rc)
        report_failure("XENMEM_add_to_physmap: %ld", rc);
    while (!last_look && !rc)
        xen_yield();
}

static void watch_clock(unsigned int me)
{
    uint64_t end = xen_system_time(&info.vcpu_info[me]) + 3000000000ull;

    while (latest_ns < end)
        note_time(me);
}

static volatile uint32_t second_kept, saved;

/* Registers that the other one has, too, with other contents. */
static void keep(uint64_t mark)
{
    wrmsr(0xc0000082, mark);
    wrmsr(0xc0000102, ~mark);
    asm volatile("mov %0, %%dr1" : : "r"(mark));
}

static bool kept(uint64_t mark)
{
    uint64_t dr;

    asm volatile("mov %%dr1, %0" : "=r"(dr));
    return rdmsr(0xc0000082) == mark && rdmsr(0xc0000102) == ~mark && dr == mark;
}

static void be_saved_second(void)
{
    const uint64_t mark = 0x2222000;

    keep(mark);
    second_kept = 1;
    while (!saved)
        note_time(1);
    second_kept = kept(mark) ? 2 : 3;
}

static void be_saved(void)
{
    const uint64_t mark = 0x1111000;

    keep(mark);
    while (!second_kept)
        xen_yield();
    printk("before: vCPU 1 is %s\n", vcpu_op(VCPUOP_is_up, 1, NULL) == 1 ? "up" : "down");
    check_true("ready, and let go", xenstore_await_go());
    printk("after: vCPU 1 is %s\n", vcpu_op(VCPUOP_is_up, 1, NULL) == 1 ? "up" : "down");
    watch_clock(0);
    saved = 1;
    check_true("the first one's registers", kept(mark));
    while (second_kept == 1)
        xen_yield();
    check_equal("the second one's", second_kept, 2);
}

static void second(void)
{
    if (cmdline_has("wait"))
        be_saved_second();
    if (cmdline_has("clock"))
        watch_clock(1);
    work(1);
    remap(1);
    watch();
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
    check_equal("shared_info", xen_map_page(XENMAPSPACE_shared_info, 0, &info), 0);
    watched[0] = ~MARK;
    frame[0][0] = MARK;
    frame[1][0] = MARK + 1;
    map(window[2], 0);
    invlpg(window[2]);
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
    if (cmdline_has("clock"))
        watch_clock(0);
    if (cmdline_has("wait"))
        be_saved();
    work(0);
    remap(0);
    move();
    play(0);
    while (!done)
        xen_yield();
    while (vcpu_op(VCPUOP_is_up, 1, NULL) == 1)
        xen_yield();
    if (counter != 2 * ROUNDS)
        report_failure("counted %u, not %u", counter, 2 * ROUNDS);
    if (stale)
        report_failure("%u stale translations", stale);
    printk("%u turns\n", turn);
    if (last_look != MARK)
        report_failure("the page that was replaced still shows: %x", last_look);
    if (went_back)
        report_failure("time went back %u times", went_back);
    if (done != 1)
        report_failure("a vCPU that is down went on");
    printk("both counted to %u\n", counter);
    report_success(NULL);
}
