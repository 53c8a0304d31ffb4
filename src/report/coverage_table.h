#ifndef RB_REPORT_COVERAGE_TABLE_H
#define RB_REPORT_COVERAGE_TABLE_H

#include "rheobase/io/hdf5_file.h"

/** @file coverage_table.h
 * Coverage of posterior intervals on the terminal. Local. */

/** Prints the share of truths inside central and highest-density intervals of two levels, and
 * inside regions of the whole space, with their 95% bands. Fails with RB_ERR_FORMAT.
 * @param file calibration.h5 @param names (D) of the parameters */
RB_NODISCARD rb_status rb_print_coverage(rb_context *ctx, const rb_file *file, int64_t D,
                                         const char *const *names);

#endif
