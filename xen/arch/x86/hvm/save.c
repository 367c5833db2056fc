/* SPDX-License-Identifier: MIT */
/*
 * save.c - XEN_DOMCTL_sethvmcontext and gethvmcontext: the record stream.
 *
 * HEADER, then records of the kinds below, then END.  Loading checks all of
 * it before any vCPU changes, then loads kind by kind, whatever their order.
 */
#include "save.h"

#include <asm/paging.h>
#include <asm/processor.h>
#include <cairn/domain.h>
#include <cairn/errno.h>
#include <cairn/lib.h>
#include <cairn/time.h>

#include "cr.h"
#include "device_records.h"
#include "devices.h"
#include "irq.h"

/* ---- two small kinds ---- */

static const char *mtrr_bad(const struct vcpu *v, const void *record)
{
    const struct hvm_hw_mtrr *m = record;

    if (!msr_pat_valid(m->msr_pat_cr))
        return "PAT";
    return msr_mtrr_def_type_valid(m->msr_mtrr_def_type) ? NULL : "MTRR";
}

static void mtrr_load(struct vcpu *v, const void *record, uint64_t tsc)
{
    const struct hvm_hw_mtrr *m = record;

    hvm_set_pat(v, m->msr_pat_cr);
    v->arch.hvm.msr_mtrr_def_type = m->msr_mtrr_def_type;
}

static void mtrr_save(struct vcpu *v, void *record, uint64_t tsc)
{
    struct hvm_hw_mtrr *m = record;

    m->msr_pat_cr = v->arch.hvm.msr_pat;
    m->msr_mtrr_def_type = v->arch.hvm.msr_mtrr_def_type;
}

static const char *own_bad(const struct vcpu *v, const void *record)
{
    const struct hvm_own *own = record;

    if ((own->flags & ~HVM_OWN_ALL) || (own->upcall_vector && own->upcall_vector < 16) ||
        own->upcall_vector > 255)
        return "Cairn's own flags";
    if ((own->flags & HVM_OWN_PAE) &&
        !x86_pdptes_valid(own->pdpte, v->domain->arch.policy.maxphysaddr))
        return "PDPTEs";
    return NULL;
}

static void own_load(struct vcpu *v, const void *record, uint64_t tsc)
{
    const struct hvm_own *own = record;
    struct hvm_vcpu *hvm = &v->arch.hvm;

    /* They are registers: memory may say otherwise by now. */
    if ((own->flags & HVM_OWN_PAE) && x86_pae_paging(&hvm->ctrl))
        hvm_set_pdptes(v, own->pdpte);
    hvm->upcall_vector = own->upcall_vector;
    hvm->cpuid_faulting = own->flags & HVM_OWN_FAULTING;
    hvm->in_hlt = own->flags & HVM_OWN_HLT;
    hvm->halted = own->flags & HVM_OWN_HALTED;
    if (hvm->in_hlt)
        __atomic_or_fetch(&v->pause_flags, VPF_blocked, __ATOMIC_SEQ_CST);
    if (own->flags & (HVM_OWN_HALTED | HVM_OWN_DOWN))
        __atomic_or_fetch(&v->pause_flags, VPF_down, __ATOMIC_SEQ_CST);
    if (own->flags & HVM_OWN_NMI)
        hvm_post(v, HVM_POSTED_NMI);
    hvm_set_blocking(v, own->flags >> HVM_OWN_BLOCKING);
    hvm_post(v, HVM_POSTED_INTR); /* and wakes from HLT if one waits already */
}

static void own_save(struct vcpu *v, void *record, uint64_t tsc)
{
    struct hvm_vcpu *hvm = &v->arch.hvm;
    struct hvm_own *own = record;

    hvm_sync_ctrl(v);
    if (x86_pae_paging(&hvm->ctrl)) {
        own->flags |= HVM_OWN_PAE;
        hvm_get_pdptes(v, own->pdpte);
    }
    own->flags |= hvm_get_blocking(v) << HVM_OWN_BLOCKING;
    own->upcall_vector = hvm->upcall_vector;
    if (hvm->cpuid_faulting)
        own->flags |= HVM_OWN_FAULTING;
    if (hvm->in_hlt && (v->pause_flags & VPF_blocked))
        own->flags |= HVM_OWN_HLT;
    if (v->pause_flags & VPF_down)
        own->flags |= hvm->halted ? HVM_OWN_HALTED : HVM_OWN_DOWN;
    if (hvm->posted & HVM_POSTED_NMI)
        own->flags |= HVM_OWN_NMI;
}

static const struct hvm_record mtrr_record = {HVM_SAVE_CODE(MTRR), sizeof(struct hvm_hw_mtrr),
                                              mtrr_bad, mtrr_load, mtrr_save};
static const struct hvm_record own_record = {HVM_SAVE_OWN, sizeof(struct hvm_own), own_bad,
                                             own_load, own_save};

/* In the order of loading: registers before what depends on the mode. */
static const struct hvm_record *const kinds[] = {
    &hvm_cpu_record, &hvm_lapic_record, &hvm_lapic_regs_record, &mtrr_record, &own_record,
};

/* ---- the stream ---- */

union record {
    struct hvm_hw_cpu cpu;
    struct hvm_hw_lapic_regs lapic;
    uint64_t aligned;
};

/* One pass over the stream: all records of kind @only are loaded, or, without
 * one, all are checked and what is not a vCPU's is noted here. */
struct pass {
    const struct hvm_record *only;
    uint64_t tsc;
    s_time_t now;
    uint32_t tsc_khz;
    struct device_state devices;
};

