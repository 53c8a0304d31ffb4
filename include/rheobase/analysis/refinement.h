#ifndef RHEOBASE_REFINEMENT_H
#define RHEOBASE_REFINEMENT_H

#include "rheobase/analysis/calibration.h"
#include "rheobase/base/progress.h"
#include "rheobase/inference/exact.h"
#include "rheobase/inference/posterior.h"

/** @file refinement.h
 * A network's posterior beside the exact one, data set by data set. All functions are local and
 * independent of ranks, unless they say otherwise. */

/** What is kept of a data set: doubles only, so that ranks can add their rows up. "Below" is the
 * share of draws below the true value, which is uniform for a calibrated posterior. Losses are
 * -log density at the true latent parameters, divided by the model's reference scales. Moments and
 * distances are those of parameters as the simulator uses them. NaN is a number that is not known:
 * what belongs to the exact posterior where that is not reliable, what needs its evidence where
 * that is not valid, everything of a network where there is none. */
typedef struct rb_refined {
  double done;    ///< 1
  double failed;  ///< 1 if a numerical error kept the rest from being computed
  double truth[RB_MAX_PARAMETERS];
  double network_mean[RB_MAX_PARAMETERS], network_sd[RB_MAX_PARAMETERS];
  double exact_mean[RB_MAX_PARAMETERS], exact_sd[RB_MAX_PARAMETERS];
  double network_below[RB_MAX_PARAMETERS], exact_below[RB_MAX_PARAMETERS];
  double wasserstein[RB_MAX_PARAMETERS];  ///< in the parameters' units
  double network_below_log_posterior, network_below_log_likelihood;
  double exact_below_log_posterior, exact_below_log_likelihood;
  double network_inside;  ///< share of the network's draws inside the prior
  double network_efficiency, network_khat, network_loss;
  double network_kl;                          ///< KL(exact || network), nats
  double method, reliable, efficiency, khat;  ///< see rb_exact_result
  double log_evidence, log_evidence_se, evidence_valid;
  double rhat, bulk_ess, tail_ess, acceptance, evaluations;
  double exact_loss, exact_entropy;  ///< entropy: the loss averaged over the exact posterior
  double c2st;
  double clipped;   ///< 1 if a true parameter was clipped
  double activity;  ///< of the model (model.h)
} rb_refined;

/** Refines item @p item of a purpose, drawn and simulated by the model.
 * @param network posterior with a log density, or NULL: starts from the truth, and the network's
 * columns are NaN */
RB_NODISCARD rb_status rb_refine_item(rb_context *ctx, const rb_model *model, rb_posterior *network,
                                      const rb_exact_settings *settings, uint64_t seed,
                                      rb_purpose purpose, int64_t item, rb_refined *refined);

/** Data sets to refine, and what has become of them so far: the same on all ranks. */
typedef struct rb_refinement_task {
  const rb_model *model;
  rb_posterior *network;  ///< see rb_refine_item
  const rb_exact_settings *settings;
  uint64_t seed;
  rb_purpose purpose;
  int64_t count;
  rb_refined *refined;  ///< (count); zero where they are not done
} rb_refinement_task;

/** Refines data sets that are not done, each on whichever rank is free, until all are, @p seconds
 * have passed, or a rank is asked to stop: what it has not finished then stays undone. A data set
 * that meets a numerical error is done, failed, and told in a warning. Collective.
 * @param progress is brought up to date @param done how many data sets are done */
RB_NODISCARD rb_status rb_refine_round(rb_context *ctx, const rb_refinement_task *task,
                                       double seconds, rb_progress *progress, int64_t *done);

/** Draws of the network and their density in double, as rb_exact_refine takes them. Arrays are
 * owned. */
typedef struct rb_network_draws {
  int64_t count;
  double *latent;       ///< (count, D)
  double *log_density;  ///< (count)
} rb_network_draws;

