/* SPDX-License-Identifier: MIT */
/*
 * fake_plat.c - see fake_plat.h.  Owns the one fake host.
 */
#define _GNU_SOURCE
#include "fake_plat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>

#include "plat.h"

struct fake fake;

static int memory_fd = -1;
static char *memory; /* all of it, for the tests */
static uint16_t owner[FAKE_FRAMES];
static uint32_t next_frame;

void fake_reset(unsigned int free_mb)
{
    for (unsigned int i = 0; i < FAKE_DOMAINS; i++) {
        free(fake.domains[i].p2m);
        free(fake.domains[i].vcpu0);
    }
    memset(&fake, 0, sizeof(fake));
    memset(owner, 0, sizeof(owner));
    next_frame = 1;
    fake.next_domid = 1;
    fake.free_pages = (uint64_t)free_mb << 8;
    fake.fail_with = -XEN_ENOMEM;
    fake.capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap;
    fake.ring = "";
    fake.typed = "";
    if (memory_fd < 0) {
        memory_fd = memfd_create("fake", 0);
        memory = MAP_FAILED;
        if (memory_fd >= 0 && ftruncate(memory_fd, FAKE_FRAMES * 4096ul) == 0)
            memory =
                mmap(NULL, FAKE_FRAMES * 4096ul, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
        if (memory == MAP_FAILED)
            abort();
    }
}

struct fake_domain *fake_find(domid_t domid)
{
    for (unsigned int i = 0; i < FAKE_DOMAINS; i++) {
        if (fake.domains[i].used && fake.domains[i].domid == domid)
            return &fake.domains[i];
    }
    return NULL;
}

void *fake_page(uint64_t mfn)
{
    return memory + mfn * 4096;
}

void *fake_guest(domid_t domid, uint64_t pfn)
{
    struct fake_domain *d = fake_find(domid);

    return d && pfn < FAKE_PFNS && d->p2m[pfn] ? fake_page(d->p2m[pfn] - 1) : NULL;
}

/* True when this call shall fail. */
static bool injected(void)
{
    return ++fake.calls == fake.fail_at;
}

static void destroy(struct fake_domain *d)
{
    for (uint32_t i = 0; i < FAKE_FRAMES; i++) {
        if (owner[i] == d->domid)
            owner[i] = 0;
    }
    fake.free_pages += d->pages;
    free(d->p2m);
    free(d->vcpu0);
    memset(d, 0, sizeof(*d));
}

static void fill_info(const struct fake_domain *d, struct xen_domctl_getdomaininfo *info)
{
    memset(info, 0, sizeof(*info));
    info->domain = d->domid;
    info->tot_pages = d->pages;
    info->nr_online_vcpus = 1;
    info->max_vcpu_id = d->max_vcpus - 1;
    info->flags = (d->hvm ? XEN_DOMINF_hvm_guest : 0) | (d->paused ? XEN_DOMINF_paused : 0) |
                  (d->down ? XEN_DOMINF_shutdown | d->reason << XEN_DOMINF_shutdownshift : 0);
}

static int createdomain(struct xen_domctl *op)
{
    unsigned int slot = 0;

    while (slot < FAKE_DOMAINS && fake.domains[slot].used)
        slot++;
    if (slot == FAKE_DOMAINS || op->u.createdomain.max_vcpus == 0)
        return -XEN_EINVAL;
    struct fake_domain *d = &fake.domains[slot];
    d->used = d->paused = true;
    d->domid = fake.next_domid++;
    d->flags = op->u.createdomain.flags;
    d->emulation_flags = op->u.createdomain.arch.emulation_flags;
    d->hvm = d->flags & XEN_DOMCTL_CDF_hvm;
    d->next_port = 1;
    d->p2m = calloc(FAKE_PFNS, sizeof(*d->p2m));
    op->domain = d->domid;
    return 0;
}

/* clang-format off */
static int domctl_on(struct fake_domain *d, struct xen_domctl *op)
{
    switch (op->cmd) {
    case XEN_DOMCTL_destroydomain: destroy(d); return 0;
    case XEN_DOMCTL_pausedomain: d->paused = true; return 0;
    case XEN_DOMCTL_unpausedomain: d->paused = false; return 0;
    case XEN_DOMCTL_max_vcpus: d->max_vcpus = op->u.max_vcpus.max; return 0;
    case XEN_DOMCTL_max_mem: d->max_kib = op->u.max_mem.max_memkb; return 0;
    case XEN_DOMCTL_settscinfo: return op->u.tsc_info.gtsc_khz ? -XEN_EOPNOTSUPP : 0;
    case XEN_DOMCTL_shadow_op: d->paging_mb = op->u.shadow_op.mb; return 0;
    case XEN_DOMCTL_set_address_size: return op->u.address_size.size == 64 ? 0 : -XEN_EINVAL;
    case XEN_DOMCTL_hypercall_init: d->hypercall_page = op->u.hypercall_init.gmfn; return 0;
    case XEN_DOMCTL_sethvmcontext:
        d->hvm_context_size = op->u.hvmcontext.size;
        memcpy(d->hvm_context, op->u.hvmcontext.buffer.p, d->hvm_context_size);
        return 0;
    case XEN_DOMCTL_gethvmcontext:
        if (op->u.hvmcontext.buffer.p)
            memcpy(op->u.hvmcontext.buffer.p, d->hvm_context, d->hvm_context_size);
        op->u.hvmcontext.size = d->hvm_context_size;
        return 0;
    case XEN_DOMCTL_setvcpucontext:
        free(d->vcpu0);
        d->vcpu0 = malloc(sizeof(*d->vcpu0));
        memcpy(d->vcpu0, op->u.vcpucontext.ctxt.p, sizeof(*d->vcpu0));
        return 0;
    case XEN_DOMCTL_getvcpuinfo: return 0;
    default: return -XEN_ENOSYS;
    }
}
/* clang-format on */

static int do_domctl(struct xen_domctl *op)
{
    struct fake_domain *d = fake_find(op->domain);

    if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -XEN_EACCES;
    if (op->cmd == XEN_DOMCTL_createdomain)
        return createdomain(op);
    if (op->cmd == XEN_DOMCTL_getdomaininfo && !d) {
        /* As the ABI says: the next domain, if there is one. */
        for (domid_t id = op->domain; id < fake.next_domid && !d; id++)
            d = fake_find(id);
    }
    if (!d)
        return -XEN_ESRCH;
    if (op->cmd == XEN_DOMCTL_getdomaininfo) {
        fill_info(d, &op->u.getdomaininfo);
        return 0;
    }
    return domctl_on(d, op);
}

static int list_domains(struct xen_sysctl_getdomaininfolist *list)
{
    list->num_domains = 0;
    for (domid_t id = list->first_domain; id < fake.next_domid; id++) {
        struct fake_domain *d = fake_find(id);

        if (d && list->num_domains < list->max_domains)
            fill_info(d, &list->buffer.p[list->num_domains++]);
    }
    return 0;
}

static int do_sysctl(struct xen_sysctl *op)
{
    if (op->interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -XEN_EACCES;
    switch (op->cmd) {
    case XEN_SYSCTL_physinfo:
        op->u.physinfo.capabilities = fake.capabilities;
        op->u.physinfo.free_pages = fake.free_pages;
        op->u.physinfo.total_pages = FAKE_FRAMES;
        return 0;
    case XEN_SYSCTL_getdomaininfolist:
        return list_domains(&op->u.getdomaininfolist);
    case XEN_SYSCTL_readconsole: {
        size_t len = strlen(fake.ring), from = op->u.readconsole.index;
        size_t nr = from < len ? len - from : 0;

        if (nr > op->u.readconsole.count)
            nr = op->u.readconsole.count;
        memcpy(op->u.readconsole.buffer.p, fake.ring + from, nr);
        op->u.readconsole.index += nr;
        op->u.readconsole.count = nr;
        return 0;
    }
    default:
        return -XEN_ENOSYS;
    }
}

static long populate(struct xen_memory_reservation *op)
{
    struct fake_domain *d = fake_find(op->domid);
    unsigned long pages = 1ul << op->extent_order;

    if (!d)
        return -XEN_ESRCH;
    for (unsigned long i = 0; i < op->nr_extents; i++) {
        xen_pfn_t pfn = op->extent_start.p[i];

        if (fake.free_pages < pages || (fake.no_large && op->extent_order) ||
            (d->pages + pages) * 4 > d->max_kib || pfn + pages > FAKE_PFNS || pfn % pages)
            return i;
        for (unsigned long p = 0; p < pages; p++) {
            while (owner[next_frame])
                next_frame = (next_frame + 1) % FAKE_FRAMES;
            owner[next_frame] = d->domid;
            d->p2m[pfn + p] = next_frame + 1;
            if (p == 0 && !d->hvm)
                op->extent_start.p[i] = next_frame;
        }
        d->pages += pages;
        fake.free_pages -= pages;
    }
    return op->nr_extents;
}

static long do_evtchn(int cmd, void *arg)
{
    struct evtchn_alloc_unbound *alloc = arg;
    struct evtchn_bind_interdomain *bind = arg;
    struct fake_domain *d;

    switch (cmd) {
    case EVTCHNOP_alloc_unbound:
        d = fake_find(alloc->dom);
        if (!d)
            return -XEN_ESRCH;
        alloc->port = d->next_port++;
        d->port_state[alloc->port] = EVTCHNSTAT_unbound;
        return 0;
    case EVTCHNOP_bind_interdomain:
        d = fake_find(bind->remote_dom);
        if (!d || bind->remote_port >= FAKE_PORTS ||
            d->port_state[bind->remote_port] != EVTCHNSTAT_unbound)
            return -XEN_EINVAL;
        d->port_state[bind->remote_port] = EVTCHNSTAT_interdomain;
        bind->local_port = 100 + bind->remote_dom;
        fake.local_ports++;
        return 0;
    case EVTCHNOP_bind_virq:
        ((struct evtchn_bind_virq *)arg)->port = 1;
        fake.local_ports++;
        return 0;
    case EVTCHNOP_close:
        fake.local_ports--;
        return 0;
    case EVTCHNOP_send:
        fake.sends++;
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

static long do_hvm_op(int cmd, struct xen_hvm_param *param)
{
    struct fake_domain *d = fake_find(param->domid);

    if (!d || !d->hvm || param->index >= 64)
        return -XEN_EINVAL;
    if (cmd == HVMOP_set_param)
        d->params[param->index] = param->value;
    else
        param->value = d->params[param->index];
    return 0;
}

long plat_hypercall(unsigned int nr, unsigned long a1, unsigned long a2, unsigned long a3,
                    unsigned long a4, unsigned long a5)
{
    if (injected())
        return fake.fail_with;
    switch (nr) {
    case __HYPERVISOR_domctl:
        return do_domctl((void *)a1);
    case __HYPERVISOR_sysctl:
        return do_sysctl((void *)a1);
    case __HYPERVISOR_memory_op:
        return a1 == XENMEM_populate_physmap ? populate((void *)a2) : 0;
    case __HYPERVISOR_event_channel_op:
        return do_evtchn(a1, (void *)a2);
    case __HYPERVISOR_hvm_op:
        return do_hvm_op(a1, (void *)a2);
    case __HYPERVISOR_xen_version:
        return a1 == XENVER_version ? 4 << 16 | 17 : 0;
    case __HYPERVISOR_mmuext_op:
        fake_find(a4)->pinned = ((struct mmuext_op *)a1)->arg1.mfn;
        return 0;
    case __HYPERVISOR_mmu_update:
        return 0;
    case __HYPERVISOR_sched_op:
        fake_guest_end(((struct sched_remote_shutdown *)a2)->domain_id,
                       ((struct sched_remote_shutdown *)a2)->reason);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

void *plat_map_foreign(uint16_t domid, const uint64_t *gfn, size_t nr, bool writable, int *err)
{
    struct fake_domain *d = fake_find(domid);

    errno = ENOMEM;
    if (injected() || !d)
        return NULL;
    char *at = mmap(NULL, nr * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < nr; i++) {
        uint64_t mfn = !d->hvm ? gfn[i] : gfn[i] < FAKE_PFNS ? d->p2m[gfn[i]] - 1ull : UINT64_MAX;

        if (mfn >= FAKE_FRAMES || owner[mfn] != domid ||
            mmap(at + i * 4096, 4096, PROT_READ | (writable ? PROT_WRITE : 0),
                 MAP_SHARED | MAP_FIXED, memory_fd, mfn * 4096) == MAP_FAILED) {
            munmap(at, nr * 4096);
            errno = EINVAL;
            return NULL;
        }
    }
    fake.mappings += nr;
    return at;
}

void plat_unmap_foreign(void *va, size_t nr)
{
    munmap(va, nr * 4096);
    fake.mappings -= nr;
}

int plat_evtchn_bind(uint32_t port, void (*fn)(uint32_t port, void *arg), void *arg)
{
    if (injected())
        return fake.fail_with;
    if (port == 1)
        fake.on_dom_exc = fn;
    fake.bound_ports++;
    return 0;
}

void plat_evtchn_unbind(uint32_t port)
{
    fake.bound_ports--;
}

void plat_wait(int timeout_ms)
{
    fake.now_ns += 1000000;
    if (!fake.on_wait) {
        fprintf(stderr, "plat_wait() with nothing that could happen\n");
        abort();
    }
    fake.on_wait();
}

void plat_wake(void) {}

void plat_yield(void) {}

int plat_thread(const char *name, void (*fn)(void *arg), void *arg)
{
    return 0;
}

size_t plat_console_read(char *buf, size_t len)
{
    size_t nr = strlen(fake.typed);

    nr = nr < len ? nr : len;
    memcpy(buf, fake.typed, nr);
    fake.typed += nr;
    return nr;
}

uint64_t plat_now_ns(void)
{
    return fake.now_ns;
}

bool fake_guest_print(domid_t domid, const char *text)
{
    struct fake_domain *d = fake_find(domid);
    struct xencons_interface *ring =
        d->hvm ? fake_guest(domid, d->params[HVM_PARAM_CONSOLE_PFN]) : NULL;

    for (; ring && *text; text++) {
        if (ring->out_prod - ring->out_cons == sizeof(ring->out))
            return false;
        ring->out[MASK_XENCONS_IDX(ring->out_prod++, ring->out)] = *text;
    }
    return ring != NULL;
}

void fake_guest_end(domid_t domid, unsigned int reason)
{
    struct fake_domain *d = fake_find(domid);

    d->down = true;
    d->reason = reason;
    if (fake.on_dom_exc)
        fake.on_dom_exc(1, NULL);
}

bool fake_is_clean(uint64_t pages)
{
    bool domains = false;

    for (unsigned int i = 0; i < FAKE_DOMAINS; i++)
        domains = domains || fake.domains[i].used;
    if (!domains && fake.free_pages == pages && !fake.mappings && !fake.local_ports &&
        !fake.bound_ports)
        return true;
    fprintf(stderr, "left: domains %d, pages %lld, mappings %u, ports %u, bound %u\n", domains,
            (long long)(pages - fake.free_pages), fake.mappings, fake.local_ports,
            fake.bound_ports);
    return false;
}
