#include "rheobase/analysis/misspecification.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/base/progress.h"
#include "rheobase/base/quantile.h"
#include "rheobase/model/draw.h"
#include "rheobase/model/pieces.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/partition.h"

/* A wrong setting is the likeliest mistake and the hardest to see: half of the false alarms are
 * left to it, the other half to the other three. */
static const double SETTINGS_WEIGHT = 3;

enum {
  CHUNK = 64,             // data sets a rank takes at once
  PER_COMPONENT = 10,     // data sets for each principal component, at least
  MOST_COMPONENTS = 2000  // of the traces, whose directions every rank holds
};

static const char *const names[RB_MISFIT_COUNT] = {"trace", "noise", "summary", "settings"};

const char *rb_misfit_name(rb_misfit_kind kind) { return names[kind]; }

rb_verdict rb_misfit_verdict(double p_all, double far, int64_t references) {
  if (far != 0 || p_all < RB_MISFIT_LEVEL) return RB_VERDICT_OUTSIDE;
  return references >= RB_MISFIT_LEAST ? RB_VERDICT_LIKE : RB_VERDICT_UNKNOWN;
}

rb_misfit_kind rb_misfit_worst(const rb_misfit *m) {
  int worst = RB_MISFIT_TRACE;
  for (int k = worst + 1; k < RB_MISFIT_COUNT; ++k) {  // p is NaN where there is no measure
    const bool tied = m->p[k] == m->p[worst] && m->excess[k] > m->excess[worst];
    if (isnan(m->p[worst]) || m->p[k] < m->p[worst] || tied) worst = k;
  }
  return (rb_misfit_kind)worst;
}

void rb_prior_predictive_destroy(rb_prior_predictive *p) {
  rb_components_destroy(&p->trace);
  rb_components_destroy(&p->summary);
  for (int k = 0; k < RB_MISFIT_COUNT; ++k) free(p->null[k]);
  free(p->null_p);
  free(p->reference);
  free(p->pool);
  free(p->row);
  *p = (rb_prior_predictive){0};
}

/* A chunk of data sets in memory. */
typedef struct chunk {
  double *theta;      // (CHUNK, D)
  float *x;           // (CHUNK, C, L)
  double *trace;      // (CHUNK, trace_dim)
  double *summary;    // (CHUNK, summary_dim)
  double *log_bayes;  // (CHUNK, alternatives)
} chunk;

static rb_status chunk_create(rb_context *ctx, const rb_prior_predictive *p, chunk *c) {
  rb_status status = RB_OK;
  *c = (chunk){0};
  RB_TRY(RB_ALLOCATE(ctx, c->theta, (int64_t)CHUNK * p->model->dim));
  RB_TRY(RB_ALLOCATE(ctx, c->x, CHUNK * p->model->channels * p->model->length));
  RB_TRY(RB_ALLOCATE(ctx, c->trace, (int64_t)CHUNK * p->trace_dim));
  RB_TRY(RB_ALLOCATE(ctx, c->summary, (int64_t)CHUNK * p->summary_dim));
  RB_TRY(RB_ALLOCATE(ctx, c->log_bayes, (int64_t)CHUNK * p->alternatives));
cleanup:
  return status;
}

static void chunk_destroy(chunk *c) {
  free(c->theta);
  free(c->x);
  free(c->trace);
  free(c->summary);
  free(c->log_bayes);
}

/* Samples of the channels that are not binary, or means of pieces of them, one after the other. */
static void take_trace(const rb_prior_predictive *p, const float *x, double *trace) {
  const rb_model *model = p->model;
  for (int c = 0; c < model->channels; ++c) {
    if (!rb_channel_is_course(&model->channel[c])) continue;
    rb_pieces_average(model->length, x + c * model->length, p->pieces, trace);
    trace += p->pieces;
  }
}

/* Simulates items of a range and takes traces and, if wanted, summaries. Local. */
static rb_status chunk_fill(rb_context *ctx, const rb_prior_predictive *p, rb_range range,
                            bool summaries, chunk *c) {
  rb_status status = RB_OK;
  const rb_model *m = p->model;
  const rb_purpose purpose = RB_FOR_MISSPECIFICATION;
  RB_TRY(rb_model_draw(m, ctx, p->seed, purpose, range.first, range.count, c->theta, NULL, c->x));
  for (int64_t i = 0; i < range.count; ++i) {
    take_trace(p, c->x + i * m->channels * m->length, c->trace + i * p->trace_dim);
  }
  if (summaries && p->summary_dim > 0 && range.count > 0) {
    RB_TRY(p->summarise(p->owner, ctx, range.count, c->x, c->summary));
  }
cleanup:
  return status;
}