static int header_check(struct pass *pass, const void *payload, uint32_t length)
{
    struct hvm_save_header h;

    if (length != sizeof(h))
        return -EINVAL;
    memcpy(&h, payload, sizeof(h));
    pass->tsc_khz = h.gtsc_khz;
    return h.magic == HVM_FILE_MAGIC && h.version == HVM_FILE_VERSION ? 0 : -EINVAL;
}

/* The kind of a record; NULL for one of a device. */
static const struct hvm_record *kind_of(uint16_t type)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i]->type == type)
            return kinds[i];
    return NULL;
}

static int refuse(const struct domain *d, const char *what)
{
    printk(XENLOG_INFO "d%d: HVM context refused: %s\n", d->domain_id, what);
    return -EINVAL;
}

/* Check one record, copied to @r for its alignment. */
static int record_check(const struct domain *d, const struct hvm_save_descriptor *desc,
                        const struct hvm_record *kind, const union record *r)
{
    const struct vcpu *v = domain_vcpu(d, desc->instance);

    if (!v)
        return -EINVAL;
    const char *bad = kind->bad(v, r);
    return bad ? refuse(d, bad) : 0;
}

static int take_record(struct domain *d, const struct hvm_save_descriptor *desc,
                       const void *payload, struct pass *pass)
{
    const struct hvm_record *kind = kind_of(desc->typecode);
    union record r;

    if (!kind && !pass->only) {
        const char *bad = device_record_load(&pass->devices, desc, payload, pass->now);
        return bad ? refuse(d, bad) : 0;
    }
    if (!kind || (pass->only && kind != pass->only))
        return 0;
    if (desc->length != kind->length)
        return -EINVAL;
    memcpy(&r, payload, desc->length);
    if (!pass->only)
        return record_check(d, desc, kind, &r);
    kind->load(domain_vcpu(d, desc->instance), &r, pass->tsc);
    return 0;
}

static int walk_records(struct domain *d, const char *buf, size_t len, struct pass *pass)
{
    bool header = false;
    for (size_t at = 0;;) {
        struct hvm_save_descriptor desc;

        if (len - at < sizeof(desc))
            return -ENODATA;
        memcpy(&desc, buf + at, sizeof(desc));
        at += sizeof(desc);
        if (desc.length > len - at)
            return -ENODATA;
        const char *payload = buf + at;
        at += desc.length;
        if (desc.typecode == HVM_SAVE_CODE(END))
            return header && desc.length == 0 ? 0 : -EINVAL;
        if (desc.typecode == HVM_SAVE_CODE(HEADER)) {
            if (header || header_check(pass, payload, desc.length))
                return -EINVAL;
            header = true;
            continue;
        }
        int rc = header ? take_record(d, &desc, payload, pass) : -EINVAL;
        if (rc)
            return rc;
    }
}

int hvm_load(struct domain *d, const void *buf, size_t len)
{
    struct pass pass = {.tsc = rdtsc(), .now = NOW()};

    hvm_devices_get(d, &pass.devices);
    int rc = walk_records(d, buf, len, &pass);
    if (!rc && pass.tsc_khz) {
        rc = guest_tsc_configure(d, d->arch.tsc_mode, pass.tsc_khz);
        if (rc)
            printk(XENLOG_INFO "d%d: HVM context refused: a TSC of %u kHz, here it is %u\n",
                   d->domain_id, pass.tsc_khz, cpu_khz);
    }
    for (size_t i = 0; !rc && i < ARRAY_SIZE(kinds); i++) {
        pass.only = kinds[i];
        rc = walk_records(d, buf, len, &pass);
    }
    if (!rc)
        hvm_devices_set(d, &pass.devices);
    return rc;
}

struct stream {
    char *buf; /* NULL: only count */
    size_t used, size;
};

static void put_record(struct stream *out, uint16_t type, uint16_t instance, const void *record,
                       uint32_t length)
{
    const struct hvm_save_descriptor desc = {type, instance, length};
    size_t at = out->used;

    out->used += sizeof(desc) + length;
    if (!out->buf || out->used > out->size)
        return;
    memcpy(out->buf + at, &desc, sizeof(desc));
    memcpy(out->buf + at + sizeof(desc), record, length);
}

static void put_devices(struct stream *out, const struct domain *d)
{
    struct device_state s = {0};
    s_time_t now = NOW();

    hvm_devices_get(d, &s);
    for (size_t i = 0; i < NR_DEVICE_RECORDS; i++) {
        const struct device_record *kind = &device_records[i];

        for (unsigned int n = 0; (s.flags & kind->flags) && n < kind->instances; n++) {
            union device_payload r;

            memset(&r, 0, sizeof(r));
            kind->save(&s, n, &r, now);
            put_record(out, kind->type, n, &r, kind->length);
        }
    }
}

int hvm_save(struct domain *d, void *buf, size_t *len)
{
    struct stream out = {.buf = buf, .size = *len};
    const struct hvm_save_header header = {
        .magic = HVM_FILE_MAGIC,
        .version = HVM_FILE_VERSION,
        .changeset = ~0ull,
        .cpuid = d->arch.policy.basic[1].a,
        .gtsc_khz = d->arch.tsc_khz,
    };
    uint64_t tsc = rdtsc();

    put_record(&out, HVM_SAVE_CODE(HEADER), 0, &header, sizeof(header));
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        for_each_vcpu(d, v) {
            union record r;

            if (!v->is_initialised)
                continue;
            memset(&r, 0, sizeof(r));
            kinds[k]->save(v, &r, tsc);
            put_record(&out, kinds[k]->type, v->vcpu_id, &r, kinds[k]->length);
        }
    }
    put_devices(&out, d);
    put_record(&out, HVM_SAVE_CODE(END), 0, NULL, 0);
    *len = out.used;
    return buf && out.used > out.size ? -ENOSPC : 0;
}
