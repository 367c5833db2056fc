/* SPDX-License-Identifier: MIT */
/*
 * store.h - the tree of xenstore: nodes, permissions, quotas, transactions.
 *
 * A path is kept in canonical form: absolute, without a slash at its end, the
 * root being "".  All operations are by a view, which is the tree itself or a
 * transaction on it.  A transaction holds what it changed, and the generation
 * of every node that it looked at; it commits only if none of these has
 * changed meanwhile, and then as a whole.
 *
 * Every node and every entry of a transaction is charged to a domain; domain 0
 * may do as it likes, others are refused with ENOSPC beyond their quota.
 * Errors are -XEN_E*.  Pure but for malloc(); nothing here switches.
 */
#ifndef TOOLS_XENSTORED_STORE_H
#define TOOLS_XENSTORED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#include <xen/io/xs_wire.h>

/* Quotas of a domain. */
#define XS_QUOTA_NODES        1000
#define XS_QUOTA_BYTES        (128u * 1024) /* nodes, transactions and watches together */
#define XS_QUOTA_VALUE        2048
#define XS_QUOTA_WATCHES      128
#define XS_QUOTA_TRANSACTIONS 10
#define XS_MAX_PERMS          8 /* of a node, the owner among them */

#define XS_PATH_SIZE (XENSTORE_ABS_PATH_MAX + 1)

#define PERM_READ  1u
#define PERM_WRITE 2u

/* The first one is the owner, its bits those of everybody not listed. */
struct xs_perms {
    unsigned int nr;
    struct {
        domid_t domid;
        uint8_t bits;
    } list[XS_MAX_PERMS];
};

/* What a domain's use of the store costs. */
struct xs_account {
    struct xs_account *next;
    domid_t domid;
    size_t nodes, bytes;
};

struct xs_node {
    struct xs_account *account;
    uint64_t generation; /* of its last change; in a transaction: as first seen, 0 for none */
    bool changed;        /* the rest: only in a transaction */
    bool exists;
    bool touched; /* its list of children changed */
    bool nested;  /* removed together with a node above it */
    struct xs_perms perms;
    size_t len;
    char *value;
    char path[]; /* and behind its end the value */
};

struct xs_map {
    struct xs_node **at; /* ascending, each node before those below it */
    size_t nr, room;
};

struct xs_store {
    struct xs_map map;
    struct xs_account *accounts;
    uint64_t generation;
    /*
     * Called for each change; @exact: of interest only to who watches this
     * very path.  @perms are the node's, of a removed one the last.
     */
    void (*changed)(void *context, const char *path, bool exact, const struct xs_perms *perms);
    void *context;
};

struct xs_transaction {
    struct xs_transaction *next;
    uint32_t id;
    struct xs_account *payer;
    struct xs_map map;
};

struct xs_view {
    struct xs_store *store;
    struct xs_transaction *transaction; /* or NULL */
    domid_t caller;
};

/* store_init - an empty tree with its root and the special watches' nodes. */
int store_init(struct xs_store *store);
void store_free(struct xs_store *store);

/* store_account - that of @domid, made if need be; NULL without memory. */
struct xs_account *store_account(struct xs_store *store, domid_t domid);
/* account_charge - add @bytes, unless that is beyond the quota. */
int account_charge(struct xs_account *account, size_t bytes);

/*
 * store_forget - @domid is gone: remove what it owns, with all below, and its
 * permissions elsewhere.
 */
void store_forget(struct xs_store *store, domid_t domid);

/*
 * path_resolve - the canonical form of @text, relative to @domid's home, into
 * @path of XS_PATH_SIZE bytes.  0 or -XEN_EINVAL.
 */
int path_resolve(const char *text, domid_t domid, char *path);
/* path_below - @path is @top or below it. */
bool path_below(const char *path, const char *top);

/* perms_of - PERM_ bits that @domid has by @perms. */
unsigned int perms_of(const struct xs_perms *perms, domid_t domid);

/*
 * view_get - a node that the caller may access as @want says.  -XEN_ENOENT
 * only if the caller may so access what is above; else -XEN_EACCES.
 */
int view_get(const struct xs_view *view, const char *path, unsigned int want,
             const struct xs_node **node);
/* view_list - names of the children, each with its NUL: @buf receives whole
 * ones from byte @from of the list on, as many as fit in *@size, which becomes
 * their size.  Returns the size of the whole list or an error. */
long view_list(const struct xs_view *view, const char *path, size_t from, char *buf, size_t *size);
/* view_write - set a value; creates the node and those above. */
int view_write(const struct xs_view *view, const char *path, const void *value, size_t len);
/* view_mkdir - as view_write() with no value, but leaves what exists. */
int view_mkdir(const struct xs_view *view, const char *path);
int view_remove(const struct xs_view *view, const char *path);
int view_set_perms(const struct xs_view *view, const char *path, const struct xs_perms *perms);

/* transaction_new - @payer pays.  NULL without memory or quota. */
struct xs_transaction *transaction_new(struct xs_account *payer);
/* transaction_commit - apply it all or (error) nothing; then free it. */
int transaction_commit(const struct xs_view *view);
void transaction_free(struct xs_transaction *transaction);

#endif
