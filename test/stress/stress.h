/* SPDX-License-Identifier: MIT */
/*
 * stress.h - between the files of the stress test: hypervisor code on the
 * host, where a thread is a CPU.
 */
#ifndef STRESS_H
#define STRESS_H

#include <cairn/domain.h>
#include <cairn/types.h>

#define MORTALS     4u /* domains that come and go; dom0 and as many others stay */
#define NR_DOMAINS  (1u + 2 * MORTALS)
#define VCPUS       2u /* of each domain */
#define NR_PORTS    48u
#define NR_REFS     (4 * NR_DOMAINS)
#define NR_HANDLES  64u
#define NR_FRAMES   8192u
#define FIRST_PAGES 32u /* of a new domain */

/* xorshift64*: one state a thread. */
struct rng {
    uint64_t x;
};
extern struct page_info stress_frames[NR_FRAMES];
uint32_t rng_below(struct rng *r, uint32_t n);

/* ---- machine.c: what lies below the code under test ---- */
void machine_init(unsigned int nr_cpus);
/* cpu_poll - what interrupts would do: the timer, then pending softirqs. */
void cpu_poll(void);
void release_slots(const struct domain *d); /* its mappings by grants; it does not run */
void machine_quiesce(void);                 /* softirqs of all CPUs, by this thread */

/* ---- grants.c ---- */
uint32_t some_frame(struct rng *r, const struct domain *d); /* mostly one of @d's own */
void grant_step(struct rng *r);

/* ---- guests.c: what guests and the control domain do ---- */
void guests_init(void);
/* One random operation of the current vCPU, or of the idle CPU. */
void guest_step(struct rng *r);
/* After all threads: kill what can be killed, check what must hold.  False: said why. */
bool guests_check(void);

#endif
