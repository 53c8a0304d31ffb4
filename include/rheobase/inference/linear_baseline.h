#ifndef RHEOBASE_LINEAR_BASELINE_H
#define RHEOBASE_LINEAR_BASELINE_H

#include "rheobase/inference/posterior.h"
#include "rheobase/io/hdf5_file.h"

/** @file linear_baseline.h
 * The amortised linear-Gaussian posterior that a calibration study can hold a network against:
 * parameters by ridge regression on samples, statistics and random Fourier features of a data
 * set; covariance that of the residuals on the validation set, the same for every data set;
 * truncated to the prior's support. Data sets are simulated anew in pieces, so any number of them
 * fits; the normal equations are spread over the ranks and solved through ScaLAPACK. Results are
 * equal to rounding on any number of ranks. */

enum { RB_BASELINE_MAX_RANDOM = 32768 };

/** Data sets a rank takes at once: fewer the more ranks there are, since all add to one matrix. */
enum { RB_BASELINE_MOST_ROWS = 256, RB_BASELINE_LEAST_ROWS = 8 };

/** Input group `baseline`. */
typedef struct rb_baseline_settings {
  int64_t simulations;  ///< data sets of the regression (RB_FOR_TRAINING)
  int64_t validation;   ///< data sets of the residuals' covariance (RB_FOR_VALIDATION)
  int64_t random_features;
  double penalty;          ///< of standardised features; 0: by generalised cross-validation
  double memory_limit_GB;  ///< per rank; 0: what the node has, shared by its ranks
} rb_baseline_settings;

/** What a fit took and gave, for terminal, file and documentation. Seconds are the slowest rank's.
 */
typedef struct rb_baseline_report {
  int64_t simulations, validation, features;
  int grid_rows, grid_columns;
  double matrix_bytes;            ///< of one distributed matrix, largest share of a rank
  double memory_bytes;            ///< estimate of all the fit needs, per rank
  double features_s;              ///< simulating and computing features
  double gram_s, gram_product_s;  ///< updating the Gram matrix; of which in matrix products
  double solve_s, validate_s;
  double condition;
  double penalty[RB_MAX_PARAMETERS], freedom[RB_MAX_PARAMETERS];
  double prior_sd[RB_MAX_PARAMETERS];     ///< of the training set
  double residual_sd[RB_MAX_PARAMETERS];  ///< on the validation set
} rb_baseline_report;

typedef struct rb_baseline rb_baseline;

/** Refuses what rb_baseline_fit would refuse before it begins. Local, the same on all ranks of like
 * nodes. Fails with RB_ERR_SETTING (too few simulations) or RB_ERR_MEMORY (beyond the limit). */
RB_NODISCARD rb_status rb_baseline_check(rb_context *ctx, const rb_model *model,
                                         const rb_baseline_settings *settings);

/** Fits the regression. Collective. The caller frees it with rb_baseline_destroy. Fails with
 * RB_ERR_SETTING (too few simulations), RB_ERR_MEMORY (estimate beyond the limit), RB_ERR_NUMERIC
 * (singular system: the sentence names the feature). */
RB_NODISCARD rb_status rb_baseline_fit(rb_context *ctx, const rb_model *model,
                                       const rb_baseline_settings *settings, uint64_t seed,
                                       rb_baseline **baseline);
void rb_baseline_destroy(rb_baseline *baseline);

/** Owned by @p baseline. Local. */
const rb_baseline_report *rb_baseline_get_report(const rb_baseline *baseline);

/** Writes an open file (rb_file_create with the schema above). Collective. */
RB_NODISCARD rb_status rb_baseline_write(rb_context *ctx, rb_file *file,
                                         const rb_baseline *baseline);

/** Reads what the posterior needs. Local. Fails with RB_ERR_FORMAT where the file is of another
 * model. */
RB_NODISCARD rb_status rb_baseline_read(rb_context *ctx, const rb_file *file, const rb_model *model,
                                        rb_baseline **baseline);

/** Mean of the Gaussian before truncation. Local. @param x (count, C, L) @param mean (count, D) */
RB_NODISCARD rb_status rb_baseline_mean(rb_context *ctx, const rb_baseline *baseline, int64_t count,
                                        const float *x, double *mean);

/** Covariance of the Gaussian before truncation, (D, D), owned by @p baseline. Local. */
const double *rb_baseline_covariance(const rb_baseline *baseline);

/** Draws made so far by a posterior of this kind. */
typedef struct rb_baseline_leakage {
  int64_t tries, inside;  ///< draws of the Gaussian, and those in the prior's support
  int64_t data_sets;
  int64_t given_up;  ///< data sets with hardly any mass in the support: see rb_baseline_posterior
} rb_baseline_leakage;

/** Fills @p posterior, whose name is "baseline". Local; @p baseline is borrowed; the caller calls
 * posterior->destroy.
 *
 * A draw outside the prior's support is drawn again. Where 1000 tries per draw have not been enough
 * for a data set, the draws still missing are picked among prior draws with weights proportional to
 * the Gaussian's density, and the data set counts as given up.
 *
 * The log density is that of the truncated Gaussian; its normalisation, the mass inside the
 * support, is estimated with 4096 fixed draws (error of the log about sqrt((1 - p) / (4096 p)) for
 * a mass of p; a mass below 1/8192 counts as that). It is -infinity outside the support. */
RB_NODISCARD rb_status rb_baseline_posterior(rb_context *ctx, const rb_baseline *baseline,
                                             uint64_t seed, rb_posterior *posterior);

/** Local. @param posterior made by rb_baseline_posterior */
rb_baseline_leakage rb_baseline_get_leakage(const rb_posterior *posterior);

#endif
