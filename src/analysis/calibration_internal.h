#ifndef RB_ANALYSIS_CALIBRATION_INTERNAL_H
#define RB_ANALYSIS_CALIBRATION_INTERNAL_H

#include "rheobase/calibration.h"

/** @file calibration_internal.h
 * What the calibration_*.c files share. */

enum { RB_ALL = RB_REGIME_COUNT };  ///< as a part: every data set

/** Work of rb_calibration_compute. */
typedef struct rb_summing {
  rb_context *ctx;
  const rb_records *records;
  rb_calibration *result;
  uint64_t seed;
  rb_purpose purpose;
  const rb_posterior *posterior;
  int64_t N, S;
  int D, Q, bins;
  bool has_log_density;
  uint8_t *regime;  ///< (N)
} rb_summing;

/** Sub-indices of the null streams of a test set's purpose; 1 is free. */
enum { RB_NULL_RANKS, RB_NULL_ERRORS = 2, RB_NULL_BOOTSTRAP, RB_NULL_REGIMES };

/** Copies the values that belong to a part. @param column (N) @param selected (N) @return how many
 */
int64_t rb_summing_select(const rb_summing *s, int part, const double *column, double *selected);

/** Everything about the parameters: recovery, errors, coverage. Collective. */
RB_NODISCARD rb_status rb_sum_parameters(rb_summing *s);

/** Everything about ranks, with the null distributions. Collective. */
RB_NODISCARD rb_status rb_sum_ranks(rb_summing *s);

/** Writes one field of the first `count` records in the order of data sets. Collective. */
RB_NODISCARD rb_status rb_records_write(rb_context *ctx, rb_file *file, const rb_field *field,
                                        const rb_records *records, rb_record record, int64_t count);

#endif
