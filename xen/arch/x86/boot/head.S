/* SPDX-License-Identifier: MIT */
/*
 * head.S - from the loader to C.
 *
 * Two entries, both 32-bit flat without paging: multiboot2 (GRUB, BIOS or
 * UEFI) and PVH (an ELF loader).  The code checks the processor, builds the
 * page tables with each part of the image at its own permission, turns on
 * long mode and calls start_xen() on the CPU's final stack.
 *
 * Registers kept through the 32-bit part: ESI kind of boot, EBP its argument.
 */
#include <asm-offsets.h>
#include <asm/config.h>

#define PA(sym) ((sym) - XEN_VA_START)

#define PTE_RO 0x121 /* present, accessed, global */
#define PTE_RW 0x163 /* and writable, dirty */
#define PTE_TABLE 0x003
#define PTE_2M 0x080
#define PTE_NX_HIGH 0x80000000

#define MB2_HEADER_MAGIC 0xe85250d6
#define MB2_LOADER_MAGIC 0x36d76289
#define MSR_EFER 0xc0000080
#define MSR_MISC_ENABLE 0x1a0
#define COM1 0x3f8

#define CS64 0x08
#define DS32 0x10

    .section .text.head, "ax", @progbits
    .code32
    .balign 8
.Lmb2_header:
    .long MB2_HEADER_MAGIC
    .long 0
    .long .Lmb2_header_end - .Lmb2_header
    .long -(MB2_HEADER_MAGIC + (.Lmb2_header_end - .Lmb2_header))
    /* Information we cannot do without: memory map. */
    .balign 8
1:  .short 1, 0
    .long 2f - 1b
    .long 6
2:
    /* Modules on page boundaries. */
    .balign 8
1:  .short 6, 0
    .long 2f - 1b
2:
    /* Console: text is welcome, not required. */
    .balign 8
1:  .short 4, 1
    .long 2f - 1b
    .long 2
2:
    .balign 8
    .short 0, 0
    .long 8
.Lmb2_header_end:

    /* The ELF entry is a virtual address; loaders translate it by p_paddr. */
    .globl start
start:
    cli
    cld
    xorl %esi, %esi
    movl %ebx, %ebp
    cmpl $MB2_LOADER_MAGIC, %eax
    je .Lentry32
    movl $PA(.Lmsg_loader), %edi
    jmp .Lboot_fail

    .globl start_pvh
start_pvh:
    cli
    cld
    movl $1, %esi
    movl %ebx, %ebp

.Lentry32:
    /* Below where struct cpu_info will be, which begins as zero. */
    movl $PA(cpu0_stack + STACK_SIZE - 4096), %esp
    movl $PA(.Lmsg_cpuid), %edi
    /* CPUID exists if EFLAGS.ID can be changed. */
    pushfl
    popl %eax
    movl %eax, %ecx
    xorl $0x200000, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    xorl %ecx, %eax
    testl $0x200000, %eax
    jz .Lboot_fail

    movl $PA(.Lmsg_lm), %edi
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb .Lboot_fail
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx
    jnc .Lboot_fail

    btl $20, %edx
    jc .Lhave_nx
    /* Firmware can hide NX on Intel processors: IA32_MISC_ENABLE bit 34. */
    xorl %eax, %eax
    cpuid
    movl $PA(.Lmsg_nx), %edi
    cmpl $0x756e6547, %ebx /* "Genu"ineIntel */
    jne .Lboot_fail
    movl $MSR_MISC_ENABLE, %ecx
    rdmsr
    andl $~4, %edx
    wrmsr
    movl $0x80000001, %eax
    cpuid
    btl $20, %edx
    jnc .Lboot_fail
.Lhave_nx:
    /* Every such processor has a TSC: the boot budget counts from here. */
    rdtsc
    movl %eax, PA(tsc_at_entry)
    movl %edx, PA(tsc_at_entry + 4)

    /* Some firmware leaves the caches off. */
    movl %cr0, %eax
    andl $~0x60000000, %eax
    movl %eax, %cr0

    /*
     * Tables.  The image's L3 and L2 also serve as the identity map of the
     * image until the jump to its real address: XEN_LOAD_PHYS has the same
     * L2 and L1 indices in both.
     */
    movl $PA(idle_pgt), %ebx
    movl $PA(xen_l3) + PTE_TABLE, (%ebx)
    movl $PA(xen_l3) + PTE_TABLE, PML4_SLOT_XEN * 8(%ebx)
    movl $PA(dm_l3) + PTE_TABLE, PML4_SLOT_DIRECTMAP * 8(%ebx)
    movl $PA(xen_l3), %ebx
    movl $PA(xen_l2) + PTE_TABLE, (%ebx)
    movl $PA(xen_l2) + PTE_TABLE, ((XEN_VA_START >> 30) & 511) * 8(%ebx)
    movl $PA(stack_l2) + PTE_TABLE, ((STACKS_VA_START >> 30) & 511) * 8(%ebx)
    movl $PA(xen_l1) + PTE_TABLE, PA(xen_l2) + (XEN_LOAD_PHYS >> 21) * 8
    movl $PA(stack_l1) + PTE_TABLE, PA(stack_l2)

    /* map FIRST, END, LOW FLAGS, HIGH FLAGS: pages of the image in xen_l1 */
    .macro map first, end, low, high
    movl $PA(\first), %eax
    movl $PA(\end), %ecx
    movl $\low, %edx
    movl $\high, %ebx
    call .Lmap_image
    .endm
    map _start, _etext, PTE_RO, 0
    map _etext, _erodata, PTE_RO, PTE_NX_HIGH
    map __init_begin, __init_text_end, PTE_RO, 0
    map __init_text_end, _end, PTE_RW, PTE_NX_HIGH

    /* Stacks: page 3 of the area is the guard and stays unmapped. */
    xorl %ecx, %ecx
