#include <stdlib.h>
#include <string.h>

#include "../study/stage_file.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"
#include "scale_file.h"

/* scaling.h5. Numbers are collected as doubles and converted on the way out, so that one loop
 * writes every column. */

enum { MODELLED = 15 };  // 1, 2, 4, ..., 16384 ranks

typedef double (*point_value)(const rb_scale_sweep *sweep, const rb_scale_model *model,
                              const rb_scaling_point *p);

#define POINT_VALUE(function, expression)                                          \
  static double function(const rb_scale_sweep *sweep, const rb_scale_model *model, \
                         const rb_scaling_point *p) {                              \
    (void)sweep;                                                                   \
    (void)model;                                                                   \
    return (double)(expression);                                                   \
  }
POINT_VALUE(ranks_of, p->ranks)
POINT_VALUE(oversubscribed_of, p->oversubscribed)
POINT_VALUE(size_of, p->size)
POINT_VALUE(chunks_of, p->load.chunks)
POINT_VALUE(divisible_of, p->load.divisible)
POINT_VALUE(chunk_cost_of, p->load.chunk_cost)
POINT_VALUE(serial_cost_of, p->load.serial_cost)
POINT_VALUE(reduced_of, p->load.reduced_bytes)
POINT_VALUE(written_of, p->load.written_bytes)
POINT_VALUE(repeats_of, p->repeats)
POINT_VALUE(fastest_of, p->fastest)
POINT_VALUE(median_of, p->median)
POINT_VALUE(waiting_of, p->waiting)
POINT_VALUE(exchanges_of, p->exchanges)
POINT_VALUE(efficiency_of, rb_scale_efficiency(sweep, p))
POINT_VALUE(predicted_of, rb_scale_predicted(model, p))

static const struct point_column {
  rb_field field;
  point_value value;
} columns[] = {
    {{"points/ranks", RB_F64, "point", "1", "ranks", false}, ranks_of},
    {{"points/oversubscribed", RB_F64, "point", "1",
      "1: more ranks than cores on a node; kept out of the fits", false},
     oversubscribed_of},
    {{"points/datasets", RB_F64, "point", "1", "data sets; of a batch for train", false}, size_of},
    {{"points/chunks", RB_F64, "point", "1", "chunks or micro-batches dealt to the ranks", false},
     chunks_of},
    {{"points/divisible", RB_F64, "point", "1",
      "pieces a chunk may be cut into, so that all ranks have work", false},
     divisible_of},
    {{"points/chunk_cost", RB_F64, "point", "1",
      "cost of a chunk: data sets, or floating-point operations for train", false},
     chunk_cost_of},
    {{"points/serial_cost", RB_F64, "point", "1",
      "cost of what every rank does: weights of the network for train, else 1", false},
     serial_cost_of},
    {{"points/reduced", RB_F64, "point", "byte", "size of the sum over ranks", false}, reduced_of},
    {{"points/written", RB_F64, "point", "byte", "what goes into files", false}, written_of},
    {{"points/repeats", RB_F64, "point", "1", "times it was measured", false}, repeats_of},
    {{"points/fastest", RB_F64, "point", "s", "fastest repeat", false}, fastest_of},
    {{"points/median", RB_F64, "point", "s", "median over repeats", false}, median_of},
    {{"points/waiting", RB_F64, "point", "s", "waiting, mean over ranks, median over repeats",
      false},
     waiting_of},
    {{"points/exchanges", RB_F64, "point", "1", "exchanges among all ranks", false}, exchanges_of},
    {{"points/efficiency", RB_F64, "point", "1",
      "strong: T(1) / (p T(p)); weak: T(1) / T(p); NaN for other work", false},
     efficiency_of},
    {{"points/predicted", RB_F64, "point", "s", "what the model gives the point", false},
     predicted_of},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const rb_field PART = {"part", RB_STRING, "part", "1", "where time goes", false};
static const rb_field WORK = {"work", RB_STRING, "work", "1", "kinds of work", false};
static const rb_field MODELLED_RANKS = {
    "modelled_ranks", RB_I64, "modelled_ranks", "1", "ranks the model is asked about", false};
static const rb_field POINT_WORK = {"points/work", RB_STRING, "point", "1", "kind of work", false};
static const rb_field POINT_KIND = {
    "points/kind",
    RB_STRING,
    "point",
    "1",
    "strong: the same work; weak: in proportion to the ranks; half of it; unseen: not fitted to",
    false};
static const rb_field POINT_VARIANT = {
    "points/variant", RB_STRING, "point", "1", "what differs from the input", false};
static const rb_field POINT_PART = {
    "points/seconds",
    RB_F64,
    "point,part",
    "s",
    "parts of the fastest repeat, means over ranks; they add up to points/fastest",
    false};

/* A column of values over the points or any other rows. */
static rb_status write_points(rb_context *ctx, rb_file *file, const rb_scale_sweep *sweep,
                              const rb_scale_model *model) {
  rb_status status = RB_OK;
  double *value = NULL;
  const char **text = NULL;
  status = RB_ALLOCATE(ctx, value, (int64_t)sweep->points * RB_TIME_PARTS);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, text, sweep->points);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_file_dimension(ctx, file, "points/point", sweep->points));
  for (int i = 0; i < sweep->points; ++i) text[i] = rb_scaling_work_name(sweep->point[i].work);
  RB_TRY(rb_file_write(ctx, file, &POINT_WORK, text));
  for (int i = 0; i < sweep->points; ++i) text[i] = rb_scaling_kind_name(sweep->point[i].kind);
  RB_TRY(rb_file_write(ctx, file, &POINT_KIND, text));
  for (int i = 0; i < sweep->points; ++i) text[i] = sweep->point[i].variant;
  RB_TRY(rb_file_write(ctx, file, &POINT_VARIANT, text));
  for (int c = 0; c < COLUMNS; ++c) {
    for (int i = 0; i < sweep->points; ++i) {
      value[i] = columns[c].value(sweep, model, &sweep->point[i]);
    }
    RB_TRY(rb_file_write(ctx, file, &columns[c].field, value));
  }
  for (int i = 0; i < sweep->points; ++i) {
    memcpy(value + i * RB_TIME_PARTS, sweep->point[i].part, sizeof sweep->point[i].part);
  }
  RB_TRY(rb_file_write(ctx, file, &POINT_PART, value));
