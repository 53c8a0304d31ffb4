#ifndef RB_APP_VERIFY_H
#define RB_APP_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"

/** @file verify.h
 * Recomputing reference files: what `rheobase verify` does for each form of file, and the report it
 * collects. Each rb_verify_<form> is local: every rank reads the file and does the whole work, so
 * all ranks get the same report; call rb_agree after it. They fail with RB_ERR_FILE or
 * RB_ERR_FORMAT when the file is not of the form; numbers outside their tolerance are no failure
 * but a row that did not pass. */

/** One quantity: the largest error found and what was allowed. */
typedef struct rb_verify_row {
  char name[112];
  double error, tolerance;
  bool passed;  ///< error <= tolerance; NaN does not pass
} rb_verify_row;

/** Rows in the order they were added. Start from {0}; free with rb_verify_report_free. */
typedef struct rb_verify_report {
  int64_t count, capacity;
  rb_verify_row *row;  ///< (count), owned
} rb_verify_report;

/** Appends a row. Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_verify_add(rb_context *ctx, rb_verify_report *report, const char *name,
                                     double error, double tolerance);

/** Whether there is at least one row and all rows passed. Local. */
bool rb_verify_passed(const rb_verify_report *report);

/** Frees the rows and empties the report. Local. */
void rb_verify_report_free(rb_verify_report *report);

/** The neuron's simulator: every case of the file, voltages and spikes exact. Local. */
RB_NODISCARD rb_status rb_verify_lif(rb_context *ctx, const char *path, rb_verify_report *report);

/** The neuron's prior: truncated normals to 1e-9, and the moments of draws of our own. Local. */
RB_NODISCARD rb_status rb_verify_prior(rb_context *ctx, const char *path, rb_verify_report *report);

/** A network of the estimator: outputs, inverse, gradients and a training trajectory, by weights
 * and inputs in the file. Errors are relative to the largest entry of each reference array. Local.
 */
RB_NODISCARD rb_status rb_verify_network(rb_context *ctx, const char *path,
                                         rb_verify_report *report);

/** Diagnostics: every statistic of an ensemble of posterior draws, and the posterior predictive
 * check, for each group of the file that holds such. Local. */
RB_NODISCARD rb_status rb_verify_diagnostics(rb_context *ctx, const char *path,
                                             rb_verify_report *report);

/** The exact log likelihood, notebook settings: largest error in nats; and the median time of an
 * evaluation, for information. Local. */
RB_NODISCARD rb_status rb_verify_likelihood(rb_context *ctx, const char *path,
                                            rb_verify_report *report);

#endif
