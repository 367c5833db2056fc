/* SPDX-License-Identifier: MIT */
/*
 * save.h - an HVM or PVH domain to a file, and back.
 *
 * What survives: memory, registers, local APICs, HVM parameters, console and
 * xenstore rings.  docs/save-format.md says what does not.
 */
#ifndef TOOLS_LIBXL_SAVE_H
#define TOOLS_LIBXL_SAVE_H

#include "libxl/create.h"
#include "libxl/domain.h"
#include "libxl/stream.h"

/*
 * domain_save - write paused domain @d to @path.
 * Returns 0; -1 with one error logged, then there is no such file.
 */
int domain_save(const struct domain *d, const char *path);

/*
 * domain_restore - make a domain that goes on where @saved was, unless @paused.
 * As domain_create(); @config is the parsed text of @saved.
 */
int domain_restore(const struct domain_config *config, const struct stream *saved, bool paused,
                   struct domain **domain);

extern const struct builder saved_builder;

#endif
