#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/model/statistics.h"
#include "verify.h"

static const double TOLERANCE = 1e-4;

/* Length whose knots and lags a file has, unless its numbers are as many as those of its own. */
enum { USUAL_LENGTH = 1000 };

/* The file: n recordings of T samples, with so many numbers each. Arrays are owned. */
typedef struct statistics_file {
  int64_t n, T, count;
  float *x;         // (n, 2, T) voltage and events
  float *expected;  // (n, count)
} statistics_file;

static rb_status read_arrays(rb_context *ctx, const char *path, statistics_file *f) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  int64_t shape[2] = {0};
  void *voltage = NULL, *expected = NULL;
  float *events = NULL;
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(rb_file_read_new(ctx, file, "voltage", RB_F32, true, 2, shape, &voltage));
  f->n = shape[0];
  f->T = shape[1];
  RB_TRY(RB_ALLOCATE(ctx, events, f->n * f->T));
  RB_TRY(rb_file_read(ctx, file, "events", RB_F32, true, 2, (int64_t[]){f->n, f->T}, events));
  RB_TRY(rb_file_read_new(ctx, file, "statistics", RB_F32, true, 2, shape, &expected));
  f->expected = expected;
  expected = NULL;
  f->count = shape[1];
  if (f->n < 1 || f->T < 1 || shape[0] != f->n) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: voltage has %" PRId64 " rows of %" PRId64 ", statistics %" PRId64 " rows",
                   path, f->n, f->T, shape[0]));
  }
  RB_TRY(RB_ALLOCATE(ctx, f->x, 2 * f->n * f->T));
  for (int64_t i = 0; i < f->n; ++i) {
    const size_t size = (size_t)f->T * sizeof *f->x;
    memcpy(&f->x[2 * i * f->T], (float *)voltage + i * f->T, size);
    memcpy(&f->x[(2 * i + 1) * f->T], &events[i * f->T], size);
  }
cleanup:
  rb_file_close(&file);
  free(voltage);
  free(events);
  free(expected);
  return status;
}

/* Statistics of as many numbers as the file has. */
static rb_status create(rb_context *ctx, const char *path, const statistics_file *f,
                        rb_statistics **statistics) {
  static const rb_channel channel[] = {{.quantity = {"voltage", "1", "standardised"}},
                                       {.quantity = {"events", "1", "events"}, .binary = true}};
  rb_status status = RB_OK;
  rb_statistics_form form = {
      .length = f->T, .channels = 2, .channel = channel, .scale.sd = {1, 1}, .level = NAN};
  RB_TRY(rb_statistics_create(ctx, &form, statistics));
  if (rb_statistics_count(*statistics) == f->count) goto cleanup;
  rb_statistics_free(*statistics);
  *statistics = NULL;
  form.reach = USUAL_LENGTH;
  RB_TRY(rb_statistics_create(ctx, &form, statistics));
  if (rb_statistics_count(*statistics) == f->count) goto cleanup;
  RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                 "%s: %" PRId64 " statistics of a recording of %" PRId64 " samples; there are %d",
                 path, f->count, f->T, rb_statistics_count(*statistics)));
cleanup:
  return status;
}

/* The spread of number i: its standard deviation, but at least 1% of its size and 0.001, for files
 * of few or equal recordings. */
static double spread(const statistics_file *f, int64_t i) {
  double mean = 0, square = 0, largest = 0;
  for (int64_t k = 0; k < f->n; ++k) mean += (double)f->expected[k * f->count + i] / (double)f->n;
  for (int64_t k = 0; k < f->n; ++k) {
    const double value = (double)f->expected[k * f->count + i];
    square += (value - mean) * (value - mean) / (double)f->n;
    largest = fmax(largest, fabs(value));
  }
  return fmax(fmax(sqrt(square), 0.01 * largest), 1e-3);
}

/* A row for each block: its largest error in units of a number's spread. */
static rb_status compare(rb_context *ctx, const statistics_file *f, const rb_statistics *statistics,
                         const float *got, rb_verify_report *report) {
  rb_status status = RB_OK;
  double error[RB_STATISTICS_BLOCKS];
  for (int b = 0; b < RB_STATISTICS_BLOCKS; ++b) error[b] = -1;
  for (int64_t i = 0; i < f->count; ++i) {
    double *own = &error[rb_statistics_block_of(statistics, (int)i)];
    const double unit = spread(f, i);
    for (int64_t k = 0; k < f->n; ++k) {
      const int64_t at = k * f->count + i;
      *own = fmax(*own, fabs((double)got[at] - (double)f->expected[at]) / unit);
    }
  }
  for (int b = 0; b < RB_STATISTICS_BLOCKS; ++b) {
    if (error[b] < 0) continue;
    RB_TRY(rb_verify_add(ctx, report, rb_statistics_block_name((rb_statistics_block)b), error[b],
                         TOLERANCE));
  }
cleanup:
  return status;
}

rb_status rb_verify_statistics(rb_context *ctx, const char *path, rb_verify_report *report) {
  rb_status status = RB_OK;
  statistics_file f = {0};
  rb_statistics *statistics = NULL;
  float *got = NULL;
  RB_TRY(read_arrays(ctx, path, &f));
  RB_TRY(create(ctx, path, &f, &statistics));
  RB_TRY(RB_ALLOCATE(ctx, got, f.n * f.count));
  rb_statistics_compute(ctx, statistics, f.n, f.x, got);
  RB_TRY(compare(ctx, &f, statistics, got, report));
cleanup:
  rb_statistics_free(statistics);
  free(f.x);
  free(f.expected);
  free(got);
  return status;
}
