/* SPDX-License-Identifier: MIT */
/*
 * ops.c - the operations and what their structures are made of.
 *
 * One line an operation; a structure is a word of letters, a letter a field
 * (see make_field).  Operations without a line get arguments at random.
 * What would end the guest, or take what it stands on, is left out: that is
 * said where it is.
 */
#define __XEN_TOOLS__ /* for the versions of domctl and sysctl */
#include "fuzz.h"

#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>

/* How the arguments are passed. */
enum shape {
    AT_1,    /* operation, structure */
    AT_0,    /* structure, which holds the operation */
    AT_2,    /* operation, vCPU, structure */
    COUNTED, /* operation, structures, how many */
};

struct op {
    uint8_t nr, sub, shape;
    const char *fields;
};

#define MEM(op, f)                                   \
    {                                                \
        __HYPERVISOR_memory_op, XENMEM_##op, AT_1, f \
    }
#define GNT(op, f)                                             \
    {                                                          \
        __HYPERVISOR_grant_table_op, GNTTABOP_##op, COUNTED, f \
    }
#define VCPU(op, f)                                \
    {                                              \
        __HYPERVISOR_vcpu_op, VCPUOP_##op, AT_2, f \
    }
#define EVT(op, f)                                            \
    {                                                         \
        __HYPERVISOR_event_channel_op, EVTCHNOP_##op, AT_1, f \
    }
#define SCHED(op, f)                                 \
    {                                                \
        __HYPERVISOR_sched_op, SCHEDOP_##op, AT_1, f \
    }
#define HVM(op, f)                               \
    {                                            \
        __HYPERVISOR_hvm_op, HVMOP_##op, AT_1, f \
    }

static const struct op ops[] = {
    MEM(increase_reservation, "LnOwD"),
    MEM(decrease_reservation, "LnOwD"),
    MEM(populate_physmap, "LnOwD"),
    MEM(populate_physmap, "LnOwD"),
    MEM(maximum_ram_page, ""),
    MEM(current_reservation, "D"),
    MEM(maximum_reservation, "D"),
    MEM(maximum_gpfn, "D"),
    MEM(add_to_physmap, "DTSIG"),
    MEM(memory_map, "NX"),
    MEM(machine_memory_map, "NX"),
    MEM(exchange, "LnOwD|LnOwD|l"),
    MEM(machphys_mapping, "lll"),
    MEM(set_memory_map, "D|NL"),
    MEM(remove_from_physmap, "DE"),
    MEM(add_to_physmap_batch, "DYmhLLX"),
    GNT(map_grant_ref, "AfRDswq"),
    GNT(map_grant_ref, "AfRDswq"),
    GNT(unmap_grant_ref, "AqKs"),
    GNT(setup_table, "DNsX"),
    GNT(transfer, "GDRs"),
    GNT(copy, "CDo|CDo|zFs"),
    GNT(query_size, "Dwws"),
    GNT(unmap_and_replace, "AAKs"),
    GNT(set_version, "N"),
    GNT(get_status_frames, "NDsX"),
    GNT(get_version, "Dhw"),
    GNT(swap_grant_ref, "RRs"),
    GNT(cache_flush, "qozB"),
    VCPU(up, ""),
    VCPU(down, ""),
    VCPU(is_up, ""),
    VCPU(get_runstate_info, "qqqqqq"),
    VCPU(set_periodic_timer, "t"),
    VCPU(stop_periodic_timer, ""),
    VCPU(set_singleshot_timer, "tB"),
    VCPU(stop_singleshot_timer, ""),
    VCPU(register_vcpu_info, "Ubw"),
    VCPU(register_runstate_memory_area, "M"),
    SCHED(yield, ""),
    SCHED(shutdown, "r"),
    SCHED(shutdown_code, "N"),
    SCHED(remote_shutdown, "Dr"),
    EVT(bind_interdomain, "DPw"),
    EVT(bind_virq, "QVw"),
    EVT(close, "P"),
    EVT(send, "P"),
    EVT(status, "DPwwww"),
    EVT(alloc_unbound, "DDw"),
    EVT(bind_ipi, "Vw"),
    EVT(bind_vcpu, "PV"),
    EVT(unmask, "P"),
    EVT(reset, "D"),
    EVT(init_control, "UbVq"),
    HVM(set_param, "Dhiq"),
    HVM(get_param, "Dhiq"),
    HVM(flush_tlbs, ""),
    HVM(set_evtchn_upcall_vector, "VB"),
    HVM(get_mem_type, "Dhhhq"),
    HVM(altp2m, "NNDhNqq"),
    {__HYPERVISOR_sysctl, 0, AT_0, "cvqqqqqqqqqqqqqqqq"},
    {__HYPERVISOR_sysctl, 0, AT_0, "cvqqqqqqqqqqqqqqqq"},
    {__HYPERVISOR_domctl, 0, AT_0, "cvD|qqqqqqqqqqqqqqqq"},
    {__HYPERVISOR_domctl, 0, AT_0, "cvD|qqqqqqqqqqqqqqqq"},
};

