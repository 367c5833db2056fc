/* SPDX-License-Identifier: MIT */
/*
 * save.c - see save.h.  Pages that are zero are not written: restoring begins
 * with zero pages.
 */
#include "libxl/save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hvm/params.h>

#include "libxl/log.h"
#include "plat.h"

#define WINDOW_PAGES 64

/* In the order of setting. */
static const uint32_t saved_params[] = {
    HVM_PARAM_STORE_PFN, HVM_PARAM_STORE_EVTCHN,   HVM_PARAM_CONSOLE_PFN,  HVM_PARAM_CONSOLE_EVTCHN,
    HVM_PARAM_IDENT_PT,  HVM_PARAM_VM86_TSS_SIZED, HVM_PARAM_CALLBACK_IRQ,
};
#define NR_PARAMS (sizeof(saved_params) / sizeof(saved_params[0]))

/* A file being written; @why: what failed first. */
struct writer {
    FILE *file;
    domid_t domid;
    uint64_t nr_pages;
    char why[120];
};

static int put(struct writer *w, const void *bytes, size_t len)
{
    if (fwrite(bytes, 1, len, w->file) == len)
        return 0;
    snprintf(w->why, sizeof(w->why), "cannot write: %s", strerror(errno));
    return -1;
}

static int put_padded(struct writer *w, const void *bytes, size_t len)
{
    static const char zeros[8];

    return put(w, bytes, len) < 0 ? -1 : put(w, zeros, stream_padded(len) - len);
}

static int fail_rc(struct writer *w, const char *what, int rc)
{
    snprintf(w->why, sizeof(w->why), "%s: %s", what, ctl_strerror(rc));
    return -1;
}

static bool is_zero(const uint8_t *page)
{
    const uint64_t *word = (const void *)page;

    for (size_t i = 0; i < STREAM_PAGE / sizeof(*word); i++)
        if (word[i])
            return false;
    return true;
}

static int put_page(struct writer *w, uint64_t gfn, const uint8_t *page)
{
    if (is_zero(page))
        return 0;
    w->nr_pages++;
    return put(w, &gfn, sizeof(gfn)) < 0 ? -1 : put(w, page, STREAM_PAGE);
}

/* Up to WINDOW_PAGES pages; where the guest has given some up, one by one. */
static int put_window(struct writer *w, uint64_t gfn, size_t nr)
{
    uint64_t frames[WINDOW_PAGES];

    for (size_t i = 0; i < nr; i++)
        frames[i] = gfn + i;
    uint8_t *window = plat_map_foreign(w->domid, frames, nr, false, NULL);
    if (!window && errno == ENOMEM)
        return fail_rc(w, "cannot map its memory", -XEN_ENOMEM);
    if (!window && nr == 1)
        return 0; /* no page there */
    int rc = 0;
    for (size_t i = 0; i < nr && rc == 0; i++)
        rc = window ? put_page(w, gfn + i, window + i * STREAM_PAGE) : put_window(w, gfn + i, 1);
    if (window)
        plat_unmap_foreign(window, nr);
    return rc;
}

static int put_memory(struct writer *w, const struct domain_config *config)
{
    struct build_plan plan;

    build_plan_hvm(&plan, config->memory_mb, config->type == DOMAIN_HVM);
    for (unsigned int i = 0; i < plan.nr_ranges; i++) {
        uint64_t at = plan.ranges[i].start >> BUILD_PAGE_SHIFT;
        uint64_t end = plan.ranges[i].end >> BUILD_PAGE_SHIFT;

        for (size_t nr; at < end; at += nr) {
            nr = end - at < WINDOW_PAGES ? end - at : WINDOW_PAGES;
            if (put_window(w, at, nr) < 0)
                return -1;
        }
    }
    return 0;
}

static int put_params(struct writer *w)
{
    for (size_t i = 0; i < NR_PARAMS; i++) {
        struct stream_param p = {.index = saved_params[i]};
        int rc = ctl_hvm_get_param(w->domid, p.index, &p.value);

        if (rc < 0)
            return fail_rc(w, "cannot read its parameters", rc);
        if (put(w, &p, sizeof(p)) < 0)
            return -1;
    }
    return 0;
}

/* The hypervisor's records.  Freed by the caller; NULL with @why filled. */
static void *read_context(struct writer *w, uint32_t *len)
{
    int rc = ctl_domain_get_hvm_context(w->domid, NULL, len);
    void *context = rc == 0 ? malloc(*len) : NULL;

    if (rc == 0)
        rc = context ? ctl_domain_get_hvm_context(w->domid, context, len) : -XEN_ENOMEM;
    if (rc == 0)
        return context;
    free(context);
    fail_rc(w, "cannot read its registers", rc);
    return NULL;
}

