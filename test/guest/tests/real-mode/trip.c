/* SPDX-License-Identifier: MIT */
/*
 * trip.c - the way to real mode and back, and what is done there; assembly.
 * Source: SDM vol. 3A, "Mode Switching": "Switching to Protected Mode",
 * "Switching Back to Real-Address Mode"; "Real-Address Mode Operation".
 */
#include <guest/asm.h>

#include "real.h"

/* Numbers for the assembler. */
#define STR2(x) #x
#define STR(x)  STR2(x)

asm(".set KERNEL_CS_, " STR(
    GDT_KERNEL_CS) " * 8\n"
                   ".set KERNEL_DS_, " STR(
                       GDT_KERNEL_DS) " * 8\n"
                                      ".set USER_DS_, " STR(
                                          GDT_USER_DS) " * 8 + 3\n"
                                                       ".set COMPAT_CS_, " STR(
                                                           GDT_COMPAT_CS) " * 8\n"
                                                                          ".set CODE16, " STR(
                                                                              GDT_SPARE) " * 8\n"
                                                                                         ".set DATA16, (" STR(
                                                                                             GDT_SPARE) " + 1) * 8\n"
                                                                                                        ".set RESULT, " STR(
                                                                                                            REAL_RESULT) "\n"
                                                                                                                         ".set STACK, " STR(
                                                                                                                             REAL_STACK) "\n"
                                                                                                                                         ".set BASE, " STR(
                                                                                                                                             REAL_CODE) "\n");

/* ---- from C to flat 32-bit code, and back ---- */
#ifdef __x86_64__
asm(".text\n"
    ".globl real_trip\n"
    "real_trip:\n"
    "    push %rbx\n"
    "    push %rbp\n"
    "    push %r12\n"
    "    push %r13\n"
    "    push %r14\n"
    "    push %r15\n"
    "    sidt trip_idtr\n"
    "    ljmpl *trip_to_compat\n"
    ".code32\n"
    "trip_in_compat:\n"
    "    call trip_core\n"
    "    ljmp $KERNEL_CS_, $trip_in_long\n"
    ".code64\n"
    "trip_in_long:\n"
    "    lidt trip_idtr\n"
    "    pop %r15\n"
    "    pop %r14\n"
    "    pop %r13\n"
    "    pop %r12\n"
    "    pop %rbp\n"
    "    pop %rbx\n"
    "    ret\n"
    ".section .rodata\n"
    "    .balign 4\n"
    "trip_to_compat:\n"
    "    .long trip_in_compat\n"
    "    .word COMPAT_CS_\n");
#else
asm(".text\n"
    ".globl real_trip\n"
    "real_trip:\n"
    "    push %ebx\n"
    "    push %ebp\n"
    "    push %esi\n"
    "    push %edi\n"
    "    sidt trip_idtr\n"
    "    call trip_core\n"
    "    lidt trip_idtr\n"
    "    pop %edi\n"
    "    pop %esi\n"
    "    pop %ebp\n"
    "    pop %ebx\n"
    "    ret\n");
#endif

/* In flat 32-bit code, paging on or off. */
asm(".text\n"
    ".code32\n"
    "trip_core:\n"
    "    mov %esp, trip_esp\n"
    "    mov %cr0, %eax\n"
    "    mov %eax, trip_cr0\n"
    "    and $~" STR(CR0_PG) ", %eax\n"
                             "    mov %eax, %cr0\n"
                             "    jmp 1f\n"
                             "1:  lidt real_idtr\n"
                             "    mov $DATA16, %eax\n"
                             "    mov %eax, %ds\n"
                             "    mov %eax, %es\n"
                             "    mov %eax, %fs\n"
                             "    mov %eax, %gs\n"
                             "    mov %eax, %ss\n"
                             "    ljmp $CODE16, $BASE\n"
                             "trip_back:\n"
                             "    mov $USER_DS_, %eax\n"
                             "    mov %eax, %ds\n"
                             "    mov %eax, %es\n"
                             "    mov %eax, %fs\n"
                             "    mov %eax, %gs\n"
                             "    mov $KERNEL_DS_, %eax\n"
                             "    mov %eax, %ss\n"
                             "    mov trip_esp, %esp\n"
                             "    mov trip_cr0, %eax\n"
                             "    mov %eax, %cr0\n"
                             "    jmp 2f\n"
                             "2:  ret\n"
                             ".data\n"
                             "    .balign 8\n"
                             "trip_idtr: .skip 16\n"
                             "real_idtr: .word 0x3ff\n"
                             "    .long 0\n"
                             "    .balign 4\n"
                             "trip_esp:  .long 0\n"
                             "trip_cr0:  .long 0\n");

