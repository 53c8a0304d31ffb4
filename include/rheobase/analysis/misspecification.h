#ifndef RHEOBASE_MISSPECIFICATION_H
#define RHEOBASE_MISSPECIFICATION_H

#include "rheobase/analysis/mmd.h"
#include "rheobase/analysis/principal_components.h"
#include "rheobase/model/model.h"

/** @file misspecification.h
 * Is an observation anything like what the simulator makes? Its distances from the prior predictive
 * distribution, and whether other settings would explain it better, with p-values from those of
 * fresh prior-predictive data sets. Results are equal to rounding on any number of ranks. */

/** What is measured. */
typedef enum rb_misfit_kind {
  RB_MISFIT_TRACE,     ///< Mahalanobis distance in the leading principal components of the traces
  RB_MISFIT_NOISE,     ///< distance in all other directions; too small is as bad as too large
  RB_MISFIT_SUMMARY,   ///< Mahalanobis distance of the summaries, learned ones or the model's own:
                       ///< of their leading components, one for every 10 references at most
  RB_MISFIT_SETTINGS,  ///< largest log Bayes factor of an alternative of the model's (model.h)
  RB_MISFIT_COUNT
} rb_misfit_kind;

/** Name in files and tables: "trace", "noise", "summary" or "settings". Local. */
const char *rb_misfit_name(rb_misfit_kind kind);

/** Principal components of the traces that are kept, at most; half the samples if these are fewer.
 */
enum { RB_MISFIT_COMPONENTS = 50 };
/** Below this an observation is called misspecified. */
#define RB_MISFIT_LEVEL 0.01
/** The fewest references that can have a p-value below it. */
enum { RB_MISFIT_LEAST = 100 };
/** So many times the root mean square distance of simulated data sets is far out: by Markov's
 * inequality at most one data set in a hundred, whatever their distribution. */
#define RB_MISFIT_FAR 10.0

/** Whether an observation is like what the simulator makes. */
typedef enum rb_verdict {
  RB_VERDICT_LIKE,
  RB_VERDICT_OUTSIDE,
  RB_VERDICT_UNKNOWN  ///< there are fewer references than RB_MISFIT_LEAST
} rb_verdict;

/** Doubles only, so that ranks can add them up. */
typedef struct rb_misfit {
  double distance[RB_MISFIT_COUNT];  ///< NaN where there are no summaries, or no alternatives
  double p[RB_MISFIT_COUNT];         ///< share of prior-predictive data sets at least as extreme
  double p_all;                      ///< p-value of the smallest of them, that of the settings
                                     ///< counted threefold
  double excess[RB_MISFIT_COUNT];    ///< distance over the largest one of the M; 0 of the settings
  double far;  ///< 1 where trace or noise are far out (RB_MISFIT_FAR) and beyond all M, else 0
  double log_bayes[RB_MAX_ALTERNATIVES];  ///< of the model's alternatives
} rb_misfit;

/** The verdict of M references. Local. @param p_all, far as in rb_misfit */
rb_verdict rb_misfit_verdict(double p_all, double far, int64_t references);

/** The measure an observation is most unusual in: the smallest p-value, of equal ones the largest
 * multiple of what was simulated; a log Bayes factor, which is no distance, comes last. Local. */
rb_misfit_kind rb_misfit_worst(const rb_misfit *misfit);

/** Learned summaries of data sets, e.g. rb_flow_posterior_summarise. Local.
 * @param x (count, C, L) @param summary (count, dim) */
typedef rb_status (*rb_summarise_function)(void *owner, rb_context *ctx, int64_t count,
                                           const float *x, double *summary);

typedef struct rb_prior_predictive {
  const rb_model *model;  ///< not owned
  uint64_t seed;
  int64_t count;     ///< M data sets the components are of, and M others the p-values
  int pieces;        ///< of each channel that is not binary: its samples, or means (pieces.h)
  int trace_dim;     ///< pieces of all such channels
  int summary_dim;   ///< 0: no summaries
  int alternatives;  ///< 0: none
  rb_summarise_function summarise;
  void *owner;
  rb_components trace, summary;
  double *null[RB_MISFIT_COUNT];  ///< (M) distances, ascending; NaN where there are none
  double *null_p;                 ///< (M) smallest p-values, ascending
  double *reference, *pool;       ///< (M, summary_dim) summaries of the first and the other M
  double *row;                    ///< (trace_dim or summary_dim, the larger) workspace
} rb_prior_predictive;

/** Simulates 2 M data sets (RB_FOR_MISSPECIFICATION), shared by the ranks. Collective. The caller
 * frees it with rb_prior_predictive_destroy. @param summarise may be NULL, then @p summary_dim is 0
 */
RB_NODISCARD rb_status rb_prior_predictive_create(rb_context *ctx, const rb_model *model,
                                                  uint64_t seed, int64_t count, int summary_dim,
                                                  rb_summarise_function summarise, void *owner,
                                                  rb_prior_predictive *predictive);
void rb_prior_predictive_destroy(rb_prior_predictive *predictive);

/** Judges data sets. Local. @param x (count, C, L) @param misfit (count) @param summary (count,
 * summary_dim) their summaries */
RB_NODISCARD rb_status rb_prior_predictive_judge(rb_context *ctx, rb_prior_predictive *predictive,
                                                 int64_t count, const float *x, rb_misfit *misfit,
                                                 double *summary);

/** Compares the summaries of a set of observations with the prior predictive ones. Collective; all
 * ranks pass the same. @param summary (count, summary_dim) */
RB_NODISCARD rb_status rb_prior_predictive_compare(rb_context *ctx,
                                                   const rb_prior_predictive *predictive,
                                                   int64_t count, const double *summary,
                                                   rb_mmd_test *test);

#endif
