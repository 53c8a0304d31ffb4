#ifndef RB_APP_MEMORY_NEEDS_H
#define RB_APP_MEMORY_NEEDS_H

#include "job.h"

/** @file memory_needs.h
 * Settings that ask for memory in proportion to them. */

/** Refuses, before any work, what a stage cannot keep in memory. @param stage its name, or NULL for
 * all. Collective; all ranks come to the same. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_check_memory_needs(rb_context *ctx, const rb_job *job, const char *stage);

#endif
