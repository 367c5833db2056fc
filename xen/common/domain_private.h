/* SPDX-License-Identifier: MIT */
/* domain_private.h - between domain.c and domain_list.c. */
#ifndef DOMAIN_PRIVATE_H
#define DOMAIN_PRIVATE_H

#include <cairn/domain.h>

/* False: the number is taken. */
bool domain_list_insert(struct domain *d);
/* Dom0 is told (VIRQ_DOM_EXC) that some domain's state has changed; soon, from
 * a softirq, so that it may be asked for with any lock held. */
void domain_exception_raise(void);
/* Everything of a domain without references that nobody can find any more. */
void domain_free(struct domain *d);

#endif
