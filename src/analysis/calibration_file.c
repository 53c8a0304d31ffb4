#include "rheobase/analysis/calibration_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibration_internal.h"
#include "rheobase/analysis/diagnostics.h"
#include "rheobase/analysis/ranks.h"
#include "rheobase/base/memory.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/parallel/agree.h"

enum { PATH = 160 };

/* Dimensions by name; those of a test set's own are declared in its group. */
static const char *const dim_names[RB_DIM_COUNT] = {
    [RB_DIM_PARAMETER] = "parameter",
    [RB_DIM_QUANTITY] = "quantity",
    [RB_DIM_LEVEL] = "level",
    [RB_DIM_NORMALISER] = "normaliser",
    [RB_DIM_REGIME] = "regime_name",
    [RB_DIM_NOTEBOOK_BIN] = "notebook_bin",
    [RB_DIM_NOTEBOOK_EDGE] = "notebook_edge",
    [RB_DIM_RANK] = "rank_value",
    [RB_DIM_BIN] = "bin",
    [RB_DIM_EDGE] = "edge",
    [RB_DIM_WIDTH] = "interval",
};

static rb_status write_names(rb_context *ctx, rb_file *file, const char *dim, int count,
                             const char *const *names, const char *description) {
  rb_status status = RB_OK;
  RB_TRY(rb_file_dimension(ctx, file, dim, count));
  const rb_field field = {dim, RB_STRING, dim, "1", description, false};
  RB_TRY(rb_file_write(ctx, file, &field, names));
cleanup:
  return status;
}

rb_status rb_calibration_write_axes(rb_context *ctx, rb_file *file, const rb_posterior *posterior) {
  rb_status status = RB_OK;
  rb_quantity quantity[RB_MAX_QUANTITIES];
  const char *names[RB_MAX_QUANTITIES], *descriptions[RB_MAX_QUANTITIES];
  double level[RB_LEVELS];
  RB_TRY(rb_axes_write(ctx, file, posterior->model));
  const int quantities = rb_test_quantities(posterior, quantity);
  for (int q = 0; q < quantities; ++q) {
    names[q] = quantity[q].name;
    descriptions[q] = quantity[q].description;
  }
  RB_TRY(write_names(ctx, file, "quantity", quantities, names,
                     "what is ranked: the parameters and joint quantities"));
  const rb_field about = {"quantity_description",    RB_STRING, "quantity", "1",
                          "what the quantities are", false};
  RB_TRY(rb_file_write(ctx, file, &about, descriptions));
  for (int k = 0; k < RB_NORMALISE_COUNT; ++k) names[k] = rb_normaliser_name((rb_normaliser)k);
  RB_TRY(write_names(ctx, file, "normaliser", RB_NORMALISE_COUNT, names,
                     "what root mean squared errors are divided by"));
  for (int g = 0; g < RB_REGIME_COUNT; ++g)
    names[g] = rb_regime_name(posterior->model, (rb_regime)g);
  RB_TRY(write_names(ctx, file, "regime_name", RB_REGIME_COUNT, names,
                     "groups of data sets by activity: none, up to and above the median of the "
                     "others"));
  rb_coverage_levels(level);
  RB_TRY(rb_file_dimension(ctx, file, "level", RB_LEVELS));
  const rb_field levels = {"level", RB_F64, "level", "1", "levels of intervals", false};
  RB_TRY(rb_file_write(ctx, file, &levels, level));
  RB_TRY(rb_file_dimension(ctx, file, "notebook_bin", RB_NOTEBOOK_BINS));
  RB_TRY(rb_file_dimension(ctx, file, "notebook_edge", RB_NOTEBOOK_BINS + 1));
  RB_TRY(rb_file_set_string(ctx, file, "", "posterior", posterior->name));
cleanup:
  return status;
}

static rb_status write_results(rb_context *ctx, rb_file *file, const rb_test_set *set,
                               const rb_calibration *result) {
  rb_status status = RB_OK;
  char path[PATH], dims[PATH];
  for (int dim = RB_DIM_RANK; dim < RB_DIM_COUNT; ++dim) {
    (void)snprintf(path, sizeof path, "%s/%s", set->name, dim_names[dim]);
    RB_TRY(rb_file_dimension(ctx, file, path, result->length[dim]));
  }
  for (int a = 0; a < result->arrays; ++a) {
    const rb_calibration_row *row = result->row[a];
    int used = 0;
    dims[0] = '\0';
    for (int i = 0; i < RB_CALIBRATION_MAX_RANK && row->dims[i] != RB_DIM_NONE; ++i) {
      used += snprintf(dims + used, sizeof dims - (size_t)used, "%s%s", i > 0 ? "," : "",
                       dim_names[row->dims[i]]);
    }
    (void)snprintf(path, sizeof path, "%s/%s", set->name, row->name);
    const rb_field field = {path, row->type, dims, row->unit, row->description, false};
    RB_TRY(rb_file_write(ctx, file, &field, result->data[a]));
  }
  RB_TRY(rb_file_set_int(ctx, file, set->name, "datasets", result->datasets));
  RB_TRY(rb_file_set_int(ctx, file, set->name, "draws", result->draws));
cleanup:
  return status;
}

