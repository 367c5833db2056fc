/* SPDX-License-Identifier: MIT */
#ifndef TEST_LAPIC_H
#define TEST_LAPIC_H

void check_ipi(void);
void check_priority(void);
void check_nmi(void);
void check_pic(void);
void check_timer(void);
void check_x2apic(void);

#endif
