#ifndef RB_APP_MISFIT_FILE_H
#define RB_APP_MISFIT_FILE_H

#include "job.h"
#include "rheobase/analysis/misspecification.h"

/** @file misfit_file.h
 * Are observations anything like what the simulator makes? Judged with the trained network's
 * summaries, of an ensemble with its first member's, and with other settings; group
 * `misspecification` of posterior.h5 and calibration.h5. */

typedef struct rb_misfit_study {
  int64_t count;                        ///< data sets judged; 0: not asked for
  rb_misfit *misfit;                    ///< (count), the same on all ranks
  int64_t flagged;                      ///< of them with p_all < RB_MISFIT_LEVEL
  int64_t compared;                     ///< the first of them, whose summaries' discrepancy is
  rb_mmd_test mmd;                      ///< this
  int64_t references;                   ///< prior-predictive data sets the p-values are from
  const rb_alternatives *alternatives;  ///< the model's; not owned
} rb_misfit_study;

void rb_misfit_study_free(rb_misfit_study *study);

/** Judges observations that every rank has. Collective. @param x (count, C, L) */
RB_NODISCARD rb_status rb_misfit_of_observations(rb_context *ctx, rb_job *job, int64_t count,
                                                 const float *x, rb_misfit_study *study);

/** Judges the first data sets of a test set, at most 1000 and no more than references:
 * the check of the check. Collective. */
RB_NODISCARD rb_status rb_misfit_of_test_set(rb_context *ctx, rb_job *job, rb_purpose purpose,
                                             int64_t datasets, rb_misfit_study *study);

/** Writes the group; nothing if study->count is 0. Collective. */
RB_NODISCARD rb_status rb_misfit_write(rb_context *ctx, rb_file *file,
                                       const rb_misfit_study *study);

/** Says on the terminal whether the observation is an ordinary one; a warning if it is not, or if
 * the user's cannot be judged. */
void rb_misfit_print_observation(const rb_context *ctx, const rb_misfit_study *study,
                                 bool simulated);
void rb_misfit_print_test_set(const rb_context *ctx, const rb_misfit_study *study);

#endif
