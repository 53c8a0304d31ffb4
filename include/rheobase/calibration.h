#ifndef RHEOBASE_CALIBRATION_H
#define RHEOBASE_CALIBRATION_H

#include <stdint.h>

/** @file calibration.h
 * Settings of the calibration study (input group `calibration`). */

typedef struct rb_calibration_settings {
  int64_t recovery_datasets, recovery_draws;
  int64_t sbc_datasets, sbc_draws;
  int64_t diagnostics_datasets, diagnostics_draws;
  int bins;             ///< of rank histograms; 0: chosen to divide draws + 1
  int64_t chunk;        ///< data sets per chunk
  int64_t store_draws;  ///< draws of a test set are stored if it has at most so many of them
} rb_calibration_settings;

#endif
