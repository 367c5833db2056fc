/* SPDX-License-Identifier: MIT */
/*
 * image_hvm.c - building of HVM and PVH domains, which start alike: at the
 * PHYS32_ENTRY of the kernel, 32-bit flat, with EBX at a hvm_start_info.
 *
 * Source: Xen's documentation of the x86/HVM direct boot ABI, and the register
 * state Xen's own toolstack sets.
 */
#include "libxl/create.h"

#include <stdlib.h>
#include <string.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>

#include "libxl/acpi.h"

#define PAGE_UP(x)      (((x) + BUILD_PAGE_SIZE - 1) & ~(BUILD_PAGE_SIZE - 1))
#define MTRR_ENABLED    (1u << 11) /* IA32_MTRR_DEF_TYPE */
#define MTRR_WRITE_BACK 6u
#define PAT_RESET       0x0007040600070406ull
#define FIRST_DATA      0x100000ul /* never below 1 MiB, where firmware might look */

/* Where the data that comes with the kernel goes. */
static uint64_t ramdisk_paddr(const struct creation *c)
{
    uint64_t end = c->image.high_paddr > FIRST_DATA ? c->image.high_paddr : FIRST_DATA;

    return PAGE_UP(end);
}

/* The block that hvm_start_info begins and the command line ends. */
struct start_block {
    struct hvm_start_info info;
    struct hvm_modlist_entry module;
    struct hvm_memmap_table_entry memmap[BUILD_MAX_RANGES];
    char cmdline[1024];
};

static int hvm_plan(struct creation *c)
{
    const struct domain_config *config = c->config;

    build_plan_hvm(&c->plan, config->memory_mb, config->type == DOMAIN_HVM);
    if (!c->image.phys32_entry.present)
        return creation_fail(c, 0, "'%s' has no Xen PHYS32_ENTRY note: no kernel for HVM or PVH",
                             config->kernel);
    if (c->image.phys32_entry.value > UINT32_MAX)
        return creation_fail(c, 0, "'%s' wants to start above 4 GiB", config->kernel);
    for (unsigned int i = 0; i < c->image.nr_segments; i++) {
        const struct elf_segment *s = &c->image.segments[i];

        if (!build_plan_holds(&c->plan, s->paddr, s->memsz))
            return creation_fail(
                c, 0, "'%s' needs memory at 0x%llx-0x%llx, which 'memory' = %u does not give",
                config->kernel, (unsigned long long)s->paddr,
                (unsigned long long)(s->paddr + s->memsz), (unsigned int)config->memory_mb);
    }
    c->start_info = PAGE_UP(ramdisk_paddr(c) + c->ramdisk_len);
    if (!build_plan_holds(&c->plan, ramdisk_paddr(c),
                          c->start_info + sizeof(struct start_block) - ramdisk_paddr(c)))
        return creation_fail(c, 0, "'memory' = %u is too little for '%s' and its data",
                             (unsigned int)config->memory_mb, config->kernel);
    return 0;
}

static int hvm_populate(struct creation *c)
{
    struct ctl_e820 map[BUILD_MAX_RANGES];

    int rc = build_populate(c->domid, &c->plan);
    if (rc < 0)
        return creation_fail(c, rc, "cannot give it %u MiB", (unsigned int)c->config->memory_mb);
    for (unsigned int i = 0; i < c->plan.nr_ranges; i++) {
        const struct build_range *r = &c->plan.ranges[i];

        map[i] = (struct ctl_e820){r->start, r->end - r->start, r->type};
    }
    rc = ctl_memory_set_map(c->domid, map, c->plan.nr_ranges);
    return rc < 0 ? creation_fail(c, rc, "cannot set the memory map") : 0;
}

static int write_start_block(struct creation *c)
{
    struct start_block block;
    uint64_t at = c->start_info;

    memset(&block, 0, sizeof(block));
    block.info.magic = XEN_HVM_START_MAGIC_VALUE;
    block.info.version = 1;
    block.info.cmdline_paddr = at + offsetof(struct start_block, cmdline);
    block.info.memmap_paddr = at + offsetof(struct start_block, memmap);
    block.info.memmap_entries = c->plan.nr_ranges;
    if (c->config->type == DOMAIN_PVH)
        block.info.rsdp_paddr = BUILD_PFN_ACPI << BUILD_PAGE_SHIFT;
    if (c->ramdisk) {
        block.info.nr_modules = 1;
        block.info.modlist_paddr = at + offsetof(struct start_block, module);
        block.module.paddr = ramdisk_paddr(c);
        block.module.size = c->ramdisk_len;
    }
    for (unsigned int i = 0; i < c->plan.nr_ranges; i++) {
        const struct build_range *r = &c->plan.ranges[i];

        block.memmap[i] = (struct hvm_memmap_table_entry){
            .addr = r->start, .size = r->end - r->start, .type = r->type};
    }
    /* config.c has limited its length. */
    strncpy(block.cmdline, c->config->cmdline, sizeof(block.cmdline) - 1);
    return build_write(&c->memory, at, &block, sizeof(block));
}

/* 4 MiB pages that map everything to itself, for guests without paging. */
static int write_ident_pt(struct creation *c)
{
    uint32_t table[1024];

    /* present, writable, user, accessed, dirty, large */
    for (uint32_t i = 0; i < 1024; i++)
        table[i] = i << 22 | 0xe7;
    return build_write(&c->memory, BUILD_PFN_IDENT_PT << BUILD_PAGE_SHIFT, table, sizeof(table));
}

