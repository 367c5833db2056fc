/* SPDX-License-Identifier: MIT */
/*
 * Memory that is not there, reached by many kinds of instruction.  A page in
 * the middle of three is given back to the hypervisor; what remains is a bus
 * on which nothing answers, so ones are read and writes are lost, and every
 * instruction must do to registers, flags and the pages beside it exactly what
 * it would do to a device.  All of it is the hypervisor's instruction emulator:
 * string instructions in both directions and over the edges, more repetitions
 * than one step does, bit strings, read-modify-write with and without LOCK.
 */
#include <guest/test.h>
#include <guest/xen.h>

const char test_title[] = "Instructions on absent memory";

static uint8_t area[3 * PAGE_SIZE] PAGE_BSS;
#define HOLE  (area + PAGE_SIZE)
#define FLAGS 0x8d5ul /* OF SF ZF AF PF CF */
#define CF    0x001ul
#define ZF    0x040ul

static bool make_hole(void)
{
    xen_pfn_t frame = (ulong)HOLE >> PAGE_SHIFT;
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
    set_xen_guest_handle(r.extent_start, &frame);
    return hypercall2(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, &r) == 1;
}

static void fill(void)
{
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        area[i] = area[2 * PAGE_SIZE + i] = i * 7 + 1;
}

static void check_intact(const char *what, unsigned int from, unsigned int to)
{
    unsigned int wrong = 0;
    for (unsigned int i = from; i < to; i++)
        wrong += area[i] != (uint8_t)((i % PAGE_SIZE) * 7 + 1);
    check_equal(what, wrong, 0);
}

static void test_moves(void)
{
    ulong v = 0x1234;
    asm volatile("movb (%1), %b0" : "+q"(v) : "r"(HOLE) : "memory");
    check_equal("movb", v, 0x12ff);
    asm volatile("movw (%1), %w0" : "+r"(v) : "r"(HOLE + 1) : "memory");
    check_equal("movw", v, 0xffff);
    asm volatile("movl (%1), %k0" : "=r"(v) : "r"(HOLE + 2) : "memory");
    check_equal("movl", v, 0xffffffff);
    asm volatile("movzbl (%1), %k0" : "=r"(v) : "r"(HOLE) : "memory");
    check_equal("movzbl", v, 0xff);
    asm volatile("movswl (%1), %k0" : "=r"(v) : "r"(HOLE) : "memory");
    check_equal("movswl", v, 0xffffffff);
    asm volatile("movl $5, (%0)\n\tmovw %w1, (%0)\n\tmovb %b1, 9(%0)" ::"r"(HOLE), "q"(v)
                 : "memory");
    asm volatile("push (%1)\n\tpop %0" : "=r"(v) : "r"(HOLE + 8) : "memory");
    check_equal("push", v, ~0ul);
    asm volatile("push %1\n\tpop (%0)" ::"r"(HOLE + 16), "r"(v) : "memory");
#ifdef __x86_64__
    asm volatile("movq (%1), %0" : "=r"(v) : "r"(HOLE) : "memory");
    check_equal("movq", v, ~0ul);
    asm volatile("movslq (%1), %0" : "=r"(v) : "r"(HOLE) : "memory");
    check_equal("movslq", v, ~0ul);
#endif
}

static void test_arithmetic(void)
{
    ulong flags, v = 3;
    asm volatile("addl $1, (%1)\n\tpushf\n\tpop %0" : "=r"(flags) : "r"(HOLE) : "memory", "cc");
    check_equal("flags of addl", flags & FLAGS, CF | ZF | 0x14);
    asm volatile("lock; decl (%1)\n\tpushf\n\tpop %0" : "=r"(flags) : "r"(HOLE) : "memory", "cc");
    check_equal("flags of lock decl", flags & (FLAGS & ~CF), 0x80);
    asm volatile("cmpl $-1, (%1)\n\tpushf\n\tpop %0" : "=r"(flags) : "r"(HOLE) : "memory", "cc");
    check_equal("flags of cmpl", flags & FLAGS, ZF | 0x4);
    asm volatile("xorl (%1), %k0" : "+r"(v) : "r"(HOLE) : "memory", "cc");
    check_equal("xorl", v, 0xfffffffc);
    v = 7;
    asm volatile("xchgl %k0, (%1)" : "+r"(v) : "r"(HOLE) : "memory");
    check_equal("xchgl", v, 0xffffffff);
    v = 2;
    asm volatile("lock; xaddl %k0, (%1)" : "+r"(v) : "r"(HOLE) : "memory", "cc");
    check_equal("lock xaddl", v, 0xffffffff);
    ulong acc = 0x55;
    asm volatile("lock; cmpxchgl %k2, (%1)" : "+a"(acc) : "r"(HOLE), "r"(v) : "memory", "cc");
    check_equal("lock cmpxchgl", acc, 0xffffffff);
    uint32_t low = 1, high = 2;
    asm volatile("lock; cmpxchg8b (%2)"
                 : "+a"(low), "+d"(high)
                 : "S"(HOLE), "b"(0), "c"(0)
                 : "memory", "cc");
    check_equal("cmpxchg8b", (uint64_t)high << 32 | low, ~0ull);
    asm volatile("mulb (%1)" : "=a"(v) : "r"(HOLE), "a"(2ul) : "memory", "cc");
    check_equal("mulb", v, 0x1fe);
    asm volatile(
        "notl (%0)\n\tnegl (%0)\n\tshll $3, (%0)\n\trolb %%cl, (%0)\n\tsete (%0)" ::"r"(HOLE)
        : "memory", "cc");
}