/* ---- in real mode; offsets are from BASE.  struct real_result by hand ---- */
asm(".section .rodata\n"
    ".code16\n"
    ".globl real_code, real_code_end, real_gdtr\n"
    "real_code:\n"
    "    mov %cr0, %eax\n"
    "    and $~1, %eax\n"
    "    mov %eax, %cr0\n"
    "    ljmp $0, $BASE + (1f - real_code)\n"
    "1:  xor %ax, %ax\n"
    "    mov %ax, %ds\n"
    "    mov %ax, %es\n"
    "    mov %ax, %fs\n"
    "    mov %ax, %gs\n"
    "    mov %ax, %ss\n"
    "    mov $STACK, %sp\n"
    /* vectors */
    "    movl $BASE + (on_divide - real_code), 0\n"
    "    movl $BASE + (on_debug - real_code), 1 * 4\n"
    "    movl $BASE + (on_undefined - real_code), 6 * 4\n"
    "    movl $BASE + (on_int - real_code), " STR(
        REAL_INT) " * 4\n"
                  "    movl $BASE + (on_upcall - real_code), " STR(
                      REAL_UPCALL) " * 4\n"
                                   /* where are we */
                                   "    mov %cr0, %eax\n"
                                   "    mov %eax, RESULT\n"
                                   "    cmpl $0, RESULT + 32\n"
                                   "    je 2f\n"
                                   "    mov $" STR(
                                       MSR_EFER) ", %ecx\n"
                                                 "    rdmsr\n"
                                                 "    mov %eax, RESULT + 4\n"
                                                 /* another segment than 0 reaches the same bytes */
                                                 "2:  mov $0x700, %ax\n"
                                                 "    mov %ax, %ds\n"
                                                 "    incl RESULT - 0x7000 + 8\n"
                                                 "    xor %ax, %ax\n"
                                                 "    mov %ax, %ds\n"
                                                 "    decl RESULT + 8\n"
                                                 /* a software interrupt, a fault that returns past itself, twice */
                                                 "    int $" STR(
                                                     REAL_INT) "\n"
                                                               "after_int:\n"
                                                               "    xor %dx, %dx\n"
                                                               "    xor %bx, %bx\n"
                                                               "    div %bx\n"
                                                               "    div %bx\n"
                                                               "    ud2\n"
                                                               /* instructions that exit */
                                                               "    xor %eax, %eax\n"
                                                               "    cpuid\n"
                                                               "    mov %ebx, RESULT + 28\n"
                                                               "    out %al, $0x80\n"
                                                               /* debug registers: the breakpoint at 5 comes once */
                                                               "    mov $BASE + (5f - real_code), %eax\n"
                                                               "    mov %eax, %dr0\n"
                                                               "    mov %dr0, %ecx\n"
                                                               "    sub %eax, %ecx\n"
                                                               "    mov %ecx, RESULT + 40\n"
                                                               "    xor %eax, %eax\n"
                                                               "    mov %eax, %dr6\n"
                                                               "    mov $0x701, %eax\n"
                                                               "    mov %eax, %dr7\n"
                                                               "    mov %dr7, %eax\n"
                                                               "    mov %eax, RESULT + 44\n"
                                                               "5:  nop\n"
                                                               "    mov %dr6, %eax\n"
                                                               "    mov %eax, RESULT + 48\n"
                                                               /* the upcall waits since protected mode: it comes with STI */
                                                               "    cmpl $0, RESULT + 36\n"
                                                               "    je 3f\n"
                                                               "    sti\n"
                                                               "    nop\n"
                                                               "    cli\n"
                                                               "3:  mov %cr0, %eax\n"
                                                               "    or $1, %eax\n"
                                                               "    lgdtl BASE + (real_gdtr - real_code)\n"
                                                               "    mov %eax, %cr0\n"
                                                               "    ljmpl $COMPAT_CS_, $trip_back\n"
                                                               "on_divide:\n"
                                                               "    incl RESULT + 12\n"
                                                               "    jmp skip_two\n"
                                                               "on_debug:\n"
                                                               "    incl RESULT + 52\n"
                                                               "    xor %eax, %eax\n"
                                                               "    mov %eax, %dr7\n"
                                                               "    iretw\n"
                                                               "on_undefined:\n"
                                                               "    incl RESULT + 20\n"
                                                               "skip_two:\n"
                                                               "    mov %sp, %bp\n"
                                                               "    addw $2, (%bp)\n"
                                                               "    iretw\n"
                                                               "on_int:\n"
                                                               "    incl RESULT + 8\n"
                                                               "    mov %sp, %bp\n"
                                                               "    cmpw $STACK - 6, %bp\n"
                                                               "    jne 4f\n"
                                                               "    cmpw $BASE + (after_int - real_code), (%bp)\n"
                                                               "    jne 4f\n"
                                                               "    cmpw $0, 2(%bp)\n"
                                                               "    jne 4f\n"
                                                               "    incl RESULT + 24\n"
                                                               "4:  iretw\n"
                                                               "on_upcall:\n"
                                                               "    incl RESULT + 16\n"
                                                               "    movb $0, " STR(
                                                                   REAL_SHARED) "\n" /* vcpu_info[0].evtchn_upcall_pending */
                                                                                "    iretw\n"
                                                                                "    .balign 4\n"
                                                                                "real_gdtr:\n"
                                                                                "    .word 0\n"
                                                                                "    .long 0\n"
                                                                                "real_code_end:\n"
#ifdef __x86_64__
                                                                                ".code64\n"
#else
                                                                                ".code32\n"
#endif
                                                                                ".text\n");
