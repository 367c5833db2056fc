/* SPDX-License-Identifier: MIT */
/*
 * Interpreter of the mode machine; see <guest/mode.h>.  Everything here is
 * mapped one to one in every paging mode, so nothing moves when modes change.
 * In 64-bit code symbols are only used as 32-bit immediates: the same source is
 * assembled for ELF32 kernels, which have no relocation for more.
 */
#include <guest/asm.h>
#include <guest/mode.h>

#define HAS_ERROR_CODE 0x00027d00 /* vectors 8, 10-14, 17 */
#define VECTORS        32
#define TSS_BUSY       2

        .text
/* void mode_enter(void) - run the program at mode_pc. */
        .globl mode_enter
mode_enter:
#ifdef __x86_64__
        .code64
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        sidt    home_idt
        mov     %rsp, home_sp
        ljmpl   *far_to_machine
        .code32
machine_in:
#else
        push    %ebp
        push    %ebx
        push    %esi
        push    %edi
        sidt    home_idt
        mov     %esp, home_sp
#endif
        mov     %cr3, %eax
        mov     %eax, home_cr3
        mov     %cr4, %eax
        mov     %eax, home_cr4
        mov     $MSR_EFER, %ecx
        rdmsr
        mov     %eax, home_efer
        mov     %cr0, %eax
        mov     %eax, home_cr0
        and     $~CR0_PG, %eax
        mov     %eax, %cr0
        lgdt    mode_gdt_pointer
        ljmp    $MODE_CODE32, $1f
1:      mov     $MODE_DATA, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $mode_stack_end, %esp
        call    pick_idt

next_round:
        mov     mode_pc, %ebx
        movl    $0, MODE_STEP_FAULT(%ebx)
        mov     MODE_STEP_ADDR(%ebx), %ecx
        mov     MODE_STEP_OP(%ebx), %edx
        mov     MODE_STEP_LO(%ebx), %eax
        jmp     *operations(, %edx, 4)

/* Every operation: EBX step, EAX its lo, ECX its addr.  Ends at one of these. */
store_next:
        mov     %eax, MODE_STEP_LO(%ebx)
step_next:
        mov     mode_step_size, %eax
        add     %eax, mode_pc
        jmp     next_round

op_rdmsr:
        rdmsr
        mov     %edx, MODE_STEP_HI(%ebx)
        jmp     store_next
op_wrmsr:
        mov     MODE_STEP_HI(%ebx), %edx
        wrmsr
        jmp     step_next
op_get_cr0:
        mov     %cr0, %eax
        jmp     store_next
op_set_cr0:
        mov     %eax, %cr0
        jmp     mode_changed
/* From a segment with L: 64-bit code in long mode, 16-bit code outside it.  The
 * mode afterwards may be either, also when a change was done that must be refused;
 * the byte of INC tells them apart, being but a prefix in 64-bit code. */
op_set_cr0_in_64:
op_set_cr0_in_l:
        ljmp    $MODE_CODE64, $1f
        .code64
1:      mov     %eax, %eax
        mov     %rax, %cr0
        xor     %eax, %eax
        .byte   0x40, 0x90, 0x66 /* INC %ax, NOP; a 32-bit JNZ */
        jnz     1f
        mov     $MODE_CODE32, %ecx
        push    %rcx
        mov     $mode_changed, %ecx
        push    %rcx
        lretq
        .code16
1:      ljmpl   $MODE_CODE32, $mode_changed
        .code32
mode_changed:
        call    pick_idt
        jmp     step_next
op_get_cr3:
        mov     %cr3, %eax
        jmp     store_next
op_set_cr3:
        mov     %eax, %cr3
        jmp     step_next
op_get_cr4:
        mov     %cr4, %eax
        jmp     store_next
op_set_cr4:
        mov     %eax, %cr4
        jmp     step_next
op_read:
        mov     (%ecx), %eax
        jmp     store_next
op_write:
        mov     %eax, (%ecx)
        jmp     step_next
op_fetch:
        call    *%ecx
        jmp     step_next
op_ltr:
        andb    $~TSS_BUSY, mode_gdt + 5(%eax)
        ltr     %ax
        jmp     step_next
op_syscall:
        syscall
        jmp     step_next
op_spin:
        sti
1:      pause
        loop    1b
        cli
        jmp     step_next

/* Load the IDT of the mode that we are in.  clobbers: EAX, ECX, EDX */
pick_idt:
        mov     $MSR_EFER, %ecx
        rdmsr
        test    $EFER_LMA, %eax
        jnz     1f
        lidt    mode_idt32_pointer
        ret
1:      lidt    mode_idt64_pointer
        ret

/* An exception ends the step.  One stub a vector, 16 bytes each. */
        .balign 16
        .globl mode_stubs32
