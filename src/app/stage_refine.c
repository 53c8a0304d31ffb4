#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "refine_file.h"
#include "rheobase/agree.h"
#include "rheobase/log.h"
#include "rheobase/memory.h"
#include "rheobase/progress.h"
#include "rheobase/signals.h"
#include "stage_file.h"

/* Data sets a rank takes between two looks at clock and signals, and columns of a row. */
enum { PER_ROUND = 4, COLUMNS = sizeof(rb_refined) / sizeof(uint64_t) };

typedef struct refinement {
  rb_job *job;
  const char *path;
  rb_refined_observation observation;
  int64_t count, done;  // data sets, and how many of the first ones are finished
  rb_refined *refined;  // (count), the same on all ranks
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
  rb_file *file = NULL;
  rb_refinement_summary summary;
  RB_TRY(rb_file_create(ctx, r->path, RB_EXACT_SCHEMA, RB_EXACT_VERSION, &file));
  RB_TRY(rb_axes_write(ctx, file, model));
  RB_TRY(rb_refine_write_observation(ctx, file, model, &r->observation));
  RB_TRY(rb_file_set_int(ctx, file, "", "datasets", r->count));
  RB_TRY(rb_file_set_int(ctx, file, "", "datasets_done", r->done));
  if (r->count > 0) {
    RB_TRY(rb_refine_write_datasets(ctx, file, model, r->count, r->refined));
    if (r->done == r->count) {
      RB_TRY(rb_agree(ctx, rb_refinement_summarise(ctx, model, r->job->input.exact.draws, r->count,
                                                   r->refined, &summary)));
      RB_TRY(rb_refine_write_summary(ctx, file, model, &summary));
    }
  }
  RB_TRY(rb_stage_file_commit(ctx, r->job, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}

/* Takes over what an unfinished file holds. Collective. */
static rb_status restore(rb_context *ctx, refinement *r) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  RB_TRY(rb_file_open(ctx, r->path, RB_EXACT_SCHEMA, RB_EXACT_VERSION, &file));
  int64_t total = 0;
  status = rb_refine_position(ctx, file, &r->done, &total);
  if (status == RB_OK && total != r->count) {
    status = RB_FAIL(ctx, RB_ERR_FORMAT, "%s: has %" PRId64 " data sets instead of %" PRId64,
                     r->path, total, r->count);
  }
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_agree(ctx, rb_refine_read_datasets(ctx, file, &r->job->model, r->count, r->refined)));
  rb_log_info(ctx, "refine     going on from data set %" PRId64 " of %" PRId64, r->done, r->count);
cleanup:
  rb_file_close(&file);
  return status;
}

/* Each rank's share of the data sets first .. first+count-1; then every rank has all. Collective:
 * a row is computed by one rank, and its bits are joined with the others' zeros. */
static rb_status refine_round(rb_context *ctx, refinement *r, int64_t first, int64_t count) {
  rb_status status = RB_OK;
  rb_job *job = r->job;
  memset(&r->refined[first], 0, (size_t)count * sizeof *r->refined);
  for (int64_t i = first + ctx->rank; i < first + count && status == RB_OK; i += ctx->size) {
    status = rb_refine_item(ctx, &job->model, job->network, &job->input.exact,
                            (uint64_t)job->input.seed, RB_FOR_DIAGNOSTICS, i, &r->refined[i]);
  }
  RB_TRY(rb_agree(ctx, status));
  MPI_Allreduce(MPI_IN_PLACE, &r->refined[first], (int)(count * COLUMNS), MPI_UINT64_T, MPI_BOR,
                ctx->comm);
  r->done = first + count;
cleanup:
  return status;
}

/* Whether rank 0's clock says that it is time to save. Collective. */
static bool time_to_save(const rb_context *ctx, double minutes, double *last_s) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  const double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  int due = *last_s > 0.0 && seconds - *last_s > 60.0 * minutes;
  MPI_Bcast(&due, 1, MPI_INT, 0, ctx->comm);
  if (due || !(*last_s > 0.0)) *last_s = seconds;
  return due != 0;
}

static rb_status refine_datasets(rb_context *ctx, refinement *r) {
  rb_status status = RB_OK;
  double last_s = 0.0;
  rb_progress progress = rb_progress_begin(ctx, "refine", "data sets", r->count, r->done);
  (void)time_to_save(ctx, 0.0, &last_s);
  while (r->done < r->count) {
    const int64_t left = r->count - r->done, most = (int64_t)PER_ROUND * ctx->size;
    RB_TRY(refine_round(ctx, r, r->done, left < most ? left : most));
    rb_progress_update(&progress, r->done, NULL);
    if (r->done < r->count && rb_signals_agree(ctx)) {
      RB_TRY(save(ctx, r));
      RB_TRY(RB_FAIL(ctx, RB_STOPPED, "stopped by a signal after data set %" PRId64 " of %" PRId64,
                     r->done, r->count));
    }
    if (time_to_save(ctx, r->job->input.training.checkpoint_minutes, &last_s)) RB_TRY(save(ctx, r));
  }
  rb_progress_end(&progress, NULL);
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
  rb_refinement_summary summary;
  char posterior_path[RB_JOB_PATH];
  if (job->model.log_likelihood == NULL) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                   "the exact posterior needs a likelihood, and that observation noise: "
                   "simulator.noise_mV is 0"));
  }
  rb_job_path(job, "posterior.h5", posterior_path);
  RB_TRY(rb_job_load_network(ctx, job));
  RB_TRY(rb_file_open(ctx, posterior_path, RB_POSTERIOR_SCHEMA, RB_POSTERIOR_VERSION, &posterior));
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, r.refined, r.count)));
  RB_TRY(rb_agree(ctx, refine_observation(ctx, job, posterior, &r.observation)));
  print(ctx, &r);
  if (job->work[0] == RB_WORK_TO_FINISH) RB_TRY(restore(ctx, &r));
  RB_TRY(refine_datasets(ctx, &r));
  RB_TRY(save(ctx, &r));
  if (r.count > 0) {
    RB_TRY(rb_agree(ctx, rb_refinement_summarise(ctx, &job->model, job->input.exact.draws, r.count,
                                                 r.refined, &summary)));
    rb_refine_print(ctx, &job->model, &summary);
  }
cleanup:
  rb_file_close(&posterior);
  refinement_free(&r);
  return status;
}
