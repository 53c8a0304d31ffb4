#include "refine_file.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* A column of doubles of a struct: a scalar, or one entry per parameter or regime. */
typedef enum column_width { ONE, PER_PARAMETER, PER_REGIME } column_width;
typedef struct column {
  const char *name;
  size_t offset;
  column_width width;
  const char *unit, *description;
} column;

#define UNIT "parameter's unit"
#define SCALAR(member, unit, text) \
  { #member, offsetof(STRUCT, member), ONE, unit, text }
#define VECTOR(member, unit, text) \
  { #member, offsetof(STRUCT, member), PER_PARAMETER, unit, text }
#define REGIME(member, unit, text) \
  { #member, offsetof(STRUCT, member), PER_REGIME, unit, text }

#define STRUCT rb_refined
static const column dataset_columns[] = {
    SCALAR(done, "1", "1 where the data set is finished"),
    SCALAR(failed, "1", "1 where a numerical error left nothing to be known"),
    VECTOR(truth, UNIT, "true parameters"),
    SCALAR(clipped, "1", "1 where a true parameter was clipped"),
    SCALAR(activity, "1", "what regimes are made by"),
    VECTOR(network_mean, UNIT, "mean of the network's draws"),
    VECTOR(network_sd, UNIT, "their standard deviation"),
    VECTOR(exact_mean, UNIT, "mean of exact draws"),
    VECTOR(exact_sd, UNIT, "their standard deviation"),
    VECTOR(network_below, "1", "share of the network's draws below the truth"),
    VECTOR(exact_below, "1", "share of exact draws below the truth"),
    SCALAR(network_below_log_posterior, "1",
           "share of the network's draws with a lower exact posterior density than the truth"),
    SCALAR(network_below_log_likelihood, "1",
           "share of the network's draws with a lower likelihood than the truth"),
    SCALAR(exact_below_log_posterior, "1",
           "share of exact draws with a lower posterior density than the truth"),
    SCALAR(exact_below_log_likelihood, "1",
           "share of exact draws with a lower likelihood than the truth"),
    SCALAR(network_inside, "1", "share of the network's draws inside the prior"),
    SCALAR(network_efficiency, "1",
           "effective share of the network's draws as importance draws for the exact posterior"),
    SCALAR(network_khat, "1", "Pareto tail index of their weights; above 0.7 unreliable"),
    SCALAR(network_kl, "nat", "KL(exact || network)"),
    SCALAR(network_loss, "nat",
           "-log density of the network at the true latent parameters in units of their scales"),
    SCALAR(exact_loss, "nat", "the same of the exact posterior"),
    SCALAR(exact_entropy, "nat", "its mean over the exact posterior: the floor of the loss"),
    SCALAR(method, "1", "how exact draws were made: 0 network, 1 adaptive, 2 MCMC"),
    SCALAR(reliable, "1",
           "1 where the method met its criteria; elsewhere nothing exact is given (NaN)"),
    SCALAR(efficiency, "1",
           "effective share of the importance draws; with MCMC of those that were not enough"),
    SCALAR(khat, "1", "Pareto tail index of their weights"),
    SCALAR(log_evidence, "nat", "log p(x)"),
    SCALAR(log_evidence_se, "nat", "its standard error"),
    SCALAR(evidence_valid, "1",
           "1 where it may be relied upon; elsewhere what needs it is not given (NaN)"),
    SCALAR(rhat, "1", "MCMC: largest rank-normalised split R-hat (0: no MCMC)"),
    SCALAR(bulk_ess, "1", "MCMC: smallest bulk effective sample size"),
    SCALAR(tail_ess, "1", "MCMC: smallest tail effective sample size"),
    SCALAR(acceptance, "1", "MCMC: share of accepted moves"),
    SCALAR(evaluations, "1", "evaluations of the likelihood"),
    SCALAR(c2st, "1", "classifier two-sample test of network and exact draws; 0.5: the same"),
    VECTOR(wasserstein, UNIT, "1-Wasserstein distance of their marginals"),
};
#undef STRUCT
#define STRUCT rb_refinement_summary
static const column summary_columns[] = {
    SCALAR(datasets, "1", "number of data sets"),
    SCALAR(failed, "1", "how many met a numerical error and are left out everywhere"),
    SCALAR(reliable, "1",
           "how many have a reliable exact posterior: those that r, NRMSE, contraction, z-score, "
           "calibration error, log gamma, C2ST and distances are computed from"),
    SCALAR(evidence_valid, "1",
           "how many have a valid evidence: those that the floor and KL are computed from"),
    SCALAR(unclipped, "1",
           "how many of these have no clipped parameter: those that losses are computed from"),
    SCALAR(network_efficiency, "1", "median over data sets"),
    SCALAR(efficiency, "1", "median over data sets"),
    SCALAR(kl, "nat", "median of KL(exact || network)"),
    SCALAR(c2st, "1", "median over data sets"),
    SCALAR(floor, "nat", "mean entropy of the exact posterior: no loss can be lower"),
    SCALAR(floor_se, "nat", "its standard error"),
    SCALAR(network_loss, "nat", "mean over data sets without a clipped parameter"),
    SCALAR(exact_loss, "nat", "mean over the same data sets"),
    VECTOR(network_contraction, "1", "median contraction of the network"),
    VECTOR(exact_contraction, "1", "median contraction of the exact posterior: the ceiling"),
    VECTOR(exact_contraction_se, "1", "its standard error"),
    VECTOR(network_r, "1", "correlation of the network's mean and truth"),
    VECTOR(exact_r, "1", "correlation of the exact mean and truth: the ceiling"),
    VECTOR(exact_r_se, "1", "its standard error"),
    VECTOR(network_nrmse, "1", "median rmse of the network's draws over that of prior draws"),
    VECTOR(exact_nrmse, "1", "the same of the exact posterior: the least there can be"),
    VECTOR(network_z_score, "1", "median of (mean - truth) / sd of the network"),
    VECTOR(exact_z_score, "1", "the same of the exact posterior"),
    VECTOR(network_calibration_error, "1",
           "median over levels of |share of truths inside - level| of the network"),
    VECTOR(exact_calibration_error, "1", "the same of the exact posterior: chance alone"),
    VECTOR(network_log_gamma, "1", "uniformity of the network's ranks; below 0 rejects at 5%"),
    VECTOR(exact_log_gamma, "1", "the same of the exact posterior's ranks"),
    SCALAR(network_log_gamma_log_posterior, "1",
           "the same of the truths' exact log posterior among that of the network's draws"),
    SCALAR(exact_log_gamma_log_posterior, "1", "among that of exact draws"),
    SCALAR(network_log_gamma_log_likelihood, "1",
           "the same of the truths' log likelihood among that of the network's draws"),
    SCALAR(exact_log_gamma_log_likelihood, "1", "among that of exact draws"),
    SCALAR(network_inside, "1", "mean share of the network's draws inside the prior"),
    VECTOR(wasserstein, UNIT, "median over data sets"),
    REGIME(regime_datasets, "1", "number of data sets"),
    REGIME(regime_activity_low, "1", "least activity"),
    REGIME(regime_activity_high, "1", "largest activity"),
    REGIME(regime_network_efficiency, "1", "median"),
    REGIME(regime_kl, "nat", "median of KL(exact || network)"),
    REGIME(regime_c2st, "1", "median"),
    REGIME(regime_network_loss, "nat", "mean over data sets without a clipped parameter"),
    REGIME(regime_floor, "nat", "mean entropy of the exact posterior"),
    VECTOR(kl_low, "nat", "median KL in the third of the data sets with the smallest truths"),
    VECTOR(kl_middle, "nat", "in the third with middle ones"),
    VECTOR(kl_high, "nat", "in the third with the largest"),
};
#undef STRUCT

static const double *at(const void *row, const column *c) {
  return (const double *)((const char *)row + c->offset);
}

static int width_of(const column *c, int D) {
  return c->width == PER_PARAMETER ? D : c->width == PER_REGIME ? RB_REGIME_COUNT : 1;
}

/* Writes columns of `count` structs of `size` bytes; count -1: of a single one, without a dimension
 * for it. */
static rb_status write_columns(rb_context *ctx, rb_file *file, const char *group, const char *dim,
                               const column *columns, size_t number, int D, int64_t count,
                               const void *rows, size_t size) {
  rb_status status = RB_OK;
  static const char *const inner[] = {"", "parameter", "regime_name"};
  double *values = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, values, count * RB_MAX_PARAMETERS)));
  for (size_t k = 0; k < number; ++k) {
    const column *c = &columns[k];
    const int width = width_of(c, D);
    char path[128], dims[64];
    (void)snprintf(path, sizeof path, "%s/%s", group, c->name);
    (void)snprintf(dims, sizeof dims, "%s%s%s", dim, *dim && c->width != ONE ? "," : "",
                   inner[c->width]);
    for (int64_t i = 0; i < count; ++i) {
      const double *from = at((const char *)rows + (size_t)i * size, c);
      for (int d = 0; d < width; ++d) values[i * width + d] = from[d];
    }
    const rb_field field = {path, RB_F64, dims, c->unit, c->description, false};
    RB_TRY(rb_file_write(ctx, file, &field, values));
  }
cleanup:
  free(values);
  return status;
}