mode_stubs32:
        vector = 0
        .rept VECTORS
        .balign 16
        .if !((HAS_ERROR_CODE >> vector) & 1)
        push    $0
        .endif
        push    $vector
        jmp     fault32
        vector = vector + 1
        .endr
fault32:
        pop     %eax
        pop     %edx
        shl     $16, %eax
        or      %edx, %eax
        or      $0x80000000, %eax
        mov     mode_pc, %ebx
        mov     %eax, MODE_STEP_FAULT(%ebx)
        mov     %cr2, %eax
        mov     %eax, MODE_STEP_CR2(%ebx)
        mov     $mode_stack_end, %esp
        jmp     step_next

        .code64
        .balign 16
        .globl mode_stubs64
mode_stubs64:
        vector = 0
        .rept VECTORS
        .balign 16
        .if !((HAS_ERROR_CODE >> vector) & 1)
        push    $0
        .endif
        push    $vector
        jmp     fault64
        vector = vector + 1
        .endr
fault64:
        pop     %rax
        pop     %rdx
        shl     $16, %eax
        or      %edx, %eax
        or      $0x80000000, %eax
        mov     $mode_pc, %ebx
        mov     (%rbx), %ebx
        mov     %eax, MODE_STEP_FAULT(%rbx)
        mov     %cr2, %rax
        mov     %eax, MODE_STEP_CR2(%rbx)
        mov     $mode_stack_end, %esp
        mov     $MODE_CODE32, %ecx
        push    %rcx
        mov     $step_next, %ecx
        push    %rcx
        lretq
        .code32

/* Home again.  Long mode takes no 16-bit TSS, and PCIDE no other mode. */
op_end:
        mov     %cr4, %eax
        and     $~CR4_PCIDE, %eax
        mov     %eax, %cr4
        mov     %cr0, %eax
        and     $~CR0_PG, %eax
        mov     %eax, %cr0
        call    pick_idt
        andb    $~TSS_BUSY, mode_gdt + MODE_TSS32 + 5
        mov     $MODE_TSS32, %eax
        ltr     %ax
        mov     home_cr4, %eax
        mov     %eax, %cr4
        mov     home_cr3, %eax
        mov     %eax, %cr3
        mov     $MSR_EFER, %ecx
        mov     home_efer, %eax
        and     $~EFER_LMA, %eax
        xor     %edx, %edx
        wrmsr
        mov     home_cr0, %eax
        mov     %eax, %cr0
        lgdt    gdt_pointer
        ljmp    $KERNEL_CS, $machine_out
#ifdef __x86_64__
        .code64
#endif
machine_out:
        mov     $USER_DS, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     $KERNEL_DS, %eax
        mov     %eax, %ss
        lidt    home_idt
        andb    $~TSS_BUSY, gdt + TSS_SEL + 5
        mov     $TSS_SEL, %eax
        ltr     %ax
#ifdef __x86_64__
        mov     home_sp, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
#else
        mov     home_sp, %esp
        pop     %edi
        pop     %esi
        pop     %ebx
        pop     %ebp
#endif
        ret

        .section .rodata, "a", @progbits
        .balign 4
operations:
        .long   op_end, op_rdmsr, op_wrmsr, op_get_cr0, op_set_cr0, op_set_cr0_in_64
        .long   op_set_cr0_in_l, op_get_cr3, op_set_cr3, op_get_cr4, op_set_cr4
        .long   op_read, op_write, op_fetch, op_ltr, op_syscall, op_spin
#ifdef __x86_64__
far_to_machine:
        .long   machine_in
        .word   COMPAT_CS
#endif

        .section .data, "aw", @progbits
        .balign 8
        .globl mode_gdt
mode_gdt:
        .quad   0
        .quad   0x00cf9b000000ffff /* MODE_CODE32 */
        .quad   0x00cf93000000ffff /* MODE_DATA */
        .quad   0x00af9b000000ffff /* MODE_CODE64 */
        .quad   0, 0               /* the TSSs: mode.c */
mode_gdt_pointer:
        .word   MODE_SELS * 8 - 1
        .long   mode_gdt
mode_idt32_pointer:
        .word   VECTORS * 8 - 1
        .long   mode_idt32
mode_idt64_pointer:
        .word   VECTORS * 16 - 1
        .long   mode_idt64

        .section .bss, "aw", @nobits
        .balign 16
        .globl mode_pc, mode_step_size
mode_pc: .skip 4
mode_step_size: .skip 4
home_cr0: .skip 4
home_cr3: .skip 4
home_cr4: .skip 4
home_efer: .skip 4
home_sp: .skip 8
home_idt: .skip 16
        .skip   1024
mode_stack_end:

        .section .note.GNU-stack, "", @progbits
