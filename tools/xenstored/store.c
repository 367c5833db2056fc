/* SPDX-License-Identifier: MIT */
/*
 * store.c - paths, permissions and accounts; see store.h.  view.c has the rest.
 */
#include "xenstored/store.h"

#include <stdio.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <xen/errno.h>

#include "xenstored/map.h"

/* Watched by who wants to know of domains; nodes for their permissions. */
static const char *const special[] = {"@introduceDomain", "@releaseDomain"};

struct xs_account *store_account(struct xs_store *store, domid_t domid)
{
    struct xs_account *account = store->accounts;

    while (account && account->domid != domid)
        account = account->next;
    if (!account && (account = calloc(1, sizeof(*account)))) {
        account->domid = domid;
        account->next = store->accounts;
        store->accounts = account;
    }
    return account;
}

int account_charge(struct xs_account *account, size_t bytes)
{
    if (account->domid != 0 && account->bytes + bytes > XS_QUOTA_BYTES)
        return -XEN_ENOSPC;
    account->bytes += bytes;
    return 0;
}

int store_init(struct xs_store *store)
{
    static const struct xs_perms perms = {.nr = 1};
    const char *const first[] = {"", special[0], special[1], "/local/domain", "/vm", "/tool"};
    struct xs_account *account;

    memset(store, 0, sizeof(*store));
    store->generation = 1;
    account = store_account(store, 0);
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]) && account; i++) {
        struct xs_view view = {.store = store};
        struct xs_node *node;
        size_t index;

        if (first[i][0] == '/') {
            if (view_mkdir(&view, first[i]) < 0)
                return -XEN_ENOMEM;
            continue;
        }
        if (map_reserve(&store->map, 1) < 0 ||
            node_new(account, 0, first[i], NULL, 0, &perms, &node) < 0)
            return -XEN_ENOMEM;
        node->generation = store->generation;
        map_search(&store->map, first[i], &index);
        map_insert(&store->map, index, node);
        account->nodes++;
    }
    return account ? 0 : -XEN_ENOMEM;
}

void store_free(struct xs_store *store)
{
    for (size_t i = 0; i < store->map.nr; i++)
        node_free(store->map.at[i]);
    free(store->map.at);
    while (store->accounts) {
        struct xs_account *account = store->accounts;

        store->accounts = account->next;
        free(account);
    }
    memset(store, 0, sizeof(*store));
}

/* Take @domid out of a list of permissions, whose owner it is not. */
static void forget_permission(struct xs_perms *perms, domid_t domid)
{
    unsigned int nr = 1;

    for (unsigned int i = 1; i < perms->nr; i++) {
        if (perms->list[i].domid != domid)
            perms->list[nr++] = perms->list[i];
    }
    perms->nr = nr;
}

void store_forget(struct xs_store *store, domid_t domid)
{
    struct xs_view view = {.store = store};

    for (size_t i = 0; i < store->map.nr;) {
        struct xs_node *node = store->map.at[i];

        if (node->perms.list[0].domid == domid) {
            struct xs_perms perms = node->perms;
            char path[XS_PATH_SIZE];

            strcpy(path, node->path);
            if (view_remove(&view, path) == 0)
                continue;
            /* The root or a special one: it goes to domain 0. */
            perms.list[0].domid = 0;
            if (view_set_perms(&view, path, &perms) == 0)
                continue;
        }
        forget_permission(&node->perms, domid);
        i++;
    }
    for (struct xs_account **at = &store->accounts; *at; at = &(*at)->next) {
        struct xs_account *account = *at;

        /* A transaction of another's may still hold something of it. */
        if (account->domid == domid && account->nodes == 0 && account->bytes == 0) {
            *at = account->next;
            free(account);
            return;
        }
    }
}

static bool path_special(const char *text)
{
    return strcmp(text, special[0]) == 0 || strcmp(text, special[1]) == 0;
}

static bool path_char(char c)
{
    return isalnum((unsigned char)c) || c == '/' || c == '-' || c == '_' || c == '@';
}

int path_resolve(const char *text, domid_t domid, char *path)
{
    size_t len = strlen(text), good = 0;

    while (path_char(text[good]))
        good++;

    if (path_special(text)) {
        strcpy(path, text);
        return 0;
    }
    if (len == 0 || text[0] == '@' || good < len || strstr(text, "//") ||
        len > (text[0] == '/' ? XENSTORE_ABS_PATH_MAX : XENSTORE_REL_PATH_MAX))
        return -XEN_EINVAL;
    if (strcmp(text, "/") == 0) {
        path[0] = '\0';
        return 0;
    }
    if (text[len - 1] == '/')
        return -XEN_EINVAL;
    if (text[0] == '/')
        strcpy(path, text);
    else
        snprintf(path, XS_PATH_SIZE, "/local/domain/%u/%s", domid, text);
    return 0;
}

unsigned int perms_of(const struct xs_perms *perms, domid_t domid)
{
    if (domid == 0 || perms->list[0].domid == domid)
        return PERM_READ | PERM_WRITE;
    for (unsigned int i = 1; i < perms->nr; i++) {
        if (perms->list[i].domid == domid)
            return perms->list[i].bits;
    }
    return perms->list[0].bits;
}
