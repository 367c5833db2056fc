/* SPDX-License-Identifier: MIT */
/*
 * The parts of the self-test, one file each; each reports what it finds wrong.
 */
#ifndef SELFTEST_H
#define SELFTEST_H

struct regs;
/* A fixup's handler; global because asm names it. */
void selftest_double_ax(struct regs *regs);

void selftest_exceptions(void);
void selftest_user(void);
void selftest_paging(void);
void selftest_control(void);
void selftest_efer(void);
void selftest_xen(void);

#endif /* SELFTEST_H */
