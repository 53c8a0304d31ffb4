#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/random/distributions.h"
#include "verify.h"

static const double RELATIVE = 1e-9;

static double relative(double value, double reference) {
  return value == reference ? 0 : fabs(value - reference) / fabs(reference);
}

/* The larger of the two; a NaN stays. */
static double larger(double error, double largest) { return error <= largest ? largest : error; }

static rb_status verify_columns(rb_context *ctx, const rb_file *file, rb_verify_report *report) {
  enum { MEAN, SD, LOW, HIGH, U, X, LOG_DENSITY, COLUMNS };
  static const char *const paths[COLUMNS] = {
      "truncnorm/mean", "truncnorm/std", "truncnorm/low",        "truncnorm/high",
      "truncnorm/u",    "truncnorm/x",   "truncnorm/logpdf_at_x"};
  rb_status status = RB_OK;
  double *column[COLUMNS] = {NULL};
  int64_t n = 0;
  double x_error = 0, density_error = 0;
  for (int i = 0; i < COLUMNS; ++i) {
    void *data = NULL;
    int64_t shape[1] = {n};
    if (i == 0) {
      RB_TRY(rb_file_read_new(ctx, file, paths[i], RB_F64, true, 1, shape, &data));
      column[i] = data;
      n = shape[0];
    } else {
      RB_TRY(RB_ALLOCATE(ctx, column[i], n));
      RB_TRY(rb_file_read(ctx, file, paths[i], RB_F64, true, 1, shape, column[i]));
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    const rb_truncated_normal d = {column[MEAN][i], column[SD][i], column[LOW][i], column[HIGH][i]};
    const double x = column[X][i];
    if (!(d.sd > 0 && d.low < d.high && column[U][i] >= 0 && column[U][i] <= 1)) {
      RB_TRY(
          RB_FAIL(ctx, RB_ERR_FORMAT, "truncnorm: row %lld is no truncated normal", (long long)i));
    }
    x_error = larger(relative(rb_truncated_normal_quantile(d, column[U][i]), x), x_error);
    density_error = larger(relative(rb_truncated_normal_log_density(d, x), column[LOG_DENSITY][i]),
                           density_error);
  }
  RB_TRY(rb_verify_add(ctx, report, "truncnorm x [relative]", x_error, RELATIVE));
  RB_TRY(rb_verify_add(ctx, report, "truncnorm log density [relative]", density_error, RELATIVE));
cleanup:
  for (int i = 0; i < COLUMNS; ++i) free(column[i]);
  return status;
}

rb_status rb_verify_truncated_normals(rb_context *ctx, const char *path, rb_verify_report *report) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(verify_columns(ctx, file, report));
cleanup:
  rb_file_close(&file);
  return status;
}
