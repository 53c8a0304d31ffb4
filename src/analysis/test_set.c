#include "rheobase/analysis/test_set.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "joint_quantities.h"
#include "rheobase/analysis/recovery.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"
#include "rheobase/model/draw.h"
#include "rheobase/model/support.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/first_failure.h"

struct rb_test_loop {
  rb_posterior *posterior;
  uint64_t seed;
  rb_test_set set;
  int64_t chunk;
  int quantities, joint;  // ranked in all, and joint ones among them
  rb_rough_estimate estimate;
  double *theta;        // (chunk, D)
  double *latent;       // (chunk, D)
  const double *truth;  // one of the two: latent values if the posterior is one of these
  bool *failed;         // (chunk) whether simulating or sampling met a numerical error
  rb_first_failure failure;
  int32_t *clipped;     // (chunk) 1 where the two differ
  float *x;             // (chunk, C, L)
  float *draws;         // (chunk, S, D)
  double *log_density;  // (chunk, S) of the draws; NULL if the posterior has none
  double *log_truth;    // (chunk)
  double *column;       // (S)
  double *work;         // (S + 1)
};

static int joint_count(const rb_posterior *posterior) {
  return posterior->log_density != NULL ? RB_JOINT_COUNT : RB_JOINT_LOG_DENSITY;
}

int rb_test_quantities(const rb_posterior *posterior, rb_quantity *quantity) {
  const int D = posterior->model->dim, joint = joint_count(posterior);
  memcpy(quantity, posterior->model->parameters, (size_t)D * sizeof *quantity);
  memcpy(quantity + D, rb_joint_quantities(), (size_t)joint * sizeof *quantity);
  return D + joint;
}

static rb_status allocate(rb_context *ctx, rb_test_loop *loop) {
  rb_status status = RB_OK;
  const rb_model *model = loop->posterior->model;
  const int64_t chunk = loop->chunk, S = loop->set.draws;
  RB_TRY(RB_ALLOCATE(ctx, loop->theta, chunk * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, loop->latent, chunk * model->dim));
  loop->truth = loop->posterior->latent ? loop->latent : loop->theta;
  RB_TRY(RB_ALLOCATE(ctx, loop->failed, chunk));
  RB_TRY(RB_ALLOCATE(ctx, loop->clipped, chunk));
  RB_TRY(RB_ALLOCATE(ctx, loop->x, chunk * model->channels * model->length));
  RB_TRY(RB_ALLOCATE(ctx, loop->draws, chunk * S * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, loop->log_truth, chunk));
  RB_TRY(RB_ALLOCATE(ctx, loop->column, S));
  RB_TRY(RB_ALLOCATE(ctx, loop->work, S + 1));
  if (loop->posterior->log_density != NULL) {
    RB_TRY(RB_ALLOCATE(ctx, loop->log_density, chunk * S));
  }
cleanup:
  return status;
}

rb_status rb_test_loop_create(rb_context *ctx, rb_posterior *posterior, uint64_t seed,
                              const rb_test_set *set, int64_t chunk, rb_test_loop **loop) {
  rb_status status = RB_OK;
  rb_test_loop *self = NULL;
  if (set->datasets < 2 || set->draws < 2 || chunk < 1) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "calibration.%s: at least 2 data sets and 2 draws are needed", set->name);
  }
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, self, 1)));
  self->posterior = posterior;
  self->seed = seed;
  self->set = *set;
  self->chunk = chunk;
  self->joint = joint_count(posterior);
  self->quantities = posterior->model->dim + self->joint;
  status = allocate(ctx, self);
  if (status == RB_OK) {
    status = rb_rough_estimate_fit(ctx, posterior->model, seed, &self->estimate);
  }
  RB_TRY(rb_agree(ctx, status));
  *loop = self;
cleanup:
  if (status != RB_OK) rb_test_loop_destroy(self);
  return status;
}

void rb_test_loop_destroy(rb_test_loop *loop) {
  if (loop == NULL) return;
  rb_rough_estimate_free(&loop->estimate);
  free(loop->theta);
  free(loop->latent);
  free(loop->failed);
  free(loop->clipped);
  free(loop->x);
  free(loop->draws);
  free(loop->log_density);
  free(loop->log_truth);
  free(loop->column);
  free(loop->work);
  free(loop);
}

rb_status rb_test_loop_records(rb_context *ctx, const rb_test_loop *loop, bool store_draws,
                               rb_records *records) {
  return rb_records_create(ctx, loop->set.datasets, loop->chunk, loop->posterior->model->dim,
                           loop->quantities, loop->set.draws, store_draws, records);
}

/* Clipped values have no density: losses leave their data sets out. */
static void find_clipped(rb_test_loop *loop, int64_t at, int64_t count) {
  const int D = loop->posterior->model->dim;
  for (int64_t i = at; i < at + count; ++i) {
    loop->clipped[i] = 0;
    for (int64_t k = i * D; k < (i + 1) * D; ++k) {
      if (loop->theta[k] != loop->latent[k]) loop->clipped[i] = 1;
    }
  }
}

