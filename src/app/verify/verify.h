#ifndef RB_APP_VERIFY_H
#define RB_APP_VERIFY_H

#include "rheobase/base/verify_report.h"
#include "rheobase/io/hdf5_file.h"

/** @file verify.h
 * What `rheobase verify` recomputes of the program's own, and which forms a file has. Functions
 * that take a path are members of rb_verify_form and do as is said there. */

enum { RB_VERIFY_FORMS = 8 };

/** Finds the forms of a file, of the program and of all models: the one its root attributes name,
 * or, without them, each that has its object in the file. Local. Fails with RB_ERR_FORMAT if there
 * is none. @param form (RB_VERIFY_FORMS) @param count at least 1 */
RB_NODISCARD rb_status rb_verify_forms_of(rb_context *ctx, const rb_file *file, const char *path,
                                          int *count, const rb_verify_form **form);

/** Truncated normals: quantiles and log densities to 1e-9. */
RB_NODISCARD rb_status rb_verify_truncated_normals(rb_context *ctx, const char *path,
                                                   rb_verify_report *report);

/** A network of the estimator: outputs, inverse, gradients and a training trajectory, by weights
 * and inputs in the file. Errors are relative to the largest entry of each reference array. */
RB_NODISCARD rb_status rb_verify_network(rb_context *ctx, const char *path,
                                         rb_verify_report *report);

/** Diagnostics: every statistic of an ensemble of posterior draws, and the posterior predictive
 * check, for each group of the file that holds such. */
RB_NODISCARD rb_status rb_verify_diagnostics(rb_context *ctx, const char *path,
                                             rb_verify_report *report);

/** Event statistics of recordings, block by block, in units of each number's spread. */
RB_NODISCARD rb_status rb_verify_statistics(rb_context *ctx, const char *path,
                                            rb_verify_report *report);

#endif
