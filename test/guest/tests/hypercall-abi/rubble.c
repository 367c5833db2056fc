/* SPDX-License-Identifier: MIT */
/* What calls hand out holds their answer and nothing else. */
#include "abi.h"

#include <xen/grant_table.h>
#include <xen/vcpu.h>

#define ROOM 2048

static uint8_t out[ROOM] __attribute__((aligned(8)));

/* A string of @len bytes: all zero after its end, nothing written beyond. */
static void check_string(unsigned int cmd, unsigned int offset, unsigned int len)
{
    char what[48];
    const uint8_t *text = out + offset;
    unsigned int at = 0, dirty = 0;

    while (at < len && text[at])
        at++;
    snprintf(what, sizeof(what), "xen_version %u, string of %u", cmd, len);
    check_true(what, at < len);
    for (; at < len; at++)
        dirty += text[at] != 0;
    check_equal(what, dirty, 0);
}

static void get_version(unsigned int cmd, unsigned int len)
{
    unsigned int beyond = 0;
    char what[48];

    memset(out, 0x5a, sizeof(out));
    call_poison_stack();
    snprintf(what, sizeof(what), "xen_version %u", cmd);
    check_equal(what, xen_version(cmd, out), 0);
    check_true(what, !has_rubble(out, len));
    for (unsigned int at = len; at < sizeof(out); at++)
        beyond += out[at] != 0x5a;
    check_equal("bytes beyond it", beyond, 0);
}

static void check_strings(void)
{
    static const struct {
        unsigned int cmd, len;
    } strings[] = {
        {XENVER_extraversion, sizeof(xen_extraversion_t)},
        {XENVER_capabilities, sizeof(xen_capabilities_info_t)},
        {XENVER_changeset, sizeof(xen_changeset_info_t)},
        {XENVER_commandline, sizeof(xen_commandline_t)},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(strings); i++) {
        get_version(strings[i].cmd, strings[i].len);
        check_string(strings[i].cmd, 0, strings[i].len);
    }
    get_version(XENVER_compile_info, sizeof(struct xen_compile_info));
    check_string(XENVER_compile_info, 0, 64);
    check_string(XENVER_compile_info, 64, 16);
    check_string(XENVER_compile_info, 80, 32);
    check_string(XENVER_compile_info, 112, 32);
    get_version(XENVER_guest_handle, sizeof(xen_domain_handle_t));
}

/* The structure is zero before the call: what is in it after is the answer. */
static void check_structure(const char *what, unsigned int nr, unsigned int cmd)
{
    call_poison_stack();
    hypercall(nr, cmd, (ulong)out, 1, 0, 0);
    check_true(what, !has_rubble(out, sizeof(out)));
    memset(out, 0, sizeof(out));
}

static void check_structures(void)
{
    struct xen_memory_map *map = (void *)out;
    struct gnttab_query_size *size = (void *)out;
    struct xen_hvm_param *param = (void *)out;

    memset(out, 0, sizeof(out));
    map->nr_entries = 64;
    map->buffer.p = out + 64;
    check_structure("memory_map", __HYPERVISOR_memory_op, XENMEM_memory_map);
    call_poison_stack();
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (ulong)out, 0, 0);
    check_true("runstate", !has_rubble(out, sizeof(out)));
    memset(out, 0, sizeof(out));
    for (unsigned int port = 0; port < 4; port++) {
        *(struct evtchn_status *)out = (struct evtchn_status){.dom = DOMID_SELF, .port = port};
        check_structure("evtchn status", __HYPERVISOR_event_channel_op, EVTCHNOP_status);
    }
    size->dom = DOMID_SELF;
    check_structure("query_size", __HYPERVISOR_grant_table_op, GNTTABOP_query_size);
    for (unsigned int i = 0; i < HVM_NR_PARAMS; i++) {
        *param = (struct xen_hvm_param){.domid = DOMID_SELF, .index = i};
        check_structure("parameter", __HYPERVISOR_hvm_op, HVMOP_get_param);
    }
    check_structure("get_features", __HYPERVISOR_xen_version, XENVER_get_features);
}

static void check_cpuid(void)
{
    static const uint32_t first[] = {0, 0x40000000, 0x80000000};
    unsigned int dirty = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(first); i++)
        for (uint32_t leaf = 0; leaf < 0x30; leaf++) {
            call_poison_stack();
            struct cpuid c = cpuid(first[i] + leaf, leaf);

            dirty += has_rubble(&c, sizeof(c));
        }
    check_equal("CPUID leaves with rubble", dirty, 0);
}

void check_no_rubble(void)
{
    check_strings();
    check_structures();
    check_cpuid();
}