/* ---- fields ---- */

/* A structure under construction, and what later fields and we want to know. */
struct body {
    uint8_t bytes[512];
    unsigned int len, align;
    bool abi32;
    uint32_t nr;         /* the hypercall */
    unsigned int sub;    /* the operation that the structure holds */
    unsigned int listed; /* frames in the list last named */
    domid_t domid;
    uint32_t space;
    int status_at;
};

static void put(struct body *b, uint64_t value, unsigned int size)
{
    unsigned int align = size == 8 && b->abi32 ? 4 : size;

    b->len = (b->len + align - 1) & -align;
    b->align = align > b->align ? align : b->align;
    memcpy(b->bytes + b->len, &value, size);
    b->len += size;
}

/* Two bytes: domain; range's and list's length; offset, length and flags of a
 * copy; status; space of a list; anything. */
static bool make_2(struct body *b, char c)
{
    switch (c) {
    case 'D':
        return put(b, b->domid = any_domid(), 2), true;
    case 'T':
        return put(b, any(6), 2), true;
    case 'm':
        return put(b, any(8), 2), true;
    case 'o':
    case 'z':
        return put(b, any(8) ? any(256) : any_value(), 2), true;
    case 'F':
        return put(b, any(16) ? any(4) : any_value(), 2), true;
    case 's':
        put(b, 1, 2);
        b->status_at = b->len - 2;
        return true;
    case 'Y':
        return put(b, any(4), 2), true;
    case 'h':
        return put(b, any_value(), 2), true;
    default:
        return false;
    }
}

/* A reason to shut down, which must not be ours. */
static uint64_t any_reason(const struct body *b)
{
    bool ours = b->domid == DOMID_SELF || b->domid == self;

    return ours || any(2) ? SHUTDOWN_MAX + 1 + any(1000) : any(SHUTDOWN_MAX + 1);
}

static uint64_t any_version(const struct body *b)
{
    uint32_t right =
        b->nr == __HYPERVISOR_domctl ? XEN_DOMCTL_INTERFACE_VERSION : XEN_SYSCTL_INTERFACE_VERSION;

    return any(2) ? right : any(2) ? right - 1 : any_value();
}

/* Four bytes: extent order; space; vCPU; port; grant; handle; virtual interrupt;
 * a few bits; parameter; flags of a mapping; offset in a page; reason; command;
 * version; a small number; anything. */
static bool make_4(struct body *b, char c)
{
    static unsigned int command[2];
    uint64_t value;

    switch (c) {
    case 'O':
        value = any(8) ? 0 : any(2) ? any(11) : any_value();
        break;
    case 'S':
        value = b->space = any(8) ? any(5) : any_value();
        break;
    case 'V':
        value = any(4) ? any(3) : any_value();
        break;
    case 'P':
    case 'K':
        value = any(8) ? any(12) : any(4) ? any(300) : any_value();
        break;
    case 'R':
        value = any(8) ? any(24) : any_value();
        break;
    case 'Q':
        value = any(8) ? any(26) : any_value();
        break;
    case 'B':
        value = any(4) ? any(4) : any_value();
        break;
    case 'i':
        value = any(8) ? any(40) : any_value();
        break;
    case 'f':
        value = any(4) ? 2 + 4 * any(2) : any(2) ? any(32) : any_value();
        break;
    case 'b':
        value = any(8) ? any(512) * 8 : any_value();
        break;
    case 'r':
        value = any_reason(b);
        break;
    case 'c':
        value = b->sub = b->nr == __HYPERVISOR_domctl ? command[0]++ % 96 : command[1]++ % 32;
        break;
    case 'v':
        value = any_version(b);
        break;
    case 'N':
        value = any(4) ? any(5) : any_value();
        break;
    case 'w':
        value = any_value();
        break;
    default:
        return false;
    }
    return put(b, value, 4), true;
}

