/* SPDX-License-Identifier: MIT */
/*
 * The beginning of a PV kernel, its exception and callback entries,
 * guarded_call() and the way to user mode.
 *
 * VIRT_BASE is 0, so that a boot-time page's address is its frame number times
 * the page size, and 32-bit fields (the exception table) hold all addresses.
 * The hypervisor enters with RCX, R11, [error code] and then what a processor
 * pushes; the way back is the iret hypercall.  RPL in the saved CS is 0 when
 * the kernel was interrupted.  Frame: struct regs in <guest/fault.h>.
 * Source: xen/elfnote.h; xen/arch-x86/xen-x86_64.h, "iret".
 */
#include <guest/asm.h>
#include <xen/elfnote.h>
#include <xen/xen.h>

#define HAS_ERROR_CODE 0x00027d00 /* vectors 8, 10-14, 17 */

/* elfnote TYPE, KIND, VALUE: one note of owner "Xen". */
.macro elfnote type:req, kind:req, value:vararg
        .pushsection .note.Xen, "a", @note
        .balign 4
        .long   2f - 1f, 4f - 3f, \type
1:      .asciz  "Xen"
2:      .balign 4
3:      \kind   \value
4:      .balign 4
        .popsection
.endm

elfnote XEN_ELFNOTE_GUEST_OS, .asciz, "Cairn test"
elfnote XEN_ELFNOTE_XEN_VERSION, .asciz, "xen-3.0"
elfnote XEN_ELFNOTE_VIRT_BASE, .quad, 0
elfnote XEN_ELFNOTE_ENTRY, .quad, entry_pv
elfnote XEN_ELFNOTE_HYPERCALL_PAGE, .quad, hypercall_page
elfnote XEN_ELFNOTE_FEATURES, .asciz, "!writable_page_tables|pae_pgdir_above_4gb"
elfnote XEN_ELFNOTE_PAE_MODE, .asciz, "yes"
elfnote XEN_ELFNOTE_LOADER, .asciz, "generic"

        .section .head, "ax", @progbits
/* in: RSI start_info; events are masked. */
        .globl entry_pv
entry_pv:
        cld
        mov     $boot_stack_end, %esp
        mov     %rsi, %rdi
        call    pv_entry
        ud2

        .text
/* One stub per vector, each 16 bytes. */
        .balign 16
        .globl entry_stubs
entry_stubs:
        vector = 0
        .rept 32
        .balign 16
        pop     %rcx
        pop     %r11
        .if !((HAS_ERROR_CODE >> vector) & 1)
        push    $0
        .endif
        push    $vector
        jmp     entry_common
        vector = vector + 1
        .endr

        .balign 16
entry_common:
        .irp reg, rax, rbx, rcx, rdx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
        push    %\reg
        .endr
        cld
        mov     %rsp, %rdi
        mov     %rsp, %rbp
        and     $-16, %rsp
        call    exception_handle
        mov     %rbp, %rsp
        .irp reg, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rdx, rcx, rbx, rax
        pop     %\reg
        .endr
        add     $16, %rsp
        push    $0 /* flags: not from SYSCALL */
        jmp     hypercall_page + 32 * __HYPERVISOR_iret

/* Callbacks, as vectors of our own: SYSCALL in user mode; selectors that did
 * not load: DS, ES, FS, GS are above RCX and R11. */
        .globl entry_syscall, entry_failsafe
entry_syscall:
        pop     %rcx
        pop     %r11
        push    $0
        push    $VEC_RETURN
        jmp     entry_common
entry_failsafe:
        pop     %rcx
        pop     %r11
        pop     pv_failsafe
        pop     pv_failsafe + 8
        pop     pv_failsafe + 16
        pop     pv_failsafe + 24
        push    $0
        push    $VEC_SPARE
        jmp     entry_common

.macro save_registers
        .irp reg, rbp, rbx, r12, r13, r14, r15
        push    %\reg
        .endr
        push    guard_sp
        mov     %rsp, guard_sp
.endm

/*
 * As in lib/entry.S, with one way back from both.  pv_iret(frame, arg): hypercall iret
 * with that frame and RDI = arg; exceptions in user mode come in below what is saved here.
 */
        .globl guarded_call, guard_unwind, user_unwind, pv_iret
guarded_call:
        save_registers
        mov     %rdi, %rax
        mov     %rsi, %rdi
        call    *%rax
guard_unwind:
user_unwind:
        mov     guard_sp, %rsp
        pop     guard_sp
        push    $EFLAGS_MBS
        popf
        .irp reg, r15, r14, r13, r12, rbx, rbp
        pop     %\reg
        .endr
        ret
pv_iret:
        save_registers
        mov     %rdi, %rbx
        mov     %rsi, %rbp
        mov     $KERNEL_DS, %edi
        mov     %rsp, %rsi
        call    hypercall_page + 32 * __HYPERVISOR_stack_switch
        mov     %rbx, %rsp
        mov     %rbp, %rdi
        mov     $__HYPERVISOR_iret, %eax
        syscall
        ud2

        .section .user_text, "ax", @progbits
        .globl user_return
user_return:
        syscall

        .section .user_data, "aw", @progbits
        .balign 16
        .skip   1024
        .globl user_stack_end
user_stack_end:

        .section .bss, "aw", @nobits
        .balign 16
        .skip   16384
boot_stack_end:
        .globl guard_sp, pv_failsafe
guard_sp: .skip 8
pv_failsafe: .skip 32

        .section .note.GNU-stack, "", @progbits
