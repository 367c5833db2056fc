/* SPDX-License-Identifier: MIT */
/* emul_native.c - see emul_native.h. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "emul_native.h"

uint8_t *native_window, *native_code;
uint16_t native_selector[6];
bool native_has_tzcnt, native_has_lzcnt;

/*
 * Position-independent: copied to a place where it can be written.  MOV
 * changes no flags, so registers and flags can be loaded in any order.
 */
__asm__(".pushsection .rodata\n"
        ".balign 4096\n"
        "native_template:\n"
        "  push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "  mov %rsp, 9f(%rip)\n"
        "  pushq 8f+128(%rip)\n popfq\n"
        "  mov 8f+0(%rip), %rax\n mov 8f+8(%rip), %rcx\n mov 8f+16(%rip), %rdx\n"
        "  mov 8f+24(%rip), %rbx\n mov 8f+40(%rip), %rbp\n mov 8f+48(%rip), %rsi\n"
        "  mov 8f+56(%rip), %rdi\n mov 8f+64(%rip), %r8\n mov 8f+72(%rip), %r9\n"
        "  mov 8f+80(%rip), %r10\n mov 8f+88(%rip), %r11\n mov 8f+96(%rip), %r12\n"
        "  mov 8f+104(%rip), %r13\n mov 8f+112(%rip), %r14\n mov 8f+120(%rip), %r15\n"
        "  mov 8f+32(%rip), %rsp\n"
        "  jmp *7f(%rip)\n"
        "native_enter_32:\n"
        "  ljmp *6f(%rip)\n"
        ".balign 16\n"
        "native_exits:\n"
        "  movl $0, 8f+136(%rip)\n jmp 1f\n"
        ".balign 16\n"
        "  movl $1, 8f+136(%rip)\n jmp 1f\n"
        ".balign 16\n"
        "  movl $2, 8f+136(%rip)\n jmp 1f\n"
        "1:\n"
        "  mov %rax, 8f+0(%rip)\n mov %rcx, 8f+8(%rip)\n mov %rdx, 8f+16(%rip)\n"
        "  mov %rbx, 8f+24(%rip)\n mov %rsp, 8f+32(%rip)\n mov %rbp, 8f+40(%rip)\n"
        "  mov %rsi, 8f+48(%rip)\n mov %rdi, 8f+56(%rip)\n mov %r8, 8f+64(%rip)\n"
        "  mov %r9, 8f+72(%rip)\n mov %r10, 8f+80(%rip)\n mov %r11, 8f+88(%rip)\n"
        "  mov %r12, 8f+96(%rip)\n mov %r13, 8f+104(%rip)\n mov %r14, 8f+112(%rip)\n"
        "  mov %r15, 8f+120(%rip)\n"
        "  mov 9f(%rip), %rsp\n"
        "  pushfq\n popq 8f+128(%rip)\n"
        "  pushq $0x202\n popfq\n"
        "  pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
        "  ret\n"
        ".balign 2048\n"
        "native_slot: .skip 64, 0xcc\n"
        ".balign 4096\n"
        "8: .skip 256\n" /* struct native_state */
        "9: .quad 0\n"
        "7: .quad 0\n"    /* where to go from here */
        "6: .quad 0, 0\n" /* far pointer to the slot */
        ".balign 4096\n"
        "native_template_end:\n"
        ".popsection\n");
extern const uint8_t native_template[], native_slot[], native_exits[], native_template_end[],
    native_enter_32[];

#define STATE_AT  4096
#define ENTRY_AT  (STATE_AT + 256 + 8)
#define FAR_AT    (ENTRY_AT + 8)
#define CS_64     0x33 /* Linux's selectors */
#define CS_32     0x23
#define FLAT_DATA 0x2b

static uint8_t *image, *exits;
static volatile uint64_t fault_vector, fault_cr2, fault_ec;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    greg_t *r = uc->uc_mcontext.gregs;
    if ((uint8_t *)r[REG_RIP] != native_code) {
        static const char text[] = "emul_native: fault outside the instruction\n";
        fwrite(text, 1, sizeof(text) - 1, stderr);
        fprintf(stderr, "signal %d rip %llx trap %lld\n", sig, r[REG_RIP], r[REG_TRAPNO]);
        _exit(99);
    }
    fault_vector = r[REG_TRAPNO];
    fault_cr2 = r[REG_CR2];
    fault_ec = r[REG_ERR];
    r[REG_RIP] = (greg_t)(exits + 32);
    r[REG_CSGSFS] = (r[REG_CSGSFS] & ~0xffffll) | CS_64;
}

static void *map_low(size_t len, int prot)
{
    void *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

void native_init(void)
{
    size_t len = native_template_end - native_template;
    image = map_low(len, PROT_READ | PROT_WRITE | PROT_EXEC);
    memcpy(image, native_template, len);
    native_code = image + (native_slot - native_template);
    exits = image + (native_exits - native_template);

    uint32_t slot = (uint32_t)(unsigned long)native_code;
    uint16_t selector = CS_32;
    memcpy(image + FAR_AT, &slot, 4);
    memcpy(image + FAR_AT + 4, &selector, 2);

    uint8_t *area = map_low(NATIVE_GUARD + NATIVE_WINDOW, PROT_NONE);
    native_window = area + NATIVE_GUARD / 2;
    if (mprotect(native_window, NATIVE_WINDOW, PROT_READ | PROT_WRITE))
        perror("mprotect");

    static uint8_t stack[65536];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
    sigaltstack(&ss, NULL);
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &sa, NULL);

    /* Null in 64-bit mode, which does not mind; 32-bit code needs them. */
    __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" ::"r"(FLAT_DATA));
#define SELECTOR(n, name) __asm__("mov %%" name ", %0" : "=r"(native_selector[n]))
    SELECTOR(0, "es");
    SELECTOR(1, "cs");
    SELECTOR(2, "ss");
    SELECTOR(3, "ds");
    SELECTOR(4, "fs");
    SELECTOR(5, "gs");
    native_has_tzcnt = __builtin_cpu_supports("bmi");
    native_has_lzcnt = __builtin_cpu_supports("lzcnt");
}

/* A jump to the exit @to, in 64-bit code, or out of 32-bit code. */
static void put_jump(unsigned int mode, uint8_t *at, const uint8_t *to)
{
    int32_t rel = mode == 8 ? to - (at + 5) : (int32_t)(long)to;
    uint16_t selector = CS_64;
    *at = mode == 8 ? 0xe9 : 0xea;
    memcpy(at + 1, &rel, 4);
    if (mode != 8)
        memcpy(at + 5, &selector, 2);
}

void native_run(unsigned int mode, const uint8_t *code, size_t len, const struct native_state *in,
                struct native_state *out)
{
    const uint8_t *entry = mode == 8 ? native_code : image + (native_enter_32 - native_template);
    memcpy(native_code, code, len);
    put_jump(mode, native_code + len, exits);
    put_jump(mode, native_code + len + NATIVE_EXIT_STEP, exits + 16);
    memcpy(image + STATE_AT, in, sizeof(*in));
    memcpy(image + ENTRY_AT, &entry, 8);
    ((void (*)(void))image)();
    memcpy(out, image + STATE_AT, sizeof(*out));
    out->vector = fault_vector;
    out->cr2 = fault_cr2;
    out->ec = fault_ec;
}
