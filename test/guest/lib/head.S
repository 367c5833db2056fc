/* SPDX-License-Identifier: MIT */
/*
 * The first instructions.  Three loaders come here, all in flat 32-bit
 * protected mode with paging off and interrupts disabled:
 *   - a Xen toolstack, by the PHYS32_ENTRY note: EBX = hvm_start_info;
 *   - GRUB or QEMU -kernel, by the Multiboot header: EAX = magic, EBX = info.
 *     The header carries addresses, so no loader judges our ELF header (QEMU
 *     would refuse x86-64 in a Multiboot kernel);
 *   - anything else, by the ELF entry point, with EAX and EBX meaningless.
 * Leaves: page tables built and on, GDT loaded, stack, main_entry() called.
 * Source: Multiboot Specification 0.6.96; xen/arch-x86/hvm/start_info.h; SDM
 * vol. 3A, "Initializing IA-32e Mode".
 */
#include <guest/asm.h>
#include <xen/elfnote.h>

#define MULTIBOOT_FLAGS 0x00010003 /* align modules, memory info, addresses */

        .section .head, "ax", @progbits
        .code32
        .balign 4
multiboot_header:
        .long 0x1badb002, MULTIBOOT_FLAGS, -(0x1badb002 + MULTIBOOT_FLAGS)
        .long multiboot_header, image_start, load_end, image_end, entry_multiboot

        .globl entry_multiboot, entry_pvh
entry_pvh:
        mov     $BOOT_PVH, %eax
entry_multiboot:
        cli
        cld
        mov     $boot_stack_end, %esp
        mov     %eax, boot_magic
        mov     %ebx, boot_info

#if PAGING_LEVELS > 0
        call    build_tables
        mov     $page_root, %eax
        mov     %eax, %cr3
#if PAGING_LEVELS == 2
        mov     $CR4_PSE, %eax
#else
        mov     $CR4_PAE, %eax
#endif
        mov     %eax, %cr4
#endif
#if PAGING_LEVELS == 4
        mov     $MSR_EFER, %ecx
        rdmsr
        or      $EFER_LME, %eax
        wrmsr
#endif
        /* Whole, not or-ed: firmware may have left CD and NW set. */
#if PAGING_LEVELS > 0
        mov     $CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG, %eax
#else
        mov     $CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP, %eax
#endif
        mov     %eax, %cr0

        lgdt    gdt_pointer
        ljmp    $KERNEL_CS, $1f
#ifdef __x86_64__
        .code64
#endif
1:      mov     $USER_DS, %eax /* good in both rings: never reloaded */
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %fs
        mov     %eax, %gs
        mov     $KERNEL_DS, %eax
        mov     %eax, %ss
#ifdef __x86_64__
        mov     $boot_stack_end, %esp
#endif
        push    $EFLAGS_MBS
        popf
        call    main_entry
        ud2

        .code32
/*
 * store_run - write a run of entries.
 * in: EDI first entry, EAX first value, EDX step, ECX count; high halves of
 * 8-byte entries stay the zero they are.  clobbers: EAX, ECX, EDI
 */
#if PAGING_LEVELS == 2
#define PTE_BYTES 4
#else
#define PTE_BYTES 8
#endif
#if PAGING_LEVELS > 0
store_run:
        mov     %eax, (%edi)
        add     $PTE_BYTES, %edi
        add     %edx, %eax
        loop    store_run
        ret

/* build_tables - 0..4 GiB one to one.  clobbers: EAX, ECX, EDX, EDI */
build_tables:
        mov     $page_l1, %edi
        mov     $PTE_P | PTE_RW, %eax
        mov     $PAGE_SIZE, %edx
        mov     $PAGE_SIZE / PTE_BYTES, %ecx
        call    store_run
        movl    $0, page_l1 /* a NULL pointer shall fault */

        mov     $page_l2, %edi
        mov     $PTE_P | PTE_RW | PTE_PS, %eax
        mov     $LARGE_SIZE, %edx
#if PAGING_LEVELS == 2
        mov     $1024, %ecx
#else
        mov     $2048, %ecx
