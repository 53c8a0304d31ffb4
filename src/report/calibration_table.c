#include "rheobase/report/calibration_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "block_scores.h"
#include "coverage_table.h"
#include "diagnostic_columns.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/agree.h"

#define SET "diagnostics"  // whose means are told, here and on the page

enum { WIDTH = 12, LINE = 256 };

static rb_status scalar(rb_context *ctx, const rb_file *file, const char *path, rb_type type,
                        void *value) {
  return rb_file_read(ctx, file, path, type, false, 0, NULL, value);
}

/* One row per name, a column for each that the diagnostics have for the table. */
static rb_status print_columns(rb_context *ctx, const rb_file *file, rb_diagnostic_table table,
                               int64_t rows, const char *const *names) {
  rb_status status = RB_OK;
  const rb_diagnostic_column *column[RB_TABLE_COLUMNS];
  double *values[RB_TABLE_COLUMNS] = {0};
  char line[LINE], path[RB_COLUMN_PATH];
  const int count = rb_table_columns(table, column);
  int used = snprintf(line, sizeof line, "%-12s", "");
  for (int c = 0; c < count; ++c) {
    int64_t length = 0;
    rb_column_path(column[c], path);
    RB_TRY(rb_file_read_last_row(ctx, file, path, rb_column_rank(column[c]), &length, &values[c]));
    if (length != rows) RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: not one value per row", path));
    used += snprintf(line + used, sizeof line - (size_t)used, "%*s", WIDTH, column[c]->title);
  }
  rb_log_info(ctx, "%s", line);
  for (int64_t i = 0; i < rows; ++i) {
    used = snprintf(line, sizeof line, "%-12.12s", names[i]);
    for (int c = 0; c < count; ++c) {
      char number[32];
      // the formats come from the rows of the diagnostics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      (void)snprintf(number, sizeof number, column[c]->format, WIDTH, values[c][i]);
#pragma GCC diagnostic pop
      used += snprintf(line + used, sizeof line - (size_t)used, "%s", number);
    }
    rb_log_info(ctx, "%s", line);
  }
cleanup:
  for (int c = 0; c < count; ++c) free(values[c]);
  return status;
}

/* The headline, of the set whose name stands beside it here, on the page and in `collect`. */
static rb_status print_loss(rb_context *ctx, const rb_file *file) {
  rb_status status = RB_OK;
  double loss = 0, error = 0;
  int64_t datasets = 0, counted = 0, not_finite = 0;
  RB_TRY(rb_file_get_int(ctx, file, SET, "datasets", &datasets));
  RB_TRY(scalar(ctx, file, SET "/loss", RB_F64, &loss));
  RB_TRY(scalar(ctx, file, SET "/loss_se", RB_F64, &error));
  RB_TRY(scalar(ctx, file, SET "/loss_datasets", RB_I64, &counted));
  RB_TRY(scalar(ctx, file, SET "/loss_not_finite", RB_I64, &not_finite));
  if (counted == 0) goto cleanup;  // a posterior without a log density
  rb_log_info(ctx,
              "loss %.3f +- %.3f nat (" SET
              " set: %lld of %lld data sets, those without a clipped "
              "truth)",
              loss, error, (long long)counted, (long long)datasets);
  if (not_finite > 0) {
    rb_log_info(ctx, "     %lld truths have no finite density and are left out of it",
                (long long)not_finite);
  }
cleanup:
  return status;
}

static rb_status print_outside(rb_context *ctx, const rb_file *file) {
  rb_status status = RB_OK;
  double outside = 0, null_error = 0;
  RB_TRY(scalar(ctx, file, SET "/outside_any", RB_F64, &outside));
  RB_TRY(scalar(ctx, file, SET "/calibration_error_95", RB_F64, &null_error));
  rb_log_info(ctx,
              "%.2g%% of the draws lie outside the prior's support; calibration errors above %.4f "
              "have a chance of 5%%",
              100 * outside, null_error);
cleanup:
  return status;
}

