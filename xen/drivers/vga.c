/* SPDX-License-Identifier: MIT */
/* vga.c - the 80x25 text screen, if there is one.  Console lock held. */
#include <asm/addr.h>
#include <asm/processor.h>
#include <asm/setup.h>
#include <cairn/boot_info.h>
#include <cairn/console.h>
#include <cairn/lib.h>
#include <cairn/mm.h>

#define VGA_TEXT   0xb8000
#define COLUMNS    80
#define ROWS       25
#define BLANK      0x0720
#define MISC_READ  0x3cc
#define CRTC_INDEX 0x3d4

static uint16_t *screen;
static unsigned int column, row;

__init bool vga_init(void)
{
    if (inb(MISC_READ) == 0xff || boot_info.no_vga_text)
        return false;
    screen = boot_phys_to_virt(VGA_TEXT);
    for (unsigned int i = 0; i < COLUMNS * ROWS; i++)
        screen[i] = BLANK;
    outw(CRTC_INDEX, 0x200a); /* hide the cursor */
    return true;
}

__init void vga_remap(void)
{
    screen = ioremap(_maddr(VGA_TEXT), COLUMNS * ROWS * 2);
}

static void new_line(void)
{
    column = 0;
    if (++row < ROWS)
        return;
    row = ROWS - 1;
    memcpy(screen, screen + COLUMNS, COLUMNS * row * 2);
    for (unsigned int i = 0; i < COLUMNS; i++)
        screen[row * COLUMNS + i] = BLANK;
}

void vga_putc(char c)
{
    if (c == '\n') {
        new_line();
    } else if (c == '\b') {
        column -= column > 0;
    } else if (c == '\r') {
        column = 0;
    } else if (c >= ' ') {
        if (column == COLUMNS)
            new_line();
        screen[row * COLUMNS + column++] = 0x0700 | (uint8_t)c;
    }
}
