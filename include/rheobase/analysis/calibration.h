#ifndef RHEOBASE_CALIBRATION_H
#define RHEOBASE_CALIBRATION_H

#include "rheobase/analysis/test_set.h"

/** @file calibration.h
 * The calibration study: its settings (input group `calibration`), and what the records of a test
 * set are summed up to. */

typedef struct rb_calibration_settings {
  int64_t recovery_datasets, recovery_draws;
  int64_t sbc_datasets, sbc_draws;
  int64_t diagnostics_datasets, diagnostics_draws;
  int bins;             ///< of rank histograms; 0: chosen to divide draws + 1
  int64_t chunk;        ///< data sets per chunk
  int64_t store_draws;  ///< draws of a test set are stored if it has at most so many of them
} rb_calibration_settings;

/** Data sets are also looked at in groups by their activity (model.h), so that errors that cancel
 * over all of them show: none at all, and below and above the median of the others. */
typedef enum rb_regime {
  RB_REGIME_NONE,
  RB_REGIME_LITTLE,
  RB_REGIME_MUCH,
  RB_REGIME_COUNT
} rb_regime;
/** What the model calls it, in files too. */
const char *rb_regime_name(const rb_model *model, rb_regime regime);

/** Dimensions of the results. */
typedef enum rb_calibration_dim {
  RB_DIM_NONE,  ///< ends a list
  RB_DIM_PARAMETER,
  RB_DIM_QUANTITY,    ///< parameters, then joint quantities
  RB_DIM_LEVEL,       ///< of intervals
  RB_DIM_NORMALISER,  ///< of NRMSE
  RB_DIM_REGIME,
  RB_DIM_NOTEBOOK_BIN,
  RB_DIM_NOTEBOOK_EDGE,
  RB_DIM_RANK,   ///< 0..S
  RB_DIM_BIN,    ///< of rank histograms
  RB_DIM_EDGE,   ///< their first ranks, and S + 1
  RB_DIM_WIDTH,  ///< of the intervals between draws of equal depth
  RB_DIM_COUNT
} rb_calibration_dim;

enum { RB_CALIBRATION_MAX_RANK = 3, RB_CALIBRATION_ARRAYS = 256 };

/** A result: an array of one of the diagnostics (diagnostic_type.h). */
typedef struct rb_calibration_row {
  const char *name;  ///< path within the test set's group
  rb_type type;      ///< RB_F64 or RB_I64
  rb_calibration_dim dims[RB_CALIBRATION_MAX_RANK];
  const char *unit;
  const char *description;
} rb_calibration_row;

/** What a test set is summed up to: the arrays of all diagnostics, the same on all ranks. */
typedef struct rb_calibration {
  int64_t datasets, draws;                   ///< data sets with those that failed
  double prior_variance[RB_MAX_PARAMETERS];  ///< of the truths, n - 1
  int64_t length[RB_DIM_COUNT];
  int arrays;
  const rb_calibration_row *row[RB_CALIBRATION_ARRAYS];  ///< (arrays)
  void *data[RB_CALIBRATION_ARRAYS];  ///< (arrays) double or int64_t, row-major, owned
} rb_calibration;

/** Sums up finished records of the data sets that did not fail (rb_records_failed). Collective; the
 * caller calls rb_calibration_free. Values that cannot be had (an empty regime, no log density) are
 * NaN. Fails with RB_ERR_NUMERIC if fewer than 2 data sets are left, RB_ERR_MEMORY, or RB_STOPPED
 * if a rank is asked to stop.
 * @param posterior whose records these are @param bins of the settings */
RB_NODISCARD rb_status rb_calibration_compute(rb_context *ctx, const rb_records *records,
                                              uint64_t seed, rb_purpose purpose,
                                              const rb_posterior *posterior, int bins,
                                              rb_calibration *result);
void rb_calibration_free(rb_calibration *result);

/** The array of that name; NULL where no diagnostic has one. @{ */
double *rb_calibration_values(const rb_calibration *result, const char *name);
int64_t *rb_calibration_counts(const rb_calibration *result, const char *name);
/** @} */

#endif