/* As Xen's toolstack does, for PVH only: firmware would do it for HVM. */
static int write_acpi(struct creation *c)
{
    uint8_t page[BUILD_PAGE_SIZE];

    if (c->config->type != DOMAIN_PVH)
        return 0;
    acpi_build(page, BUILD_PFN_ACPI << BUILD_PAGE_SHIFT, c->config->vcpus, c->config->maxvcpus);
    return build_write(&c->memory, BUILD_PFN_ACPI << BUILD_PAGE_SHIFT, page, sizeof(page));
}

static int hvm_load(struct creation *c)
{
    int rc = build_load(&c->memory, &c->image, c->file);

    if (rc == 0 && c->ramdisk)
        rc = build_write(&c->memory, ramdisk_paddr(c), c->ramdisk, c->ramdisk_len);
    if (rc == 0)
        rc = write_start_block(c);
    if (rc == 0)
        rc = write_acpi(c);
    if (rc == 0)
        rc = write_ident_pt(c);
    if (rc == 0)
        rc = build_write(&c->memory, BUILD_PFN_CONSOLE << BUILD_PAGE_SHIFT, NULL, BUILD_PAGE_SIZE);
    if (rc == 0)
        rc = build_write(&c->memory, BUILD_PFN_STORE << BUILD_PAGE_SHIFT, NULL, BUILD_PAGE_SIZE);
    c->console_frame = BUILD_PFN_CONSOLE;
    c->store_frame = BUILD_PFN_STORE;
    return rc < 0 ? creation_fail(c, rc, "cannot write to its memory") : 0;
}

static void fill_registers(const struct creation *c, struct hvm_hw_cpu *cpu)
{
    memset(cpu, 0, sizeof(*cpu));
    cpu->rip = c->image.phys32_entry.value;
    cpu->rbx = c->start_info;
    cpu->rflags = 0x2;
    cpu->cr0 = 0x11; /* PE and ET */
    cpu->dr6 = 0xffff0ff0;
    cpu->dr7 = 0x400;
    /* Cached descriptors only; there is no GDT: flat code, flat data. */
    cpu->cs_limit = cpu->ds_limit = cpu->es_limit = cpu->ss_limit = UINT32_MAX;
    cpu->cs_arbytes = 0xc9b;
    cpu->ds_arbytes = cpu->es_arbytes = cpu->ss_arbytes = 0xc93;
    cpu->tr_limit = 0x67;
    cpu->tr_arbytes = 0x8b; /* busy 32-bit TSS */
}

/* One record of a vCPU's state, as a stream of its own. */
static int set_record(const struct creation *c, uint16_t type, uint16_t instance,
                      const void *record, uint32_t len)
{
    const struct hvm_save_header header = {.magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION};
    const struct hvm_save_descriptor header_d = {HVM_SAVE_CODE(HEADER), 0, sizeof(header)},
                                     record_d = {type, instance, len},
                                     end_d = {HVM_SAVE_CODE(END), 0, 0};
    const struct {
        const void *bytes;
        size_t len;
    } parts[] = {{&header_d, sizeof(header_d)},
                 {&header, sizeof(header)},
                 {&record_d, sizeof(record_d)},
                 {record, len},
                 {&end_d, sizeof(end_d)}};
    char stream[sizeof(header) + 3 * sizeof(header_d) + sizeof(struct hvm_hw_cpu)], *at = stream;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        memcpy(at, parts[i].bytes, parts[i].len);
        at += parts[i].len;
    }
    return ctl_domain_set_hvm_context(c->domid, stream, at - stream);
}

static int set_registers(struct creation *c)
{
    const struct hvm_hw_mtrr mtrr = {.msr_pat_cr = PAT_RESET,
                                     .msr_mtrr_def_type = MTRR_ENABLED | MTRR_WRITE_BACK};
    struct hvm_hw_cpu cpu;
    int rc = 0;

    /* As Xen's toolstack does: memory is write-back; firmware would say so for HVM. */
    for (unsigned int i = 0; c->config->type == DOMAIN_PVH && i < c->config->maxvcpus && !rc; i++)
        rc = set_record(c, HVM_SAVE_CODE(MTRR), i, &mtrr, sizeof(mtrr));
    fill_registers(c, &cpu);
    return rc < 0 ? rc : set_record(c, HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
}

static int hvm_start(struct creation *c)
{
    const struct {
        const char *name;
        uint32_t index;
        uint64_t value;
    } params[] = {
        {"STORE_PFN", HVM_PARAM_STORE_PFN, BUILD_PFN_STORE},
        {"STORE_EVTCHN", HVM_PARAM_STORE_EVTCHN, c->store_port},
        {"CONSOLE_PFN", HVM_PARAM_CONSOLE_PFN, BUILD_PFN_CONSOLE},
        {"CONSOLE_EVTCHN", HVM_PARAM_CONSOLE_EVTCHN, c->console_port},
        {"IDENT_PT", HVM_PARAM_IDENT_PT, BUILD_PFN_IDENT_PT << BUILD_PAGE_SHIFT},
        {"VM86_TSS_SIZED", HVM_PARAM_VM86_TSS_SIZED,
         (uint64_t)BUILD_PAGE_SIZE << 32 | BUILD_PFN_VM86_TSS << BUILD_PAGE_SHIFT},
    };

    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        int rc = ctl_hvm_set_param(c->domid, params[i].index, params[i].value);
        if (rc < 0)
            return creation_fail(c, rc, "cannot set HVM parameter %s", params[i].name);
    }
    int rc = set_registers(c);
    return rc < 0 ? creation_fail(c, rc, "cannot set the registers of vCPU 0") : 0;
}

const struct builder hvm_builder = {hvm_plan, hvm_populate, hvm_load, hvm_start};