/* For each regime, the worst parameter's calibration error and log gamma. */
static rb_status print_regimes(rb_context *ctx, const rb_file *file, const char *const *parameters,
                               int64_t D) {
  enum { REGIMES = 3 };
  rb_status status = RB_OK;
  int64_t datasets[REGIMES], counted[REGIMES], shape[2];
  double low[REGIMES], high[REGIMES], loss[REGIMES];
  double *error = NULL, *log_gamma = NULL;
  char **names = NULL;
  int64_t count = 0;
  void *data = NULL;
  const int64_t regimes = REGIMES;
  RB_TRY(rb_file_read(ctx, file, SET "/regime/datasets", RB_I64, false, 1, &regimes, datasets));
  RB_TRY(rb_file_read(ctx, file, SET "/regime/activity_low", RB_F64, false, 1, &regimes, low));
  RB_TRY(rb_file_read(ctx, file, SET "/regime/activity_high", RB_F64, false, 1, &regimes, high));
  RB_TRY(rb_file_read(ctx, file, SET "/regime/loss", RB_F64, false, 1, &regimes, loss));
  RB_TRY(rb_file_read(ctx, file, SET "/regime/loss_datasets", RB_I64, false, 1, &regimes, counted));
  RB_TRY(rb_file_read_strings(ctx, file, "regime_name", &count, &names));
  RB_TRY(
      rb_file_read_new(ctx, file, SET "/regime/calibration_error", RB_F64, false, 2, shape, &data));
  error = data;
  if (shape[0] != REGIMES || shape[1] != D || count != REGIMES) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, SET "/regime: shapes do not match"));
  }
  RB_TRY(rb_file_read_new(ctx, file, SET "/regime/log_gamma", RB_F64, false, 2, shape, &data));
  log_gamma = data;
  if (shape[0] != REGIMES || shape[1] < D) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, SET "/regime/log_gamma: not one value per parameter"));
  }
  if (isnan(low[0]) && isnan(low[1]) && isnan(low[2])) goto cleanup;  // nothing to group by
  rb_log_info(ctx, "%-12s%*s%*s%*s%*s  %s", "regime", WIDTH, "data sets", WIDTH, "activity", WIDTH,
              "loss (nat)", WIDTH, "of sets",
              "worst parameter: cal. error, log gamma (" SET " set)");
  for (int g = 0; g < REGIMES; ++g) {
    if (datasets[g] == 0) continue;
    int worst = 0, least = 0;
    for (int d = 1; d < D; ++d) {
      if (error[g * D + d] > error[g * D + worst]) worst = d;
      if (log_gamma[g * shape[1] + d] < log_gamma[g * shape[1] + least]) least = d;
    }
    char range[32];
    (void)snprintf(range, sizeof range, "%g..%g", low[g], high[g]);
    rb_log_info(ctx, "%-12s%*lld%*s%*.3f%*lld  %s %.4f, %s %.2f", names[g], WIDTH,
                (long long)datasets[g], WIDTH, range, WIDTH, loss[g], WIDTH, (long long)counted[g],
                parameters[worst], error[g * D + worst], parameters[least],
                log_gamma[g * shape[1] + least]);
  }
cleanup:
  free(error);
  free(log_gamma);
  free(names);
  return status;
}

/* Says how many data sets and draws each test set has. */
static rb_status print_sizes(rb_context *ctx, const rb_file *file) {
  static const char *const sets[] = {"recovery", "sbc", "diagnostics"};
  rb_status status = RB_OK;
  char line[LINE] = "", path[32], *posterior = NULL;
  int used = 0;
  RB_TRY(rb_file_get_string(ctx, file, "", "posterior", &posterior));
  for (int k = 0; k < 3; ++k) {
    int64_t datasets = 0, draws = 0, failed = 0;
    RB_TRY(rb_file_get_int(ctx, file, sets[k], "datasets", &datasets));
    RB_TRY(rb_file_get_int(ctx, file, sets[k], "draws", &draws));
    (void)snprintf(path, sizeof path, "%s/failed", sets[k]);
    RB_TRY(scalar(ctx, file, path, RB_I64, &failed));
    used += snprintf(line + used, sizeof line - (size_t)used, "%s%s %lld x %lld", k > 0 ? ", " : "",
                     sets[k], (long long)datasets, (long long)draws);
    if (failed == 0) continue;
    used += snprintf(line + used, sizeof line - (size_t)used, " without %lld that failed",
                     (long long)failed);
  }
  rb_log_info(ctx, "diagnostics of the posterior \"%s\": %s (data sets x draws)", posterior, line);
cleanup:
  free(posterior);
  return status;
}

static rb_status print_file(rb_context *ctx, const char *path) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char **parameters = NULL, **quantities = NULL;
  int64_t D = 0, Q = 0;
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(print_sizes(ctx, file));
  RB_TRY(rb_file_read_strings(ctx, file, "parameter", &D, &parameters));
  RB_TRY(rb_file_read_strings(ctx, file, "quantity", &Q, &quantities));
  RB_TRY(print_columns(ctx, file, RB_TABLE_PARAMETERS, D, (const char *const *)parameters));
  rb_log_info(ctx,
              "ranks of:                    sbc set                     diagnostics set"
              "   (log gamma below 0 rejects at 5%%)");
  RB_TRY(print_columns(ctx, file, RB_TABLE_QUANTITIES, Q, (const char *const *)quantities));
  RB_TRY(rb_print_coverage(ctx, file, D, (const char *const *)parameters));
  RB_TRY(print_regimes(ctx, file, (const char *const *)parameters, D));
  RB_TRY(print_loss(ctx, file));
  RB_TRY(print_outside(ctx, file));
  RB_TRY(rb_print_blocks(ctx, file));
cleanup:
  free(parameters);
  free(quantities);
  rb_file_close(&file);
  return status;
}

rb_status rb_table_calibration(rb_context *ctx, const char *path) {
  return rb_agree(ctx, ctx->rank == 0 ? print_file(ctx, path) : RB_OK);
}
