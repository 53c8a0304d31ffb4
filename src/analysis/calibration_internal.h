#ifndef RB_ANALYSIS_CALIBRATION_INTERNAL_H
#define RB_ANALYSIS_CALIBRATION_INTERNAL_H

#include "rheobase/analysis/calibration.h"
#include "rheobase/parallel/order_statistics.h"

/** @file calibration_internal.h
 * What the calibration_*.c files share. */

enum { RB_ALL = RB_REGIME_COUNT, RB_PARTS };  ///< as a part: every data set

/** Work of rb_calibration_compute. Each rank holds its own data sets' values alone; columns are of
 * these, in the order of its rows. */
typedef struct rb_summing {
  rb_context *ctx;
  const rb_records *records;
  rb_calibration *result;
  uint64_t seed;
  rb_purpose purpose;
  const rb_posterior *posterior;
  int64_t N, S;        ///< N: data sets that did not fail, over all ranks
  int64_t rows, *row;  ///< (rows) this rank's of them, as rows of the records
  int D, Q, bins;
  int first;                           ///< first array of the diagnostic that is computed
  uint8_t *regime;                     ///< (rows)
  int64_t datasets[RB_REGIME_COUNT];   ///< of each regime, over all ranks
  int64_t begin[RB_REGIME_COUNT + 1];  ///< first of each regime when this rank's are grouped by it
} rb_summing;

/** Sub-indices of the null streams of a test set's purpose; 1 is free. */
enum { RB_NULL_RANKS, RB_NULL_ERRORS = 2, RB_NULL_BOOTSTRAP, RB_NULL_REGIMES };

/** Place of a field's row. Local. @param i 0..rows-1 */
const void *rb_summing_at(const rb_summing *s, rb_record field, int64_t i);

/** One column. Local. @param column (rows) */
void rb_summing_column(const rb_summing *s, rb_record field, int64_t index, double *column);

/** Fails with RB_STOPPED on all ranks if one is asked to stop. Collective. */
RB_NODISCARD rb_status rb_summing_continue(rb_context *ctx);

/** An array of the diagnostic that is computed, by its place among them. Local. @{ */
double *rb_summing_values(const rb_summing *s, int array);
int64_t *rb_summing_counts(const rb_summing *s, int array);
/** @} */

/** Where the number of a parameter and part goes. Local. @param all (D) that of all
 * @param by_regime (regimes, D) that of regimes */
double *rb_summing_place(const rb_summing *s, int part, int d, int all, int by_regime);

/** Data sets of a part, over all ranks. Local. */
int64_t rb_summing_datasets(const rb_summing *s, int part);

/** Replaces counts by their sums over all ranks. Collective. @param counts (count) */
void rb_summing_add(const rb_summing *s, int count, int64_t *counts);

/** Of the finite values of a part. */
typedef struct rb_moments {
  int64_t count;
  double mean, squares;  ///< squares: sum of (x - mean)^2
} rb_moments;

/** Collective. @param column (rows) @param moments (RB_PARTS) */
void rb_summing_moments(const rb_summing *s, const double *column, rb_moments *moments);

/** Sums of (x - mean)(y - mean) over the data sets of each part where both are finite. Collective.
 * @param x (rows) @param of_x (RB_PARTS) @param y (rows) @param of_y (RB_PARTS)
 * @param products (RB_PARTS) */
void rb_summing_products(const rb_summing *s, const double *x, const rb_moments *of_x,
                         const double *y, const rb_moments *of_y, double *products);

/** Keys of a column, regime by regime, each ascending. Local. @param column (rows)
 * @param key (rows) @param work (rows) */
void rb_summing_sort(const rb_summing *s, const double *column, uint64_t *key, uint64_t *work);

/** Asks for an order statistic of a part of sorted keys. Local. */
rb_order_query rb_summing_query(const rb_summing *s, int part, const uint64_t *key, int64_t index);

/** Writes one field of the first `count` records in the order of data sets. Collective. */
RB_NODISCARD rb_status rb_records_write(rb_context *ctx, rb_file *file, const rb_field *field,
                                        const rb_records *records, rb_record record, int64_t count);

#endif
