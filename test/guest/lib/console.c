/* SPDX-License-Identifier: MIT */
/*
 * Where text goes: the PV console ring if the toolstack gave one, else the
 * hypervisor's console, else (bare) the first 16550.  Promises that text is not
 * lost: a full ring is waited for, and console_flush() sees the last byte out.
 * Source: xen/io/console.h; 16550D data sheet.
 */
#include <guest/platform.h>

#include <guest/cpu.h>
#include <guest/xen.h>
#include <xen/io/console.h>

#define COM1     0x3f8
#define UART_IER 1
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define LSR_THRE 0x20
#define LSR_TEMT 0x40

/* Yields to wait for a reader before the guest goes on to its end. */
#define FLUSH_TRIES 100000

static struct xencons_interface *ring;
static evtchn_port_t ring_port;
static bool uart_present;

static void uart_init(void)
{
    outb(0x80, COM1 + UART_LCR); /* divisor access: 115200 baud */
    outb(1, COM1);
    outb(0, COM1 + UART_IER);
    outb(0x03, COM1 + UART_LCR); /* 8n1 */
    outb(0xc7, COM1 + UART_FCR); /* FIFO on and empty */
    outb(0x03, COM1 + UART_MCR);
    uart_present = inb(COM1 + UART_LSR) != 0xff;
}

static void uart_wait(uint8_t bit)
{
    while (uart_present && !(inb(COM1 + UART_LSR) & bit))
        ;
}

void console_set_ring(struct xencons_interface *at, evtchn_port_t port)
{
    ring = at;
    ring_port = port;
}

static void ring_init(void)
{
    uint64_t pfn, port;

    if (xen_get_param(HVM_PARAM_CONSOLE_PFN, &pfn) ||
        xen_get_param(HVM_PARAM_CONSOLE_EVTCHN, &port) || !pfn || !port)
        return;
    console_set_ring((void *)(ulong)(pfn << PAGE_SHIFT), port);
}

void console_init(void)
{
    if (on_xen())
        ring_init();
    else
        uart_init();
}

const char *console_name(void)
{
    return !on_xen() ? "16550" : ring ? "PV ring" : "hypervisor";
}

static XENCONS_RING_IDX ring_consumed(void)
{
    return __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);
}

static void ring_write(const char *text, size_t len)
{
    while (len) {
        XENCONS_RING_IDX prod = ring->out_prod, cons = ring_consumed();

        while (len && prod - cons < sizeof(ring->out)) {
            ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = *text++;
            len--;
        }
        __atomic_store_n(&ring->out_prod, prod, __ATOMIC_RELEASE);
        xen_evtchn_send(ring_port);
        if (len)
            xen_yield();
    }
}

void console_write(const char *text, size_t len)
{
    if (ring) {
        ring_write(text, len);
    } else if (on_xen()) {
        xen_console_io(text, len);
    } else {
        for (; len; len--) {
            uart_wait(LSR_THRE);
            outb(*text++, COM1);
        }
    }
}

void console_flush(void)
{
    uart_wait(LSR_TEMT);
    for (unsigned int i = 0; ring && i < FLUSH_TRIES && ring_consumed() != ring->out_prod; i++)
        xen_yield();
}

void vprintk(const char *fmt, va_list args)
{
    char text[512], out[2 * sizeof(text)];
    int len = vsnprintf(text, sizeof(text), fmt, args), n = 0;

    if (len >= (int)sizeof(text))
        len = sizeof(text) - 1;
    for (int i = 0; i < len; i++) {
        if (text[i] == '\n')
            out[n++] = '\r';
        out[n++] = text[i];
    }
    console_write(out, n);
}

void printk(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vprintk(fmt, args);
    va_end(args);
}

void panic(const char *fmt, ...)
{
    va_list args;

    printk("PANIC: ");
    va_start(args, fmt);
    vprintk(fmt, args);
    va_end(args);
    printk("\n");
    machine_exit(SHUTDOWN_crash, 7);
}