cleanup:
  free(value);
  free(text);
  return status;
}

static rb_status write_exchanges(rb_context *ctx, rb_file *file, const rb_scale_sweep *sweep) {
  static const rb_field fields[] = {
      {"exchanges/ranks", RB_F64, "exchange", "1", "ranks", false},
      {"exchanges/oversubscribed", RB_F64, "exchange", "1", "1: more ranks than cores", false},
      {"exchanges/size", RB_F64, "exchange", "byte", "size of an allreduce of integers", false},
      {"exchanges/fastest", RB_F64, "exchange", "s", "fastest of 20", false}};
  rb_status status = RB_OK;
  const int n = sweep->exchanges;
  double *value = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, value, 4 * (int64_t)n)));
  RB_TRY(rb_file_dimension(ctx, file, "exchanges/exchange", n));
  for (int i = 0; i < n; ++i) {
    const rb_scaling_exchange *e = &sweep->exchange[i];
    value[i] = e->ranks;
    value[n + i] = e->oversubscribed;
    value[2 * n + i] = e->bytes;
    value[3 * n + i] = e->seconds;
  }
  for (int c = 0; c < 4; ++c) RB_TRY(rb_file_write(ctx, file, &fields[c], value + c * n));
cleanup:
  free(value);
  return status;
}

