/* SPDX-License-Identifier: MIT */
/* perfc_defn.h - the counters; included several times, so no guard. */
PERFC(hypercalls, "hypercalls")
PERFC(audits, "audits of all pages")
PERFC(context_switches, "context switches")
PERFC(vmentries, "VM entries")
PERFC_ARRAY(vmexits, "VM exits by reason", 70)
PERFC(pv_traps, "exceptions bounced to PV guests")
PERFC(pv_emulated, "PV privileged instructions emulated")
PERFC(pv_page_faults, "page faults of PV guests")
PERFC(paging_rebuilds, "paging contexts rebuilt by a change of mode")
PERFC(guest_walks, "guest page-table walks")
