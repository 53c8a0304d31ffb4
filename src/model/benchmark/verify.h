#ifndef RB_MODEL_BENCHMARK_VERIFY_H
#define RB_MODEL_BENCHMARK_VERIFY_H

#include "rheobase/base/verify_report.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/model/model.h"

/** @file verify.h
 * The benchmark's reference files (form `benchmark`), part by part. All functions are local. */

/** What all parts need. */
typedef struct rb_task_check {
  rb_context *ctx;
  const rb_file *file;
  const rb_model *model;
  rb_verify_report *report;
} rb_task_check;

/** An array of float64. @param shape (rank) in: the expected lengths, or -1; out: the lengths
 * @param values allocated; the caller frees. Fails with RB_ERR_FORMAT */
RB_NODISCARD rb_status rb_task_read(const rb_task_check *check, const char *path, int rank,
                                    int64_t *shape, double **values);

/** The larger of the two; a NaN stays. */
double rb_task_larger(double error, double largest);

/** Group `simulator_check`: means, covariances and quantiles of simulations of our own. */
RB_NODISCARD rb_status rb_task_verify_simulator(const rb_task_check *check);

#endif