/* Simulates and samples data sets at .. at+count-1 of the chunk. @param first of the chunk */
static rb_status make_datasets(rb_context *ctx, rb_test_loop *loop, int64_t first, int64_t at,
                               int64_t count) {
  rb_status status = RB_OK;
  rb_posterior *posterior = loop->posterior;
  const rb_model *model = posterior->model;
  const rb_purpose purpose = loop->set.purpose;
  const int D = model->dim;
  float *x = loop->x + at * model->channels * model->length;
  RB_TRY(rb_model_draw(model, ctx, loop->seed, purpose, first + at, count, loop->theta + at * D,
                       loop->latent + at * D, x));
  find_clipped(loop, at, count);
  RB_TRY(posterior->sample(
      posterior, ctx, loop->seed, purpose, first + at, count, x, loop->set.draws,
      loop->draws + at * loop->set.draws * D,
      loop->log_density != NULL ? loop->log_density + at * loop->set.draws : NULL));
  if (posterior->log_density != NULL) {
    RB_TRY(posterior->log_density(posterior, ctx, count, x, 1, loop->truth + at * D,
                                  loop->log_truth + at));
  }
cleanup:
  return status;
}

/* If a data set meets a numerical error they are made one by one, and those that do are marked. */
static rb_status make_chunk(rb_context *ctx, rb_test_loop *loop, rb_range range) {
  rb_status status = RB_OK;
  memset(loop->failed, 0, (size_t)range.count * sizeof *loop->failed);
  status = make_datasets(ctx, loop, range.first, 0, range.count);
  if (status != RB_ERR_NUMERIC) goto cleanup;
  rb_error_clear(ctx);
  for (int64_t i = 0; i < range.count; ++i) {
    status = make_datasets(ctx, loop, range.first, i, 1);
    loop->failed[i] = status == RB_ERR_NUMERIC;
    if (loop->failed[i]) {
      rb_first_failure_note(ctx, range.first + i, &loop->failure);
    } else if (status != RB_OK) {
      goto cleanup;
    }
  }
  status = RB_OK;
cleanup:
  return status;
}

/* Reduces the draws of one parameter to the numbers of its record. @param draws (S, D) */
static rb_status reduce_parameter(rb_context *ctx, rb_test_loop *loop, int64_t dataset, int d,
                                  const float *draws, double truth, rb_records *records,
                                  int64_t row) {
  const int D = records->dim;
  const int64_t S = loop->set.draws;
  bool finite = true;
  for (int64_t s = 0; s < S; ++s) {
    loop->column[s] = (double)draws[s * D + d];
    finite &= isfinite(loop->column[s]) != 0;
  }
  if (!finite) {
    return RB_FAIL(ctx, RB_ERR_NUMERIC,
                   "a posterior draw of %s for data set %" PRId64 " of the %s set is not finite",
                   loop->posterior->model->parameters[d].name, dataset, loop->set.name);
  }
  rb_reduced_draws reduced;
  rb_sort(S, loop->column);
  rb_reduce_draws(S, loop->column, truth, loop->work, &reduced);
  const struct {
    rb_record field;
    double value;
  } numbers[] = {{RB_RECORD_TRUTH, truth},       {RB_RECORD_MEDIAN, reduced.median},
                 {RB_RECORD_LOW, reduced.low},   {RB_RECORD_HIGH, reduced.high},
                 {RB_RECORD_MEAN, reduced.mean}, {RB_RECORD_SD, reduced.sd},
                 {RB_RECORD_RMSE, reduced.rmse}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    ((double *)rb_records_at(records, numbers[i].field, row))[d] = numbers[i].value;
  }
  ((int32_t *)rb_records_at(records, RB_RECORD_RANK, row))[d] = reduced.rank;
  ((int32_t *)rb_records_at(records, RB_RECORD_CENTRAL, row))[d] = (int32_t)reduced.central;
  ((int32_t *)rb_records_at(records, RB_RECORD_HPD, row))[d] = (int32_t)reduced.hpd;
  return RB_OK;
}

/* Counts draws outside the prior's support, parameter by parameter where the model can tell. */
static void count_outside(const rb_posterior *posterior, int64_t S, const float *draws,
                          int32_t *outside) {
  const rb_model *model = posterior->model;
  const int D = model->dim;
  for (int d = 0; d <= D; ++d) outside[d] = 0;
  for (int64_t s = 0; s < S; ++s) {
    double theta[RB_MAX_PARAMETERS];
    for (int d = 0; d < D; ++d) theta[d] = (double)draws[s * D + d];
    if (posterior->latent) rb_model_from_latent(model, 1, theta, theta);
    if (model->outside_support != NULL) {
      const uint32_t mask = model->outside_support(model, theta);
      for (int d = 0; d < D; ++d) outside[d] += (int32_t)(mask >> d & 1);
      outside[D] += mask != 0;
    } else {
      outside[D] += !model->in_support(model, theta);
    }
  }
}

