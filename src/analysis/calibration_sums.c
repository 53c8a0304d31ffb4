#include <math.h>

#include "calibration_internal.h"
#include "rheobase/base/clock.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/exact_sum.h"

/* Sums over the data sets of each part. Every rank goes through its own data sets; what they add up
 * to does not depend on the ranks. */

const void *rb_summing_at(const rb_summing *s, rb_record field, int64_t i) {
  return rb_records_at(s->records, field, s->row[i]);
}

void rb_summing_column(const rb_summing *s, rb_record field, int64_t index, double *column) {
  rb_records_own_column(s->records, field, index, s->rows, s->row, column);
}

rb_status rb_summing_continue(rb_context *ctx) {
  if (!rb_signals_agree(ctx)) return RB_OK;
  return RB_FAIL(ctx, RB_STOPPED, "stopped by a signal while summing up; start again to go on");
}

double *rb_summing_values(const rb_summing *s, int array) {
  return s->result->data[s->first + array];
}

int64_t *rb_summing_counts(const rb_summing *s, int array) {
  return s->result->data[s->first + array];
}

double *rb_summing_place(const rb_summing *s, int part, int d, int all, int by_regime) {
  return part == RB_ALL ? rb_summing_values(s, all) + d
                        : rb_summing_values(s, by_regime) + part * s->D + d;
}

int64_t rb_summing_datasets(const rb_summing *s, int part) {
  return part == RB_ALL ? s->N : s->datasets[part];
}

void rb_summing_add(const rb_summing *s, int count, int64_t *counts) {
  const rb_time_part outer = rb_clock_enter(s->ctx, RB_TIME_REDUCE);
  MPI_Allreduce(MPI_IN_PLACE, counts, count, MPI_INT64_T, MPI_SUM, s->ctx->comm);
  rb_clock_leave(s->ctx, outer);
}

static void find_means(const rb_summing *s, const double *column, rb_moments *moments) {
  rb_exact_sum sum[RB_PARTS] = {0};
  int64_t count[RB_REGIME_COUNT] = {0};
  for (int64_t i = 0; i < s->rows; ++i) {
    if (!isfinite(column[i])) continue;
    rb_exact_sum_add(&sum[s->regime[i]], column[i]);
    ++count[s->regime[i]];
  }
  rb_exact_sum_reduce(s->ctx, sum, RB_REGIME_COUNT);
  rb_summing_add(s, RB_REGIME_COUNT, count);
  moments[RB_ALL].count = 0;
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    rb_exact_sum_merge(&sum[RB_ALL], &sum[g]);
    moments[g].count = count[g];
    moments[RB_ALL].count += count[g];
  }
  for (int part = 0; part < RB_PARTS; ++part) {
    moments[part].mean = rb_exact_sum_value(&sum[part]) / (double)moments[part].count;
  }
}

void rb_summing_moments(const rb_summing *s, const double *column, rb_moments *moments) {
  find_means(s, column, moments);
  double squares[RB_PARTS];
  rb_summing_products(s, column, moments, column, moments, squares);
  for (int part = 0; part < RB_PARTS; ++part) moments[part].squares = squares[part];
}

void rb_summing_products(const rb_summing *s, const double *x, const rb_moments *of_x,
                         const double *y, const rb_moments *of_y, double *products) {
  rb_exact_sum sum[RB_PARTS] = {0};
  for (int64_t i = 0; i < s->rows; ++i) {
    if (!isfinite(x[i]) || !isfinite(y[i])) continue;
    const int parts[2] = {s->regime[i], RB_ALL};
    for (int k = 0; k < 2; ++k) {
      const int part = parts[k];
      rb_exact_sum_add(&sum[part], (x[i] - of_x[part].mean) * (y[i] - of_y[part].mean));
    }
  }
  rb_exact_sum_reduce(s->ctx, sum, RB_PARTS);
  for (int part = 0; part < RB_PARTS; ++part) products[part] = rb_exact_sum_value(&sum[part]);
}

void rb_summing_sort(const rb_summing *s, const double *column, uint64_t *key, uint64_t *work) {
  int64_t place[RB_REGIME_COUNT];
  for (int g = 0; g < RB_REGIME_COUNT; ++g) place[g] = s->begin[g];
  for (int64_t i = 0; i < s->rows; ++i) key[place[s->regime[i]]++] = rb_order_key(column[i]);
  for (int g = 0; g < RB_REGIME_COUNT; ++g) {
    rb_order_sort(s->begin[g + 1] - s->begin[g], key + s->begin[g], work);
  }
}

rb_order_query rb_summing_query(const rb_summing *s, int part, const uint64_t *key, int64_t index) {
  return (rb_order_query){.key = key,
                          .begin = s->begin,
                          .first = part == RB_ALL ? 0 : part,
                          .end = part == RB_ALL ? RB_REGIME_COUNT : part + 1,
                          .index = index};
}