/* The header comes twice: only the second knows how many pages there are. */
static int put_all(struct writer *w, const struct domain_config *config)
{
    struct stream_header h = {
        .version = STREAM_VERSION, .header_size = sizeof(h), .nr_params = NR_PARAMS};
    char *text = config_print(config);

    memcpy(h.magic, STREAM_MAGIC, sizeof(h.magic));
    void *context = text ? read_context(w, &h.context_len) : NULL;
    if (!text)
        fail_rc(w, "cannot describe it", -XEN_ENOMEM);
    h.config_len = text ? strlen(text) : 0;
    int rc = context ? 0 : -1;
    if (rc == 0)
        rc = put(w, &h, sizeof(h));
    if (rc == 0)
        rc = put_params(w);
    if (rc == 0)
        rc = put_padded(w, text, h.config_len);
    if (rc == 0)
        rc = put_padded(w, context, h.context_len);
    if (rc == 0)
        rc = put_memory(w, config);
    h.nr_pages = w->nr_pages;
    if (rc == 0 && fseek(w->file, 0, SEEK_SET) == 0)
        rc = put(w, &h, sizeof(h));
    free(context);
    free(text);
    return rc;
}

int domain_save(const struct domain *d, const char *path)
{
    struct writer w = {.file = fopen(path, "wb"), .domid = d->domid};

    if (!w.file) {
        log_error("cannot open '%s': %s", path, strerror(errno));
        return -1;
    }
    /* What it printed before belongs to this life. */
    while (pvcon_service_all())
        ;
    int rc = put_all(&w, &d->config);
    if (fclose(w.file) != 0 && rc == 0) {
        snprintf(w.why, sizeof(w.why), "cannot write: %s", strerror(errno));
        rc = -1;
    }
    if (rc < 0) {
        log_error("%s: not saved: %s", d->config.name, w.why);
        remove(path);
    }
    return rc;
}

/* ---- back ---- */

static bool is_special(uint64_t gfn, bool pvh)
{
    return (pvh && gfn == BUILD_PFN_ACPI) || gfn == BUILD_PFN_STORE || gfn == BUILD_PFN_VM86_TSS ||
           gfn == BUILD_PFN_IDENT_PT || gfn == BUILD_PFN_CONSOLE;
}

static bool has_param(const struct stream *saved, uint32_t index, uint64_t value)
{
    for (uint32_t i = 0; i < saved->nr_params; i++)
        if (saved->params[i].index == index)
            return saved->params[i].value == value;
    return false;
}

static int saved_plan(struct creation *c)
{
    const struct stream *saved = c->saved;
    bool vga_hole = c->config->type == DOMAIN_HVM;

    build_plan_hvm(&c->plan, c->config->memory_mb, vga_hole);
    for (uint64_t i = 0; i < saved->nr_pages; i++) {
        uint64_t gfn = saved->pages[i].gfn;
        bool rom = vga_hole && gfn >= 0xc0 && gfn < 0x100;

        if (gfn >> 40 || (!rom && !is_special(gfn, !vga_hole) &&
                          !build_plan_holds(&c->plan, gfn << BUILD_PAGE_SHIFT, BUILD_PAGE_SIZE)))
            return creation_fail(c, 0, "the file has a page at 0x%llx, where it has no memory",
                                 (unsigned long long)gfn);
    }
    if (!has_param(saved, HVM_PARAM_STORE_PFN, BUILD_PFN_STORE) ||
        !has_param(saved, HVM_PARAM_CONSOLE_PFN, BUILD_PFN_CONSOLE))
        return creation_fail(c, 0, "its rings are where this toolstack does not put them");
    return 0;
}

static int saved_populate(struct creation *c)
{
    return hvm_builder.populate(c);
}

static int saved_load(struct creation *c)
{
    for (uint64_t i = 0; i < c->saved->nr_pages; i++) {
        const struct stream_page *page = &c->saved->pages[i];
        int rc = build_write(&c->memory, page->gfn << BUILD_PAGE_SHIFT, page->bytes, STREAM_PAGE);

        if (rc < 0)
            return creation_fail(c, rc, "cannot write to its memory");
    }
    c->console_frame = BUILD_PFN_CONSOLE;
    c->store_frame = BUILD_PFN_STORE;
    return 0;
}

static int saved_start(struct creation *c)
{
    const struct stream *saved = c->saved;

    if (!has_param(saved, HVM_PARAM_STORE_EVTCHN, c->store_port) ||
        !has_param(saved, HVM_PARAM_CONSOLE_EVTCHN, c->console_port))
        return creation_fail(c, 0, "the ports of its rings cannot be had again");
    for (uint32_t i = 0; i < saved->nr_params; i++) {
        const struct stream_param *p = &saved->params[i];
        int rc = p->value ? ctl_hvm_set_param(c->domid, p->index, p->value) : 0;

        if (rc < 0)
            return creation_fail(c, rc, "cannot set HVM parameter %u", (unsigned int)p->index);
    }
    int rc = ctl_domain_set_hvm_context(c->domid, saved->context, saved->context_len);
    return rc < 0 ? creation_fail(c, rc,
                                  "the hypervisor refuses the saved registers "
                                  "(see 'xl dmesg')")
                  : 0;
}

const struct builder saved_builder = {saved_plan, saved_populate, saved_load, saved_start};
