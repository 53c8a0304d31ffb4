#include "memory_needs.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "rheobase/analysis/misspecification.h"
#include "rheobase/analysis/refinement.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

static const double GIGABYTE = 1e9;
static const double SINGLE = sizeof(float), DOUBLE = sizeof(double), REAL = sizeof(rb_real);

/* Bytes of a posterior draw: what posterior.h5 holds of it and its sorted column. */
static double draw_bytes(const rb_job *job) { return job->model.dim * SINGLE + 2 * DOUBLE; }

/* Drawing: the flow's rows with the summary repeated for each, for every member of an ensemble, and
 * the mixture's picks, draws and densities. */
static double infer_bytes(const rb_job *job, double count, int ranks) {
  (void)ranks;
  const rb_input *input = &job->input;
  const int D = job->model.dim, members = input->training.ensemble;
  const double flow = (input->network.summary.summary_dim + 2 * D + 1) * REAL + (D + 1) * DOUBLE;
  const double mixture = 2 + D * (SINGLE + DOUBLE) + members * DOUBLE;
  return count * (draw_bytes(job) + members * flow + (members > 1 ? mixture : 0));
}

static double predict_bytes(const rb_job *job, double count, int ranks) {
  (void)ranks;
  const rb_model *model = &job->model;
  const double samples = (double)(model->channels + 1) * (double)model->length;
  const double each = model->dim * DOUBLE + samples * SINGLE + 2 * DOUBLE;
  return count * each + (double)job->input.observation_draws * 2 * draw_bytes(job);
}

static double prior_bytes(const rb_job *job, double count, int ranks) {
  (void)ranks;
  return count * job->model.dim * DOUBLE;
}

/* Kernel values of a share of the pairs; of each reference summaries and distances. */
static double misfit_bytes(const rb_job *job, double count, int ranks) {
  const rb_view view = rb_job_view(job);
  const int features = rb_view_shape(&view).features;
  const int summary = features > 0 ? features : job->input.network.summary.summary_dim;
  const double each = (2 * summary + 2 * RB_MISFIT_COUNT + 3) * DOUBLE;
  return ceil(count / ranks) * count * SINGLE + count * each;
}

static double exact_bytes(const rb_job *job, double count, int ranks) {
  (void)job;
  (void)ranks;
  return count * (double)sizeof(rb_refined);
}

/* The data sets that are trained on, and those of the validation, as the network sees them. */
static double training_bytes(const rb_job *job, double count, int ranks) {
  (void)ranks;
  const rb_view view = rb_job_view(job);
  const double datasets = count + (double)job->input.training.validation;
  return datasets * rb_dataset_bytes(job->model.dim, rb_view_shape(&view));
}

#define COUNT(member) offsetof(rb_input, member)

/* Where so many are kept, and what else than lowering the number helps. */
enum { EACH_RANK, ONE_RANK, EACH_NODE, PLACES };
static const struct place {
  const char *name, *remedy;
} places[PLACES] = {[EACH_RANK] = {"each rank", ", or use fewer ranks per node"},
                    [ONE_RANK] = {"one rank", ""},
                    [EACH_NODE] = {"each node", ", or train online (training.mode = \"online\")"}};

/* What asks for memory: a setting, and the stage that keeps so many of something. */
static const struct need {
  const char *stage, *setting;
  size_t count;  // offset of the int64_t in rb_input
  int place;
  double (*bytes)(const rb_job *job, double count, int ranks);
} needs[] = {
    {"simulate", "sanity.prior_draws", COUNT(sanity.prior_draws), ONE_RANK, prior_bytes},
    {"simulate", "training.simulations", COUNT(training.simulations), EACH_NODE, training_bytes},
    {"calibrate", "misspecification.simulations", COUNT(misspecification_simulations), EACH_RANK,
     misfit_bytes},
    {"infer", "misspecification.simulations", COUNT(misspecification_simulations), EACH_RANK,
     misfit_bytes},
    {"infer", "observation.draws", COUNT(observation_draws), ONE_RANK, infer_bytes},
    {"predict", "predictive.replicates", COUNT(predictive_replicates), ONE_RANK, predict_bytes},
    {"refine", "exact.datasets", COUNT(exact_datasets), EACH_RANK, exact_bytes},
};

static rb_status check(rb_context *ctx, const rb_job *job, const struct need *need) {
  int64_t count = 0;
  memcpy(&count, (const char *)&job->input + need->count, sizeof count);
  const double share = rb_memory_per_rank(ctx);
  const double available = need->place == EACH_RANK ? share : share * ctx->node_size;
  const double bytes = need->bytes(job, (double)count, ctx->size);
  if (bytes <= available) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_MEMORY,
                 "%s = %" PRId64
                 " needs %.3g GB of memory on %s, and there are %.3g GB: lower it%s",
                 need->setting, count, bytes / GIGABYTE, places[need->place].name,
                 available / GIGABYTE, places[need->place].remedy);
}

rb_status rb_check_memory_needs(rb_context *ctx, const rb_job *job, const char *stage) {
  rb_status status = RB_OK;
  for (size_t i = 0; i < sizeof needs / sizeof *needs && status == RB_OK; ++i) {
    const bool in_run = strcmp(needs[i].stage, "refine") != 0;
    if (stage == NULL ? !in_run : strcmp(needs[i].stage, stage) != 0) continue;
    status = check(ctx, job, &needs[i]);
  }
  return rb_agree(ctx, status);
}