#endif
        call    store_run
        movl    $page_l1 + PTE_P + PTE_RW + PTE_US, page_l2

#if PAGING_LEVELS > 2
        mov     $page_l3, %edi
        mov     $page_l2 + PTE_P, %eax
#if PAGING_LEVELS == 4
        or      $PTE_RW | PTE_US, %eax /* reserved bits in a PAE PDPTE */
#endif
        mov     $4, %ecx
        mov     $PAGE_SIZE, %edx
        call    store_run
#endif
#if PAGING_LEVELS == 4
        movl    $page_l3 + PTE_P + PTE_RW + PTE_US, page_root
#endif
        ret
#endif

/*
 * void paging_cycle(uint32_t efer[2]) - leave paging and come back.
 * Stores EFER.low and CR0 as they read while paging was off.  All code, data
 * and stack are mapped one to one, so nothing moves.  64-bit mode can only be
 * left through compatibility mode: MOV to CR0 clearing PG faults otherwise.
 */
        .globl paging_cycle
#ifdef __x86_64__
        .code64
paging_cycle:
        push    %rbx
        mov     %rdi, %rbx
        lea     far_to_compat(%rip), %rax
        ljmpl   *(%rax)
        .code32
in_compat:
        call    cycle_core
        ljmp    $KERNEL_CS, $back_in_long
        .code64
back_in_long:
        pop     %rbx
        ret

        .section .rodata, "a", @progbits
        .balign 4
far_to_compat:
        .long   in_compat
        .word   COMPAT_CS
        .section .head, "ax", @progbits
        .code32
#else
paging_cycle:
        push    %ebx
        push    %edi
        mov     12(%esp), %ebx
        call    cycle_core
        pop     %edi
        pop     %ebx
        ret
#endif

/* in: EBX result array.  clobbers: EAX, ECX, EDX, EDI */
cycle_core:
        mov     %cr0, %edi
        mov     %edi, %eax
        and     $~CR0_PG, %eax
        mov     %eax, %cr0
        jmp     1f
1:      mov     $MSR_EFER, %ecx
        rdmsr
        mov     %eax, (%ebx)
        mov     %cr0, %eax
        mov     %eax, 4(%ebx)
        mov     %edi, %cr0
        jmp     2f
2:      ret

        .section .data, "aw", @progbits
        .balign 8
        .globl gdt
gdt:
        .quad   0
#ifdef __x86_64__
        .quad   0x00af9b000000ffff /* KERNEL_CS */
        .quad   0x00cf93000000ffff /* KERNEL_DS */
        .quad   0x00affb000000ffff /* USER_CS */
#else
        .quad   0x00cf9b000000ffff
        .quad   0x00cf93000000ffff
        .quad   0x00cffb000000ffff
#endif
        .quad   0x00cff3000000ffff /* USER_DS */
        .quad   0x00cf9b000000ffff /* COMPAT_CS */
        .fill   GDT_ENTRIES - 6, 8, 0
        .globl gdt_pointer
gdt_pointer:
        .word   GDT_ENTRIES * 8 - 1
        .long   gdt
        .long   0

        .globl boot_magic, boot_info
        .balign 4
boot_magic: .long 0
boot_info: .long 0

        .section .bss, "aw", @nobits
        .balign 16
        .skip   8192
boot_stack_end:

        .section .bss.page, "aw", @nobits
        .balign PAGE_SIZE
#if PAGING_LEVELS > 0
        .globl page_l1, page_l2, page_root
page_l1: .skip PAGE_SIZE
#if PAGING_LEVELS == 2
page_root:
page_l2: .skip PAGE_SIZE
#else
page_l2: .skip 4 * PAGE_SIZE
#if PAGING_LEVELS == 3
page_root:
#endif
page_l3: .skip PAGE_SIZE
#if PAGING_LEVELS == 4
page_root: .skip PAGE_SIZE
#endif
#endif
#endif

        .section .note.Xen, "a", @note
        .balign 4
        .long   4, 4, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz  "Xen"
        .long   entry_pvh

        .section .note.GNU-stack, "", @progbits