#define NUMBER(columns) (sizeof(columns) / sizeof *(columns))

rb_status rb_refine_write_datasets(rb_context *ctx, rb_file *file, const rb_model *model,
                                   int64_t count, const rb_refined *refined) {
  rb_status status = RB_OK;
  RB_TRY(rb_file_dimension(ctx, file, "datasets/dataset", count));
  RB_TRY(write_columns(ctx, file, "datasets", "dataset", dataset_columns, NUMBER(dataset_columns),
                       model->dim, count, refined, sizeof *refined));
cleanup:
  return status;
}

rb_status rb_refine_write_progress(rb_context *ctx, rb_file *file,
                                   const rb_refine_progress *progress) {
  rb_status status = RB_OK;
  RB_TRY(rb_file_set_int(ctx, file, "", "datasets", progress->datasets));
  RB_TRY(rb_file_set_int(ctx, file, "", "datasets_done", progress->done));
  RB_TRY(rb_file_set_int(ctx, file, "", "summed_up", progress->summed_up));
cleanup:
  return status;
}

rb_status rb_refine_read_progress(rb_context *ctx, const rb_file *file,
                                  rb_refine_progress *progress) {
  rb_status status = RB_OK;
  int64_t summed_up = 0;
  RB_TRY(rb_file_get_int(ctx, file, "", "datasets", &progress->datasets));
  RB_TRY(rb_file_get_int(ctx, file, "", "datasets_done", &progress->done));
  RB_TRY(rb_file_get_int(ctx, file, "", "summed_up", &summed_up));
  progress->summed_up = summed_up == 1;
  const bool complete = progress->done == progress->datasets;
  if (progress->done < 0 || progress->done > progress->datasets || summed_up < 0 ||
      summed_up > complete) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "the file's position, %" PRId64 " of %" PRId64 " data sets done and %" PRId64
                   " times summed up, is impossible",
                   progress->done, progress->datasets, summed_up));
  }
