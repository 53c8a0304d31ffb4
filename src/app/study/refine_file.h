#ifndef RB_APP_REFINE_FILE_H
#define RB_APP_REFINE_FILE_H

#include "rheobase/analysis/refinement.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/io/product.h"

/** @file refine_file.h
 * What exact.h5 holds, and what the terminal shows of it. Collective, unless it says otherwise. */

/** The single observation, refined. Arrays are owned. */
typedef struct rb_refined_observation {
  float *x;  ///< (C, L)
  rb_network_draws draws;
  rb_exact_result exact;
  double kl, c2st, wasserstein[RB_MAX_PARAMETERS];
  double plausibility;  ///< see rb_exact_plausibility
} rb_refined_observation;

/** Group `observation`. */
RB_NODISCARD rb_status rb_refine_write_observation(rb_context *ctx, rb_file *file,
                                                   const rb_model *model,
                                                   const rb_refined_observation *observation);

/** Group `datasets`: one row per data set, finished or not. @param refined (count) */
RB_NODISCARD rb_status rb_refine_write_datasets(rb_context *ctx, rb_file *file,
                                                const rb_model *model, int64_t count,
                                                const rb_refined *refined);

/** Reads the rows of an unfinished file back. Local. @param refined (count) */
RB_NODISCARD rb_status rb_refine_read_datasets(rb_context *ctx, const rb_file *file,
                                               const rb_model *model, int64_t count,
                                               rb_refined *refined);

/** How far an exact.h5 is. */
typedef struct rb_refine_progress {
  int64_t datasets, done;
  bool summed_up;  ///< all data sets being done
} rb_refine_progress;

RB_NODISCARD rb_status rb_refine_write_progress(rb_context *ctx, rb_file *file,
                                                const rb_refine_progress *progress);

/** Local. Fails with RB_ERR_FORMAT if that cannot be. */
RB_NODISCARD rb_status rb_refine_read_progress(rb_context *ctx, const rb_file *file,
                                               rb_refine_progress *progress);

/** The same in steps of the work: data sets, and summing them up. Local. */
RB_NODISCARD rb_status rb_refine_position(rb_context *ctx, const rb_file *file, int64_t *done,
                                          int64_t *total);

/** Prints a summary: network and exact posterior side by side, and where the network is worst.
 * Local; only rank 0 prints. */
void rb_refine_print(const rb_context *ctx, const rb_model *model,
                     const rb_refinement_summary *summary);

/** Group `summary`. */
RB_NODISCARD rb_status rb_refine_write_summary(rb_context *ctx, rb_file *file,
                                               const rb_model *model,
                                               const rb_refinement_summary *summary);

#endif
