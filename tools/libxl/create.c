/* SPDX-License-Identifier: MIT */
/*
 * create.c - the stages of making a domain.
 *
 * Owns the table of stages: each does one thing, and undoes it if a later one
 * fails.  Everything that can be found out without touching the hypervisor's
 * state is found out by the first stages.
 */
#include "libxl/create.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libxl/host.h"
#include "libxl/log.h"
#include "libxl/save.h"
#include "libxl/xsnodes.h"
#include "plat.h"

/* What the hypervisor may need beyond the guest's own pages, in KiB. */
#define SLACK_KIB 1024u

int creation_fail(struct creation *c, int rc, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(c->why, sizeof(c->why), format, args);
    va_end(args);
    if (rc && len >= 0 && (size_t)len < sizeof(c->why))
        snprintf(c->why + len, sizeof(c->why) - len, ": %s", ctl_strerror(rc));
    return -1;
}

static bool is_pv(const struct creation *c)
{
    return c->config->type == DOMAIN_PV;
}

static const struct builder *builder_of(const struct creation *c)
{
    return c->saved ? &saved_builder : is_pv(c) ? &pv_builder : &hvm_builder;
}

static int stage_check(struct creation *c)
{
    const struct domain_config *config = c->config;

    if (domain_find_name(config->name) || strcmp(config->name, "Domain-0") == 0)
        return creation_fail(c, 0, "a domain of this name exists already");
    int rc = ctl_host_get_info(&c->host);
    if (rc < 0)
        return creation_fail(c, rc, "cannot ask the hypervisor about the host");
    if (!is_pv(c) && !(c->host.capabilities & XEN_SYSCTL_PHYSCAP_hvm)) {
        char reason[120];

        host_hvm_reason(reason, sizeof(reason));
        return creation_fail(c, 0, "this host has no HVM: %s", reason);
    }
    uint32_t paging = XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_shadow;
    if (!is_pv(c) && !(c->host.capabilities & paging))
        return creation_fail(c, 0, "this host has neither EPT nor shadow paging for HVM");
    if (config->hap == 1 && !(c->host.capabilities & XEN_SYSCTL_PHYSCAP_hap))
        return creation_fail(c, 0, "hap=1, but this host has no hardware assisted paging");
    if (config->hap == 0 && !(c->host.capabilities & XEN_SYSCTL_PHYSCAP_shadow) && !is_pv(c))
        return creation_fail(c, 0, "hap=0, but the hypervisor has no shadow paging");
    return 0;
}

static int stage_image(struct creation *c)
{
    const struct domain_config *config = c->config;
    char why[120];

    if (c->saved)
        return builder_of(c)->plan(c);
    c->file = host_read_file(config->kernel, &c->file_len, c->why, sizeof(c->why));
    if (!c->file)
        return -1;
    if (elf_parse(c->file, c->file_len, &c->image, why, sizeof(why)) < 0)
        return creation_fail(c, 0, "'%s': %s", config->kernel, why);
    if (config->ramdisk) {
        c->ramdisk = host_read_file(config->ramdisk, &c->ramdisk_len, c->why, sizeof(c->why));
        if (!c->ramdisk)
            return -1;
    }
    return builder_of(c)->plan(c);
}

static void undo_image(struct creation *c)
{
    free(c->file);
    free(c->ramdisk);
    free(c->p2m);
    free(c->private);
}

static int stage_free_memory(struct creation *c)
{
    uint64_t need = c->plan.nr_pages * 4 + SLACK_KIB;
    uint64_t have = c->host.free_pages * 4;

    if (!is_pv(c))
        need += c->config->shadow_mb * 1024;
    if (need > have)
        return creation_fail(c, 0, "needs %llu MiB of memory, %llu MiB are free",
                             (unsigned long long)(need + 1023) / 1024,
                             (unsigned long long)have / 1024);
    return 0;
}

static int stage_name(struct creation *c)
{
    c->entry = domain_add(c->config);
    return c->entry ? 0 : creation_fail(c, 0, "not enough memory in dom0");
}

static void undo_name(struct creation *c)
{
    domain_remove(c->entry);
}

