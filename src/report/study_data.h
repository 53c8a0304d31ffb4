#ifndef RB_REPORT_STUDY_DATA_H
#define RB_REPORT_STUDY_DATA_H

#include "rheobase/io/product.h"
#include "rheobase/model/model.h"

/** @file study_data.h
 * A study's files, read on one rank as arrays of doubles. All functions are local. */

enum { RB_PATH = 1200 };

typedef struct rb_study_data {
  rb_context *ctx;
  const rb_model *model;
  const char *folder;
  rb_file *file[RB_PRODUCTS];  ///< NULL where the study has no such file, or it is left out
  char *remark[RB_PRODUCTS];   ///< why a file is left out, or to be read with care; NULL: all well
  bool unfinished[RB_PRODUCTS];
  double *prior_grid;     ///< (D, RB_PRIOR_POINTS) see rb_study_add_prior
  double *prior_density;  ///< (D, RB_PRIOR_POINTS)
} rb_study_data;

/** A set of products: 1u << product, or all. */
typedef unsigned rb_product_set;
#define RB_ALL_PRODUCTS ((1U << RB_PRODUCTS) - 1)

/** Opens those products that are there and belong together (stale.h). The caller calls
 * rb_study_data_close, also after a failure. Fails with RB_ERR_FILE (nothing there) or
 * RB_ERR_FORMAT (damaged). @param model may be NULL where nothing needs it */
RB_NODISCARD rb_status rb_study_data_open(rb_context *ctx, const rb_model *model,
                                          const char *folder, rb_product_set sources,
                                          rb_study_data *study);

/** Computes the prior's marginal densities, which figures show (prior_density.h): takes a second.
 */
RB_NODISCARD rb_status rb_study_add_prior(rb_study_data *study);
void rb_study_data_close(rb_study_data *study);

/** An array, row-major. */
typedef struct rb_array {
  int rank;
  int64_t shape[3];
  double *v;  ///< owned
} rb_array;

/** Whether a product is there and has the object; an array without an element counts as missing. */
bool rb_study_has(const rb_study_data *study, rb_product source, const char *path);

/** Reads an array of @p rank dimensions (at most 3), none of them empty. The caller calls
 * rb_array_free, also after a failure. A @p columns >= 0 is the length its last dimension has to
 * have. */
RB_NODISCARD rb_status rb_study_read(const rb_study_data *study, rb_product source,
                                     const char *path, int rank, int64_t columns, rb_array *array);

/** As rb_study_read, of a matrix with so many rows. */
RB_NODISCARD rb_status rb_study_read_matrix(const rb_study_data *study, rb_product source,
                                            const char *path, int64_t rows, int64_t columns,
                                            rb_array *array);

/** As rb_study_read, of the first @p rows rows of a matrix, or fewer where there are no more. */
RB_NODISCARD rb_status rb_study_read_rows(const rb_study_data *study, rb_product source,
                                          const char *path, int64_t rows, int64_t columns,
                                          rb_array *array);

/** Reads a vector, or the last row of a matrix. The caller frees *values, also after a failure.
 * @param values (columns) */
RB_NODISCARD rb_status rb_study_last_row(const rb_study_data *study, rb_product source,
                                         const char *path, int64_t columns, double **values);

/** Reads one number. */
RB_NODISCARD rb_status rb_study_number(const rb_study_data *study, rb_product source,
                                       const char *path, double *value);

void rb_array_free(rb_array *array);

/** A column of a matrix, copied. The caller frees *column. */
RB_NODISCARD rb_status rb_array_column(const rb_study_data *study, const rb_array *array,
                                       int64_t index, double **column);

#endif
