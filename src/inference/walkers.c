#include "walkers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/random/distributions.h"
#include "target.h"

enum { UNIFORMS_PER_MOVE = 6 };
static const double LONG_JUMPS = 0.1, INDEPENDENT_MOVES = 1.0 / 3.0;  // shares of the moves

/* One half's proposals: x + gamma (a - b) + small noise, with a and b of the other half. Every
 * tenth move takes gamma = 1, which leads from one mode to another. Independent moves y are
 * accepted by the ratio of p(y) / q(y) and p(x) / q(x). */
typedef struct mover {
  const rb_exact_problem *problem;
  int walkers, dim;
  rb_stream uniforms, normals;
  double *proposal;  // (walkers / 2, D)
  double *value;     // (walkers / 2)
  double *log_back;  // (walkers / 2) log q(x) - log q(y) of an independent move, else 0
  const rb_proposal *independent;
} mover;

static void propose_one(mover *m, int64_t move, int i, const double *x, const double *other) {
  const int D = m->dim, count = m->walkers / 2;
  const uint32_t first = (uint32_t)(move * UNIFORMS_PER_MOVE);
  double z[RB_MAX_PARAMETERS + 1], *y = &m->proposal[i * D];
  const double kind = rb_stream_uniform(m->uniforms, first + 2);
  rb_stream_normals(m->normals, move * (D + 1), D + 1, z);
  m->log_back[i] = 0.0;
  if (m->independent != NULL && kind > 1.0 - INDEPENDENT_MOVES) {
    const double u[2] = {rb_stream_uniform(m->uniforms, first + 4),
                         rb_stream_uniform(m->uniforms, first + 5)};
    double at_y;
    rb_proposal_draw_one(m->independent, u, z, y);
    rb_proposal_log_density(m->independent, 1, x, &m->log_back[i]);
    rb_proposal_log_density(m->independent, 1, y, &at_y);
    m->log_back[i] -= at_y;
    return;
  }
  const int64_t a = rb_stream_integer(m->uniforms, first, count);
  const int64_t skip = rb_stream_integer(m->uniforms, first + 1, count - 1);
  const int64_t b = skip < a ? skip : skip + 1;
  const double gamma = kind < LONG_JUMPS ? 1.0 : 2.38 / sqrt(2.0 * D) * (1.0 + 0.1 * z[D]);
  for (int d = 0; d < D; ++d) {
    y[d] = x[d] + gamma * (other[a * D + d] - other[b * D + d]) + 1e-5 * z[d];
  }
}

static void propose(mover *m, int64_t step, int half, const double *latent) {
  const int D = m->dim, count = m->walkers / 2;
  const double *other = &latent[(1 - half) * count * D];
  for (int i = 0; i < count; ++i) {
    const int64_t move = (step * 2 + half) * count + i;
    propose_one(m, move, i, &latent[(half * count + i) * D], other);
  }
}

static int64_t accept(const mover *m, int64_t step, int half, double *latent, double *log_target) {
  const int D = m->dim, count = m->walkers / 2;
  int64_t accepted = 0;
  for (int i = 0; i < count; ++i) {
    const int64_t move = (step * 2 + half) * count + i;
    const double u = rb_stream_uniform(m->uniforms, (uint32_t)(move * UNIFORMS_PER_MOVE + 3));
    const int w = half * count + i;
    if (!(log(u) < m->value[i] - log_target[w] + m->log_back[i])) continue;
    memcpy(&latent[w * D], &m->proposal[i * D], (size_t)D * sizeof *latent);
    log_target[w] = m->value[i];
    ++accepted;
  }
  return accepted;
}

rb_status rb_walkers_run(rb_context *ctx, const rb_exact_problem *problem,
                         const rb_proposal *proposal, int walkers, int64_t steps, int use,
                         double *latent, double *log_target, double *trace,
                         double *trace_log_target, double *acceptance) {
  rb_status status = RB_OK;
  const int D = problem->model->dim;
  mover m = {.problem = problem,
             .walkers = walkers,
             .dim = D,
             .independent = proposal,
             .uniforms = rb_target_stream(problem, RB_RANDOM_CHAINS, 2 * use),
             .normals = rb_target_stream(problem, RB_RANDOM_CHAINS, 2 * use + 1)};
  int64_t accepted = 0;
  int possible = 0;
  RB_TRY(RB_ALLOCATE(ctx, m.proposal, walkers / 2 * D));
  RB_TRY(RB_ALLOCATE(ctx, m.value, walkers / 2));
  RB_TRY(RB_ALLOCATE(ctx, m.log_back, walkers / 2));
  RB_TRY(rb_target_evaluate(ctx, problem, walkers, latent, log_target));
  for (int w = 0; w < walkers; ++w) possible += log_target[w] > -INFINITY;
  if (2 * possible < walkers) {
    status = RB_FAIL(ctx, RB_ERR_NUMERIC,
                     "MCMC cannot start: the likelihood is 0 at %d of %d starting points",
                     walkers - possible, walkers);
    goto cleanup;
  }
  for (int64_t step = 0; step < steps; ++step) {
    for (int half = 0; half < 2; ++half) {
      propose(&m, step, half, latent);
      RB_TRY(rb_target_evaluate(ctx, problem, walkers / 2, m.proposal, m.value));
      accepted += accept(&m, step, half, latent, log_target);
    }
    const size_t row = (size_t)walkers * (size_t)D;
    if (trace != NULL) memcpy(&trace[(size_t)step * row], latent, row * sizeof *latent);
    if (trace_log_target != NULL) {
      memcpy(&trace_log_target[step * walkers], log_target, (size_t)walkers * sizeof *log_target);
    }
  }
  *acceptance = (double)accepted / (double)(steps * walkers);
cleanup:
  free(m.proposal);
  free(m.value);
  free(m.log_back);
  return status;
}
