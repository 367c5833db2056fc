/* SPDX-License-Identifier: MIT */
/*
 * Exception entry, and the two ways to run a function that may not come back
 * by itself.  Layout of the frame: struct regs in <guest/fault.h>.
 */
#include <guest/asm.h>

#define HAS_ERROR_CODE 0x00027d00 /* vectors 8, 10-14, 17 */

#ifdef __x86_64__
#define R(name) %r##name
#define WORD    8
#else
#define R(name) %e##name
#define WORD    4
#endif

        .text
/* One stub per vector, each 16 bytes, so that C can compute its address. */
        .balign 16
        .globl entry_stubs
entry_stubs:
        vector = 0
        .rept IDT_ENTRIES
        .balign 16
        .if vector >= 32 || !((HAS_ERROR_CODE >> vector) & 1)
        push    $0
        .endif
        push    $vector
        jmp     entry_common
        vector = vector + 1
        .endr

        .balign 16
entry_common:
#ifdef __x86_64__
        push    %rax
        push    %rbx
        push    %rcx
        push    %rdx
        push    %rbp
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        mov     %rsp, %rbp
        and     $-16, %rsp
        call    exception_handle
        mov     %rbp, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rbp
        pop     %rdx
        pop     %rcx
        pop     %rbx
        pop     %rax
        add     $16, %rsp
        iretq
#else
        push    %eax
        push    %ebx
        push    %ecx
        push    %edx
        push    %ebp
        push    %esi
        push    %edi
        cld
        mov     %esp, %ebp
        push    %ebp
        call    exception_handle
        mov     %ebp, %esp
        pop     %edi
        pop     %esi
        pop     %ebp
        pop     %edx
        pop     %ecx
        pop     %ebx
        pop     %eax
        add     $8, %esp
        iretl
#endif

.macro push_callee_saved
        push    R(bp)
        push    R(bx)
#ifdef __x86_64__
        push    %r12
        push    %r13
        push    %r14
        push    %r15
#else
        push    %esi
        push    %edi
#endif
.endm

.macro pop_callee_saved
#ifdef __x86_64__
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
#else
        pop     %edi
        pop     %esi
#endif
        pop     R(bx)
        pop     R(bp)
.endm

/*
 * void guarded_call(fn, arg).  guard_sp holds the stack to come back to and is
 * saved across, so guards nest.  exception_handle() sends us to guard_unwind.
 */
        .globl guarded_call, guard_unwind
guarded_call:
#ifndef __x86_64__
        mov     4(%esp), %eax
        mov     8(%esp), %ecx
#endif
        push_callee_saved
        push    guard_sp
        mov     R(sp), guard_sp
#ifdef __x86_64__
        mov     %rdi, %rax
        mov     %rsi, %rdi
        call    *%rax
#else
        push    %ecx
        call    *%eax
#endif
guard_unwind:
        mov     guard_sp, R(sp)
        pop     guard_sp
        cld
        pop_callee_saved
        ret

/*
 * ulong user_call(fn, arg).  IRET to ring 3; the way back is INT VEC_RETURN or
 * any exception, for which exception_handle() sends us to user_unwind in ring
 * 0 with the result still in (E|R)AX.  tss_sp0 moves below what we saved.
 */
        .globl user_call, user_unwind
user_call:
#ifndef __x86_64__
        mov     4(%esp), %eax
        mov     8(%esp), %ecx
#endif
        push_callee_saved
        push    $EFLAGS_MBS | EFLAGS_AC /* the stack below is ring 3's: SMAP */
        popf
        mov     R(sp), user_sp
        push    $USER_DS
#ifdef __x86_64__
        movq    $user_return, user_stack_end - 8
        mov     %rsp, %rax
        sub     $40, %rax
        and     $-16, %rax
        mov     %rax, tss + 4
        push    $user_stack_end - 8
        push    $EFLAGS_MBS
        push    $USER_CS
        push    %rdi
        mov     %rsi, %rdi
        iretq
#else
        movl    $user_return, user_stack_end - 8
        mov     %ecx, user_stack_end - 4
        lea     -32(%esp), %ecx
        mov     %ecx, tss + 4
        push    $user_stack_end - 8
        push    $EFLAGS_MBS
        push    $USER_CS
        push    %eax
        iretl
#endif
user_unwind:
        mov     user_sp, R(sp)
        cld
        pop_callee_saved
        ret

        .section .user_text, "ax", @progbits
user_return:
        int     $VEC_RETURN

        .section .user_data, "aw", @progbits
        .balign 16
        .skip   1024
user_stack_end:

        .section .bss, "aw", @nobits
        .balign 8
        .globl guard_sp, user_sp
guard_sp: .skip WORD
user_sp: .skip WORD

        .section .note.GNU-stack, "", @progbits
