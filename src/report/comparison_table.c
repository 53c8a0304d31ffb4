#include "rheobase/comparison_table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/agree.h"
#include "rheobase/hdf5_file.h"
#include "rheobase/log.h"
#include "rheobase/memory.h"

enum { LINE = 256 };

/* What is compared, per parameter; the last row of a two-dimensional array. */
static const struct {
  const char *title, *path;
} columns[] = {{"r", "recovery/r"},
               {"NRMSE", "diagnostics/nrmse"},
               {"contraction", "diagnostics/contraction"},
               {"cal. error", "diagnostics/calibration_error"}};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Last row of an array whose last dimension is D. @param values (D) */
static rb_status read_last_row(rb_context *ctx, const rb_file *file, const char *path, int64_t D,
                               double *values) {
  rb_status status = RB_OK;
  int rank = -1;
  int64_t shape[RB_FILE_MAX_RANK];
  void *data = NULL;
  RB_TRY(rb_file_shape(ctx, file, path, &rank, shape));
  if (rank < 1 || rank > 2 || shape[rank - 1] != D) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: not one value per parameter", path));
  }
  RB_TRY(rb_file_read_new(ctx, file, path, RB_F64, false, rank, shape, &data));
  const int64_t skip = rank == 2 ? (shape[0] - 1) * D : 0;
  memcpy(values, (const double *)data + skip, (size_t)D * sizeof *values);
cleanup:
  free(data);
  return status;
}

/* Prints both columns of every parameter. @param file network's, baseline's. Local. */
static rb_status print(rb_context *ctx, rb_file *const file[2]) {
  rb_status status = RB_OK;
  int64_t D = 0;
  char **names = NULL, line[LINE];
  double *values = NULL, score[2], error[2];  // values (COLUMNS, 2, D)
  RB_TRY(rb_file_read_strings(ctx, file[0], "parameter", &D, &names));
  RB_TRY(RB_ALLOCATE(ctx, values, COLUMNS * 2 * D));
  for (int c = 0; c < COLUMNS; ++c) {
    for (int k = 0; k < 2; ++k) {
      RB_TRY(read_last_row(ctx, file[k], columns[c].path, D, values + (c * 2 + k) * D));
    }
  }
  for (int k = 0; k < 2; ++k) {
    RB_TRY(rb_file_read(ctx, file[k], "diagnostics/expected_log_density", RB_F64, false, 0, NULL,
                        &score[k]));
    RB_TRY(rb_file_read(ctx, file[k], "diagnostics/expected_log_density_se", RB_F64, false, 0, NULL,
                        &error[k]));
  }
  int used = snprintf(line, sizeof line, "%-22s", "network (baseline)");
  for (int c = 0; c < COLUMNS; ++c) {
    used += snprintf(line + used, sizeof line - (size_t)used, "%18s", columns[c].title);
  }
  rb_log_info(ctx, "%s", line);
  for (int64_t d = 0; d < D; ++d) {
    used = snprintf(line, sizeof line, "%-22.22s", names[d]);
    for (int c = 0; c < COLUMNS; ++c) {
      const double *v = values + (ptrdiff_t)c * 2 * D + d;
      used += snprintf(line + used, sizeof line - (size_t)used, "%9.3f (%6.3f)", v[0], v[D]);
    }
    rb_log_info(ctx, "%s", line);
  }
  rb_log_info(ctx, "expected log density   %.3f +- %.3f (%.3f +- %.3f)", score[0], error[0],
              score[1], error[1]);
cleanup:
  free(names);
  free(values);
  return status;
}

static rb_status open_and_print(rb_context *ctx, const char *network, const char *baseline) {
  rb_status status = RB_OK;
  rb_file *file[2] = {NULL, NULL};
  if (access(network, F_OK) != 0) return RB_OK;
  RB_TRY(rb_file_open_foreign(ctx, network, &file[0]));
  RB_TRY(rb_file_open_foreign(ctx, baseline, &file[1]));
  RB_TRY(print(ctx, file));
cleanup:
  rb_file_close(&file[0]);
  rb_file_close(&file[1]);
  return status;
}

rb_status rb_table_comparison(rb_context *ctx, const char *network, const char *baseline) {
  return rb_agree(ctx, ctx->rank == 0 ? open_and_print(ctx, network, baseline) : RB_OK);
}