/* Eight bytes: anything; where a grant is mapped; number of a frame; time in nanoseconds;
 * an address that is written to at any time from then on. */
static bool make_8(struct body *b, char c)
{
    static uint8_t shown[2 * PAGE_SIZE];

    switch (c) {
    case 'q':
        return put(b, any_value(), 8), true;
    case 'A':
        return put(b, any_mapping(), 8), true;
    case 'U':
        return put(b, any_gfn(), 8), true;
    case 'M':
        return put(b, any(4) ? (ulong)shown + any(PAGE_SIZE) : ~0ull, 8), true;
    case 't':
        return put(b, any(4) ? 1000000 + any(1u << 31) : any_value(), 8), true;
    default:
        return false;
    }
}

/* The caller's width: anything; list of frames, how many; where an answer goes;
 * frame; frame to take away, seldom RAM; index in a space; grant or frame. */
static bool make_word(struct body *b, char c)
{
    uint8_t noise[64];
    uint64_t value;

    switch (c) {
    case 'l':
        value = any_value();
        break;
    case 'L':
        value = place_frames(&b->listed, b->abi32);
        break;
    case 'n':
        value = any(16) ? b->listed : 0;
        break;
    case 'X':
        memset(noise, 0xa5, sizeof(noise));
        value = place_put(noise, sizeof(noise), b->abi32).address;
        break;
    case 'G':
        value = any_gfn();
        break;
    case 'E':
        value = any(16) ? 0x40000 + any(0x400) : any_gfn();
        break;
    case 'I':
        value = b->space == XENMAPSPACE_gmfn || b->space == XENMAPSPACE_gmfn_range ? any_gfn()
                : any(8)                                                           ? any(3)
                                                                                   : any_value();
        break;
    case 'C':
        value = any(2) ? any(24) : any_gfn();
        break;
    default:
        return false;
    }
    return put(b, value, b->abi32 ? 4 : 8), true;
}

static void make_fields(struct body *b, const char *fields)
{
    for (; *fields; fields++) {
        if (*fields == '|')
            b->len = (b->len + b->align - 1) & -b->align;
        else if (!make_2(b, *fields) && !make_4(b, *fields) && !make_8(b, *fields) &&
                 !make_word(b, *fields))
            panic("no field %c", *fields);
    }
}

static void body_init(struct body *b, uint32_t nr, bool abi32)
{
    b->len = 0;
    b->align = abi32 ? 4 : 8;
    b->abi32 = abi32;
    b->nr = nr;
    b->domid = DOMID_SELF;
    b->space = 0;
    b->status_at = -1;
}

static struct body body;

static void body_place(struct attempt *a)
{
    a->place = place_put(body.bytes, body.len, body.abi32);
    a->status_at = body.status_at;
}

/* ---- attempts ---- */

void attempt_start(struct attempt *a, uint64_t nr, unsigned int sub)
{
    memset(a, 0, sizeof(*a));
    a->call.nr = nr;
    a->sub = sub;
    a->status_at = -1;
    a->call.arg[0] = sub;
    for (unsigned int i = 1; i < ARRAY_SIZE(a->call.arg); i++)
        a->call.arg[i] = any_value();
}

static uint64_t any_vcpu(const struct op *op)
{
    static const uint32_t vcpus[] = {0, 0, 0, 1, 1, 1, 2, 31, 32, 1000, 0xffffffff};
    unsigned int i = any(ARRAY_SIZE(vcpus));

    /* The first is the one that we run on. */
    return op->sub == VCPUOP_down && !vcpus[i] ? 1 : vcpus[i];
}

static unsigned int any_count(void)
{
    static const uint32_t counts[] = {0, 2, 3, 0x80000000, 0xffffffff};

    return any(4) ? 1 : counts[any(ARRAY_SIZE(counts))];
}