static void mean_of(int64_t count, int dim, const double *x, double *mean) {
  for (int j = 0; j < dim; ++j) mean[j] = 0;
  for (int64_t i = 0; i < count; ++i) {
    for (int j = 0; j < dim; ++j) mean[j] += x[i * dim + j] / (double)count;
  }
}

/* Principal components of the traces or summaries of items first .. first+count-1. Collective. */
static rb_status fit(rb_context *ctx, rb_prior_predictive *p, bool summaries, int64_t first,
                     int64_t count, int keep, chunk *c, rb_components *components) {
  rb_status status = RB_OK;
  rb_component_sums *sums = NULL;
  double *mean = NULL;
  const int dim = summaries ? p->summary_dim : p->trace_dim;
  const double *rows = summaries ? c->summary : c->trace;
  // The mean of the first few, which every rank simulates, keeps sums of squares small.
  const rb_range few = {first, count < CHUNK ? count : CHUNK};
  status = RB_ALLOCATE(ctx, mean, dim);
  if (status == RB_OK) status = chunk_fill(ctx, p, few, summaries, c);
  RB_TRY(rb_agree(ctx, status));
  mean_of(few.count, dim, rows, mean);
  RB_TRY(rb_component_sums_create(ctx, dim, mean, CHUNK, &sums));
  const rb_partition partition = rb_partition_make(ctx, count, CHUNK);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range mine = rb_partition_round(&partition, round);
    const rb_range range = {first + mine.first, mine.count};
    RB_TRY(rb_agree(ctx, chunk_fill(ctx, p, range, summaries, c)));
    RB_TRY(rb_component_sums_add(ctx, sums, range.count, rows));
    if (!summaries) continue;
    memcpy(p->reference + mine.first * dim, rows, (size_t)(mine.count * dim) * sizeof *rows);
  }
  RB_TRY(rb_components_finish(ctx, sums, keep, components));
cleanup:
  rb_component_sums_destroy(sums);
  free(mean);
  return status;
}

/* Components of summaries (items 0 .. M-1) and traces (items from 2 M on). Collective. */
static rb_status fit_both(rb_context *ctx, rb_prior_predictive *p, chunk *c) {
  rb_status status = RB_OK;
  const int keep = p->trace_dim < MOST_COMPONENTS ? p->trace_dim : MOST_COMPONENTS;
  const int64_t least = (int64_t)PER_COMPONENT * keep;
  if (p->trace_dim > 0) {
    const int64_t count = p->count > least ? p->count : least;
    RB_TRY(fit(ctx, p, false, 2 * p->count, count, keep, c, &p->trace));
  }
  if (p->summary_dim > 0) {
    const int64_t told = p->count > PER_COMPONENT ? p->count / PER_COMPONENT : 1;
    const int kept = told < p->summary_dim ? (int)told : p->summary_dim;
    RB_TRY(fit(ctx, p, true, 0, p->count, kept, c, &p->summary));
    MPI_Allreduce(MPI_IN_PLACE, p->reference, (int)(p->count * p->summary_dim), MPI_DOUBLE, MPI_SUM,
                  ctx->comm);
  }
cleanup:
  return status;
}

/* Components of the trace that count as its course. */
static int leading_of(const rb_prior_predictive *p) {
  const int half = p->trace_dim / 2;
  return half < RB_MISFIT_COMPONENTS ? half : RB_MISFIT_COMPONENTS;
}

/* @param log_bayes (alternatives) */
static void measure(const rb_prior_predictive *p, const double *trace, const double *summary,
                    const double *log_bayes, double distance[RB_MISFIT_COUNT]) {
  double rest = 0;
  distance[RB_MISFIT_TRACE] = distance[RB_MISFIT_NOISE] = NAN;  // all channels are binary
  if (p->trace_dim > 0) {
    distance[RB_MISFIT_TRACE] =
        sqrt(rb_components_distance(&p->trace, leading_of(p), trace, p->row, &rest));
    distance[RB_MISFIT_NOISE] = sqrt(rest);
  }
  distance[RB_MISFIT_SUMMARY] =
      p->summary_dim > 0
          ? sqrt(rb_components_distance(&p->summary, p->summary_dim, summary, p->row, NULL))
          : NAN;
  distance[RB_MISFIT_SETTINGS] = p->alternatives > 0 ? log_bayes[0] : NAN;
  for (int k = 1; k < p->alternatives; ++k) {
    distance[RB_MISFIT_SETTINGS] = fmax(distance[RB_MISFIT_SETTINGS], log_bayes[k]);
  }
}