cleanup:
  return status;
}

rb_status rb_refine_position(rb_context *ctx, const rb_file *file, int64_t *done, int64_t *total) {
  rb_refine_progress progress = {0};
  const rb_status status = rb_refine_read_progress(ctx, file, &progress);
  *done = progress.done + (progress.summed_up ? 1 : 0);
  *total = progress.datasets < INT64_MAX ? progress.datasets + 1 : INT64_MAX;
  return status;
}

rb_status rb_refine_write_summary(rb_context *ctx, rb_file *file, const rb_model *model,
                                  const rb_refinement_summary *summary) {
  rb_status status = RB_OK;
  const rb_field regimes = {"regime_name",
                            RB_STRING,
                            "regime_name",
                            "1",
                            "groups of data sets by activity: none, up to and above the median of "
                            "the others",
                            false};
  const char *names[RB_REGIME_COUNT];
  for (int g = 0; g < RB_REGIME_COUNT; ++g) names[g] = rb_regime_name(model, (rb_regime)g);
  RB_TRY(rb_file_dimension(ctx, file, "regime_name", RB_REGIME_COUNT));
  RB_TRY(rb_file_write(ctx, file, &regimes, names));
  RB_TRY(write_columns(ctx, file, "summary", "", summary_columns, NUMBER(summary_columns),
                       model->dim, 1, summary, sizeof *summary));
cleanup:
  return status;
}

rb_status rb_refine_read_datasets(rb_context *ctx, const rb_file *file, const rb_model *model,
                                  int64_t count, rb_refined *refined) {
  rb_status status = RB_OK;
  const int D = model->dim;
  double *values = NULL;
  RB_TRY(RB_ALLOCATE(ctx, values, count * D));
  for (size_t k = 0; k < NUMBER(dataset_columns); ++k) {
    const column *c = &dataset_columns[k];
    const int width = width_of(c, D);
    char path[128];
    (void)snprintf(path, sizeof path, "datasets/%s", c->name);
    RB_TRY(rb_file_read(ctx, file, path, RB_F64, false, c->width == ONE ? 1 : 2,
                        (int64_t[]){count, D}, values));
    for (int64_t i = 0; i < count; ++i) {
      double *to = (double *)((char *)&refined[i] + c->offset);
      for (int d = 0; d < width; ++d) to[d] = values[i * width + d];
    }
  }
cleanup:
  free(values);
  return status;
}

