#include "proposal.h"

#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "target.h"

enum { COMPONENTS = 2 };
static const double DOF = 8.0;

rb_status rb_proposal_fit(rb_context *ctx, const rb_model *model, bool bent, int64_t count,
                          const double *latent, const double *weight, rb_proposal *p) {
  rb_status status = RB_OK;
  const int D = model->dim;
  double *straight = NULL;
  rb_bend_none(D, &p->bend);
  if (bent) RB_TRY(rb_bend_fit(ctx, D, model->scale, count, latent, weight, &p->bend));
  if (p->bend.degree > 0) {
    RB_TRY(RB_ALLOCATE(ctx, straight, count * D));
    for (int64_t i = 0; i < count; ++i) {
      rb_bend_straighten(&p->bend, &latent[i * D], &straight[i * D]);
    }
  }
  RB_TRY(rb_t_mixture_fit(ctx, D, COMPONENTS, DOF, count, straight != NULL ? straight : latent,
                          weight, &p->mixture));
cleanup:
  free(straight);
  return status;
}

void rb_proposal_draw_one(const rb_proposal *p, const double uniform[2], const double *normal,
                          double *latent) {
  rb_t_mixture_draw(&p->mixture, uniform, normal, latent);
  rb_bend_back(&p->bend, latent, latent);
}

void rb_proposal_log_density(const rb_proposal *p, int64_t count, const double *latent,
                             double *log_density) {
  const int D = p->bend.dim;
  for (int64_t i = 0; i < count; ++i) {
    double z[RB_MAX_PARAMETERS];
    rb_bend_straighten(&p->bend, &latent[i * D], z);
    rb_t_mixture_log_density(&p->mixture, 1, z, &log_density[i]);
    log_density[i] += p->bend.log_det;
  }
}

rb_status rb_proposal_ratios(rb_context *ctx, const rb_proposal *proposal, rb_points *p) {
  rb_status status = RB_OK;
  double *log_density = NULL;
  RB_TRY(RB_ALLOCATE(ctx, log_density, p->count));
  rb_proposal_log_density(proposal, p->count, p->latent, log_density);
  for (int64_t i = 0; i < p->count; ++i) p->log_ratio[i] = p->log_target[i] - log_density[i];
cleanup:
  free(log_density);
  return status;
}

rb_status rb_proposal_draw(rb_context *ctx, const rb_exact_problem *problem, int use,
                           const rb_proposal *proposal, rb_points *p) {
  rb_status status = RB_OK;
  const int D = proposal->bend.dim;
  rb_t_mixture_sample(&proposal->mixture, rb_target_stream(problem, RB_RANDOM_PICKS, use),
                      rb_target_stream(problem, RB_RANDOM_POSTERIOR_DRAWS, use), p->count,
                      p->latent);
  for (int64_t i = 0; i < p->count; ++i) {
    rb_bend_back(&proposal->bend, &p->latent[i * D], &p->latent[i * D]);
  }
  RB_TRY(rb_target_evaluate(ctx, problem, p->count, p->latent, p->log_target));
  RB_TRY(rb_proposal_ratios(ctx, proposal, p));
cleanup:
  return status;
}
