#include "bridge.h"

#include <math.h>

#include "adaptive.h"
#include "target.h"

enum { POSTERIOR, PROPOSAL, MOST_ITERATIONS = 1000 };
static const double SMALL_STEP = 1e-12;  // of the log evidence

/* Means of the bridge's two functions, and their variances. With l = target / (proposal z), shares
 * s of posterior and proposal draws: l / (s_0 l + s_1) over the proposal's draws, 1 / (s_0 l + s_1)
 * over the posterior's. Their quotient is 1 where z is the evidence. */
typedef struct moments {
  double mean[2], variance[2];
} moments;

static moments moments_at(const int64_t n[2], const double *const log_ratio[2],
                          const double share[2], double log_z) {
  moments m = {0};
  for (int k = 0; k < 2; ++k) {
    double sum = 0.0, squares = 0.0;
    for (int64_t i = 0; i < n[k]; ++i) {
      const double l = exp(log_ratio[k][i] - log_z);
      const double value =  // l may overflow
          k == POSTERIOR
              ? 1.0 / (share[0] * l + share[1])
              : (l > 1.0 ? 1.0 / (share[0] + share[1] / l) : l / (share[0] * l + share[1]));
      sum += value;
      squares += value * value;
    }
    m.mean[k] = sum / (double)n[k];
    m.variance[k] = fmax(squares / (double)n[k] - m.mean[k] * m.mean[k], 0.0);
  }
  return m;
}

rb_bridge rb_bridge_of(const int64_t n[2], const double *const log_ratio[2], double effective) {
  rb_bridge bridge = {NAN, INFINITY};
  const double worth = fmin(effective, (double)n[POSTERIOR]);
  const double share[2] = {worth / (worth + (double)n[PROPOSAL]),
                           (double)n[PROPOSAL] / (worth + (double)n[PROPOSAL])};
  double log_z = 0.0;
  for (int64_t i = 0; i < n[POSTERIOR]; ++i) {
    log_z += log_ratio[POSTERIOR][i] / (double)n[POSTERIOR];
  }
  for (int iteration = 0; iteration < MOST_ITERATIONS; ++iteration) {
    const moments m = moments_at(n, log_ratio, share, log_z);
    const double step = log(m.mean[PROPOSAL]) - log(m.mean[POSTERIOR]);
    if (!isfinite(step)) return bridge;
    log_z += step;
    if (fabs(step) > SMALL_STEP * fmax(fabs(log_z), 1.0)) continue;
    bridge.log_evidence = log_z;
    bridge.log_evidence_se =
        sqrt(m.variance[PROPOSAL] / (m.mean[PROPOSAL] * m.mean[PROPOSAL] * (double)n[PROPOSAL]) +
             m.variance[POSTERIOR] / (m.mean[POSTERIOR] * m.mean[POSTERIOR] * worth));
    break;
  }
  return bridge;
}

/* How many independent draws the chains are worth for means of functions of the log ratio. */
static rb_status worth(rb_context *ctx, const rb_exact_settings *settings, int64_t steps,
                       const double *log_ratio, double *effective) {
  rb_status status = RB_OK;
  rb_convergence convergence;
  RB_TRY(rb_convergence_of(ctx, steps, settings->walkers, 1, log_ratio, &convergence));
  *effective = fmin(convergence.bulk_ess, convergence.tail_ess);
cleanup:
  return status;
}

rb_status rb_bridge_chains(rb_context *ctx, const rb_exact_problem *problem,
                           const rb_exact_settings *settings, int64_t steps, const double *chain,
                           const double *log_target, rb_bridge *bridge, int64_t *evaluations) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  const int64_t half = steps / 2, rows = half * settings->walkers;
  rb_points posterior = {0}, proposal = {0};
  rb_proposal fitted;
  double effective = 0.0;
  RB_TRY(rb_points_allocate(ctx, D, rows, &posterior));
  RB_TRY(rb_points_allocate(ctx, D, settings->draws, &proposal));
  rb_points_thin(D, rows, chain, log_target, &posterior);
  RB_TRY(rb_proposal_fit(ctx, problem->model, true, rows, posterior.latent, posterior.weight,
                         &fitted));
  RB_TRY(rb_proposal_draw(ctx, problem, RB_USE_BRIDGE, &fitted, &proposal));
  *evaluations += proposal.count;
  rb_points_thin(D, rows, chain + rows * D, log_target + rows, &posterior);
  RB_TRY(rb_proposal_ratios(ctx, &fitted, &posterior));
  RB_TRY(worth(ctx, settings, half, posterior.log_ratio, &effective));
  const int64_t n[2] = {posterior.count, proposal.count};
  const double *const log_ratio[2] = {posterior.log_ratio, proposal.log_ratio};
  *bridge = rb_bridge_of(n, log_ratio, effective);
cleanup:
  rb_points_free(&posterior);
  rb_points_free(&proposal);
  return status;
}
