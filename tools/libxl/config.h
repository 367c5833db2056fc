/* SPDX-License-Identifier: MIT */
/*
 * config.h - what a domain shall be: settings with defaults, checked.
 *
 * A struct domain_config owns its strings; config_free() gives them back and
 * accepts a half filled one.
 */
#ifndef TOOLS_LIBXL_CONFIG_H
#define TOOLS_LIBXL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "libxl/cfg.h"

#define CONFIG_NAME_MAX 63

enum domain_type { DOMAIN_PV, DOMAIN_HVM, DOMAIN_PVH };

/* What to do when a domain has ended.  The coredump- kinds keep no dump. */
enum shutdown_action {
    ACTION_DESTROY,
    ACTION_RESTART,
    ACTION_RENAME_RESTART,
    ACTION_PRESERVE,
    ACTION_COREDUMP_DESTROY,
    ACTION_COREDUMP_RESTART,
    ACTION_SOFT_RESET,
};

/* What XEN_DOMCTL_settscinfo calls 0 and 2; emulating the TSC is not there. */
enum tsc_mode { TSC_DEFAULT, TSC_NATIVE };

#define CONFIG_MAX_VCPUS 128

#define CONFIG_AUTO UINT64_MAX /* not set: take the default that fits */

struct domain_config {
    char *name;
    uint64_t type; /* enum domain_type */
    uint8_t uuid[16];
    uint64_t memory_mb;
    uint64_t maxmem_mb;
    uint64_t vcpus;
    uint64_t maxvcpus;
    char *kernel; /* for type hvm: firmware_override, else kernel */
    char *firmware_override;
    char *ramdisk;
    char *cmdline;
    char *root;
    char *extra;
    uint64_t cpus[CONFIG_MAX_VCPUS]; /* hard affinity of each vCPU; 0: any */
    uint64_t cpu_weight;
    uint64_t cap;
    uint64_t hap; /* 0, 1 or CONFIG_AUTO */
    uint64_t oos;
    uint64_t tsc_mode; /* enum tsc_mode */
    uint64_t tsc_khz;
    uint64_t shadow_mb;
    uint64_t max_event_channels;
    uint64_t max_grant_frames;
    uint64_t max_maptrack_frames;
    uint64_t max_grant_version;
    uint64_t on_poweroff; /* enum shutdown_action */
    uint64_t on_reboot;
    uint64_t on_crash;
    uint64_t on_watchdog;
    uint64_t on_soft_reset;
};

/* Called for each unknown or ineffective setting and for the error. */
typedef void config_report(bool error, struct cfg_place place, const char *text);

/*
 * config_build - fill @config from @cfg, apply defaults, check.
 * @file  for messages about what is missing altogether
 * Returns 0; -1 after reporting exactly one error.  config_free() either way.
 */
int config_build(struct domain_config *config, const struct cfg *cfg, const char *file,
                 config_report *report);

/* config_copy - a deep copy.  Returns 0, or -1 when memory is out. */
int config_copy(struct domain_config *to, const struct domain_config *from);
void config_free(struct domain_config *config);

/* config_print - as the text of a file.  Freed by the caller; NULL: no memory. */
char *config_print(const struct domain_config *config);

/* Names as in xl.cfg. */
const char *config_type_name(uint64_t type);
const char *config_action_name(uint64_t action);

#endif
