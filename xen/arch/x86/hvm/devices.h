/* SPDX-License-Identifier: MIT */
/*
 * devices.h - the devices that the hypervisor gives an HVM guest, by the
 * emulation_flags of its domain: where they are, and the wires between them.
 * The registers of each are pure (vpic.c, vioapic.c, vpit.c, vhpet.c, vrtc.c).
 */
#ifndef X86_HVM_DEVICES_H
#define X86_HVM_DEVICES_H

#include <asm/addr.h>
#include <cairn/types.h>

struct domain;
struct device_state;
struct vcpu;

int hvm_devices_create(struct domain *d); /* -ENOMEM */
void hvm_devices_stop(struct domain *d);  /* no timer fires any more */

/* All registers, of a domain that is paused; *@to stays as it is if there are
 * none.  Set as the domain has them, they go on from there: timers run. */
void hvm_devices_get(const struct domain *d, struct device_state *to);
void hvm_devices_set(struct domain *d, const struct device_state *from);

/* @size 1, 2 or 4 bytes.  Where no device is, ones are read and writes dropped. */
uint32_t hvm_port_in(struct vcpu *v, unsigned int port, unsigned int size);
void hvm_port_out(struct vcpu *v, unsigned int port, unsigned int size, uint32_t value);

/* Guest-physical memory that is not RAM.  Where no device is, the same. */
void mmio_access(struct vcpu *v, gaddr_t addr, void *buf, size_t len, bool write);

/* The PIC's output, and the processor's acknowledge: a vector. */
bool vpic_output(const struct domain *d);
int vpic_acknowledge(struct domain *d);

#endif
