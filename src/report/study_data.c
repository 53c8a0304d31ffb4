#include "study_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "prior_density.h"
#include "rheobase/analysis/scaling_model.h"
#include "rheobase/base/memory.h"
#include "rheobase/inference/checkpoint.h"
#include "rheobase/inference/linear_baseline.h"
#include "rheobase/inference/simulations.h"
#include "rheobase/io/product.h"
#include "stale.h"

rb_status rb_study_data_open(rb_context *ctx, const rb_model *model, const char *folder,
                             rb_product_set sources, rb_study_data *study) {
  rb_status status = RB_OK;
  int found = 0;
  *study = (rb_study_data){.ctx = ctx, .model = model, .folder = folder};
  for (int s = 0; s < RB_PRODUCTS; ++s) {
    char path[RB_PATH];
    struct stat about;
    if ((sources & 1U << s) == 0) continue;
    if (snprintf(path, sizeof path, "%s/%s", folder, rb_products[s].file) >= RB_PATH) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%.100s...: the path is too long", folder));
    }
    if (stat(path, &about) != 0 && (errno == ENOENT || errno == ENOTDIR)) continue;
    RB_TRY(rb_product_open_one(ctx, (rb_product)s, path, &study->file[s]));
    ++found;
  }
  if (found == 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE,
                   "%s holds no file of a study (simulations.h5, checkpoint.h5, ...): nothing to "
                   "report; run `rheobase run` first",
                   folder));
  }
  RB_TRY(rb_study_judge(study));
cleanup:
  return status;
}

rb_status rb_study_add_prior(rb_study_data *study) {
  rb_status status = RB_OK;
  const int64_t count = (int64_t)study->model->dim * RB_PRIOR_POINTS;
  RB_TRY(RB_ALLOCATE(study->ctx, study->prior_grid, count));
  RB_TRY(RB_ALLOCATE(study->ctx, study->prior_density, count));
  RB_TRY(rb_prior_density(study->ctx, study->model, study->prior_grid, study->prior_density));
cleanup:
  return status;
}

void rb_study_data_close(rb_study_data *study) {
  for (int s = 0; s < RB_PRODUCTS; ++s) {
    rb_file_close(&study->file[s]);
    free(study->remark[s]);
  }
  free(study->prior_grid);
  free(study->prior_density);
}

static bool is_empty(int rank, const int64_t *shape) {
  bool empty = false;
  for (int i = 0; i < rank; ++i) empty = empty || shape[i] == 0;
  return empty;
}

bool rb_study_has(const rb_study_data *study, rb_product source, const char *path) {
  const rb_file *file = study->file[source];
  int rank = -1;
  int64_t shape[RB_FILE_MAX_RANK];
  if (file == NULL || !rb_file_has(file, path)) return false;
  if (rb_file_is_group(file, path)) return true;
  if (rb_file_shape(study->ctx, file, path, &rank, shape) == RB_OK) return !is_empty(rank, shape);
  rb_error_clear(study->ctx);  // h5py's Empty; of a damaged one who reads it says what is wrong
  return true;
}

rb_status rb_study_read(const rb_study_data *study, rb_product source, const char *path, int rank,
                        int64_t columns, rb_array *array) {
  rb_status status = RB_OK;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  void *data = NULL;
  *array = (rb_array){.rank = rank};
  if (study->file[source] == NULL) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FILE, "%s is missing", rb_products[source].file));
  }
  RB_TRY(
      rb_file_read_new(study->ctx, study->file[source], path, RB_F64, false, rank, shape, &data));
  array->v = data;
  for (int i = 0; i < rank; ++i) array->shape[i] = shape[i];
  if (is_empty(rank, shape)) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "%s: %s is empty", rb_products[source].file, path));
  }
  if (columns >= 0 && shape[rank - 1] != columns) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "%s: %s has %lld columns where %lld are expected",
                   rb_products[source].file, path, (long long)shape[rank - 1], (long long)columns));
  }
cleanup:
  return status;
}

rb_status rb_study_read_matrix(const rb_study_data *study, rb_product source, const char *path,
                               int64_t rows, int64_t columns, rb_array *array) {
  rb_status status = RB_OK;
  RB_TRY(rb_study_read(study, source, path, 2, columns, array));
  if (array->shape[0] != rows) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "%s: %s has %lld rows where %lld are expected",
                   rb_products[source].file, path, (long long)array->shape[0], (long long)rows));
  }
cleanup:
  return status;
}

rb_status rb_study_read_rows(const rb_study_data *study, rb_product source, const char *path,
                             int64_t rows, int64_t columns, rb_array *array) {
  rb_status status = RB_OK;
  int rank = 2;
  int64_t shape[RB_FILE_MAX_RANK] = {0};
  const rb_file *file = study->file[source];
  *array = (rb_array){.rank = 2};
  RB_TRY(rb_file_shape(study->ctx, file, path, &rank, shape));
  if (is_empty(rank, shape) || (columns >= 0 && shape[1] != columns)) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "%s: %s has shape (%lld, %lld)",
                   rb_products[source].file, path, (long long)shape[0], (long long)shape[1]));
  }
  RB_TRY(rb_file_read_rows(study->ctx, file, path, RB_F64, false, 2, shape, 0, 0, NULL));
  array->shape[0] = shape[0] < rows ? shape[0] : rows;
  array->shape[1] = shape[1];
  RB_TRY(RB_ALLOCATE(study->ctx, array->v, array->shape[0] * array->shape[1]));
  RB_TRY(rb_file_read_rows(study->ctx, file, path, RB_F64, false, 2, shape, 0, array->shape[0],
                           array->v));
cleanup:
  return status;
}

rb_status rb_study_number(const rb_study_data *study, rb_product source, const char *path,
                          double *value) {
  return rb_file_read(study->ctx, study->file[source], path, RB_F64, false, 0, NULL, value);
}

void rb_array_free(rb_array *array) {
  free(array->v);
  array->v = NULL;
}

rb_status rb_array_column(const rb_study_data *study, const rb_array *array, int64_t index,
                          double **column) {
  const int64_t rows = array->shape[0], columns = array->shape[1];
  if (RB_ALLOCATE(study->ctx, *column, rows) != RB_OK) return RB_ERR_MEMORY;
  for (int64_t i = 0; i < rows; ++i) (*column)[i] = array->v[i * columns + index];
  return RB_OK;
}

rb_status rb_study_last_row(const rb_study_data *study, rb_product source, const char *path,
                            int64_t columns, double **values) {
  rb_status status = RB_OK;
  int64_t count = 0;
  RB_TRY(rb_file_read_last_row(study->ctx, study->file[source], path, -1, &count, values));
  if (count != columns) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "%s: %s has %lld values where %lld are expected",
                   rb_products[source].file, path, (long long)count, (long long)columns));
  }
cleanup:
  return status;
}