1:  cmpl $3, %ecx
    je 2f
    movl %ecx, %eax
    shll $12, %eax
    addl $PA(cpu0_stack) + PTE_RW, %eax
    movl %eax, PA(stack_l1)(, %ecx, 8)
    movl $PTE_NX_HIGH, PA(stack_l1) + 4(, %ecx, 8)
2:  incl %ecx
    cmpl $(STACK_SIZE >> 12), %ecx
    jb 1b

    /* Direct map of the first 4 GiB: four L2 tables in a row. */
    xorl %ecx, %ecx
1:  movl %ecx, %eax
    shll $12, %eax
    addl $PA(dm_l2) + PTE_TABLE, %eax
    movl %eax, PA(dm_l3)(, %ecx, 8)
    incl %ecx
    cmpl $4, %ecx
    jb 1b
    xorl %ecx, %ecx
    movl $PTE_RW | PTE_2M, %eax
1:  movl %eax, PA(dm_l2)(, %ecx, 8)
    movl $PTE_NX_HIGH, PA(dm_l2) + 4(, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $2048, %ecx
    jb 1b

    /* Long mode: PAE, then LME | NXE | SCE, then paging with WP. */
    movl $0x20, %eax
    movl %eax, %cr4
    movl $PA(idle_pgt), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $0x901, %eax
    wrmsr
    lgdt PA(.Lboot_gdtr)
    movl $0x80010033, %eax /* PG WP NE ET MP PE */
    movl %eax, %cr0
    ljmp $CS64, $PA(1f)

    .code64
1:  movabsq $2f, %rax
    jmp *%rax
2:  xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    lldt %ax
    /* The final stack, and no identity map any more. */
    movabsq $STACKS_VA_START + STACK_SIZE - CPUINFO_sizeof - 8, %rsp
    movq %rax, idle_pgt(%rip)
    movq %rax, xen_l3(%rip)
    movq %cr3, %rax
    movq %rax, %cr3
    movq %cr4, %rax
    orq $0x80, %rax /* PGE */
    movq %rax, %cr4
    pushq $0
    popfq
    movl %esi, %edi
    movl %ebp, %esi
    xorl %ebp, %ebp
    call start_xen
1:  hlt
    jmp 1b

    .code32
/* EAX first, ECX end (physical), EDX and EBX flags.  Clobbers EAX, EDI. */
.Lmap_image:
1:  cmpl %ecx, %eax
    jae 2f
    movl %eax, %edi
    subl $XEN_LOAD_PHYS, %edi
    shrl $9, %edi
    orl %edx, %eax
    movl %eax, PA(xen_l1)(%edi)
    movl %ebx, PA(xen_l1) + 4(%edi)
    andl $0xfffff000, %eax
    addl $4096, %eax
    jmp 1b
2:  ret

/* EDI: text.  To the first serial port (115200 8n1) and the text screen. */
.Lboot_fail:
    movl %edi, %esi
    movl $0xb8000, %edi
    .macro serial_out reg, value
    movw $COM1 + \reg, %dx
    movb $\value, %al
    outb %al, %dx
    .endm
    serial_out 1, 0
    serial_out 3, 0x80
    serial_out 0, 1
    serial_out 1, 0
    serial_out 3, 3
    serial_out 2, 7
1:  lodsb
    testb %al, %al
    jz 3f
    movb $7, %ah
    stosw
    movb %al, %bl
    movl $100000, %ecx
    movw $COM1 + 5, %dx
2:  inb %dx, %al
    testb $0x20, %al
    loopz 2b
    movw $COM1, %dx
    movb %bl, %al
    outb %al, %dx
    jmp 1b
3:  hlt
    jmp 3b

    .section .rodata.head, "a"
.Lmsg_loader:
    .asciz "Cairn: not started by a multiboot2 loader\r\n"
.Lmsg_cpuid:
    .asciz "Cairn: this processor has no CPUID: need a 64-bit one with NX\r\n"
.Lmsg_lm:
    .asciz "Cairn: this processor has no long mode: need a 64-bit one with NX\r\n"
.Lmsg_nx:
    .asciz "Cairn: this processor has no NX (execute disable), or it is locked off\r\n"
    .balign 8
.Lboot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 0x08 ring 0 code, 64-bit */
    .quad 0x00cf93000000ffff /* 0x10 ring 0 data */
.Lboot_gdtr:
    .word .Lboot_gdtr - .Lboot_gdt - 1
    .long PA(.Lboot_gdt)

    /* XEN_ELFNOTE_PHYS32_ENTRY; 8 bytes, as Linux and QEMU have it. */
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad PA(start_pvh)

    .section .data
    .balign 8
    .globl tsc_at_entry
    .hidden tsc_at_entry
    .type tsc_at_entry, @object
tsc_at_entry:
    .quad 0
    .size tsc_at_entry, 8

    .section .bss.page_aligned, "aw", @nobits
    .macro page_object name, size
    .balign 4096
    .globl \name
    .hidden \name
    .type \name, @object
\name:
    .skip \size
    .size \name, \size
    .endm
    page_object cpu0_stack, STACK_SIZE
    page_object idle_pgt, 4096
    page_object xen_l3, 4096
    page_object xen_l2, 4096
    page_object xen_l1, 4096
    page_object stack_l2, 4096
    page_object stack_l1, 4096
    page_object dm_l3, 4096
    page_object dm_l2, 0x4000

    .section .note.GNU-stack, "", @progbits
