#ifndef RHEOBASE_GROUPS_H
#define RHEOBASE_GROUPS_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file groups.h
 * Splitting the ranks of a run into groups that do separate tasks side by side. */

/** How many groups of (nearly) equal size do `tasks` tasks of equal cost soonest, each group one
 * after another, where a task consists of steps of `chunks` chunks that the ranks of a group share.
 * Of equally good numbers the largest: less to communicate. Local. All arguments >= 1. */
int rb_group_count(int ranks, int64_t tasks, int64_t chunks);

/** Makes the group this rank belongs to: neighbouring ranks, with the instruction set of all ranks.
 * Groups other than the first are quiet. Collective. The caller calls rb_group_leave.
 * @param groups at most ctx->size @param index of this rank's group */
RB_NODISCARD rb_status rb_group_enter(rb_context *ctx, int groups, int *index, rb_context *group);

/** Frees the group, and lets all ranks learn how the groups fared: as rb_agree. Collective over
 * @p ctx. @param status of this rank's group, whose error record is in @p group */
RB_NODISCARD rb_status rb_group_leave(rb_context *ctx, rb_context *group, rb_status status);

#endif
