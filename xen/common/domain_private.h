/* SPDX-License-Identifier: MIT */
/* domain_private.h - between domain.c and domain_list.c. */
#ifndef DOMAIN_PRIVATE_H
#define DOMAIN_PRIVATE_H

#include <cairn/domain.h>

/* False: the number is taken. */
bool domain_list_insert(struct domain *d);
/* Everything of a domain without references that nobody can find any more. */
void domain_free(struct domain *d);

#endif
