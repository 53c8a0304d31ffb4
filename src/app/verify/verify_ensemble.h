#ifndef RB_APP_VERIFY_ENSEMBLE_H
#define RB_APP_VERIFY_ENSEMBLE_H

#include "rheobase/analysis/recovery.h"
#include "rheobase/io/hdf5_file.h"
#include "verify.h"

/** @file verify_ensemble.h
 * What the parts of rb_verify_diagnostics share: one group of the file. All functions are local.
 *
 * Values are compared relative to max(1, |reference|), tolerance 1e-6. Statistics with random nulls
 * are compared in standard deviations of their own sampling distribution. A value that the file
 * does not have is not compared. */

#define RB_VERIFY_TOLERANCE 1e-6
#define RB_VERIFY_DEVIATIONS 6.0

/** A group of a diagnostics file; for an ensemble of posterior draws, also what was computed from
 * it, by parameter first. */
typedef struct rb_verify_group {
  rb_context *ctx;
  const rb_file *file;
  const char *name;
  rb_verify_report *report;
  int64_t N, S, D;
  float *estimates;                                ///< (N, S, D)
  double *target;                                  ///< (D, N)
  double *median, *low, *high, *mean, *sd, *rmse;  ///< (D, N)
  int32_t *rank;                                   ///< (D, N)
  int64_t *inside;                                 ///< (D, RB_LEVELS) truths in central intervals
  int64_t *below;                                  ///< (D, S + 1) ranks smaller than 1..S+1
} rb_verify_group;

/** Error of a value against a reference, as above; equal infinities agree. */
double rb_verify_error(double value, double reference);

/** Adds a row named group/name. */
RB_NODISCARD rb_status rb_verify_row_add(rb_verify_group *group, const char *name, double error,
                                         double tolerance);

/** Reads an array of the group, or sets *reference to NULL if there is none. The caller frees. */
RB_NODISCARD rb_status rb_verify_read(rb_verify_group *group, const char *name, int rank,
                                      const int64_t *shape, double **reference);

/** Adds a row with the largest error of an array against what the file has under that name. */
RB_NODISCARD rb_status rb_verify_compare(rb_verify_group *group, const char *name, int rank,
                                         const int64_t *shape, const double *value);

/** The statistics with random nulls: NRMSE against the prior, log gamma, ECDF bands. */
RB_NODISCARD rb_status rb_verify_nulls(rb_verify_group *group);

/** The posterior predictive check: of replicates of a channel, replicated_<channel> (K, L) against
 * observed_<channel> (L), the band and its coverage; of a statistic, replicated_<statistic> (K)
 * against observed_<statistic>, the percentile.
 * @param known counts them up */
RB_NODISCARD rb_status rb_verify_predictive(rb_verify_group *group, int64_t *known);

#endif
