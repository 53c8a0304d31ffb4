#ifndef RHEOBASE_CALIBRATION_FILE_H
#define RHEOBASE_CALIBRATION_FILE_H

#include "rheobase/analysis/calibration.h"
#include "rheobase/io/hdf5_file.h"

/** @file calibration_file.h
 * Calibration on disk: results and records in calibration.h5, and the records of unfinished work in
 * a partial file, from which it goes on on any number of ranks. Collective. */

/** Writes the dimensions that all test sets share, with their coordinates. */
RB_NODISCARD rb_status rb_calibration_write_axes(rb_context *ctx, rb_file *file,
                                                 const rb_posterior *posterior);

/** Writes a test set as group set->name: the results, and group records with one row per data set.
 */
RB_NODISCARD rb_status rb_calibration_write(rb_context *ctx, rb_file *file, const rb_test_set *set,
                                            const rb_records *records,
                                            const rb_calibration *result);

/** Writes what is done of `count` test sets. @param digest of everything the records depend on
 * @param set (count) @param records (count) */
RB_NODISCARD rb_status rb_partial_write(rb_context *ctx, const char *path, uint64_t digest,
                                        int count, const rb_test_set *set,
                                        const rb_records *records);

/** Reads it back into created records, and sets their `done`; to 0, and *found to false, if there
 * is no such file or it has another digest or is damaged. */
RB_NODISCARD rb_status rb_partial_read(rb_context *ctx, const char *path, uint64_t digest,
                                       int count, const rb_test_set *set, rb_records *records,
                                       bool *found);

/** The three test sets of a calibration study. */
enum { RB_TEST_SETS = 3 };
typedef struct rb_calibration_study {
  rb_test_set set[RB_TEST_SETS];  ///< recovery, sbc, diagnostics
  rb_records records[RB_TEST_SETS];
} rb_calibration_study;

/** Works through the test sets, from where @p partial says earlier work got to. The partial file is
 * brought up to date now and then, and when the run is asked to stop: then it fails with
 * RB_STOPPED. The caller removes it once the results are safe, and calls
 * rb_calibration_study_free, also after a failure. */
RB_NODISCARD rb_status rb_calibration_collect(rb_context *ctx, rb_posterior *posterior,
                                              uint64_t seed,
                                              const rb_calibration_settings *settings,
                                              const char *partial, uint64_t digest,
                                              rb_calibration_study *study);
void rb_calibration_study_free(rb_calibration_study *study);

#endif
