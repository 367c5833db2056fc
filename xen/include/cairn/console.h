/* SPDX-License-Identifier: MIT */
/*
 * console.h - the hypervisor's console: ring buffer, log levels, serial line
 * and screen, input focus between Xen and dom0 (Ctrl-A three times).
 */
#ifndef CAIRN_CONSOLE_H
#define CAIRN_CONSOLE_H

#include <cairn/types.h>

void console_init_preirq(void);  /* com1 and vga up, ring usable */
void console_init_postirq(void); /* input, rate limit timers */

/* What a guest wrote; raw bytes, control bytes of a domU filtered. */
struct domain;
void console_guest_write(struct domain *d, const char *buf, size_t len);
/* Input waiting for dom0; returns bytes taken. */
size_t console_guest_read(char *buf, size_t len);

/* Copy of the ring from index *@pos (XEN_SYSCTL_readconsole semantics). */
size_t console_ring_read(char *buf, size_t len, uint32_t *pos, bool clear);

/* serial_rx - one received byte, from the UART driver. */
void console_rx(char c);

/* Everything printed is out of the UART (LSR.TEMT) when this returns. */
void console_flush(void);
/* From panic: locks are ignored from here on. */
void console_force_unlock(void);

/* printk.c: text with @prefix at the start of each line.  @level 0-3. */
bool log_level_shown(unsigned int level, bool guest, s_time_t *window, unsigned int *count);
/* Raw bytes of one writer to ring (if @ring), serial line and screen; a new
 * writer begins on a line of its own.  Console lock held. */
enum console_writer { CONSOLE_XEN, CONSOLE_DOM0 };
void console_emit(enum console_writer who, const char *s, size_t n);
unsigned long console_lock(void);
void console_unlock(unsigned long flags);
void console_remap(void);       /* after mm_init(): device memory has moved */
void console_start_input(void); /* dom0 is about to run: it gets the input */
/* Input for dom0 from the line; false if its buffer is full. */
bool console_guest_input(char c);

/* vga.c: 80x25 text */
bool vga_init(void); /* false: there is none */
void vga_remap(void);
void vga_putc(char c);

/* ns16550.c */
bool ns16550_init(void);     /* false: there is none */
void ns16550_init_irq(void); /* input by interrupt, or polled by a timer */
void ns16550_putc(char c);
void ns16550_flush(void);

/* Debug keys, from the serial line or sysctl debug_keys, collected by the linker
 * (keyhandler.c): each key from @first to @last is handled by @fn. */
struct debug_key {
    char first, last;
    void (*fn)(char key);
    const char *desc;
};
#define DEBUG_KEYS(from, to, handler, text)                                 \
    static const struct debug_key key_of_##handler                          \
        __attribute__((__used__, __section__(".keys"), __aligned__(8))) = { \
            .first = from, .last = to, .fn = handler, .desc = text}
#define DEBUG_KEY(key, handler, text) DEBUG_KEYS(key, key, handler, text)
void handle_keypress(char key);

#endif
