/* SPDX-License-Identifier: MIT */
/*
 * ns16550.c - the first serial port.  Output is polled, using the transmit
 * FIFO so that the status is read once for 16 bytes; input by interrupt.
 *
 * com1=<baud>|auto[,<bits><parity><stop>[,<io base>[,<irq>]]]
 */
#include <asm/processor.h>
#include <asm/traps.h>
#include <cairn/console.h>
#include <cairn/lib.h>
#include <cairn/time.h>

#define UART_DATA 0
#define UART_IER  1
#define UART_FCR  2 /* write */
#define UART_IIR  2 /* read */
#define UART_LCR  3
#define UART_MCR  4
#define UART_LSR  5
#define UART_SCR  7

#define LCR_DLAB 0x80
#define LSR_DR   0x01
#define LSR_THRE 0x20
#define LSR_TEMT 0x40
#define IIR_FIFO 0xc0
/*
 * An interrupt for every byte: with a higher trigger level Bochs 2.7 can leave
 * its character timeout running and then report a byte that is not there.
 */
#define FCR_ENABLE_CLEAR_1 0x07
#define MCR_DTR_RTS_OUT2   0x0b
#define CLOCK_BAUD         115200u
#define FIFO_DEPTH         16
#define WAIT_LIMIT         1000000
#define POLL_PERIOD        MILLISECS(20)

static struct {
    uint32_t baud; /* 0: leave as it is */
    uint8_t lcr;
    uint16_t io;
    uint8_t irq;
    unsigned int depth, room; /* bytes that fit without asking */
} com1 = {.baud = 115200, .lcr = 3, .io = 0x3f8, .irq = 4};

static struct timer poll_timer;

static __init int parse_format(const char *s)
{
    uint8_t lcr;

    if (s[0] < '5' || s[0] > '8' || !s[1] || (s[2] != '1' && s[2] != '2'))
        return -EINVAL;
    lcr = (s[0] - '5') | (s[2] == '2' ? 4 : 0);
    if (s[1] == 'o')
        lcr |= 0x08;
    else if (s[1] == 'e')
        lcr |= 0x18;
    else if (s[1] != 'n')
        return -EINVAL;
    com1.lcr = lcr;
    return 0;
}

/* At the end of a field: is the next one given?  *@p is then at its start. */
static __init bool next_field(char **p)
{
    if (**p != ',')
        return false;
    ++*p;
    return **p && **p != ',';
}

static __init int parse_com1(const char *s)
{
    char *at;

    if (!strncmp(s, "auto", 4)) {
        com1.baud = 0;
        at = (char *)s + 4;
    } else {
        com1.baud = strtoul(s, &at, 10);
        if (at == s || !com1.baud || com1.baud > CLOCK_BAUD)
            return -EINVAL;
    }
    if (next_field(&at)) {
        if (parse_format(at))
            return -EINVAL;
        at += 3;
    }
    if (next_field(&at))
        com1.io = strtoul(at, &at, 0);
    if (next_field(&at))
        com1.irq = strtoul(at, &at, 0);
    return *at ? -EINVAL : 0;
}
custom_param("com1", parse_com1);

static uint8_t reg_read(unsigned int reg)
{
    return inb(com1.io + reg);
}

static void reg_write(unsigned int reg, uint8_t v)
{
    outb(com1.io + reg, v);
}

__init bool ns16550_init(void)
{
    reg_write(UART_IER, 0);
    reg_write(UART_SCR, 0x5a);
    if (reg_read(UART_SCR) != 0x5a || reg_read(UART_LSR) == 0xff)
        return false;
    if (com1.baud) {
        unsigned int divisor = CLOCK_BAUD / com1.baud;
        reg_write(UART_LCR, com1.lcr | LCR_DLAB);
        reg_write(UART_DATA, divisor & 0xff);
        reg_write(UART_IER, divisor >> 8);
    }
    reg_write(UART_LCR, com1.lcr);
    reg_write(UART_FCR, FCR_ENABLE_CLEAR_1);
    reg_write(UART_MCR, MCR_DTR_RTS_OUT2);
    com1.depth = (reg_read(UART_IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_DEPTH : 1;
    return true;
}

static void wait_for(uint8_t bits)
{
    for (unsigned int i = 0; i < WAIT_LIMIT && (reg_read(UART_LSR) & bits) != bits; i++)
        cpu_relax();
}

void ns16550_putc(char c)
{
    if (!com1.room) {
        wait_for(LSR_THRE);
        com1.room = com1.depth;
    }
    com1.room--;
    reg_write(UART_DATA, c);
}

void ns16550_flush(void)
{
    wait_for(LSR_THRE | LSR_TEMT);
}

static void ns16550_poll(void)
{
    while (reg_read(UART_LSR) & LSR_DR)
        console_rx(reg_read(UART_DATA));
}

static void uart_interrupt(void)
{
    /* Bit 0 clear: a reason is pending.  Bounded, should the chip be mad. */
    for (unsigned int i = 0; i < 16 && !(reg_read(UART_IIR) & 1); i++)
        ns16550_poll();
}

static void uart_timer(void *arg)
{
    ns16550_poll();
    timer_set(&poll_timer, NOW() + POLL_PERIOD);
}

__init void ns16550_init_irq(void)
{
    irq_register(UART_VECTOR, uart_interrupt);
    if (com1.irq && ioapic_route_isa(com1.irq, UART_VECTOR)) {
        reg_write(UART_IER, 1);
        return;
    }
    printk(XENLOG_INFO "COM1: no interrupt, polling\n");
    timer_init(&poll_timer, uart_timer, NULL, 0);
    timer_set(&poll_timer, NOW() + POLL_PERIOD);
}
