/* SPDX-License-Identifier: MIT */
/*
 * Reads every I/O port with one, two and four bytes, each an exit.  A port that
 * nobody owns answers with all ones; a port whose answer differs belongs to
 * something the hypervisor emulates, and these are listed, as ranges.  In a
 * guest the list may hold only what a Xen HVM guest is given: PIC, PIT, RTC,
 * port B, PCI configuration, ACPI, the debug port.  Anything else would be the
 * host's hardware showing through.  The hypervisor's stack is filled with a pattern
 * before, and the rest of EAX must stay what it was.
 *
 * Bare the ports are the machine's own: they are read and listed, not judged.
 */
#include <guest/call.h>
#include <guest/test.h>

const char test_title[] = "Every I/O port";

struct range {
    uint16_t first, last;
};

/* What Xen itself emulates for an HVM guest, with or without a device model. */
static const struct range emulated[] = {
    {0x20, 0x21},     {0x40, 0x43},     {0x61, 0x61},     {0x70, 0x71},   {0xa0, 0xa1},
    {0xe9, 0xe9},     {0x4d0, 0x4d1},   {0xcf8, 0xcff},   {0x510, 0x511}, {0x1f40, 0x1f4f},
    {0xb000, 0xb03f}, {0xaf00, 0xaf1f}, {0xafe0, 0xafe3},
};

#define BEFORE 0x5c5c5c5cu

static unsigned int stale;

/* What is read is all that changes in EAX. */
static uint32_t read_port(uint16_t port, unsigned int size)
{
    uint32_t ax = BEFORE, mask = size == 4 ? ~0u : (1u << 8 * size) - 1;

    if (on_xen() && port % 16 == 0)
        call_poison_stack();
    if (size == 1)
        asm volatile("inb %w1, %b0" : "+a"(ax) : "d"(port));
    else if (size == 2)
        asm volatile("inw %w1, %w0" : "+a"(ax) : "d"(port));
    else
        asm volatile("inl %w1, %0" : "+a"(ax) : "d"(port));
    stale += (ax & ~mask) != (BEFORE & ~mask);
    return ax & mask;
}

/* Does an access of size bytes at port touch an emulated range? */
static bool is_emulated(unsigned int port, unsigned int size)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(emulated); i++)
        if (port <= emulated[i].last && port + size > emulated[i].first)
            return true;
    return false;
}

/* One size; answers how many ports differed from all ones where none may. */
static unsigned int sweep(unsigned int size)
{
    uint32_t ones = size == 4 ? 0xffffffff : (1u << 8 * size) - 1;
    unsigned int wrong = 0, answering = 0;
    int run = -1;

    /* The last accesses of more than one byte reach past the end: guests only. */
    for (unsigned int port = 0; port <= 0x10000; port++) {
        bool past = port == 0x10000 || (!on_xen() && port + size > 0x10000);
        bool answers = !past && read_port(port, size) != ones;

        answering += answers;
        wrong += answers && !is_emulated(port, size);
        if (answers && run < 0)
            run = port;
        if (!answers && run >= 0) {
            printk("  %u byte: %04x..%04x answer%s\n", size, run, port - 1,
                   on_xen() && !is_emulated(run, size) ? ", but nobody should" : "");
            run = -1;
        }
        if (past)
            break;
    }
    printk("%u byte: %u ports answer\n", size, answering);
    return wrong;
}

void test_main(void)
{
    unsigned int wrong = 0;

    for (unsigned int size = 1; size <= 4; size *= 2)
        wrong += sweep(size);
    if (!on_xen())
        report_part_skipped("whose ports these are");
    else if (wrong)
        report_failure("%u reads of ports that nobody owns were not all ones", wrong);
    check_equal("reads that changed more of EAX than was read", stale, 0);
    report_success("alive");
}