/* Log Bayes factors of the model's alternatives. Local. */
static rb_status compare_settings(rb_context *ctx, const rb_prior_predictive *p, int64_t count,
                                  const float *x, double *log_bayes) {
  if (p->alternatives == 0 || count == 0) return RB_OK;
  return p->model->alternatives->compare(p->model, ctx, count, x, log_bayes);
}

/* Number of ascending values that are below, or at most, x. */
static int64_t count_below(const double *sorted, int64_t n, double x, bool or_equal) {
  int64_t low = 0, high = n;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (sorted[middle] < x || (or_equal && sorted[middle] == x)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* p-values; `own`: the data set is itself one of the M. Returns the smallest, weighted. */
static double p_values(const rb_prior_predictive *p, const double distance[RB_MISFIT_COUNT],
                       bool own, double value[RB_MISFIT_COUNT]) {
  double smallest = 1;
  const int64_t itself = own ? 0 : 1;
  const double n = (double)(p->count + itself);
  for (int k = 0; k < RB_MISFIT_COUNT; ++k) {
    value[k] = NAN;
    if (isnan(distance[k])) continue;
    const int64_t below = count_below(p->null[k], p->count, distance[k], false);
    const int64_t at_most = count_below(p->null[k], p->count, distance[k], true);
    value[k] = (double)(p->count - below + itself) / n;
    if (k == RB_MISFIT_NOISE)
      value[k] = fmin(1, 2 * fmin(value[k], (double)(at_most + itself) / n));
    smallest = fmin(smallest, value[k] / (k == RB_MISFIT_SETTINGS ? SETTINGS_WEIGHT : 1));
  }
  return smallest;
}

/* How far out a data set is whose distances are known. The components of the trace come from enough
 * data sets for its distances to mean something however few the M are. */
static void compare_distances(const rb_prior_predictive *p, rb_misfit *m) {
  const int leading = leading_of(p);
  const int directions[RB_MISFIT_COUNT] = {
      [RB_MISFIT_TRACE] = leading, [RB_MISFIT_NOISE] = p->trace_dim - leading};
  m->far = 0;
  for (int k = 0; k < RB_MISFIT_COUNT; ++k) {
    const double largest = p->null[k][p->count - 1];
    const bool measured = k != RB_MISFIT_SETTINGS && largest > 0;  // not NaN
    m->excess[k] = measured ? m->distance[k] / largest : 0;
    const double usual = sqrt((double)directions[k]);
    if (directions[k] > 0 && m->excess[k] > 1 && m->distance[k] > RB_MISFIT_FAR * usual) m->far = 1;
  }
}

/* Distances of the other M data sets, and their smallest p-values. Collective. */
static rb_status measure_nulls(rb_context *ctx, rb_prior_predictive *p, chunk *c) {
  rb_status status = RB_OK;
  double *distance = NULL;  // (M, RB_MISFIT_COUNT)
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, distance, p->count * RB_MISFIT_COUNT)));
  const rb_partition partition = rb_partition_make(ctx, p->count, CHUNK);
  for (int64_t round = 0; round < partition.rounds; ++round) {
    const rb_range mine = rb_partition_round(&partition, round);
    const rb_range range = {p->count + mine.first, mine.count};
    status = chunk_fill(ctx, p, range, true, c);
    if (status == RB_OK) status = compare_settings(ctx, p, range.count, c->x, c->log_bayes);
    RB_TRY(rb_agree(ctx, status));
    for (int64_t i = 0; i < mine.count; ++i) {
      measure(p, c->trace + i * p->trace_dim, c->summary + i * p->summary_dim,
              c->log_bayes + i * p->alternatives, distance + (mine.first + i) * RB_MISFIT_COUNT);
    }
    memcpy(p->pool + mine.first * p->summary_dim, c->summary,
           (size_t)(mine.count * p->summary_dim) * sizeof(double));
  }
  MPI_Allreduce(MPI_IN_PLACE, distance, (int)(p->count * RB_MISFIT_COUNT), MPI_DOUBLE, MPI_SUM,
                ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, p->pool, (int)(p->count * p->summary_dim), MPI_DOUBLE, MPI_SUM,
                ctx->comm);
  for (int k = 0; k < RB_MISFIT_COUNT; ++k) {
    for (int64_t i = 0; i < p->count; ++i) p->null[k][i] = distance[i * RB_MISFIT_COUNT + k];
    if (!isnan(p->null[k][0])) rb_sort(p->count, p->null[k]);
  }
  for (int64_t i = 0; i < p->count; ++i) {
    double value[RB_MISFIT_COUNT];
    p->null_p[i] = p_values(p, distance + i * RB_MISFIT_COUNT, true, value);
  }
  rb_sort(p->count, p->null_p);