/* --- The single observation --- */

static const rb_field LATENT = {"observation/latent",
                                RB_F64,
                                "draw,parameter",
                                UNIT,
                                "exact posterior draws, before clipping",
                                false};
static const rb_field THETA = {"observation/draws",
                               RB_F64,
                               "draw,parameter",
                               UNIT,
                               "exact posterior draws, as the simulator uses them",
                               false};
static const rb_field CORRECTED = {"observation/corrected",
                                   RB_F64,
                                   "draw,parameter",
                                   UNIT,
                                   "the network's draws resampled by their weights (network_khat "
                                   "says how far they can be trusted), as the simulator uses them",
                                   false};
static const rb_field LOG_LIKELIHOOD = {
    "observation/log_likelihood", RB_F64, "draw", "nat", "of each draw", false};
static const rb_field LOG_POSTERIOR = {"observation/log_posterior",
                                       RB_F64,
                                       "draw",
                                       "nat",
                                       "log likelihood + log prior of the latent values",
                                       false};
static const rb_field WASSERSTEIN = {"observation/wasserstein",
                                     RB_F64,
                                     "parameter",
                                     UNIT,
                                     "1-Wasserstein distance of network and exact marginals",
                                     false};

static rb_status write_numbers(rb_context *ctx, rb_file *file, const rb_refined_observation *o) {
  rb_status status = RB_OK;
  const rb_exact_result *r = &o->exact;
  const struct {
    const char *path, *unit, *description;
    double value;
  } numbers[] = {
      {"observation/reliable", "1", "1 where the method met its criteria", r->reliable},
      {"observation/network_efficiency", "1",
       "effective share of the network's draws as importance draws", r->network.efficiency},
      {"observation/network_khat", "1", "Pareto tail index of their weights", r->network.khat},
      {"observation/network_kl", "nat", "KL(exact || network)", o->kl},
      {"observation/efficiency", "1", "of the importance draws used", r->importance.efficiency},
      {"observation/khat", "1", "Pareto tail index of their weights", r->importance.khat},
      {"observation/log_evidence", "nat", "log p(x)", r->log_evidence},
      {"observation/log_evidence_se", "nat", "its standard error", r->log_evidence_se},
      {"observation/evidence_valid", "1", "1 where it may be relied upon", r->evidence_valid},
      {"observation/rhat", "1", "MCMC: largest split R-hat (0: no MCMC)", r->chains.rhat},
      {"observation/bulk_ess", "1", "MCMC: smallest bulk ESS", r->chains.bulk_ess},
      {"observation/tail_ess", "1", "MCMC: smallest tail ESS", r->chains.tail_ess},
      {"observation/evaluations", "1", "of the likelihood", (double)r->evaluations},
      {"observation/c2st", "1", "classifier two-sample test of network and exact draws", o->c2st},
      {"observation/plausibility", "1",
       "log likelihood of the observation in standard deviations from that of simulated data",
       o->plausibility},
  };
  for (size_t k = 0; k < NUMBER(numbers); ++k) {
    const rb_field field = {numbers[k].path,        RB_F64, "", numbers[k].unit,
                            numbers[k].description, false};
    RB_TRY(rb_file_write(ctx, file, &field, &numbers[k].value));
  }
cleanup:
  return status;
}

rb_status rb_refine_write_observation(rb_context *ctx, rb_file *file, const rb_model *model,
                                      const rb_refined_observation *o) {
  (void)model;
  rb_status status = RB_OK;
  const rb_exact_result *r = &o->exact;
  RB_TRY(rb_file_dimension(ctx, file, "observation/draw", r->draws));
  RB_TRY(rb_file_write(ctx, file, &THETA, r->theta));
  RB_TRY(rb_file_write(ctx, file, &LATENT, r->latent));
  if (r->corrected != NULL) RB_TRY(rb_file_write(ctx, file, &CORRECTED, r->corrected));
  RB_TRY(rb_file_write(ctx, file, &LOG_LIKELIHOOD, r->log_likelihood));
  RB_TRY(rb_file_write(ctx, file, &LOG_POSTERIOR, r->log_posterior));
  RB_TRY(rb_file_write(ctx, file, &WASSERSTEIN, o->wasserstein));
  RB_TRY(write_numbers(ctx, file, o));
  RB_TRY(rb_file_set_string(ctx, file, "observation", "method", rb_exact_method_name(r->method)));
cleanup:
  return status;
}