static void make_listed(struct attempt *a, const struct op *op, bool abi32)
{
    unsigned int count = op->shape == COUNTED ? any_count() : 1;

    attempt_start(a, op->nr, op->sub);
    a->disturbs = op->nr == __HYPERVISOR_event_channel_op &&
                  (op->sub == EVTCHNOP_close || op->sub == EVTCHNOP_reset);
    body_init(&body, op->nr, abi32);
    for (unsigned int i = 0; i < 1 || (i < count && i < 3); i++) {
        make_fields(&body, op->fields);
        make_fields(&body, "|");
    }
    body_place(a);
    /* More than are made: the rest must not be what was left there. */
    if (count > 3)
        a->place = place_list(body.bytes, body.len, abi32);
    if (count != 1)
        a->status_at = -1;
    switch (op->shape) {
    case AT_0:
        a->sub = body.sub;
        a->call.arg[0] = any(6) ? a->place.address : ~0ull;
        break;
    case AT_1:
        a->call.arg[1] = op->sub == HVMOP_flush_tlbs && op->nr == __HYPERVISOR_hvm_op && any(2)
                             ? 0
                             : a->place.address;
        break;
    case AT_2:
        a->call.arg[1] = any_vcpu(op);
        a->call.arg[2] = a->place.address;
        break;
    case COUNTED:
        a->call.arg[1] = a->place.address;
        a->call.arg[2] = count;
        break;
    }
    if (op->nr == __HYPERVISOR_memory_op && !any(32))
        a->call.arg[0] |= any_value() << 6;
}

/* Those only PV guests have are made elsewhere (hypercall-fuzz-pv). */
static bool is_pv_only(unsigned int nr)
{
    const uint64_t pv =
        1ull << __HYPERVISOR_set_trap_table | 1ull << __HYPERVISOR_mmu_update |
        1ull << __HYPERVISOR_set_gdt | 1ull << __HYPERVISOR_stack_switch |
        1ull << __HYPERVISOR_set_callbacks | 1ull << __HYPERVISOR_fpu_taskswitch |
        1ull << __HYPERVISOR_set_debugreg | 1ull << __HYPERVISOR_get_debugreg |
        1ull << __HYPERVISOR_update_descriptor | 1ull << __HYPERVISOR_update_va_mapping |
        1ull << __HYPERVISOR_update_va_mapping_otherdomain | 1ull << __HYPERVISOR_iret |
        1ull << __HYPERVISOR_set_segment_base | 1ull << __HYPERVISOR_mmuext_op |
        1ull << __HYPERVISOR_callback_op | 1ull << __HYPERVISOR_physdev_op;

    return nr < 64 && pv >> nr & 1;
}

static bool is_listed(unsigned int nr, unsigned int sub)
{
    if (IS_PV && is_pv_only(nr))
        return true;
    for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
        if (ops[i].nr == nr && (ops[i].sub == sub || ops[i].shape == AT_0))
            return true;
    return (nr == __HYPERVISOR_sched_op && (sub == SCHEDOP_block || sub == SCHEDOP_poll)) ||
           (nr == __HYPERVISOR_vcpu_op && sub == VCPUOP_initialise) ||
           nr == __HYPERVISOR_multicall || nr == __HYPERVISOR_console_io;
}

/* Any number, any operation, arguments that are anything. */
static void make_random(struct attempt *a, bool abi32)
{
    unsigned int nr = any(8) ? any(64) : any_value(), sub = any(8) ? any(40) : any_value();

    if (is_listed(nr, nr == __HYPERVISOR_memory_op ? sub & 63 : sub))
        nr = 60;
    attempt_start(a, nr, sub);
    if (nr == 60 && !abi32 && any(2))
        a->call.nr |= 1ull << 32;
    body_init(&body, nr, abi32);
    make_fields(&body, "llllllll");
    body_place(a);
    a->call.arg[1 + any(2)] = a->place.address;
}

static void make_version(struct attempt *a, bool abi32)
{
    attempt_start(a, __HYPERVISOR_xen_version, any(13));
    body_init(&body, a->call.nr, abi32);
    make_fields(&body, any(2) ? "NNNN" : "qqqqqqqqqqqqqqqq");
    body_place(a);
    /* Without a place build_id tells the length. */
    a->call.arg[1] =
        (a->sub == XENVER_pagesize || a->sub == XENVER_build_id) && any(2) ? 0 : a->place.address;
}

/* A few lines for the host's log, not many. */
static void make_console(struct attempt *a, bool abi32)
{
    attempt_start(a, __HYPERVISOR_console_io, any(3));
    body_init(&body, a->call.nr, abi32);
    make_fields(&body, "qqqqqqqq");
    body_place(a);
    a->call.arg[1] = any(2) ? any(body.len) : 0x80000000u + any(1000);
    a->call.arg[2] = a->place.address;
}

