/* SPDX-License-Identifier: MIT */
/*
 * guest_access.c - copies to and from HVM guests: through the guest's tables
 * by linear address, or by guest-physical address.
 *
 * Each access holds the p2m's lock, so that the frame stays the guest's.
 */
#include "guest_access.h"

#include <asm/cpu_policy.h>
#include <asm/current.h>
#include <asm/hvm.h>
#include <asm/p2m.h>
#include <asm/paging.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>
#include <cairn/mm.h>
#include <cairn/perfc.h>

#include "cr.h"

static DEFINE_PER_CPU(void *, xlat_window);

void guest_access_set_window(void *buf)
{
    this_cpu(xlat_window) = buf;
}

static bool walk_read(void *ctx, gaddr_t addr, void *buf, size_t len)
{
    const char *page = p2m_map(ctx, gaddr_to_gfn(addr), false);
    if (!page)
        return false;
    const char *at = page + PAGE_OFFSET(gaddr_x(addr));
    if (len == 8)
        *(uint64_t *)buf = *(const volatile uint64_t *)at;
    else
        *(uint32_t *)buf = *(const volatile uint32_t *)at;
    p2m_unmap(ctx);
    return true;
}

static bool walk_update(void *ctx, gaddr_t addr, uint64_t old, uint64_t new, size_t len)
{
    char *page = p2m_map(ctx, gaddr_to_gfn(addr), true);
    if (!page)
        return true; /* a read-only table keeps its bits */
    char *at = page + PAGE_OFFSET(gaddr_x(addr));
    bool done = len == 8
                    ? __sync_bool_compare_and_swap((uint64_t *)at, old, new)
                    : __sync_bool_compare_and_swap((uint32_t *)at, (uint32_t)old, (uint32_t) new);
    p2m_unmap(ctx);
    return done;
}

static unsigned int access_of(enum copy_kind kind)
{
    switch (kind) {
    case COPY_FROM_GUEST:
        return WALK_AC;
    case COPY_TO_GUEST:
        return WALK_WRITE | WALK_AC;
    default:
        break;
    }
    unsigned int access = hvm_get_cpl() == 3 ? WALK_USER : 0;
    if (kind == FETCH_FROM_GUEST)
        return access | WALK_FETCH;
    if (kind == COPY_TO_GUEST_AS_CPL)
        access |= WALK_WRITE;
    if (hvm_get_rflags() & X86_EFLAGS_AC)
        access |= WALK_AC;
    return access;
}

/* Inlined below: every hypercall reads its argument by these. */
always_inline void guest_paging(struct vcpu *v, struct guest_paging *p)
{
    const struct cpu_policy *policy = &v->domain->arch.policy;

    paging_role(&v->arch.hvm.ctrl, policy->basic[1].d & (1u << 17), policy->ext[1].d & (1u << 26),
                policy->maxphysaddr, &p->role);
    if (p->role.levels == 3)
        hvm_get_pdptes(v, p->pdpte);
}

always_inline bool guest_translate(struct vcpu *v, const struct guest_paging *p, gva_t va,
                                   unsigned int access, struct walk_result *res)
{
    const struct walk_memory mem = {walk_read, walk_update, v->domain};

    perfc_incr(guest_walks);
    return guest_walk(&p->role, v->arch.hvm.ctrl.cr3, p->pdpte, va, access, &mem, res);
}

/* Within one frame. */
static always_inline int copy_frame(struct domain *d, gaddr_t addr, void *buf, size_t len,
                                    bool write)
{
    char *page = p2m_map(d, gaddr_to_gfn(addr), write);

    if (!page)
        return -EFAULT;
    page += PAGE_OFFSET(gaddr_x(addr));
    memcpy(write ? page : buf, write ? buf : page, len);
    p2m_unmap(d);
    if (write)
        d->arch.paging->frame_written(d, gaddr_to_gfn(addr));
    return 0;
}

