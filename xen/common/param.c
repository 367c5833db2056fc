/* SPDX-License-Identifier: MIT */
/*
 * param.c - the boot command line: words `name`, `no-name`, `name=value`,
 * each handed to the parameter of that name.  Values: booleans as Xen has
 * them (yes no on off true false enable disable 1 0), numbers in C syntax,
 * sizes with K M G T, strings.  A word nobody knows is reported.
 */
#include <cairn/lib.h>

static int param_parse_bool(const char *s)
{
    static const char *const yes[] = {"yes", "on", "true", "enable", "1"};
    static const char *const no[] = {"no", "off", "false", "disable", "0"};

    for (unsigned int i = 0; i < ARRAY_SIZE(yes); i++) {
        if (!strcmp(s, yes[i]))
            return 1;
        if (!strcmp(s, no[i]))
            return 0;
    }
    return -EINVAL;
}

/* Number with an optional K, M, G or T. 0 or -EINVAL. */
static int param_parse_size(const char *s, uint64_t *v)
{
    static const char units[] = "bkmgt";
    char *end;
    uint64_t n = strtoul(s, &end, 0);
    const char *unit;
    unsigned int shift = 0;

    if (end == s)
        return -EINVAL;
    if (*end) {
        unit = strchr(units, *end | 0x20);
        if (!unit || !*unit || end[1])
            return -EINVAL;
        shift = 10 * (unit - units);
    }
    if (shift && n >> (64 - shift))
        return -EINVAL;
    *v = n << shift;
    return 0;
}

static int store_uint(const struct boot_param *p, uint64_t v)
{
    if (p->len < 8 && v >> (p->len * 8))
        return -EINVAL;
    memcpy(p->var, &v, p->len); /* little-endian */
    return 0;
}

static int set_number(const struct boot_param *p, const char *value)
{
    char *end;
    uint64_t v = strtoul(value, &end, 0);

    return end == value || *end ? -EINVAL : store_uint(p, v);
}

static int set_size(const struct boot_param *p, const char *value)
{
    uint64_t v;

    return param_parse_size(value, &v) ?: store_uint(p, v);
}

static int set_string(const struct boot_param *p, const char *value)
{
    return strlcpy(p->var, value, p->len) < p->len ? 0 : -EINVAL;
}

/* @value NULL: the word had no `='. @negated: it began with `no-'. */
static int param_set(const struct boot_param *p, const char *value, bool negated)
{
    int b;

    if (p->kind == PARAM_BOOL) {
        b = value ? param_parse_bool(value) : 1;
        if (b < 0)
            return b;
        *(bool *)p->var = b != negated;
        return 0;
    }
    if (negated)
        value = "no";
    else if (!value)
        value = "";
    switch (p->kind) {
    case PARAM_UINT:
        return set_number(p, value);
    case PARAM_SIZE:
        return set_size(p, value);
    case PARAM_STR:
        return set_string(p, value);
    case PARAM_FN:
        return ((int (*)(const char *))p->var)(value);
    default:
        return -EINVAL;
    }
}

static const struct boot_param *find(const struct boot_param *table, unsigned int nr,
                                     const char *name)
{
    for (unsigned int i = 0; i < nr; i++)
        if (!strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}

/* One word, which is taken apart in place. 0, -ENOENT unknown, -EINVAL value. */
static int param_apply(const struct boot_param *table, unsigned int nr, char *word)
{
    char *value = strchr(word, '=');
    bool negated = false;
    const struct boot_param *p;

    if (value)
        *value++ = '\0';
    p = find(table, nr, word);
    if (!p && !strncmp(word, "no-", 3)) {
        negated = true;
        p = find(table, nr, word + 3);
    }
    return p ? param_set(p, value, negated) : -ENOENT;
}

int params_parse(const struct boot_param *table, unsigned int nr, const char *cmdline,
                 void (*report)(const char *word, int rc))
{
    char word[256];
    int bad = 0;

    while (*cmdline) {
        size_t n = 0;
        int rc;
        while (*cmdline == ' ' || *cmdline == '\t')
            cmdline++;
        while (cmdline[n] && cmdline[n] != ' ' && cmdline[n] != '\t')
            n++;
        if (!n)
            break;
        memcpy(word, cmdline, min(n, sizeof(word) - 1));
        word[min(n, sizeof(word) - 1)] = '\0';
        cmdline += n;
        rc = n < sizeof(word) ? param_apply(table, nr, word) : -EINVAL;
        if (rc) {
            bad++;
            if (report)
                report(word, rc);
        }
    }
    return bad;
}
