#include "ensemble_scores.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/analysis/calibration_file.h"
#include "rheobase/io/product.h"
#include "rheobase/io/study.h"

enum { PATH = 1200 };

static rb_status read_scores(rb_context *ctx, const rb_file *file, rb_ensemble_score *score) {
  rb_status status = RB_OK;
  double *nrmse = NULL, *error = NULL, *log_gamma = NULL;
  int64_t count = 0;
  RB_TRY(rb_file_read(ctx, file, "diagnostics/loss", RB_F64, false, 0, NULL, &score->loss));
  RB_TRY(rb_file_read(ctx, file, "diagnostics/loss_se", RB_F64, false, 0, NULL, &score->loss_se));
  RB_TRY(rb_file_read_last_row(ctx, file, "diagnostics/nrmse", 2, &count, &nrmse));
  score->nrmse = 0;
  for (int64_t d = 0; d < count; ++d) score->nrmse += nrmse[d] / (double)count;
  RB_TRY(rb_file_read_last_row(ctx, file, "diagnostics/calibration_error", 1, &count, &error));
  score->calibration_error = 0;
  for (int64_t d = 0; d < count; ++d) {
    score->calibration_error = fmax(score->calibration_error, error[d]);
  }
  RB_TRY(rb_file_read_last_row(ctx, file, "sbc/log_gamma", 1, &count, &log_gamma));
  score->log_gamma = INFINITY;
  for (int64_t q = 0; q < count; ++q) score->log_gamma = fmin(score->log_gamma, log_gamma[q]);
cleanup:
  free(nrmse);
  free(error);
  free(log_gamma);
  return status;
}

/* Member `number`, if its file is there and of the calibration with that digest. */
static rb_status read_member(rb_context *ctx, const char *folder, int number, uint64_t digest,
                             int *count, rb_ensemble_score *score) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  uint64_t made_from = 0;
  char path[PATH];
  (void)snprintf(path, sizeof path, "%.1100s/calibration_member_%d.h5", folder, number);
  if (access(path, F_OK) != 0) return RB_OK;
  RB_TRY(rb_product_open_one(ctx, RB_PRODUCT_CALIBRATION, path, &file));
  RB_TRY(rb_recipe_read_digest(ctx, file, &made_from));
  if (made_from == digest) {
    rb_ensemble_score *row = &score[(*count)++];
    (void)snprintf(row->name, sizeof row->name, "member %d", number);
    RB_TRY(read_scores(ctx, file, row));
  }
cleanup:
  rb_file_close(&file);
  return status;
}

rb_status rb_ensemble_read(rb_context *ctx, const char *folder, int *count,
                           rb_ensemble_score *score) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  uint64_t digest = 0;
  char path[PATH], *posterior = NULL;
  *count = 0;
  (void)snprintf(path, sizeof path, "%.1100s/%s", folder, rb_products[RB_PRODUCT_CALIBRATION].file);
  RB_TRY(rb_product_open_one(ctx, RB_PRODUCT_CALIBRATION, path, &file));
  RB_TRY(rb_file_get_string(ctx, file, "", "posterior", &posterior));
  if (strcmp(posterior, "mixture") != 0) goto cleanup;
  RB_TRY(rb_recipe_read_digest(ctx, file, &digest));
  for (int number = 1; number <= RB_MAX_MEMBERS; ++number) {
    RB_TRY(read_member(ctx, folder, number, digest, count, score));
  }
  (void)snprintf(score[*count].name, sizeof score->name, "mixture");
  RB_TRY(read_scores(ctx, file, &score[(*count)++]));
cleanup:
  free(posterior);
  rb_file_close(&file);
  return status;
}