RB_NODISCARD rb_status rb_network_draws_create(rb_context *ctx, rb_posterior *network,
                                               const rb_exact_problem *problem, int64_t count,
                                               rb_network_draws *draws);
void rb_network_draws_free(rb_network_draws *draws);

/** The distances of the network's draws from the exact ones, as the simulator uses them.
 * @param wasserstein (D) */
RB_NODISCARD rb_status rb_refine_distances(rb_context *ctx, const rb_model *model,
                                           const rb_network_draws *draws,
                                           const rb_exact_result *exact, double *c2st,
                                           double *wasserstein);

/** KL(exact || network) in nats: the mean over exact draws of log p - log q. */
RB_NODISCARD rb_status rb_refine_kl(rb_context *ctx, const rb_exact_problem *problem,
                                    rb_posterior *network, const rb_exact_result *exact,
                                    double *kl);

/** Summary over data sets: medians unless said otherwise, standard errors from resampling them.
 * What a network has and the exact posterior has too is computed by the same formulas (merit.h), on
 * the data sets whose exact posterior is reliable; KL, losses and the floor on those whose evidence
 * is valid; the network's efficiency on all. */
typedef struct rb_refinement_summary {
  int64_t methods[RB_EXACT_METHOD_COUNT];
  double datasets, failed, reliable, evidence_valid;  ///< how many there are
  double unclipped;  ///< how many have a valid evidence and no clipped parameter
  double network_efficiency, efficiency, kl, c2st;
  double network_inside;   ///< mean share of the network's draws inside the prior
  double floor, floor_se;  ///< mean entropy: what no training can go below
  double network_loss;     ///< mean over data sets without a clipped parameter
  double exact_loss;       ///< over the same
  double network_contraction[RB_MAX_PARAMETERS], exact_contraction[RB_MAX_PARAMETERS];
  double exact_contraction_se[RB_MAX_PARAMETERS];
  double network_r[RB_MAX_PARAMETERS], exact_r[RB_MAX_PARAMETERS];  ///< of mean and truth
  double exact_r_se[RB_MAX_PARAMETERS];
  double network_nrmse[RB_MAX_PARAMETERS], exact_nrmse[RB_MAX_PARAMETERS];
  double network_z_score[RB_MAX_PARAMETERS], exact_z_score[RB_MAX_PARAMETERS];
  double network_calibration_error[RB_MAX_PARAMETERS], exact_calibration_error[RB_MAX_PARAMETERS];
  double network_log_gamma[RB_MAX_PARAMETERS], exact_log_gamma[RB_MAX_PARAMETERS];
  double network_log_gamma_log_posterior, exact_log_gamma_log_posterior;
  double network_log_gamma_log_likelihood, exact_log_gamma_log_likelihood;
  double wasserstein[RB_MAX_PARAMETERS];

  /** Where the network is worst: by regime (calibration.h), and KL by thirds of the data sets from
   * the smallest to the largest truths of each parameter. @{ */
  double regime_datasets[RB_REGIME_COUNT];
  double regime_activity_low[RB_REGIME_COUNT], regime_activity_high[RB_REGIME_COUNT];
  double regime_network_efficiency[RB_REGIME_COUNT], regime_kl[RB_REGIME_COUNT];
  double regime_c2st[RB_REGIME_COUNT];
  double regime_network_loss[RB_REGIME_COUNT], regime_floor[RB_REGIME_COUNT];  ///< means
  double kl_low[RB_MAX_PARAMETERS], kl_middle[RB_MAX_PARAMETERS], kl_high[RB_MAX_PARAMETERS];
  /** @} */
} rb_refinement_summary;

/** Collective: the ranks share the resampling. @param draws S behind each share
 * @param refined (count), the same on all ranks; all done
 * Fails with RB_STOPPED if a rank is asked to stop. */
RB_NODISCARD rb_status rb_refinement_summarise(rb_context *ctx, const rb_model *model,
                                               int64_t draws, int64_t count,
                                               const rb_refined *refined,
                                               rb_refinement_summary *summary);

#endif