/* A version 4, variant 1 uuid from the clock: unique here, nothing more. */
static void make_uuid(uint8_t *uuid)
{
    static uint64_t count;
    uint64_t state = plat_now_ns() + ++count * 0x9e3779b97f4a7c15ull;

    for (unsigned int i = 0; i < 16; i++) {
        state ^= state >> 30;
        state *= 0xbf58476d1ce4e5b9ull;
        state ^= state >> 27;
        uuid[i] = state >> 24;
    }
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

static void fill_createdomain(struct creation *c, struct xen_domctl_createdomain *create)
{
    const struct domain_config *config = c->config;
    bool v2 = c->host.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2;
    bool hap = config->hap == CONFIG_AUTO ? c->host.capabilities & XEN_SYSCTL_PHYSCAP_hap
                                          : config->hap != 0;
    static const uint8_t no_uuid[16];

    memset(create, 0, sizeof(*create));
    if (memcmp(c->entry->config.uuid, no_uuid, sizeof(no_uuid)) == 0)
        make_uuid(c->entry->config.uuid);
    memcpy(create->handle, c->entry->config.uuid, sizeof(create->handle));
    if (!is_pv(c)) {
        create->flags = XEN_DOMCTL_CDF_hvm;
        create->flags |= hap ? XEN_DOMCTL_CDF_hap : 0;
        create->flags |= config->oos ? 0 : XEN_DOMCTL_CDF_oos_off;
    }
    if (config->type == DOMAIN_HVM)
        create->arch.emulation_flags = XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI;
    else if (config->type == DOMAIN_PVH)
        create->arch.emulation_flags = XEN_X86_EMU_LAPIC;
    create->max_vcpus = config->maxvcpus;
    create->max_evtchn_port = config->max_event_channels;
    /* CONFIG_AUTO becomes -1, which asks for the hypervisor's default. */
    create->max_grant_frames = (int32_t)config->max_grant_frames;
    create->max_maptrack_frames = (int32_t)config->max_maptrack_frames;
    create->grant_opts = XEN_DOMCTL_GRANT_version(
        config->max_grant_version == CONFIG_AUTO ? (v2 ? 2 : 1) : config->max_grant_version);
}

static int stage_domain(struct creation *c)
{
    struct xen_domctl_createdomain create;

    fill_createdomain(c, &create);
    int rc = ctl_domain_create(&create, &c->domid);
    if (rc < 0)
        return creation_fail(c, rc, "the hypervisor refused the domain%s",
                             c->config->maxvcpus > 1 ? " (try fewer vcpus)" : "");
    c->memory.domid = c->domid;
    return 0;
}

static void undo_domain(struct creation *c)
{
    int rc = ctl_domain_destroy(c->domid);

    if (rc < 0)
        log_error("%s: cannot undo the creation of domain %u: %s", c->config->name, c->domid,
                  ctl_strerror(rc));
}

static int stage_limits(struct creation *c)
{
    const struct domain_config *config = c->config;

    int rc = ctl_domain_set_max_vcpus(c->domid, config->maxvcpus);
    if (rc < 0)
        return creation_fail(c, rc, "cannot make %u vCPUs", (unsigned int)config->maxvcpus);
    rc = ctl_domain_set_max_mem(c->domid, config->maxmem_mb * 1024 + SLACK_KIB);
    if (rc < 0)
        return creation_fail(c, rc, "cannot set the memory limit");
    if (!is_pv(c)) {
        rc = ctl_domain_set_paging_mb(c->domid, config->shadow_mb);
        if (rc < 0)
            return creation_fail(c, rc, "cannot get %u MiB for paging structures",
                                 (unsigned int)config->shadow_mb);
    }
    return 0;
}

static int stage_tsc(struct creation *c)
{
    uint32_t khz = c->config->tsc_khz == CONFIG_AUTO ? 0 : c->config->tsc_khz;
    uint32_t mode = c->config->tsc_mode == TSC_NATIVE ? 2 : 0;
    int rc = ctl_domain_set_tsc(c->domid, mode, khz);

    return rc < 0 ? creation_fail(c, rc, "its TSC cannot run at %u kHz here", khz) : 0;
}

/* What is not given stays as the hypervisor has it. */
static int stage_share(struct creation *c)
{
    const struct domain_config *config = c->config;
    bool given = config->cpu_weight != CONFIG_AUTO || config->cap != CONFIG_AUTO;
    uint16_t weight, cap;
    int rc = given ? ctl_sched_get(c->domid, &weight, &cap) : 0;

    if (rc == 0 && config->cpu_weight != CONFIG_AUTO)
        weight = config->cpu_weight;
    if (rc == 0 && config->cap != CONFIG_AUTO)
        cap = config->cap;
    if (rc == 0 && given)
        rc = ctl_sched_set(c->domid, weight, cap);
    if (rc < 0)
        return creation_fail(c, rc, "cannot set its share of the CPUs");
    for (uint32_t i = 0; i < config->maxvcpus; i++) {
        rc = config->cpus[i] ? ctl_vcpu_set_affinity(c->domid, i, config->cpus[i]) : 0;
        if (rc < 0)
            return creation_fail(c, rc, "cannot pin vCPU %u to its CPUs", i);
    }
    return 0;
}

static int stage_memory(struct creation *c)
{
    return builder_of(c)->populate(c);
}

static int stage_load(struct creation *c)
{
    return builder_of(c)->load(c);
}

static int stage_channels(struct creation *c)
{
    int rc = ctl_evtchn_alloc(c->domid, &c->store_port);
    if (rc == 0)
        rc = ctl_evtchn_alloc(c->domid, &c->console_port);
    return rc < 0 ? creation_fail(c, rc, "cannot allocate event channels") : 0;
}

static int stage_start_state(struct creation *c)
{
    return builder_of(c)->start(c);
}

static int stage_console(struct creation *c)
{
    int rc = pvcon_attach(c->domid, c->config->name, c->console_frame, c->console_port,
                          &c->entry->console);

    return rc < 0 ? creation_fail(c, rc, "cannot attach the console") : 0;
}

static void undo_console(struct creation *c)
{
    pvcon_close(c->entry->console, CONSOLE_NEVER_RAN);
}

static int stage_store(struct creation *c)
{
    const struct xsnodes_rings rings = {c->store_frame, c->console_frame, c->store_port,
                                        c->console_port};

    int rc = xsnodes_add(c->domid, &c->entry->config, &rings);
    return rc < 0 ? creation_fail(c, rc, "cannot enter it in xenstore") : 0;
}

static void undo_store(struct creation *c)
{
    xsnodes_remove(c->domid, c->entry->config.uuid);
}

struct stage {
    const char *name;
    int (*act)(struct creation *c);
    void (*undo)(struct creation *c);
};

/* clang-format off */
static const struct stage stages[] = {
    {"checking the host",   stage_check,       NULL},
    {"reading the image",   stage_image,       undo_image},
    {"checking memory",     stage_free_memory, NULL},
    {"taking the name",     stage_name,        undo_name},
    {"making the domain",   stage_domain,      undo_domain},
    {"setting limits",      stage_limits,      NULL},
    {"setting its TSC",     stage_tsc,         NULL},
    {"sharing the CPUs",    stage_share,       NULL},
    {"allocating memory",   stage_memory,      NULL},
    {"loading the image",   stage_load,        NULL},
    {"event channels",      stage_channels,    NULL},
    {"setting start state", stage_start_state, NULL},
    {"attaching console",   stage_console,     undo_console},
    {"entering xenstore",   stage_store,       undo_store},
};
/* clang-format on */

#define NR_STAGES (sizeof(stages) / sizeof(stages[0]))

static int make(const struct domain_config *config, const struct stream *saved, bool paused,
                struct domain **domain)
{
    struct creation c = {.config = config, .saved = saved, .domid = DOMID_INVALID};
    size_t stage;

    for (stage = 0; stage < NR_STAGES; stage++) {
        if (stages[stage].act(&c) < 0)
            goto out;
    }
    int rc = paused ? 0 : ctl_domain_unpause(c.domid);
    if (rc < 0) {
        creation_fail(&c, rc, "cannot let it run");
        goto out;
    }
    undo_image(&c);
    c.entry->domid = c.domid;
    c.entry->state = DOMAIN_ALIVE;
    c.entry->started_ns = plat_now_ns();
    *domain = c.entry;
    return 0;

out:
    log_error("%s: stage %u (%s): %s", config->name, (unsigned int)stage + 1,
              stage < NR_STAGES ? stages[stage].name : "starting", c.why);
    /* The failed stage may have come half way; its undo accepts that. */
    if (stage < NR_STAGES && stages[stage].act == stage_image)
        undo_image(&c);
    while (stage-- > 0) {
        if (stages[stage].undo)
            stages[stage].undo(&c);
    }
    return -1;
}

int domain_create(const struct domain_config *config, bool paused, struct domain **domain)
{
    return make(config, NULL, paused, domain);
}

int domain_restore(const struct domain_config *config, const struct stream *saved, bool paused,
                   struct domain **domain)
{
    return make(config, saved, paused, domain);
}
