#include <inttypes.h>
#include <string.h>

#include "refine_file.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/progress.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

typedef struct refinement {
  rb_job *job;
  const char *path;
  rb_refined_observation observation;
  int64_t count, done;  // data sets, and how many are finished
  rb_refined *refined;  // (count), the same on all ranks
  bool summed_up;
  rb_refinement_summary summary;  // if so
} refinement;

static void refinement_free(refinement *r) {
  free(r->observation.x);
  rb_network_draws_free(&r->observation.draws);
  rb_exact_result_free(&r->observation.exact);
  free(r->refined);
}

/* Refuses what the model cannot have produced: nothing then deserves the name of a posterior. */
static rb_status check_plausible(rb_context *ctx, const rb_exact_problem *problem,
                                 rb_refined_observation *o) {
  rb_status status = RB_OK;
  int64_t best = 0;
  for (int64_t i = 1; i < o->exact.draws; ++i) {
    if (o->exact.log_likelihood[i] > o->exact.log_likelihood[best]) best = i;
  }
  RB_TRY(rb_exact_plausibility(ctx, problem, &o->exact.latent[best * problem->model->dim],
                               &o->plausibility));
  if (o->plausibility < -6.0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_NUMERIC,
                   "the model cannot produce the observation: at the best parameters found its log "
                   "likelihood, %.1f, is %.1f standard deviations below that of simulated data",
                   o->exact.log_likelihood[best], -o->plausibility));
  }
cleanup:
  return status;
}

/* The observation of posterior.h5. Local: every rank computes it. */
static rb_status refine_observation(rb_context *ctx, rb_job *job, const rb_file *posterior,
                                    rb_refined_observation *o) {
  rb_status status = RB_OK;
  const rb_model *model = &job->model;
  RB_TRY(RB_ALLOCATE(ctx, o->x, model->channels * model->length));
  RB_TRY(rb_stage_read_observation(ctx, posterior, model, o->x));
  const rb_exact_problem problem = {model, o->x, (uint64_t)job->input.seed, RB_FOR_OBSERVATION, 0};
  RB_TRY(rb_network_draws_create(ctx, job->network, &problem, job->input.exact.draws, &o->draws));
  RB_TRY(rb_exact_refine(ctx, &problem, &job->input.exact, o->draws.count, o->draws.latent,
                         o->draws.log_density, &o->exact));
  RB_TRY(check_plausible(ctx, &problem, o));
  RB_TRY(rb_refine_kl(ctx, &problem, job->network, &o->exact, &o->kl));
  RB_TRY(rb_refine_distances(ctx, model, &o->draws, &o->exact, &o->c2st, o->wasserstein));
cleanup:
  return status;
}

/* The file as far as it goes. Collective. */
static rb_status save(rb_context *ctx, const refinement *r) {
  rb_status status = RB_OK;
  const rb_model *model = &r->job->model;
  const rb_refine_progress progress = {r->count, r->done, r->summed_up};
  rb_file *file = NULL;
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_EXACT, r->path, &file));
  RB_TRY(rb_axes_write(ctx, file, model));
  RB_TRY(rb_refine_write_observation(ctx, file, model, &r->observation));
  RB_TRY(rb_refine_write_progress(ctx, file, &progress));
  if (r->count > 0) {
    RB_TRY(rb_refine_write_datasets(ctx, file, model, r->count, r->refined));
    if (r->summed_up) RB_TRY(rb_refine_write_summary(ctx, file, model, &r->summary));
  }
  RB_TRY(rb_stage_file_commit(ctx, r->job, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

/* Saves, and says that there is more to do. Collective. */
static rb_status stop(rb_context *ctx, const refinement *r) {
  const rb_status status = save(ctx, r);
  if (status != RB_OK) return status;
  return RB_FAIL(ctx, RB_STOPPED,
                 "stopped by a signal after %" PRId64 " of %" PRId64
                 " data sets; start again to go on",
                 r->done, r->count);
}

/* Takes over what an unfinished file holds. Collective. */
static rb_status restore(rb_context *ctx, refinement *r) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  rb_refine_progress found = {0};
  RB_TRY(rb_product_open(ctx, RB_PRODUCT_EXACT, r->path, &file));
  status = rb_refine_read_progress(ctx, file, &found);
  if (status == RB_OK && found.datasets != r->count) {
    status = RB_FAIL(ctx, RB_ERR_FORMAT, "%s: has %" PRId64 " data sets instead of %" PRId64,
                     r->path, found.datasets, r->count);
  }
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_agree(ctx, rb_refine_read_datasets(ctx, file, &r->job->model, r->count, r->refined)));
  for (int64_t i = 0; i < r->count; ++i) {
    if (r->refined[i].done > 0.0) {
      ++r->done;
    } else {
      r->refined[i] = (rb_refined){0};
    }
  }
  if (r->done != found.done) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: says that %" PRId64 " data sets are done, but has %" PRId64, r->path,
                   found.done, r->done));
  }
  rb_log_info(ctx, "refine     going on with %" PRId64 " of %" PRId64 " data sets done", r->done,
              r->count);
