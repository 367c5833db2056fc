/* SPDX-License-Identifier: MIT */
/*
 * Reads every I/O port with one, two and four bytes, each an exit.  A port that
 * nobody owns answers with all ones; a port whose answer differs belongs to
 * something the hypervisor emulates, and these are listed, as ranges.  In a
 * guest the list may hold only what a Xen HVM guest is given: PIC, PIT, RTC,
 * port B, PCI configuration, ACPI, the debug port.  Anything else would be the
 * host's hardware showing through.
 *
 * Bare the ports are the machine's own: they are read and listed, not judged.
 */
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

static uint32_t read_port(uint16_t port, unsigned int size)
{
    return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
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
    report_success("alive");
}