rb_status rb_records_write(rb_context *ctx, rb_file *file, const rb_field *field,
                           const rb_records *records, rb_record record, int64_t count) {
  rb_status status = RB_OK;
  const int64_t row_bytes = records->columns[record] * rb_type_size(field->type);
  const int64_t block = rb_records_block(records, record);
  char *rows = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, rows, ctx->rank == 0 ? block * row_bytes : 0)));
  RB_TRY(rb_file_create_field(ctx, file, field, block));
  for (int64_t first = 0; first < count; first += block) {
    const int64_t here = count - first < block ? count - first : block;
    RB_TRY(rb_records_gather(ctx, records, record, first, here, rows));
    RB_TRY(rb_file_write_rows(ctx, file, field, first, ctx->rank == 0 ? here : 0, rows));
  }
cleanup:
  free(rows);
  return status;
}

/* z-score or contraction of every data set, from mean, sd and truth. */
static rb_status write_derived(rb_context *ctx, rb_file *file, const rb_field *field, bool z_score,
                               const rb_records *records, const rb_calibration *result) {
  rb_status status = RB_OK;
  const int D = records->dim;
  const int64_t N = records->partition.items;
  const int64_t block = rb_records_block(records, RB_RECORD_TRUTH);
  double *truth = NULL, *mean = NULL, *sd = NULL;
  status = RB_ALLOCATE(ctx, truth, block * D);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, mean, block * D);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, sd, block * D);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_file_create_field(ctx, file, field, block));
  for (int64_t first = 0; first < N; first += block) {
    const int64_t here = N - first < block ? N - first : block;
    RB_TRY(rb_records_gather(ctx, records, RB_RECORD_TRUTH, first, here, truth));
    RB_TRY(rb_records_gather(ctx, records, RB_RECORD_MEAN, first, here, mean));
    RB_TRY(rb_records_gather(ctx, records, RB_RECORD_SD, first, here, sd));
    for (int64_t i = 0; i < here * D && ctx->rank == 0; ++i) {
      if (isnan(sd[i])) continue;  // it failed, and so its mean is NaN
      mean[i] = z_score ? (mean[i] - truth[i]) / sd[i]
                        : rb_contraction(sd[i], result->prior_variance[i % D]);
    }
    RB_TRY(rb_file_write_rows(ctx, file, field, first, ctx->rank == 0 ? here : 0, mean));
  }
cleanup:
  free(truth);
  free(mean);
  free(sd);
  return status;
}

static rb_status write_records(rb_context *ctx, rb_file *file, const rb_test_set *set,
                               const rb_records *records, const rb_calibration *result) {
  static const char *const dims[] = {[RB_PER_PARAMETER] = "dataset,parameter",
                                     [RB_PER_QUANTITY] = "dataset,quantity",
                                     [RB_PER_DATASET] = "dataset",
                                     [RB_PER_DRAW_AND_PARAMETER] = "dataset,draw,parameter"};
  rb_status status = RB_OK;
  const int64_t N = records->partition.items;
  char path[PATH];
  (void)snprintf(path, sizeof path, "%s/records/dataset", set->name);
  RB_TRY(rb_file_dimension(ctx, file, path, N));
  (void)snprintf(path, sizeof path, "%s/records/draw", set->name);
  RB_TRY(rb_file_dimension(ctx, file, path, records->draws));
  for (int f = 0; f < RB_RECORD_COUNT; ++f) {
    const rb_record_field *record = &rb_record_fields()[f];
    const bool summed_up = f == RB_RECORD_CENTRAL || f == RB_RECORD_HPD || f == RB_RECORD_OUTSIDE;
    if (records->columns[f] == 0 || summed_up) continue;
    (void)snprintf(path, sizeof path, "%s/records/%s", set->name, record->name);
    const rb_field field = {path,         record->type,        dims[record->width],
                            record->unit, record->description, false};
    RB_TRY(rb_records_write(ctx, file, &field, records, (rb_record)f, N));
    RB_TRY(rb_summing_continue(ctx));
  }
  (void)snprintf(path, sizeof path, "%s/records/z_score", set->name);
  const rb_field z_score = {
      path, RB_F64, "dataset,parameter", "1", "(mean - truth) / sd of the draws", false};
  RB_TRY(write_derived(ctx, file, &z_score, true, records, result));
  (void)snprintf(path, sizeof path, "%s/records/contraction", set->name);
  const rb_field contraction = {path,
                                RB_F64,
                                "dataset,parameter",
                                "1",
                                "1 - variance of the draws over that of the truths, within 0..1",
                                false};
  RB_TRY(write_derived(ctx, file, &contraction, false, records, result));
cleanup:
  return status;
}

rb_status rb_calibration_write(rb_context *ctx, rb_file *file, const rb_test_set *set,
                               const rb_records *records, const rb_calibration *result) {
  rb_status status = RB_OK;
  RB_TRY(write_results(ctx, file, set, result));
  RB_TRY(write_records(ctx, file, set, records, result));
cleanup:
  return status;
}