/* Bit 0 of the hole is bit -8 * PAGE_SIZE of the page behind it. */
static void test_bits(void)
{
    uint8_t carry;
    long bit = -8l * PAGE_SIZE + 5;
    asm volatile("bt %2, (%1)\n\tsetc %0"
                 : "=q"(carry)
                 : "r"(HOLE + PAGE_SIZE), "r"(bit)
                 : "cc", "memory");
    check_equal("bt", carry, 1);
    asm volatile("lock; btr %2, (%1)\n\tsetc %0"
                 : "=q"(carry)
                 : "r"(HOLE - PAGE_SIZE), "r"(8l * PAGE_SIZE + 77)
                 : "cc", "memory");
    check_equal("lock btr", carry, 1);
    asm volatile("btcl $9, (%1)\n\tsetc %0" : "=q"(carry) : "r"(HOLE) : "cc", "memory");
    check_equal("btcl", carry, 1);
    ulong n;
    asm volatile("bsf (%1), %0" : "=r"(n) : "r"(HOLE) : "cc", "memory");
    check_equal("bsf", n, 0);
}

static void test_strings(void)
{
    static uint8_t buffer[2 * PAGE_SIZE];
    void *to, *from;
    ulong count;

    /* From RAM over the edge into the hole, and from it into RAM. */
    asm volatile("rep movsb"
                 : "=D"(to), "=S"(from), "=c"(count)
                 : "0"(buffer), "1"(HOLE - 16), "2"(700)
                 : "memory");
    check_equal("rep movsb: count", count, 0);
    check_equal("rep movsb: source", (ulong)from, (ulong)HOLE - 16 + 700);
    unsigned int wrong = 0;
    for (unsigned int i = 0; i < 700; i++)
        wrong += buffer[i] != (i < 16 ? (uint8_t)((PAGE_SIZE - 16 + i) * 7 + 1) : 0xff);
    check_equal("rep movsb: bytes", wrong, 0);

    /* Downwards, words that lie across the edge. */
    asm volatile("std\n\trep movsl\n\tcld"
                 : "=D"(to), "=S"(from), "=c"(count)
                 : "0"(HOLE - 2), "1"(buffer + 400), "2"(3)
                 : "memory");
    check_equal("std rep movsl: destination", (ulong)to, (ulong)HOLE - 14);
    check_equal("std rep movsl: last byte of RAM", HOLE[-1], 0xff);
    fill();

    asm volatile("rep stosl"
                 : "=D"(to), "=c"(count)
                 : "0"(HOLE), "1"(PAGE_SIZE / 4), "a"(0)
                 : "memory");
    check_equal("rep stosl: destination", (ulong)to, (ulong)HOLE + PAGE_SIZE);
    asm volatile("repne scasb"
                 : "=D"(to), "=c"(count)
                 : "0"(HOLE), "1"(5000), "a"(0x01)
                 : "memory", "cc");
    check_equal("repne scasb: found", (ulong)to, (ulong)HOLE + PAGE_SIZE + 1);
    asm volatile("repe cmpsb"
                 : "=D"(to), "=S"(from), "=c"(count)
                 : "0"(HOLE), "1"(HOLE + 64), "2"(PAGE_SIZE)
                 : "memory", "cc");
    check_equal("repe cmpsb: stopped", (ulong)from, (ulong)HOLE + PAGE_SIZE + 1);
    ulong v;
    asm volatile("lodsl" : "=a"(v), "=S"(from) : "1"(HOLE) : "memory");
    check_equal("lodsl", (uint32_t)v, 0xffffffff);
}

/* Half in RAM, half not. */
static void test_edges(void)
{
    uint32_t v;
    asm volatile("movl (%1), %0" : "=r"(v) : "r"(HOLE - 2) : "memory");
    check_equal("movl over the lower edge", v,
                0xffff0000u | area[PAGE_SIZE - 2] | area[PAGE_SIZE - 1] << 8);
    asm volatile("movl (%1), %0" : "=r"(v) : "r"(HOLE + PAGE_SIZE - 3) : "memory");
    check_equal("movl over the upper edge", v, 0x01ffffff);
    asm volatile("incl (%0)" ::"r"(HOLE - 2) : "memory", "cc");
    check_equal("incl over the edge", area[PAGE_SIZE - 2], (uint8_t)((PAGE_SIZE - 2) * 7 + 2));
    fill();
}

void test_main(void)
{
    if (!on_xen()) {
        report_skip("not here: nobody takes a page away");
        return;
    }
    fill();
    if (!make_hole()) {
        report_error("decrease_reservation failed");
        return;
    }
    test_moves();
    test_arithmetic();
    test_bits();
    test_edges();
    test_strings();
    check_intact("the page below", 0, PAGE_SIZE);
    check_intact("the page above", 2 * PAGE_SIZE, 3 * PAGE_SIZE);
    report_success(NULL);
}
