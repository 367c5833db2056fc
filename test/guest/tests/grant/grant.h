/* SPDX-License-Identifier: MIT */
/* Between the parts of the grant test. */
#ifndef TEST_GRANT_H
#define TEST_GRANT_H

#include <guest/test.h>

#include <xen/grant_table.h>

/* Our own table, two frames of it, and our domain id. */
#define TABLE_FRAMES 2
extern grant_entry_v1_t table[TABLE_FRAMES * 512];
extern domid_t self;

#define READ_WRITE 0
#define READ_ONLY  GTF_readonly

static inline ulong frame_of(const volatile void *page)
{
    return (ulong)page >> 12;
}

static inline long grant_op(unsigned int cmd, void *op, unsigned int count)
{
    return hypercall(__HYPERVISOR_grant_table_op, cmd, (ulong)op, count, 0, 0);
}

/* Entry @ref: @page for @domid. */
void grant_page(unsigned int ref, const volatile void *page, domid_t domid, uint16_t flags);
/* Map entry @ref of our own at @gfn; the status.  *@handle if it succeeds. */
int16_t map_own(unsigned int ref, uint64_t gfn, uint32_t flags, grant_handle_t *handle);
int16_t unmap_own(grant_handle_t handle, uint64_t gfn);

void test_tables(void);
void test_mapping(void);
void test_mapping_errors(void);
void test_copying(void);

#endif
