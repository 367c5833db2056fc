/* SPDX-License-Identifier: MIT */
/* Between the parts of the hypercall fuzzer. */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <guest/call.h>
#include <guest/test.h>

#include <xen/grant_table.h>

/* ---- random.c ---- */

extern uint64_t seed;
extern domid_t self;

#ifdef GUEST_PV
#define IS_PV true
#else
#define IS_PV false
#endif

uint32_t any(uint32_t limit);
uint64_t any_value(void);
domid_t any_domid(void);

/* ---- self.c: what we keep in order ---- */

long evtchn_op(unsigned int cmd, void *arg);
/* Is this the port of our console?  From then on it is. */
bool console_find(evtchn_port_t port);
void console_keep(void);
bool self_find(void);
void grants_fill(grant_entry_v1_t *table);

/* ---- frames.c: of each kind of guest; values.c ---- */

/*
 * A frame that we can do without: of RAM above our image, of holes, of no
 * address at all.  Never our own, nor one of the special pages, whatever the
 * width to which it is cut.
 */
uint64_t any_gfn(void);
/* Where a grant may be mapped: our page, or a PV guest's entry. */
uint64_t any_mapping(void);

/* Where an argument lies. */
struct place {
    uint64_t address;
    uint8_t *seen; /* where we can read what the call has left, or NULL */
};

/* @len bytes of @data, put somewhere good, bad, or half of each. */
struct place place_put(const void *data, unsigned int len, bool abi32);
/*
 * As that, of what is obeyed when it is read: calls, entries of page tables, any
 * number of structures.  No call finds anything else at such a place, whatever was
 * written before, for as long as there are fewer than LISTS newer ones.
 */
#define LISTS 8
struct place place_list(const void *data, unsigned int len, bool abi32);
/* A list of frames that ends where its page ends; after it nothing is mapped. */
uint64_t place_frames(unsigned int *nr, bool abi32);
void places_init(void);

/* ---- ops.c: what is called ---- */

struct attempt {
    struct call call;
    unsigned int sub;   /* operation of that call */
    struct place place; /* of its structure */
    int status_at;      /* where that has a status of its own, or < 0 */
    bool disturbs;      /* may have closed ports or moved pages that we use */
};

void attempt_start(struct attempt *a, uint64_t nr, unsigned int sub);
void attempt_make(struct attempt *a, bool abi32);
void attempt_show(const struct attempt *a, enum way way);
/* As attempt_make(), for a list of calls: nothing that takes pages from us. */
void attempt_make_harmless(struct attempt *a, bool abi32);
/* The results of its list. */
void multicall_results(const struct attempt *a, bool abi32);

/* initialise.c: VCPUOP_initialise has a structure for each kind of guest */
void attempt_initialise(struct attempt *a);

/* ---- cover.c: which results were seen ---- */

void cover_note(bool abi32, unsigned int nr, unsigned int sub, int64_t result);
/* An attempt's result, that of its structure, and those of its list. */
void cover_attempt(const struct attempt *a, bool abi32, int64_t rc);
void cover_note_status(bool abi32, unsigned int nr, unsigned int sub, int status);
void cover_print(void);

#endif
