#ifndef RHEOBASE_EXACT_H
#define RHEOBASE_EXACT_H

#include "rheobase/model/model.h"

/** @file exact.h
 * The exact posterior of one observation, for models with a likelihood: importance sampling with
 * any draws whose density is known, adaptive importance sampling, and MCMC. Everything is computed
 * in latent coordinates (support.h), where the prior has an ordinary density; a point outside the
 * prior has weight 0.
 *
 * Random numbers are a function of the problem's seed, purpose and item, so results do not depend
 * on ranks or on the order of data sets. All functions are local; those that evaluate the
 * likelihood fail with RB_STOPPED as soon as this rank is asked to stop. */

/** One observation and where its random numbers come from. */
typedef struct rb_exact_problem {
  const rb_model *model;  ///< with log_likelihood
  const float *x;         ///< (C, L)
  uint64_t seed;
  rb_purpose purpose;  ///< of the data set
  uint64_t item;       ///< of the data set
} rb_exact_problem;

typedef struct rb_exact_settings {
  int64_t draws;            ///< S: importance draws, and draws returned
  double least_efficiency;  ///< below it the next method is tried
  double largest_khat;      ///< above it likewise
  int walkers;              ///< of an ensemble of chains; rounded up to an even number
  int64_t short_steps;      ///< of the chain a proposal is fitted to; half of them are left out
  int64_t long_steps;       ///< at most, of MCMC; half of them are left out
} rb_exact_settings;

/** The default settings. */
rb_exact_settings rb_exact_defaults(void);

/** How the draws were obtained. */
typedef enum rb_exact_method {
  RB_EXACT_NETWORK,   ///< importance sampling with the given draws
  RB_EXACT_ADAPTIVE,  ///< importance sampling with a mixture that was fitted
  RB_EXACT_MCMC,
  RB_EXACT_METHOD_COUNT
} rb_exact_method;

const char *rb_exact_method_name(rb_exact_method method);

/** What importance sampling says. */
typedef struct rb_importance {
  double efficiency;    ///< effective share of the draws, 1 / (S sum of squared weights)
  double khat;          ///< tail index of the weights (Vehtari et al. 2024): above 0.7 unreliable
  double log_evidence;  ///< log p(x)
  double log_evidence_se;  ///< its standard error
  double kl;               ///< KL(exact || proposal), nats
} rb_importance;

/** Pareto-smoothed importance weights (Vehtari, Simpson, Gelman, Yao, Gabry 2024).
 * @param log_ratio (count) log target - log proposal; -inf is a weight of 0
 * @param weight (count) smoothed weights, sum 1; all 0 if no ratio is finite */
RB_NODISCARD rb_status rb_importance_weights(rb_context *ctx, int64_t count,
                                             const double *log_ratio, double *weight,
                                             rb_importance *result);

/** Convergence of chains (Vehtari, Gelman, Simpson, Carpenter, Buerkner 2021): the largest
 * rank-normalised split R-hat and the smallest effective sample sizes over the coordinates. */
typedef struct rb_convergence {
  double rhat, bulk_ess, tail_ess;
  bool converged;  ///< rhat < 1.01 and both sizes above 400
} rb_convergence;

/** @param value (steps, chains, dim) */
RB_NODISCARD rb_status rb_convergence_of(rb_context *ctx, int64_t steps, int chains, int dim,
                                         const double *value, rb_convergence *result);

/** The outcome for one observation. Arrays are owned; free with rb_exact_result_free. */
typedef struct rb_exact_result {
  rb_exact_method method;
  bool reliable;             ///< the draws are, by the criteria of the method used
  bool has_network;          ///< draws were given
  rb_importance network;     ///< of the given draws
  rb_importance importance;  ///< of the method used; with MCMC of the proposal that was not enough
  /** log p(x) and its standard error: by importance sampling, or with MCMC that has converged by
   * bridge sampling. NaN and infinite where there is neither. @{ */
  double log_evidence, log_evidence_se;
  /** @} */
  bool evidence_valid;     ///< reliable, and after MCMC a standard error of at most 0.1
  rb_convergence chains;   ///< with MCMC
  double acceptance;       ///< with MCMC
  int64_t evaluations;     ///< of the likelihood
  int64_t draws;           ///< S
  double *latent;          ///< (S, D) draws of equal weight, latent coordinates
  double *theta;           ///< (S, D) the same as the simulator uses them
  double *log_likelihood;  ///< (S)
  double *log_posterior;   ///< (S) log likelihood + log prior in latent coordinates
  double *corrected;  ///< (S, D) the given draws resampled by their weights, as the simulator uses
                      ///< them; NULL if they have none
  double *given_log_posterior;  ///< (count) the same for the given draws; -inf outside the prior
} rb_exact_result;

/** Refines: importance sampling with the given draws; where that is inefficient a short chain from
 * the best of them, a Student-t mixture fitted to it, importance sampling with the mixture, then
 * with one in straightened coordinates; where that fails, MCMC, whose evidence comes from a bridge
 * (Meng and Wong 1996).
 * @param count number of given draws @param latent (count, D) @param log_density (count) in latent
 * coordinates; NULL: the draws are only starting points (e.g. the true parameters) */
RB_NODISCARD rb_status rb_exact_refine(rb_context *ctx, const rb_exact_problem *problem,
                                       const rb_exact_settings *settings, int64_t count,
                                       const double *latent, const double *log_density,
                                       rb_exact_result *result);

void rb_exact_result_free(rb_exact_result *result);

/** Whether the model can produce the observation: its log likelihood at the parameters @p latent
 * (D), which should be among the best there are, in standard deviations above or below that of data
 * simulated with them. Below -6 the answer is no.
 * Fails with RB_ERR_NUMERIC if the simulator refuses the parameters. */
RB_NODISCARD rb_status rb_exact_plausibility(rb_context *ctx, const rb_exact_problem *problem,
                                             const double *latent, double *score);

/** Log likelihood + log prior in latent coordinates; -inf where the model cannot be.
 * @param latent (D) */
RB_NODISCARD rb_status rb_exact_log_posterior(rb_context *ctx, const rb_exact_problem *problem,
                                              const double *latent, double *log_posterior);

#endif