/* Ranks the truth among the draws by the joint quantities. @param i within the chunk */
static void rank_jointly(rb_test_loop *loop, int64_t dataset, int64_t i, int32_t *rank) {
  const rb_model *model = loop->posterior->model;
  const int D = model->dim;
  const int64_t S = loop->set.draws;
  const rb_stream stream =
      rb_stream_make(loop->seed, loop->set.purpose, RB_RANDOM_PICKS, 0, (uint64_t)dataset);
  double truth[RB_JOINT_COUNT] = {0}, value[RB_JOINT_COUNT] = {0};
  rb_joint_reference reference;
  rb_joint_reference_make(&loop->estimate, model, stream,
                          loop->x + i * model->channels * model->length, &reference);
  rb_joint_evaluate(&reference, D, loop->truth + i * D, truth);
  truth[RB_JOINT_LOG_DENSITY] = loop->log_truth[i];
  for (int q = 0; q < loop->joint; ++q) rank[q] = 0;
  for (int64_t s = 0; s < S; ++s) {
    double theta[RB_MAX_PARAMETERS];
    for (int d = 0; d < D; ++d) theta[d] = (double)loop->draws[(i * S + s) * D + d];
    rb_joint_evaluate(&reference, D, theta, value);
    if (loop->log_density != NULL) value[RB_JOINT_LOG_DENSITY] = loop->log_density[i * S + s];
    for (int q = 0; q < loop->joint; ++q) rank[q] += value[q] < truth[q];
  }
}

static rb_status reduce_dataset(rb_context *ctx, rb_test_loop *loop, int64_t dataset, int64_t i,
                                rb_records *records, int64_t row) {
  rb_status status = RB_OK;
  const rb_model *model = loop->posterior->model;
  const int D = model->dim;
  const float *draws = loop->draws + i * loop->set.draws * D;
  for (int d = 0; d < D; ++d) {
    RB_TRY(reduce_parameter(ctx, loop, dataset, d, draws, loop->truth[i * D + d], records, row));
  }
  rank_jointly(loop, dataset, i, (int32_t *)rb_records_at(records, RB_RECORD_RANK, row) + D);
  count_outside(loop->posterior, loop->set.draws, draws,
                rb_records_at(records, RB_RECORD_OUTSIDE, row));
  *(double *)rb_records_at(records, RB_RECORD_ACTIVITY, row) =
      model->activity != NULL
          ? model->activity(model, loop->x + i * model->channels * model->length)
          : NAN;
  *(int32_t *)rb_records_at(records, RB_RECORD_CLIPPED, row) = loop->clipped[i];
  *(double *)rb_records_at(records, RB_RECORD_LOG_DENSITY, row) =
      loop->log_density != NULL ? loop->log_truth[i] : NAN;
  if (records->columns[RB_RECORD_DRAWS] > 0) {
    memcpy(rb_records_at(records, RB_RECORD_DRAWS, row), draws,
           (size_t)(loop->set.draws * D) * sizeof *draws);
  }
cleanup:
  return status;
}

/* What is left of a data set that met a numerical error: that it did, and its truth. */
static void record_failure(const rb_test_loop *loop, int64_t i, rb_records *records, int64_t row) {
  const int D = records->dim;
  rb_records_fail(records, row);
  memcpy(rb_records_at(records, RB_RECORD_TRUTH, row), loop->truth + i * D,
         (size_t)D * sizeof *loop->truth);
}

/* @param row of the first data set */
static rb_status reduce_chunk(rb_context *ctx, rb_test_loop *loop, rb_range range,
                              rb_records *records, int64_t row) {
  rb_status status = RB_OK;
  for (int64_t i = 0; i < range.count; ++i) {
    if (!loop->failed[i]) {
      status = reduce_dataset(ctx, loop, range.first + i, i, records, row + i);
      loop->failed[i] = status == RB_ERR_NUMERIC;
      if (loop->failed[i]) {
        rb_first_failure_note(ctx, range.first + i, &loop->failure);
      } else if (status != RB_OK) {
        return status;
      }
    }
    if (loop->failed[i]) record_failure(loop, i, records, row + i);
  }
  return RB_OK;
}

rb_status rb_test_loop_round(rb_context *ctx, rb_test_loop *loop, rb_records *records) {
  rb_status status = RB_OK;
  const rb_partition *partition = &records->partition;
  const int64_t round = records->done / partition->chunk / partition->size;
  const rb_range range = rb_partition_round(partition, round);
  if (range.count > 0 && range.first >= records->done) {
    status = make_chunk(ctx, loop, range);
    if (status == RB_OK) {
      status = reduce_chunk(ctx, loop, range, records, rb_records_row(records, round));
    }
  }
  RB_TRY(rb_agree(ctx, status));
  const int64_t done = (round + 1) * partition->size * partition->chunk;
  records->done = done < partition->items ? done : partition->items;
cleanup:
  return status;
}

void rb_test_loop_warn(const rb_context *ctx, rb_test_loop *loop) {
  rb_first_failure_warn(ctx, loop->set.name, &loop->failure);
}
