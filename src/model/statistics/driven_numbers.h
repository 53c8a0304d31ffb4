#ifndef RB_MODEL_STATISTICS_DRIVEN_NUMBERS_H
#define RB_MODEL_STATISTICS_DRIVEN_NUMBERS_H

#include "regression.h"
#include "rheobase/model/statistics.h"

/** @file driven_numbers.h
 * The numbers of one channel and one stimulus, and what they are computed with. Local. */

/** Numbers of a lag, and of a stimulus without any lag. */
enum {
  RB_REGRESSION_NUMBERS = 43,
  RB_HISTORY_NUMBERS = 11,
  RB_AGE_BINS = 11,
  RB_CORRELATION_NUMBERS = 7
};

/** Where each bin of samples since an event begins, and the last one ends. */
extern const int64_t rb_age_bin[RB_AGE_BINS + 1];

/** Of one data set at a time. Arrays are owned. */
typedef struct rb_driven {
  const rb_plan *plan;       ///< not owned
  double *decay[RB_TRACES];  ///< (T) of each trace after an event
  double *rest, *there;      ///< (places + margin) of windows
  rb_driven_memory memory;
  rb_driven_sums sums;
  rb_window_moments moments[RB_DRIVEN_LAGS];  ///< where there are enough windows
} rb_driven;

/** Allocates. The caller frees it with rb_driven_free, also after a failure. Fails with
 * RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_driven_create(rb_context *ctx, const rb_plan *plan, rb_driven *stimulus);
void rb_driven_free(rb_driven *stimulus);

/** Sums of a data set. @param history also those of traces of events @param v, d (places)
 * potential, and less its mean @param x (K, T) the stimulus @param scale it is multiplied with */
void rb_driven_sum(rb_driven *stimulus, const rb_driven_kernel *kernel, const rb_events *events,
                   bool history, const double *v, const double *d, const float *x, double scale);

/** Whether there are enough windows of lag number @p k for a fit: more than 12. */
static inline bool rb_driven_has_fit(const rb_driven *stimulus, int k) {
  return stimulus->sums.window[k].count > 12;
}

/** Numbers of a block that looks at a stimulus; 0 for others. */
int rb_driven_count(const rb_plan *plan, rb_statistics_block block);

/** Writes them, after rb_driven_sum of the same data set. @param mean_v mean of the potential
 * @param out (rb_driven_count) */
void rb_driven_put(rb_driven *stimulus, const rb_driven_kernel *kernel, rb_statistics_block block,
                   const rb_events *events, const double *v, double mean_v, float *out);

/** Writes name and description of number @p i of a block. @param size of each text */
void rb_driven_name(const rb_plan *plan, rb_statistics_block block, int i, size_t size, char *name,
                    char *description);

#endif
