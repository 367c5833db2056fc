/* SPDX-License-Identifier: MIT */
/*
 * libctl.h - one function for each hypercall operation the tools use.
 *
 * Owns nothing and decides nothing: every function fills in the structure of
 * the public ABI, issues the hypercall through plat_hypercall() and hands back
 * what the hypervisor said.  Unless stated otherwise a function returns 0 (or
 * a count) on success and -errno with Xen's numbers (<xen/errno.h>) on error,
 * and none of them switches threads.
 */
#ifndef TOOLS_LIBCTL_H
#define TOOLS_LIBCTL_H

#ifndef __XEN_TOOLS__
#define __XEN_TOOLS__ 1
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

/* Errors are Xen's numbers, XEN_E*: newlib's differ above 34. */
#include <xen/domctl.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>

/* An entry of a BIOS style memory map, as XENMEM_set_memory_map wants it. */
struct ctl_e820 {
    uint64_t addr;
    uint64_t size;
    uint32_t type;
} __attribute__((packed));

/* ctl_strerror - text of Xen error number @err (positive or negative). */
const char *ctl_strerror(int err);

/* domctl.c */

/* ctl_domain_create - make a paused, empty domain; its number in @domid. */
int ctl_domain_create(const struct xen_domctl_createdomain *config, domid_t *domid);
/* ctl_domain_destroy - kill a domain and give back all it owns. */
int ctl_domain_destroy(domid_t domid);
int ctl_domain_pause(domid_t domid);
int ctl_domain_unpause(domid_t domid);
/* ctl_domain_get_info - -ESRCH unless exactly @domid exists. */
int ctl_domain_get_info(domid_t domid, struct xen_domctl_getdomaininfo *info);
int ctl_domain_set_max_vcpus(domid_t domid, uint32_t max);
/* ctl_domain_set_max_mem - limit what the domain may own, in KiB. */
int ctl_domain_set_max_mem(domid_t domid, uint64_t kib);
/* ctl_domain_set_paging_mb - size of the shadow or EPT table pool, in MiB. */
int ctl_domain_set_paging_mb(domid_t domid, uint32_t mib);
/* ctl_domain_set_tsc - the TSC's mode (0 default, 2 native) and frequency, 0: the host's. */
int ctl_domain_set_tsc(domid_t domid, uint32_t mode, uint32_t khz);
/* ctl_domain_set_hvm_context - load a HVM_SAVE record stream. */
int ctl_domain_set_hvm_context(domid_t domid, const void *stream, uint32_t size);
/* ctl_domain_get_hvm_context - the same out; *@size: room, then length.  NULL: ask. */
int ctl_domain_get_hvm_context(domid_t domid, void *stream, uint32_t *size);
/* ctl_domain_set_address_size - 32 or 64 bit PV guest. */
int ctl_domain_set_address_size(domid_t domid, uint32_t bits);
/* ctl_domain_init_hypercall_page - fill a PV guest's frame with stubs. */
int ctl_domain_init_hypercall_page(domid_t domid, uint64_t mfn);
int ctl_vcpu_set_context(domid_t domid, uint32_t vcpu, const vcpu_guest_context_t *context);
int ctl_vcpu_get_info(domid_t domid, uint32_t vcpu, struct xen_domctl_getvcpuinfo *info);

/* ctl_sched_get, ctl_sched_set - credit2's weight and cap of a domain. */
int ctl_sched_get(domid_t domid, uint16_t *weight, uint16_t *cap);
int ctl_sched_set(domid_t domid, uint16_t weight, uint16_t cap);
/* ctl_vcpu_get_affinity, ctl_vcpu_set_affinity - hard affinity, bit n: CPU n. */
int ctl_vcpu_get_affinity(domid_t domid, uint32_t vcpu, uint64_t *cpus);
int ctl_vcpu_set_affinity(domid_t domid, uint32_t vcpu, uint64_t cpus);

/* sysctl.c */

int ctl_host_get_info(struct xen_sysctl_physinfo *info);
int ctl_host_get_scheduler(uint32_t *id);
/* ctl_domain_list - domains from number @first on; returns how many. */
int ctl_domain_list(domid_t first, struct xen_domctl_getdomaininfo *info, uint32_t max);
/*
 * ctl_ring_read - read the hypervisor's console ring from @index on, which is
 * advanced.  @clear forgets what was read.  Returns the number of bytes.
 */
int ctl_ring_read(char *buf, uint32_t size, bool clear, uint32_t *index);
int ctl_debug_keys(const char *keys);

/* memory.c */

/*
 * ctl_memory_populate - allocate @nr extents of 2^@order pages.
 * @frames  first guest frame of each extent; for a PV domain receives the
 *          machine frames
 * Returns the number of extents done, which may be less than @nr, or -errno.
 */
long ctl_memory_populate(domid_t domid, unsigned int order, size_t nr, xen_pfn_t *frames);
/* ctl_memory_set_map - what XENMEM_memory_map will tell the guest. */
int ctl_memory_set_map(domid_t domid, const struct ctl_e820 *map, unsigned int nr);
/* ctl_mmu_pin - validate and pin a page table of level 1 to 4. */
int ctl_mmu_pin(domid_t domid, unsigned int level, uint64_t mfn);

/* evtchn.c */

/* ctl_evtchn_alloc - a port in @domid that dom0 may bind to. */
int ctl_evtchn_alloc(domid_t domid, uint32_t *port);
/* ctl_evtchn_bind - connect a local port to @remote_port of @domid. */
int ctl_evtchn_bind(domid_t domid, uint32_t remote_port, uint32_t *port);
int ctl_evtchn_bind_virq(uint32_t virq, uint32_t *port);
int ctl_evtchn_close(uint32_t port);
int ctl_evtchn_send(uint32_t port);

/* hvm.c */

int ctl_hvm_set_param(domid_t domid, uint32_t param, uint64_t value);
int ctl_hvm_get_param(domid_t domid, uint32_t param, uint64_t *value);

/* misc.c */

/*
 * ctl_version - XENVER_@cmd into @arg (NULL where the ABI has none).
 * Returns what the hypervisor returned, which may be a value.
 */
long ctl_version(int cmd, void *arg);
/* ctl_domain_shutdown - declare another domain shut down for @reason. */
int ctl_domain_shutdown(domid_t domid, unsigned int reason);

#endif
