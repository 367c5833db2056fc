/* SPDX-License-Identifier: MIT */
/*
 * printk.c - the hypervisor's log: levels, thresholds, rate limit, prefix.
 *
 * Parameters loglvl= and guest_loglvl= take <always>[/<limited>]: messages
 * below the first level always show, those below the second at a limited
 * rate.  Levels: none error warning info debug all.
 */
#include <asm/processor.h>
#include <cairn/console.h>
#include <cairn/lib.h>
#include <cairn/time.h>

#define LEVEL_DEFAULT 1 /* of a message that names none: warning */
#define RATE_WINDOW   SECONDS(5)
#define RATE_BURST    10

struct threshold {
    unsigned int always, limited; /* levels below are shown */
};

#ifdef CAIRN_DEBUG
static struct threshold host_threshold = {4, 4}, guest_threshold = {4, 4};
#else
static struct threshold host_threshold = {2, 2}, guest_threshold = {0, 2};
#endif

static int parse_level(const char **p)
{
    static const char *const names[] = {"none", "error", "warning", "info", "debug", "all"};
    static const uint8_t values[] = {0, 1, 2, 3, 4, 4};

    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i]);
        if (!strncmp(*p, names[i], n) && ((*p)[n] == '\0' || (*p)[n] == '/')) {
            *p += n;
            return values[i];
        }
    }
    return -EINVAL;
}

static int parse_threshold(const char *s, struct threshold *t)
{
    int always = parse_level(&s), limited = always;

    if (always >= 0 && *s == '/') {
        s++;
        limited = parse_level(&s);
    }
    if (always < 0 || limited < 0 || *s)
        return -EINVAL;
    t->always = always;
    t->limited = max(always, limited);
    return 0;
}

static __init int parse_loglvl(const char *s)
{
    return parse_threshold(s, &host_threshold);
}
custom_param("loglvl", parse_loglvl);

static __init int parse_guest_loglvl(const char *s)
{
    return parse_threshold(s, &guest_threshold);
}
custom_param("guest_loglvl", parse_guest_loglvl);

/* At most RATE_BURST messages a window; says how many were left out. */
static bool rate_allows(s_time_t *window, unsigned int *count)
{
    s_time_t now = NOW();

    if (now - *window >= RATE_WINDOW) {
        if (*count > RATE_BURST) {
            char text[64];
            int n = scnprintf(text, sizeof(text), "(XEN) printk: %u messages suppressed.\n",
                              *count - RATE_BURST);
            console_emit(CONSOLE_XEN, text, n);
        }
        *window = now;
        *count = 0;
    }
    return (*count)++ < RATE_BURST;
}

bool log_level_shown(unsigned int level, bool guest, s_time_t *window, unsigned int *count)
{
    const struct threshold *t = guest ? &guest_threshold : &host_threshold;

    if (level < t->always)
        return true;
    return level < t->limited && rate_allows(window, count);
}

/* "<G>" and "<n>" at the start of a line; returns behind them. */
static const char *take_level(const char *s, bool *guest, unsigned int *level)
{
    *guest = false;
    *level = LEVEL_DEFAULT;
    if (s[0] == '<' && s[1] == 'G' && s[2] == '>') {
        *guest = true;
        s += 3;
    }
    if (s[0] == '<' && s[1] >= '0' && s[1] <= '3' && s[2] == '>') {
        *level = s[1] - '0';
        s += 3;
    }
    return s;
}

static void log_text(const char *s)
{
    static bool mid_line, shown;
    static s_time_t window;
    static unsigned int count;

    while (*s) {
        const char *end;
        size_t n;
        if (!mid_line) {
            bool guest;
            unsigned int level;
            s = take_level(s, &guest, &level);
            shown = log_level_shown(level, guest, &window, &count);
            if (shown)
                console_emit(CONSOLE_XEN, "(XEN) ", 6);
        }
        end = strchr(s, '\n');
        n = end ? (size_t)(end + 1 - s) : strlen(s);
        if (shown)
            console_emit(CONSOLE_XEN, s, n);
        mid_line = !end;
        s += n;
    }
}

void printk(const char *fmt, ...)
{
    static char text[1024]; /* console lock */
    unsigned long flags = console_lock();
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    log_text(text);
    console_unlock(flags);
}