static void make_numbers(struct attempt *a)
{
    attempt_start(a, any(4) ? __HYPERVISOR_vm_assist : __HYPERVISOR_set_timer_op, any(3));
    if (a->call.nr == __HYPERVISOR_set_timer_op) {
        a->sub = 0;
        a->call.arg[0] = any_value();
    } else if (any(2)) {
        a->call.arg[1] = any(8);
    }
}

/* With a time to end that is past, or soon. */
static void make_poll(struct attempt *a, bool abi32)
{
    attempt_start(a, __HYPERVISOR_sched_op, SCHEDOP_poll);
    body_init(&body, a->call.nr, abi32);
    uint32_t ports[4] = {any(12), any(12), any(4) ? any(300) : any_value(), 1u << 20};
    unsigned int nr = any(8) ? any(5) : 128 + any(1000);

    put(&body, place_put(ports, sizeof(ports), abi32).address, abi32 ? 4 : 8);
    put(&body, nr, 4);
    put(&body, 1 + any(1000000), 8);
    body_place(a);
    a->call.arg[1] = a->place.address;
}

/* ---- lists of calls ---- */

#define CALLS_MAX 4

static unsigned int in_list; /* entries of the list last made */
static struct {
    uint32_t nr, sub;
} listed_calls[CALLS_MAX];

static void make_multicall(struct attempt *a, bool abi32)
{
    uint64_t words[CALLS_MAX * 8];
    unsigned int size = abi32 ? 4 : 8, n = any(CALLS_MAX + 1);
    uint8_t *list = (uint8_t *)words;

    for (unsigned int i = 0; i < n; i++) {
        attempt_make_harmless(a, abi32);
        listed_calls[i].nr = a->call.nr;
        listed_calls[i].sub = a->sub;
        memcpy(list, &a->call.nr, size);
        memset(list + size, 0x5a, size);
        for (unsigned int k = 0; k < 6; k++)
            memcpy(list + (2 + k) * size, &a->call.arg[k], size);
        list += 8 * size;
    }
    attempt_start(a, __HYPERVISOR_multicall, 0);
    in_list = n;
    a->place = place_list(words, n * 8 * size, abi32);
    a->call.arg[0] = a->place.address;
    a->call.arg[1] = n;
}

void multicall_results(const struct attempt *a, bool abi32)
{
    unsigned int size = abi32 ? 4 : 8;

    for (unsigned int i = 0; a->place.seen && i < in_list; i++) {
        int64_t result = 0;

        memcpy(&result, a->place.seen + (8 * i + 1) * size, size);
        cover_note(abi32, listed_calls[i].nr, listed_calls[i].sub,
                   abi32 ? (int32_t)result : result);
    }
}

void attempt_show(const struct attempt *a, enum way way)
{
    printk("%u: %llx(%llx, %llx, %llx)", way, (unsigned long long)a->call.nr,
           (unsigned long long)a->call.arg[0], (unsigned long long)a->call.arg[1],
           (unsigned long long)a->call.arg[2]);
    /* What follows the page may be absent. */
    for (const uint8_t *at = a->place.seen, *end = at + 48; at && at < end; at += 4)
        if (((ulong)at + 3) / PAGE_SIZE == (ulong)a->place.seen / PAGE_SIZE)
            printk(" %02x%02x%02x%02x", at[3], at[2], at[1], at[0]);
        else
            break;
    printk("\n");
}

void attempt_make_harmless(struct attempt *a, bool abi32)
{
    switch (any(4)) {
    case 0:
        make_version(a, abi32);
        break;
    case 1:
        make_numbers(a);
        break;
    case 2:
        make_random(a, abi32);
        break;
    default:
        attempt_start(a, any(2) ? __HYPERVISOR_multicall : 99, 0);
        break;
    }
}

void attempt_make(struct attempt *a, bool abi32)
{
    static unsigned int turn;

    switch (any(24)) {
    case 0:
        make_version(a, abi32);
        break;
    case 1:
        make_numbers(a);
        break;
    case 2:
        make_random(a, abi32);
        break;
    case 3:
        any(8) ? make_poll(a, abi32) : make_console(a, abi32);
        break;
    case 4:
        any(2) ? attempt_initialise(a) : make_multicall(a, abi32);
        break;
    default:
        make_listed(a, &ops[turn++ % ARRAY_SIZE(ops)], abi32);
        break;
    }
}
