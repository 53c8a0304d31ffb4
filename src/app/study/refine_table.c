#include <inttypes.h>
#include <stdio.h>

#include "refine_file.h"
#include "rheobase/base/log.h"

enum { LINE = 256 };

static void print_head(const rb_context *ctx, const rb_refinement_summary *s) {
  rb_log_info(ctx,
              "%.0f data sets (%.0f reliable, %.0f with a valid evidence; by network %" PRId64
              ", adaptive %" PRId64 ", MCMC %" PRId64 ")",
              s->datasets, s->reliable, s->evidence_valid, s->methods[RB_EXACT_NETWORK],
              s->methods[RB_EXACT_ADAPTIVE], s->methods[RB_EXACT_MCMC]);
  if (s->failed > 0) rb_log_info(ctx, "%.0f failed (numerical errors) and are left out", s->failed);
  rb_log_info(ctx, "network: median efficiency %.3f, KL %.2f nats, C2ST %.3f; %.2g%% outside prior",
              s->network_efficiency, s->kl, s->c2st, 100.0 * (1.0 - s->network_inside));
  rb_log_info(ctx,
              "loss: floor %.3f +- %.3f (%.0f data sets); of %.0f without clipped truths: network "
              "%.3f, exact %.3f",
              s->floor, s->floor_se, s->evidence_valid, s->unclipped, s->network_loss,
              s->exact_loss);
}

static void print_parameters(const rb_context *ctx, const rb_model *model,
                             const rb_refinement_summary *s) {
  const struct {
    const char *title;
    const double *network, *exact;
  } columns[] = {{"r", s->network_r, s->exact_r},
                 {"NRMSE", s->network_nrmse, s->exact_nrmse},
                 {"contraction", s->network_contraction, s->exact_contraction},
                 {"z-score", s->network_z_score, s->exact_z_score},
                 {"cal. error", s->network_calibration_error, s->exact_calibration_error},
                 {"log gamma", s->network_log_gamma, s->exact_log_gamma}};
  enum { COLUMNS = sizeof columns / sizeof *columns };
  char line[LINE];
  int used = snprintf(line, sizeof line, "%-16s", "network (exact)");
  for (int c = 0; c < COLUMNS; ++c) {
    used += snprintf(line + used, sizeof line - (size_t)used, "%17s", columns[c].title);
  }
  rb_log_info(ctx, "%s", line);
  for (int d = 0; d < model->dim; ++d) {
    used = snprintf(line, sizeof line, "%-16.16s", model->parameters[d].name);
    for (int c = 0; c < COLUMNS; ++c) {
      char cell[32];  // cut where a damaged file has numbers of hundreds of digits
      (void)snprintf(cell, sizeof cell, "%8.3f (%6.3f)", columns[c].network[d],
                     columns[c].exact[d]);
      used += snprintf(line + used, sizeof line - (size_t)used, "%s", cell);
    }
    rb_log_info(ctx, "%s", line);
  }
  rb_log_info(ctx, "log gamma of the log posterior %.2f (%.2f), of the log likelihood %.2f (%.2f)",
              s->network_log_gamma_log_posterior, s->exact_log_gamma_log_posterior,
              s->network_log_gamma_log_likelihood, s->exact_log_gamma_log_likelihood);
}

static void print_worst(const rb_context *ctx, const rb_model *model,
                        const rb_refinement_summary *s) {
  rb_log_info(ctx, "%-12s %9s %12s %11s %9s %7s %8s %8s", "regime", "data sets", "activity",
              "efficiency", "KL", "C2ST", "loss", "floor");
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    char range[32];
    if (!(s->regime_datasets[g] > 0)) continue;
    (void)snprintf(range, sizeof range, "%g..%g", s->regime_activity_low[g],
                   s->regime_activity_high[g]);
    rb_log_info(ctx, "%-12s %9.0f %12s %11.4f %9.2f %7.3f %8.3f %8.3f",
                rb_regime_name(model, (rb_regime)g), s->regime_datasets[g], range,
                s->regime_network_efficiency[g], s->regime_kl[g], s->regime_c2st[g],
                s->regime_network_loss[g], s->regime_floor[g]);
  }
  rb_log_info(ctx, "%-12s %25s %33s", "", "Wasserstein distance", "KL by thirds of the truths");
  for (int d = 0; d < model->dim; ++d) {
    rb_log_info(ctx, "%-12s %20.3f %-4s %13.2f %9.2f %9.2f", model->parameters[d].name,
                s->wasserstein[d], model->parameters[d].unit, s->kl_low[d], s->kl_middle[d],
                s->kl_high[d]);
  }
}

void rb_refine_print(const rb_context *ctx, const rb_model *model,
                     const rb_refinement_summary *summary) {
  print_head(ctx, summary);
  print_parameters(ctx, model, summary);
  print_worst(ctx, model, summary);
}
