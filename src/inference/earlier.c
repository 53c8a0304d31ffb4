#include "earlier.h"

#include <stdlib.h>

static rb_status read_skipped(rb_context *ctx, const rb_file *file, const rb_simulation_fields *f,
                              rb_skipped *skipped) {
  rb_status status = RB_OK;
  int64_t count = 0;
  void *item = NULL;
  if (!rb_file_has(file, f->skipped_path)) return RB_OK;
  RB_TRY(rb_file_read_new(ctx, file, f->skipped_path, RB_I64, true, 1, &count, &item));
  RB_TRY(rb_skipped_add(ctx, skipped, count, item));
cleanup:
  free(item);
  return status;
}

rb_status rb_earlier_find(rb_context *ctx, rb_file *const *file, const char *group,
                          const rb_simulation_fields *f, rb_earlier *earlier, rb_skipped *skipped) {
  rb_status status = RB_OK;
  *earlier = (rb_earlier){0};
  for (int i = 0; i < RB_EARLIER_FILES; ++i) {
    int rank = 2;
    int64_t shape[RB_FILE_MAX_RANK] = {0}, first = 0;
    if (file[i] == NULL || !rb_file_has(file[i], f->theta_path)) continue;
    RB_TRY(rb_file_shape(ctx, file[i], f->theta_path, &rank, shape));
    if (rb_file_has_attribute(file[i], group, RB_EARLIER_FIRST)) {
      RB_TRY(rb_file_get_int(ctx, file[i], group, RB_EARLIER_FIRST, &first));
    }
    if (first < 0 || first > earlier->count) continue;  // there is a gap
    RB_TRY(read_skipped(ctx, file[i], f, skipped));
    if (first + shape[0] <= earlier->count) continue;
    earlier->piece[earlier->pieces++] = (rb_earlier_piece){file[i], {first, shape[0]}};
    earlier->count = first + shape[0];
  }
cleanup:
  return status;
}

/* Reads rows of one file. */
static rb_status read_piece(rb_context *ctx, const rb_file *file, const rb_model *model,
                            const rb_simulation_fields *f, rb_range rows, double *theta,
                            double *latent, float *x, float *values) {
  rb_status status = RB_OK;
  const int64_t theta_shape[2] = {-1, model->dim};
  RB_TRY(rb_file_read_rows(ctx, file, f->theta_path, RB_F64, true, 2, theta_shape, rows.first,
                           rows.count, theta));
  RB_TRY(rb_file_read_rows(ctx, file, f->latent_path, RB_F64, true, 2, theta_shape, rows.first,
                           rows.count, latent));
  RB_TRY(
      rb_simulation_fields_read(ctx, file, f, -1, model->channels, model->length, rows, x, values));
cleanup:
  return status;
}

rb_status rb_earlier_read(rb_context *ctx, const rb_earlier *earlier, const rb_model *model,
                          const rb_simulation_fields *f, rb_range range, double *theta,
                          double *latent, float *x, float *values) {
  rb_status status = RB_OK;
  const int64_t row = model->channels * model->length;
  for (int p = 0; p < earlier->pieces && range.count > 0; ++p) {
    const rb_range *has = &earlier->piece[p].range;
    const int64_t left = has->first + has->count - range.first;
    const int64_t count = left < range.count ? left : range.count;
    if (count <= 0) continue;
    RB_TRY(read_piece(ctx, earlier->piece[p].file, model, f,
                      (rb_range){range.first - has->first, count}, theta, latent, x, values));
    theta += count * model->dim;
    latent += count * model->dim;
    x += count * row;
    range = (rb_range){range.first + count, range.count - count};
  }
cleanup:
  return status;
}
