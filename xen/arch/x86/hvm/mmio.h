/* SPDX-License-Identifier: MIT */
/*
 * mmio.h - guest-physical memory that is not RAM: devices of the hypervisor's,
 * and elsewhere a bus on which nothing answers: ones are read, writes dropped.
 */
#ifndef X86_HVM_MMIO_H
#define X86_HVM_MMIO_H

#include <asm/addr.h>
#include <cairn/types.h>

struct vcpu;

/*
 * A device's two hooks.  @size is 1, 2, 4 or 8 and @addr a multiple of it; an
 * access that is not arrives in pieces, low addresses first.  False: this
 * guest has no such device there.
 */
struct mmio_handler {
    bool (*read)(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t *value);
    bool (*write)(struct vcpu *v, uint64_t addr, unsigned int size, uint64_t value);
};

/* mmio_register - at boot: @handler answers for [@start, @start + @len) in
 * every guest.  -ENOSPC; -EEXIST if it overlaps another. */
int mmio_register(uint64_t start, uint64_t len, const struct mmio_handler *handler);

void mmio_read(struct vcpu *v, gaddr_t addr, void *buf, size_t len);
void mmio_write(struct vcpu *v, gaddr_t addr, const void *buf, size_t len);

#endif
