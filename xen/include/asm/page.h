/* SPDX-License-Identifier: MIT */
/* page.h - the page-table entry format of x86 (PAE and 4-level). */
#ifndef ASM_PAGE_H
#define ASM_PAGE_H

#include <asm/addr.h>
#include <asm/config.h>

#define PTE_P         0x001ul
#define PTE_W         0x002ul
#define PTE_U         0x004ul
#define PTE_PWT       0x008ul
#define PTE_PCD       0x010ul
#define PTE_A         0x020ul
#define PTE_D         0x040ul
#define PTE_PS        0x080ul
#define PTE_G         0x100ul
#define PTE_NX        (1ul << 63)
#define PTE_ADDR_MASK 0x000ffffffffff000ul

#define PAGE_HYPERVISOR    (PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX | PTE_G)
#define PAGE_HYPERVISOR_RO (PTE_P | PTE_A | PTE_D | PTE_NX | PTE_G)
#define PAGE_HYPERVISOR_RX (PTE_P | PTE_A | PTE_D | PTE_G)
#define PAGE_HYPERVISOR_UC (PAGE_HYPERVISOR | PTE_PCD | PTE_PWT)

typedef struct {
    uint64_t pte;
} pte_t;

#define PT_ENTRIES          512
#define PT_INDEX(va, level) (((va) >> (12 + 9 * ((level)-1))) & 511)

static inline pte_t pte_make(mfn_t mfn, uint64_t flags)
{
    return (pte_t){mfn_x(mfn) << PAGE_SHIFT | flags};
}
static inline mfn_t pte_mfn(pte_t e)
{
    return _mfn((e.pte & PTE_ADDR_MASK) >> PAGE_SHIFT);
}
static inline uint64_t pte_flags(pte_t e)
{
    return e.pte & ~PTE_ADDR_MASK;
}

/* clear_page - zero @n pages at @va, fastest way with few instructions. */
static inline void clear_pages(void *va, unsigned long n)
{
    unsigned long words = n * (PAGE_SIZE / 8);
    __asm__ volatile("rep stosq" : "+D"(va), "+c"(words) : "a"(0ul) : "memory");
}
static inline void clear_page(void *va)
{
    clear_pages(va, 1);
}

/* The hypervisor's own root table (boot/head.S); slots 256-271 are what every
 * PV guest's root gets, except PML4_SLOT_PERDOMAIN. */
extern pte_t idle_pgt[PT_ENTRIES];
static inline bool is_hypervisor_slot(unsigned int slot)
{
    return slot >= PML4_SLOT_HYPERVISOR_FIRST && slot <= PML4_SLOT_HYPERVISOR_LAST;
}

/* Page-fault error code bits, SDM "Page-Fault Exceptions". */
#define PFEC_P    0x01u
#define PFEC_W    0x02u
#define PFEC_U    0x04u
#define PFEC_RSVD 0x08u
#define PFEC_I    0x10u
#define PFEC_PK   0x20u

#endif