static rb_status write_rates(rb_context *ctx, rb_file *file, const rb_scale_model *model) {
  static const rb_field fields[] = {
      {"model/chunk_s", RB_F64, "work", "s", "a: seconds per unit of a chunk's cost", false},
      {"model/serial_s", RB_F64, "work", "s", "b: seconds per unit of serial cost", false},
      {"model/growing_s", RB_F64, "work", "s",
       "g: seconds on every rank per unit of cost of all chunks", false},
      {"model/spread", RB_F64, "work", "1", "e: relative spread of a rank's time", false},
      {"model/exchanges", RB_F64, "work", "1", "exchanges, whatever the rounds", false},
      {"model/exchanges_per_round", RB_F64, "work", "1", "further exchanges per round", false},
      {"model/file_s", RB_F64, "work", "s", "f: time of a file without its contents", false},
      {"model/file_byte_s", RB_F64, "work", "s/byte", "1 / F: time per byte written", false}};
  static const rb_field latency = {
      "model/latency", RB_F64, "", "s", "L: of an allreduce, per doubling of the ranks", false};
  static const rb_field bandwidth = {"model/bandwidth",    RB_F64, "", "byte/s",
                                     "B: of an allreduce", false};
  rb_status status = RB_OK;
  for (size_t c = 0; c < sizeof fields / sizeof *fields; ++c) {
    double value[RB_SCALE_WORKS];
    for (int w = 0; w < RB_SCALE_WORKS; ++w) {
      const rb_scaling_rates *r = &model->rates[w];
      const double all[] = {r->chunk_s, r->serial_s,   r->growing_s,
                            r->spread,  r->exchanges,  r->exchanges_per_round,
                            r->file_s,  r->file_byte_s};
      value[w] = all[c];
    }
    RB_TRY(rb_file_write(ctx, file, &fields[c], value));
  }
  RB_TRY(rb_file_write(ctx, file, &latency, &model->network.latency_s));
  RB_TRY(rb_file_write(ctx, file, &bandwidth, &model->network.bandwidth));
cleanup:
  return status;
}

/* What the model says of 1 to 16384 ranks. */
static rb_status write_curves(rb_context *ctx, rb_file *file, const rb_scale_sweep *sweep,
                              const rb_scale_model *model) {
  static const rb_field fields[] = {
      {"model/strong_seconds", RB_F64, "work,modelled_ranks", "s",
       "modelled time of the input's work", false},
      {"model/strong_efficiency", RB_F64, "work,modelled_ranks", "1",
       "modelled efficiency, the same work on all", false},
      {"model/weak_efficiency", RB_F64, "work,modelled_ranks", "1",
       "modelled efficiency, work in proportion to the ranks", false}};
  rb_status status = RB_OK;
  double value[3][RB_SCALE_WORKS][MODELLED];
  int64_t ranks[MODELLED];
  for (int i = 0; i < MODELLED; ++i) ranks[i] = INT64_C(1) << i;
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    const rb_scaling_load *load = &rb_scale_reference(sweep, (rb_scaling_work)w)->load;
    double part[RB_TIME_PARTS];
    const double one = rb_scaling_predict(&model->rates[w], &model->network, load, 1, part);
    for (int i = 0; i < MODELLED; ++i) {
      const int p = (int)ranks[i];
      const rb_scaling_load grown = rb_scaling_grow(load, p);
      value[0][w][i] = rb_scaling_predict(&model->rates[w], &model->network, load, p, part);
      value[1][w][i] = one / (p * value[0][w][i]);
      value[2][w][i] = one / rb_scaling_predict(&model->rates[w], &model->network, &grown, p, part);
    }
  }
  RB_TRY(rb_file_write(ctx, file, &MODELLED_RANKS, ranks));
  for (int c = 0; c < 3; ++c) RB_TRY(rb_file_write(ctx, file, &fields[c], value[c]));
cleanup:
  return status;
}

rb_status rb_scale_write(rb_context *ctx, const rb_job *job, const rb_scale_sweep *sweep,
                         const rb_scale_model *model, const char *path) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  const char *part[RB_TIME_PARTS], *work[RB_SCALE_WORKS];
  for (int i = 0; i < RB_TIME_PARTS; ++i) part[i] = rb_time_part_name((rb_time_part)i);
  for (int w = 0; w < RB_SCALE_WORKS; ++w) work[w] = rb_scaling_work_name((rb_scaling_work)w);
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_SCALING, path, &file));
  RB_TRY(rb_file_dimension(ctx, file, "part", RB_TIME_PARTS));
  RB_TRY(rb_file_dimension(ctx, file, "work", RB_SCALE_WORKS));
  RB_TRY(rb_file_dimension(ctx, file, "modelled_ranks", MODELLED));
  RB_TRY(rb_file_write(ctx, file, &PART, part));
  RB_TRY(rb_file_write(ctx, file, &WORK, work));
  RB_TRY(write_points(ctx, file, sweep, model));
  RB_TRY(write_exchanges(ctx, file, sweep));
  RB_TRY(write_rates(ctx, file, model));
  RB_TRY(write_curves(ctx, file, sweep, model));
  RB_TRY(rb_stage_file_commit(ctx, job, &file));
cleanup:
  rb_file_abort(ctx, &file);
  return status;
}
