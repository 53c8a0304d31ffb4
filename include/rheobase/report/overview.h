#ifndef RHEOBASE_OVERVIEW_H
#define RHEOBASE_OVERVIEW_H

#include "rheobase/base/context.h"

/** @file overview.h
 * What a study's folder holds. Local. */

/** Prints a line for each file of a study: when it was finished, on how many ranks and in what
 * time, or what is wrong with it. Fails with RB_ERR_FILE (no study there) or RB_ERR_FORMAT
 * (damaged). */
RB_NODISCARD rb_status rb_overview_print(rb_context *ctx, const char *folder);

#endif