cleanup:
  rb_file_close(&file);
  return status;
}

/* Saves now and then. Collective. */
static rb_status refine_datasets(rb_context *ctx, refinement *r) {
  rb_status status = RB_OK;
  rb_job *job = r->job;
  const rb_refinement_task task = {
      &job->model,        job->network, &job->input.exact, (uint64_t)job->input.seed,
      RB_FOR_DIAGNOSTICS, r->count,     r->refined};
  rb_progress progress = rb_progress_begin(ctx, "refine", "data sets", r->count, r->done);
  while (r->done < r->count) {
    RB_TRY(rb_refine_round(ctx, &task, 60.0 * job->input.training.checkpoint_minutes, &progress,
                           &r->done));
    if (rb_signals_agree(ctx)) RB_TRY(stop(ctx, r));
    if (r->done < r->count) RB_TRY(save(ctx, r));
  }
  rb_progress_end(&progress, NULL);
cleanup:
  return status;
}

/* A request to stop loses nothing but the sums. Collective. */
static rb_status sum_up(rb_context *ctx, refinement *r) {
  rb_status status = RB_OK;
  if (r->count > 0) {
    status = rb_refinement_summarise(ctx, &r->job->model, r->job->input.exact.draws, r->count,
                                     r->refined, &r->summary);
  }
  if (status == RB_STOPPED) {
    rb_error_clear(ctx);
    RB_TRY(stop(ctx, r));
  }
  RB_TRY(status);
  r->summed_up = true;
cleanup:
  return status;
}

static void print(const rb_context *ctx, const refinement *r) {
  const rb_exact_result *e = &r->observation.exact;
  rb_log_info(ctx,
              "observation: %s%s, efficiency %.3f (network %.3f), k-hat %.2f, log evidence %.2f +- "
              "%.2f%s, KL %.2f, C2ST %.2f",
              rb_exact_method_name(e->method), e->reliable ? "" : " (NOT reliable)",
              e->importance.efficiency, e->network.efficiency, e->importance.khat, e->log_evidence,
              e->log_evidence_se, e->evidence_valid ? "" : " (NOT valid)", r->observation.kl,
              r->observation.c2st);
  if (e->method == RB_EXACT_MCMC) {
    rb_log_info(ctx, "  MCMC %s: split R-hat %.3f, bulk ESS %.0f, tail ESS %.0f",
                e->chains.converged ? "converged" : "did NOT converge", e->chains.rhat,
                e->chains.bulk_ess, e->chains.tail_ess);
  }
}

rb_status rb_stage_refine(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  refinement r = {.job = job, .path = path, .count = job->input.exact_datasets};
  rb_file *posterior = NULL;
  char posterior_path[RB_JOB_PATH];
  if (job->model.log_likelihood == NULL) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                   "the exact posterior needs a likelihood, which model \"%s\" does not have with "
                   "these settings (docs/models.md says with which)",
                   job->model.name));
  }
  rb_job_product_path(job, RB_PRODUCT_POSTERIOR, posterior_path);
  RB_TRY(rb_job_load_network(ctx, job));
  RB_TRY(rb_product_open(ctx, RB_PRODUCT_POSTERIOR, posterior_path, &posterior));
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, r.refined, r.count)));
  RB_TRY(rb_agree(ctx, refine_observation(ctx, job, posterior, &r.observation)));
  print(ctx, &r);
  if (job->work[0] == RB_WORK_TO_FINISH) RB_TRY(restore(ctx, &r));
  RB_TRY(refine_datasets(ctx, &r));
  RB_TRY(sum_up(ctx, &r));
  RB_TRY(save(ctx, &r));
  if (r.count > 0) rb_refine_print(ctx, &job->model, &r.summary);
cleanup:
  rb_file_close(&posterior);
  refinement_free(&r);
  return status;
}
