#ifndef RHEOBASE_REPLAY_H
#define RHEOBASE_REPLAY_H

#include "rheobase/model/model.h"

/** @file replay.h
 * Parameters that a simulator failed for, in a file from which they can be simulated again: CSV
 * with the columns purpose, item and all parameters, numbers that read back as the same bits.
 * Local. */

/** Writes items first .. first + count - 1 of a purpose to failed_rank_<rank>.csv in the study's
 * folder (model->folder), whole or not at all, and adds the file's name to the context's error.
 * @param model the core, with fixed parameters @param theta (count, D) */
void rb_replay_write(rb_context *ctx, const rb_model *model, rb_purpose purpose, int64_t first,
                     int64_t count, const double *theta);

/** What such a file holds. */
typedef struct rb_replay {
  int64_t count;
  rb_purpose *purpose;  ///< (count)
  int64_t *item;        ///< (count)
  double *theta;        ///< (count, D)
} rb_replay;

/** Fails with RB_ERR_FILE, or RB_ERR_FORMAT where it is not of that model.
 * @param model the core @param replay the caller calls rb_replay_free */
RB_NODISCARD rb_status rb_replay_read(rb_context *ctx, const rb_model *model, const char *path,
                                      rb_replay *replay);
void rb_replay_free(rb_replay *replay);

#endif