int guest_copy_linear(struct vcpu *v, gva_t va, void *buf, size_t len, enum copy_kind kind,
                      gva_t *fault, uint32_t *ec)
{
    unsigned int access = access_of(kind);
    struct guest_paging paging;

    hvm_sync_ctrl(v);
    guest_paging(v, &paging);
    while (len) {
        struct walk_result res;
        size_t n = min(len, (size_t)(PAGE_SIZE - PAGE_OFFSET(va)));

        if (!guest_translate(v, &paging, va, access, &res) ||
            copy_frame(v->domain, res.addr, buf, n, access & WALK_WRITE)) {
            *fault = va;
            *ec = res.ec;
            return -EFAULT;
        }
        va += n;
        buf = (char *)buf + n;
        len -= n;
    }
    return 0;
}

/* True if the copy was one within the window of compat.c. */
static bool copy_window(gva_t va, void *buf, size_t len, bool to_guest)
{
    char *window = this_cpu(xlat_window);

    if (!window || va < COMPAT_XLAT_BASE || va - COMPAT_XLAT_BASE > COMPAT_XLAT_SIZE ||
        len > COMPAT_XLAT_SIZE - (va - COMPAT_XLAT_BASE))
        return false;
    char *at = window + (va - COMPAT_XLAT_BASE);
    memcpy(to_guest ? at : buf, to_guest ? buf : at, len);
    return true;
}

static always_inline int copy_linear(gva_t va, void *buf, size_t len, bool write)
{
    gva_t fault;
    uint32_t ec;

    if (unlikely(this_cpu(xlat_window)) && copy_window(va, buf, len, write))
        return 0;
    return guest_copy_linear(current, va, buf, len, write ? COPY_TO_GUEST : COPY_FROM_GUEST, &fault,
                             &ec);
}

int hvm_copy_from_guest_linear(void *dst, gva_t va, size_t len)
{
    return copy_linear(va, dst, len, false);
}

int hvm_copy_to_guest_linear(gva_t va, const void *src, size_t len)
{
    return copy_linear(va, (void *)src, len, true);
}

static int copy_phys(struct domain *d, gaddr_t addr, void *buf, size_t len, bool write)
{
    while (len) {
        size_t n = min(len, (size_t)(PAGE_SIZE - PAGE_OFFSET(gaddr_x(addr))));

        if (copy_frame(d, addr, buf, n, write))
            return -EFAULT;
        addr = _gaddr(gaddr_x(addr) + n);
        buf = (char *)buf + n;
        len -= n;
    }
    return 0;
}

int hvm_copy_from_guest_phys(struct domain *d, void *dst, gaddr_t addr, size_t len)
{
    return copy_phys(d, addr, dst, len, false);
}

int hvm_copy_to_guest_phys(struct domain *d, gaddr_t addr, const void *src, size_t len)
{
    return copy_phys(d, addr, (void *)src, len, true);
}

#define CMPXCHG_AS(type, at, old, new) \
    __sync_bool_compare_and_swap((type *)(at), *(const type *)(old), *(const type *)(new))

static bool cmpxchg_16(void *at, const uint64_t old[2], const uint64_t new[2])
{
    uint64_t low = old[0], high = old[1];
    bool done;
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*(char(*)[16])at), "+a"(low), "+d"(high)
                     : "b"(new[0]), "c"(new[1])
                     : "memory");
    return done;
}

int guest_cmpxchg_phys(struct domain *d, gaddr_t addr, const void *old, const void *new, size_t len)
{
    char *at = p2m_map(d, gaddr_to_gfn(addr), true);
    bool done = false;
    int rc = 0;

    if (!at)
        return -EFAULT;
    at += PAGE_OFFSET(gaddr_x(addr));
    switch (len) {
    case 1:
        done = CMPXCHG_AS(uint8_t, at, old, new);
        break;
    case 2:
        done = CMPXCHG_AS(uint16_t, at, old, new);
        break;
    case 4:
        done = CMPXCHG_AS(uint32_t, at, old, new);
        break;
    case 8:
        done = CMPXCHG_AS(uint64_t, at, old, new);
        break;
    case 16:
        if ((unsigned long)at & 15)
            rc = -EINVAL;
        else
            done = cmpxchg_16(at, old, new);
        break;
    default:
        rc = -EINVAL;
    }
    p2m_unmap(d);
    if (done)
        d->arch.paging->frame_written(d, gaddr_to_gfn(addr));
    return rc ? rc : done ? 0 : -EAGAIN;
}
