/* SPDX-License-Identifier: MIT */
/*
 * console.c - where the log goes (ring, serial line, screen) and where input
 * goes (dom0, or the hypervisor's debug keys after Ctrl-A three times).
 *
 * Output is synchronous: what printk() returned from is on the line or in
 * the UART's buffer.  Input arrives in interrupts and is handled in a softirq.
 */
#include <cairn/console.h>

#include <asm/processor.h>
#include <cairn/event.h>
#include <cairn/lib.h>
#include <cairn/mm.h>
#include <cairn/softirq.h>
#include <cairn/spinlock.h>

#define RING_DEFAULT KB(32)
#define RX_QUEUE     256u
#define SWITCH_COUNT 3
#define DEBUG_PORT   0xe9 /* of Xen, Bochs and QEMU: a byte written is a byte printed */

static DEFINE_SPINLOCK(lock, LOCK_CONSOLE);

static bool use_serial, use_vga, use_e9;
static char opt_console[32] = "com1,vga";
string_param("console", opt_console);

/* Output is always synchronous; the option is Xen's and accepted. */
static bool opt_sync_console;
boolean_param("sync_console", opt_sync_console);

static uint64_t opt_conring_size;
size_param("conring_size", opt_conring_size);
static char ring_early[RING_DEFAULT];
static char *ring = ring_early;
static uint32_t ring_size = RING_DEFAULT; /* a power of two */
static uint32_t ring_cons, ring_prod;     /* free-running */

static char switch_char = 'a' - 'a' + 1;
static bool switch_at_start = true; /* dom0 gets the input once it runs */
static bool input_to_xen = true;

/* conswitch=<letter>[x]: Ctrl-<letter> switches; x: input stays with Xen. */
static __init int parse_conswitch(const char *s)
{
    if ((s[0] | 0x20) < 'a' || (s[0] | 0x20) > 'z' || (s[1] && (s[1] != 'x' || s[2])))
        return -EINVAL;
    switch_char = (s[0] | 0x20) - 'a' + 1;
    switch_at_start = s[1] != 'x';
    return 0;
}
custom_param("conswitch", parse_conswitch);

unsigned long console_lock(void)
{
    return spin_lock_irqsave(&lock);
}

void console_unlock(unsigned long flags)
{
    spin_unlock_irqrestore(&lock, flags);
}

void console_force_unlock(void)
{
    lock.held = 0;
}

static void ring_put(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ring[ring_prod++ & (ring_size - 1)] = s[i];
    if (ring_prod - ring_cons > ring_size)
        ring_cons = ring_prod - ring_size;
}

static void sinks_put(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (use_serial) {
            if (s[i] == '\n')
                ns16550_putc('\r');
            ns16550_putc(s[i]);
        }
        if (use_vga)
            vga_putc(s[i]);
        if (use_e9)
            outb(DEBUG_PORT, s[i]);
    }
}

void console_emit(enum console_writer who, const char *s, size_t n)
{
    static enum console_writer last;
    static bool mid_line;

    if (!n)
        return;
    if (who == CONSOLE_XEN)
        ring_put(s, n);
    if (who != last && who == CONSOLE_XEN && mid_line)
        sinks_put("\n", 1);
    sinks_put(s, n);
    last = who;
    mid_line = s[n - 1] != '\n';
}

size_t console_ring_read(char *buf, size_t len, uint32_t *pos, bool clear)
{
    unsigned long flags = console_lock();
    uint32_t at = *pos;
    size_t n = 0;

    if (at - ring_cons > ring_prod - ring_cons)
        at = ring_cons; /* before what is kept, or never valid */
    while (n < len && at != ring_prod)
        buf[n++] = ring[at++ & (ring_size - 1)];
    *pos = at;
    if (clear)
        ring_cons = ring_prod;
    console_unlock(flags);
    return n;
}

static __init bool listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (; list; list = strchr(list, ',')) {
        list += *list == ',';
        if (!strncmp(list, name, n) && (list[n] == '\0' || list[n] == ','))
            return true;
    }
    return false;
}

__init void console_init_preirq(void)
{
    use_vga = listed(opt_console, "vga") && vga_init();
    use_e9 = listed(opt_console, "e9");
    use_serial = listed(opt_console, "com1") && ns16550_init();
}

__init void console_remap(void)
{
    if (use_vga)
        vga_remap();
}

/* ---- input ---- */

static char rx_queue[RX_QUEUE];
static volatile uint32_t rx_prod, rx_cons;

void console_rx(char c)
{
    if (rx_prod - rx_cons < RX_QUEUE)
        rx_queue[rx_prod++ % RX_QUEUE] = c;
    softirq_raise(CONSOLE_SOFTIRQ);
}

static void announce_input(void)
{
    printk("*** Serial input to %s (type 'CTRL-%c' three times to switch input)\n",
           input_to_xen ? "Xen" : "DOM0", switch_char + 'a' - 1);
}

static void deliver(char c)
{
    if (input_to_xen)
        handle_keypress(c);
    else if (console_guest_input(c))
        send_global_virq(VIRQ_CONSOLE);
}

static void console_softirq(void)
{
    static unsigned int switch_seen;

    while (rx_cons != rx_prod) {
        char c = rx_queue[rx_cons % RX_QUEUE];
        barrier();
        rx_cons++;
        if (c != switch_char) {
            for (; switch_seen; switch_seen--)
                deliver(switch_char);
            deliver(c);
        } else if (++switch_seen == SWITCH_COUNT) {
            switch_seen = 0;
            input_to_xen = !input_to_xen;
            announce_input();
        }
    }
}

void console_start_input(void)
{
    input_to_xen = !switch_at_start;
    announce_input();
}

/* A ring of the wanted size takes over what the early one holds. */
static __init void ring_resize(void)
{
    unsigned int order = 0;
    uint32_t size;
    char *bigger;
    unsigned long flags;

    if (opt_conring_size <= ring_size)
        return;
    while (order < 10 && (PAGE_SIZE << order) < opt_conring_size)
        order++;
    size = PAGE_SIZE << order;
    bigger = alloc_xen_pages(order, MEMF_no_scrub);
    if (!bigger) {
        printk(XENLOG_WARNING "conring_size: no memory for %u bytes\n", size);
        return;
    }
    flags = console_lock();
    for (uint32_t at = ring_cons; at != ring_prod; at++)
        bigger[at & (size - 1)] = ring[at & (ring_size - 1)];
    ring = bigger;
    ring_size = size;
    console_unlock(flags);
}

__init void console_init_postirq(void)
{
    softirq_open(CONSOLE_SOFTIRQ, console_softirq);
    ring_resize();
    if (use_serial)
        ns16550_init_irq();
}

void console_flush(void)
{
    if (use_serial)
        ns16550_flush();
}
