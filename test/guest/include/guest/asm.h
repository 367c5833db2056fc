/* SPDX-License-Identifier: MIT */
/*
 * Numbers that the assembly and the C of the guest framework share: GDT layout,
 * control register bits, vectors of our own.  Only macros, so that .S files can
 * include it.  Source: SDM vol. 3A, "System Architecture Overview".
 */
#ifndef GUEST_ASM_H
#define GUEST_ASM_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096
#if PAGING_LEVELS == 2
#define LARGE_SIZE 0x400000
#else
#define LARGE_SIZE 0x200000
#endif

/* GDT slots.  GDT_SPARE and the three after it belong to tests. */
#define GDT_KERNEL_CS 1
#define GDT_KERNEL_DS 2
#define GDT_USER_CS   3
#define GDT_USER_DS   4
#define GDT_COMPAT_CS 5 /* 32-bit code, the way out of 64-bit mode */
#define GDT_TSS       6 /* two slots in 64-bit mode */
#define GDT_SPARE     8
#define GDT_ENTRIES   12

#ifdef GUEST_PV
/* The hypervisor's flat ones; RPL 0 tells the iret hypercall: to the kernel. */
#define KERNEL_CS 0xe030
#define KERNEL_DS 0xe02b
#define USER_CS   0xe033
#define USER_DS   0xe02b
#else
#define KERNEL_CS (GDT_KERNEL_CS * 8)
#define KERNEL_DS (GDT_KERNEL_DS * 8)
#define USER_CS   (GDT_USER_CS * 8 + 3)
#define USER_DS   (GDT_USER_DS * 8 + 3)
#endif
#define COMPAT_CS (GDT_COMPAT_CS * 8)
#define TSS_SEL   (GDT_TSS * 8)

/* IDT: the architectural 32, one for exec_user()'s way back, the rest for tests.
 * PV: SYSCALL in user mode is that way back, a failsafe callback the first of the rest. */
#define VEC_RETURN  0x20
#define VEC_SPARE   0x21
#define IDT_ENTRIES 0x30

#define CR0_PE (1 << 0)
#define CR0_MP (1 << 1)
#define CR0_EM (1 << 2)
#define CR0_TS (1 << 3)
#define CR0_ET (1 << 4)
#define CR0_NE (1 << 5)
#define CR0_WP (1 << 16)
#define CR0_AM (1 << 18)
#define CR0_NW (1 << 29)
#define CR0_CD (1 << 30)
#define CR0_PG 0x80000000

#define CR4_DE         (1 << 3)
#define CR4_PSE        (1 << 4)
#define CR4_PAE        (1 << 5)
#define CR4_PGE        (1 << 7)
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define CR4_VMXE       (1 << 13)
#define CR4_PCIDE      (1 << 17)
#define CR4_SMEP       (1 << 20)
#define CR4_SMAP       (1 << 21)

#define EFLAGS_MBS (1 << 1) /* reads as one */
#define EFLAGS_TF  (1 << 8)
#define EFLAGS_IF  (1 << 9)
#define EFLAGS_AC  (1 << 18)

#define MSR_EFER 0xc0000080
#define EFER_SCE (1 << 0)
#define EFER_LME (1 << 8)
#define EFER_LMA (1 << 10)
#define EFER_NXE (1 << 11)

#define MSR_STAR         0xc0000081
#define MSR_LSTAR        0xc0000082
#define MSR_SYSCALL_MASK 0xc0000084

#define PTE_P  (1 << 0)
#define PTE_RW (1 << 1)
#define PTE_US (1 << 2)
#define PTE_A  (1 << 5)
#define PTE_D  (1 << 6)
#define PTE_PS (1 << 7)
#define PTE_G  (1 << 8)

/* How the kernel was started, as left in boot_magic. */
#define BOOT_MULTIBOOT 0x2badb002
#define BOOT_PVH       0x336ec578

#endif /* GUEST_ASM_H */