cleanup:
  free(distance);
  return status;
}

static rb_status allocate(rb_context *ctx, rb_prior_predictive *p) {
  rb_status status = RB_OK;
  for (int k = 0; k < RB_MISFIT_COUNT; ++k) RB_TRY(RB_ALLOCATE(ctx, p->null[k], p->count));
  RB_TRY(RB_ALLOCATE(ctx, p->null_p, p->count));
  RB_TRY(RB_ALLOCATE(ctx, p->reference, p->count * p->summary_dim));
  RB_TRY(RB_ALLOCATE(ctx, p->pool, p->count * p->summary_dim));
  RB_TRY(RB_ALLOCATE(ctx, p->row, p->trace_dim > p->summary_dim ? p->trace_dim : p->summary_dim));
cleanup:
  return status;
}

rb_status rb_prior_predictive_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                                     int64_t count, int summary_dim,
                                     rb_summarise_function summarise, void *owner,
                                     rb_prior_predictive *p) {
  rb_status status = RB_OK;
  chunk c = {0};
  *p = (rb_prior_predictive){
      .model = model,
      .seed = seed,
      .count = count,
      .summary_dim = summarise != NULL ? summary_dim : 0,
      .alternatives = model->alternatives != NULL ? model->alternatives->count : 0,
      .summarise = summarise,
      .owner = owner};
  int traces = 0;
  for (int k = 0; k < model->channels; ++k) traces += rb_channel_is_course(&model->channel[k]);
  p->pieces = traces > 0 ? rb_pieces(model->length, traces) : 0;
  p->trace_dim = traces * p->pieces;
  status = allocate(ctx, p);
  if (status == RB_OK) status = chunk_create(ctx, p, &c);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(fit_both(ctx, p, &c));
  RB_TRY(measure_nulls(ctx, p, &c));
cleanup:
  chunk_destroy(&c);
  if (status != RB_OK) rb_prior_predictive_destroy(p);
  return status;
}

rb_status rb_prior_predictive_judge(rb_context *ctx, rb_prior_predictive *p, int64_t count,
                                    const float *x, rb_misfit *misfit, double *summary) {
  rb_status status = RB_OK;
  const rb_model *model = p->model;
  const int A = p->alternatives;
  double *trace = NULL, *log_bayes = NULL;
  RB_TRY(RB_ALLOCATE(ctx, trace, p->trace_dim));
  RB_TRY(RB_ALLOCATE(ctx, log_bayes, count * A));
  RB_TRY(compare_settings(ctx, p, count, x, log_bayes));
  if (p->summary_dim > 0) RB_TRY(p->summarise(p->owner, ctx, count, x, summary));
  for (int64_t i = 0; i < count; ++i) {
    take_trace(p, x + i * model->channels * model->length, trace);
    measure(p, trace, summary + i * p->summary_dim, log_bayes + i * A, misfit[i].distance);
    for (int k = 0; k < A; ++k) misfit[i].log_bayes[k] = log_bayes[i * A + k];
    const double smallest = p_values(p, misfit[i].distance, false, misfit[i].p);
    const int64_t at_most = count_below(p->null_p, p->count, smallest, true);
    misfit[i].p_all = (double)(at_most + 1) / (double)(p->count + 1);
    compare_distances(p, &misfit[i]);
  }
cleanup:
  free(trace);
  free(log_bayes);
  return status;
}

rb_status rb_prior_predictive_compare(rb_context *ctx, const rb_prior_predictive *p, int64_t count,
                                      const double *summary, rb_mmd_test *test) {
  return rb_mmd_compare(ctx, p->seed, p->summary_dim, count, summary, p->count, p->pool,
                        p->reference, test);
}
