/* Reference files of a network: weights and inputs in, outputs, gradients, inverse and a training
 * trajectory recomputed. Errors are relative to the largest entry of the reference array. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../input/network_config.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/network/adamw.h"
#include "verify.h"

typedef struct network_check {
  rb_context *ctx;
  rb_file *file;
  rb_verify_report *report;
  rb_network_settings settings;
  rb_estimator *estimator;
  int64_t B, T;
  int C, D;
  double output_tolerance, gradient_tolerance, trajectory_tolerance;
} network_check;

enum { PATH_SIZE = 2 * RB_TENSOR_NAME_SIZE };

/* Largest |a - b| over the largest |b|; NaN if a is not finite. */
static double relative_error(int64_t n, const double *a, const double *b) {
  double error = 0, largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double difference = fabs(a[i] - b[i]);
    if (!isfinite(difference)) return NAN;
    error = fmax(error, difference);
    largest = fmax(largest, fabs(b[i]));
  }
  return largest > 0 ? error / largest : error;
}

/* The error of `ours` against the array at `path`. */
static rb_status compare(network_check *check, const char *path, int rank, const int64_t *shape,
                         const rb_real *ours, double *error) {
  rb_status status = RB_OK;
  double *reference = NULL, *mine = NULL;
  int64_t count = 1;
  for (int i = 0; i < rank; ++i) count *= shape[i];
  RB_TRY(RB_ALLOCATE(check->ctx, reference, count));
  RB_TRY(RB_ALLOCATE(check->ctx, mine, count));
  RB_TRY(rb_file_read(check->ctx, check->file, path, RB_F64, true, rank, shape, reference));
  for (int64_t i = 0; i < count; ++i) mine[i] = (double)ours[i];
  *error = relative_error(count, mine, reference);
cleanup:
  free(reference);
  free(mine);
  return status;
}

static rb_status check_array(network_check *check, const char *path, int rank, const int64_t *shape,
                             const rb_real *ours, double tolerance) {
  double error = 0;
  const rb_status status = compare(check, path, rank, shape, ours, &error);
  return status == RB_OK ? rb_verify_add(check->ctx, check->report, path, error, tolerance)
                         : status;
}

/* One row for all tensors of a flat buffer under `group`; names the worst tensor. */
static rb_status check_tensors(network_check *check, const char *group, const rb_real *values,
                               double tolerance) {
  rb_status status = RB_OK;
  const rb_parameters *parameters = rb_estimator_parameters(check->estimator);
  double worst = -1;
  const char *name = "";
  char path[PATH_SIZE];
  for (int i = 0; i < parameters->tensors; ++i) {
    const rb_tensor *tensor = &parameters->tensor[i];
    double error = 0;
    (void)snprintf(path, sizeof path, "%s/%s", group, tensor->name);
    RB_TRY(compare(check, path, tensor->rank, tensor->shape, values + tensor->offset, &error));
    if (!(error <= worst)) {
      worst = error;
      name = tensor->name;
      if (isnan(error)) break;
    }
  }
  (void)snprintf(path, sizeof path, "%s (worst: %s)", group, name);
  RB_TRY(rb_verify_add(check->ctx, check->report, path, worst, tolerance));
cleanup:
  return status;
}

/* float: what rounding allows. double: what tells a wrong formula; the reference's own group norm
 * rounds to float inside. */
static void set_tolerances(network_check *check) {
  if (sizeof(rb_real) == sizeof(float)) {
    check->output_tolerance = check->gradient_tolerance = 1e-4;
    check->trajectory_tolerance = 1e-3;
  } else {
    check->output_tolerance = check->settings.summary.groups > 0 ? 1e-6 : 1e-8;
    check->gradient_tolerance = check->trajectory_tolerance = 1e-6;
  }
}

static rb_status create_estimator(network_check *check, const char *path) {
  rb_status status = RB_OK;
  char *json = NULL;
  int rank = 3;
  int64_t x[RB_FILE_MAX_RANK], theta[RB_FILE_MAX_RANK];
  RB_TRY(rb_file_get_string(check->ctx, check->file, "", "config", &json));
  RB_TRY(rb_network_config_parse(check->ctx, path, json, &check->settings));
  set_tolerances(check);
  RB_TRY(rb_file_shape(check->ctx, check->file, "inputs/x", &rank, x));
  rank = 2;
  RB_TRY(rb_file_shape(check->ctx, check->file, "inputs/theta", &rank, theta));
  if (x[0] < 1 || x[0] > 4096 || x[0] != theta[0] || x[1] < 1 || x[2] < 1 || x[2] > 1024 ||
      theta[1] > 1024) {
    RB_TRY(RB_FAIL(check->ctx, RB_ERR_FORMAT, "%s: inputs/x and inputs/theta do not fit", path));
  }
  check->B = x[0];
  check->T = x[1];
  check->C = (int)x[2];
  check->D = (int)theta[1];
  RB_TRY(rb_estimator_create(check->ctx, &check->settings,
                             (rb_shape){.channels = check->C, .length = check->T}, check->D,
                             (int)check->B, &check->estimator));
cleanup:
  free(json);
  return status;
}

static rb_status check_permutation(network_check *check, const char *path,
                                   const int32_t *permutation) {
  for (int value = 0; value < check->D; ++value) {
    int found = 0;
    for (int i = 0; i < check->D; ++i) found += permutation[i] == value;
    if (found != 1) {
      return RB_FAIL(check->ctx, RB_ERR_FORMAT, "%s is not a permutation of 0 .. %d", path,
                     check->D - 1);
    }
  }
  return RB_OK;
}

static rb_status load_weights(network_check *check) {
  rb_status status = RB_OK;
  char path[PATH_SIZE];
  const rb_parameters *parameters = rb_estimator_parameters(check->estimator);
  for (int i = 0; i < parameters->tensors; ++i) {
    const rb_tensor *tensor = &parameters->tensor[i];
    (void)snprintf(path, sizeof path, "weights/%s", tensor->name);
    RB_TRY(rb_file_read(check->ctx, check->file, path, RB_TYPE_REAL, true, tensor->rank,
                        tensor->shape, rb_parameters_at(parameters, i)));
  }
  int depth = 0;
  int32_t *all = rb_estimator_permutations(check->estimator, &depth);
  for (int i = 0; i < depth; ++i) {
    int32_t *permutation = all + i * check->D;
    (void)snprintf(path, sizeof path, "weights/flow/layer_%d/permutation", i);
    if (!rb_file_has(check->file, path)) continue;  // a layer without one keeps the order
    RB_TRY(rb_file_read(check->ctx, check->file, path, RB_I32, false, 1, (int64_t[]){check->D},
                        permutation));
    RB_TRY(check_permutation(check, path, permutation));
  }
  rb_estimator_weights_changed(check->estimator);
cleanup:
  return status;
}

static rb_status check_inverse(network_check *check, const rb_real *summary) {
  rb_status status = RB_OK;
  rb_real *z = NULL, *theta = NULL;
  int64_t shape[RB_FILE_MAX_RANK];
  RB_TRY(rb_file_read_new(check->ctx, check->file, "inverse/z", RB_TYPE_REAL, true, 3, shape,
                          (void **)&z));
  if (shape[0] != check->B || shape[2] != check->D) {
    RB_TRY(RB_FAIL(check->ctx, RB_ERR_FORMAT, "inverse/z does not fit inputs/theta"));
  }
  RB_TRY(RB_ALLOCATE(check->ctx, theta, shape[0] * shape[1] * shape[2]));
  rb_estimator_sample(check->estimator, (int)check->B, shape[1], summary, z, theta, NULL);
  RB_TRY(check_array(check, "inverse/theta", 3, shape, theta, check->output_tolerance));
cleanup:
  free(z);
  free(theta);
  return status;
}

static rb_status check_outputs(network_check *check, const rb_real *x, const rb_real *theta) {
  rb_status status = RB_OK;
  const int64_t B = check->B, dim = check->settings.summary.summary_dim;
  rb_real *summary = NULL, *z = NULL, *log_density = NULL;
  RB_TRY(RB_ALLOCATE(check->ctx, summary, B * dim));
  RB_TRY(RB_ALLOCATE(check->ctx, z, B * check->D));
  RB_TRY(RB_ALLOCATE(check->ctx, log_density, B));
  rb_estimator_summarise(check->estimator, (int)B, x, summary);
  rb_estimator_log_density(check->estimator, (int)B, theta, summary, z, log_density);
  const double tolerance = check->output_tolerance;
  RB_TRY(check_array(check, "outputs/summary", 2, (int64_t[]){B, dim}, summary, tolerance));
  RB_TRY(check_array(check, "outputs/z", 2, (int64_t[]){B, check->D}, z, tolerance));
  RB_TRY(check_array(check, "outputs/log_density", 1, &B, log_density, tolerance));
  RB_TRY(check_inverse(check, summary));
cleanup:
  free(summary);
  free(z);
  free(log_density);
  return status;
}

/* Mean loss and its gradient over a batch. */
static rb_status batch_gradient(network_check *check, const rb_real *x, const rb_real *theta,
                                rb_real *gradient, double *loss) {
  rb_status status = RB_OK;
  rb_real *weight = NULL, *losses = NULL;
  RB_TRY(RB_ALLOCATE(check->ctx, weight, check->B));
  RB_TRY(RB_ALLOCATE(check->ctx, losses, check->B));
  for (int64_t b = 0; b < check->B; ++b) weight[b] = 1 / (rb_real)check->B;
  RB_TRY(rb_estimator_gradient(check->ctx, check->estimator, (int)check->B, x, theta, weight, NULL,
                               gradient, losses));
  *loss = 0;
  for (int64_t b = 0; b < check->B; ++b) *loss += (double)losses[b] / (double)check->B;
cleanup:
  free(weight);
  free(losses);
  return status;
}

static rb_status check_gradients(network_check *check, const rb_real *x, const rb_real *theta) {
  rb_status status = RB_OK;
  rb_real *gradient = NULL;
  double loss = 0, reference = 0;
  RB_TRY(RB_ALLOCATE(check->ctx, gradient, rb_estimator_parameters(check->estimator)->count));
  RB_TRY(batch_gradient(check, x, theta, gradient, &loss));
  RB_TRY(rb_file_read(check->ctx, check->file, "outputs/loss", RB_F64, true, 0, NULL, &reference));
  RB_TRY(rb_verify_add(check->ctx, check->report, "outputs/loss",
                       relative_error(1, &loss, &reference), check->output_tolerance));
  RB_TRY(check_tensors(check, "gradients", gradient, check->gradient_tolerance));
cleanup:
  free(gradient);
  return status;
}

/* The optimiser and schedule that the file's trajectory used. */
typedef struct trajectory {
  rb_adamw adamw;
  double initial_learning_rate, warmup_fraction;
  int64_t total, steps;
  double *loss, *learning_rate, *gradient_norm;  // (steps), ours
  rb_real *x, *theta;                            // (batches, B, T, C), (batches, B, D)
  int64_t batches;
  rb_real *gradient, *m, *v;
} trajectory;

static rb_status attribute(network_check *check, const char *name, double absent, double *value) {
  *value = absent;
  if (!rb_file_has_attribute(check->file, "trajectory", name)) return RB_OK;
  return rb_file_get_double(check->ctx, check->file, "trajectory", name, value);
}

static rb_status read_trajectory(network_check *check, trajectory *t) {
  rb_status status = RB_OK;
  rb_context *ctx = check->ctx;
  int rank = 1;
  int64_t shape[RB_FILE_MAX_RANK], batches[RB_FILE_MAX_RANK];
  double decay = 0, clip = 0;
  RB_TRY(attribute(check, "weight_decay", 0, &decay));
  RB_TRY(attribute(check, "clipnorm", 0, &clip));
  t->adamw = rb_adamw_make(decay, clip);
  RB_TRY(attribute(check, "beta_1", t->adamw.beta_1, &t->adamw.beta_1));
  RB_TRY(attribute(check, "beta_2", t->adamw.beta_2, &t->adamw.beta_2));
  RB_TRY(attribute(check, "epsilon", t->adamw.epsilon, &t->adamw.epsilon));
  RB_TRY(rb_file_get_double(ctx, check->file, "trajectory", "initial_learning_rate",
                            &t->initial_learning_rate));
  RB_TRY(attribute(check, "warmup_fraction", 0, &t->warmup_fraction));
  RB_TRY(rb_file_get_int(ctx, check->file, "trajectory", "total_steps", &t->total));
  RB_TRY(rb_file_shape(ctx, check->file, "trajectory/loss", &rank, shape));
  t->steps = shape[0];
  RB_TRY(rb_file_read_new(ctx, check->file, "trajectory/x", RB_TYPE_REAL, true, 4, shape,
                          (void **)&t->x));
  RB_TRY(rb_file_read_new(ctx, check->file, "trajectory/theta", RB_TYPE_REAL, true, 3, batches,
                          (void **)&t->theta));
  t->batches = shape[0];
  if (shape[0] < 1 || batches[0] != shape[0] || shape[1] != check->B || batches[1] != check->B ||
      shape[2] != check->T || shape[3] != check->C || batches[2] != check->D) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "trajectory/x and theta do not fit inputs/x and theta"));
  }
  const int64_t weights = rb_estimator_parameters(check->estimator)->count;
  RB_TRY(RB_ALLOCATE(ctx, t->loss, t->steps));
  RB_TRY(RB_ALLOCATE(ctx, t->learning_rate, t->steps));
  RB_TRY(RB_ALLOCATE(ctx, t->gradient_norm, t->steps));
  RB_TRY(RB_ALLOCATE(ctx, t->gradient, weights));
  RB_TRY(RB_ALLOCATE(ctx, t->m, weights));
  RB_TRY(RB_ALLOCATE(ctx, t->v, weights));
cleanup:
  return status;
}

static void free_trajectory(trajectory *t) {
  free(t->loss);
  free(t->learning_rate);
  free(t->gradient_norm);
  free(t->x);
  free(t->theta);
  free(t->gradient);
  free(t->m);
  free(t->v);
}

static rb_status run_trajectory(network_check *check, trajectory *t) {
  rb_status status = RB_OK;
  const rb_parameters *weights = rb_estimator_parameters(check->estimator);
  for (int64_t step = 0; step < t->steps; ++step) {
    const int64_t batch = step % t->batches;
    RB_TRY(batch_gradient(check, t->x + batch * check->B * check->T * check->C,
                          t->theta + batch * check->B * check->D, t->gradient, &t->loss[step]));
    t->learning_rate[step] = rb_learning_rate(RB_SCHEDULE_COSINE, t->initial_learning_rate,
                                              t->warmup_fraction, t->total, step);
    t->gradient_norm[step] =
        rb_adamw_step(&t->adamw, step, t->learning_rate[step], weights, t->gradient, t->m, t->v);
    rb_estimator_weights_changed(check->estimator);
  }
cleanup:
  return status;
}

/* Largest relative error of a series, entry by entry. */
static rb_status check_series(network_check *check, const char *path, int64_t n, const double *ours,
                              double tolerance) {
  rb_status status = RB_OK;
  double *reference = NULL, worst = 0;
  RB_TRY(RB_ALLOCATE(check->ctx, reference, n));
  RB_TRY(rb_file_read(check->ctx, check->file, path, RB_F64, true, 1, &n, reference));
  for (int64_t i = 0; i < n && !isnan(worst); ++i) {
    const double error = relative_error(1, &ours[i], &reference[i]);
    if (!(error <= worst)) worst = error;
  }
  RB_TRY(rb_verify_add(check->ctx, check->report, path, worst, tolerance));
cleanup:
  free(reference);
  return status;
}

/* Sum and l2 norm of every tensor, relative to the norm; a sum of n rounded terms against
 * norm sqrt(n). One row for all tensors. */
static rb_status check_final_norms(network_check *check) {
  rb_status status = RB_OK;
  const rb_parameters *parameters = rb_estimator_parameters(check->estimator);
  double worst = 0;
  const char *name = "";
  char path[PATH_SIZE];
  for (int i = 0; i < parameters->tensors && !isnan(worst); ++i) {
    const rb_tensor *tensor = &parameters->tensor[i];
    const rb_real *value = rb_parameters_at(parameters, i);
    double sum = 0, squares = 0, reference[2] = {0};
    for (int64_t j = 0; j < tensor->count; ++j) {
      sum += (double)value[j];
      squares += (double)value[j] * (double)value[j];
    }
    int length = snprintf(path, sizeof path, "trajectory/final_norms/%s", tensor->name);
    for (int j = (int)strlen("trajectory/final_norms/"); j < length; ++j) {
      if (path[j] == '/') path[j] = '.';
    }
    RB_TRY(rb_file_read(check->ctx, check->file, path, RB_F64, true, 1, (int64_t[]){2}, reference));
    const double scale = reference[1] > 0 ? reference[1] : 1;
    const double error = fmax(fabs(sum - reference[0]) / sqrt((double)tensor->count),
                              fabs(sqrt(squares) - reference[1])) /
                         scale;
    if (!(error <= worst)) {
      worst = error;
      name = tensor->name;
    }
  }
  (void)snprintf(path, sizeof path, "trajectory/final_norms (worst: %s)", name);
  RB_TRY(rb_verify_add(check->ctx, check->report, path, worst, check->trajectory_tolerance));
cleanup:
  return status;
}

static rb_status check_trajectory(network_check *check) {
  rb_status status = RB_OK;
  trajectory t = {.steps = 0};
  const double tolerance = check->trajectory_tolerance;
  RB_TRY(read_trajectory(check, &t));
  RB_TRY(run_trajectory(check, &t));
  RB_TRY(check_series(check, "trajectory/loss", t.steps, t.loss, tolerance));
  RB_TRY(check_series(check, "trajectory/learning_rate", t.steps, t.learning_rate, 1e-6));
  RB_TRY(check_series(check, "trajectory/gradient_norm", t.steps, t.gradient_norm, tolerance));
  if (rb_file_has(check->file, "trajectory/final_norms")) RB_TRY(check_final_norms(check));
  if (rb_file_has(check->file, "trajectory/final_weights")) {
    RB_TRY(check_tensors(check, "trajectory/final_weights",
                         rb_estimator_parameters(check->estimator)->value, tolerance));
  }
cleanup:
  free_trajectory(&t);
  return status;
}

rb_status rb_verify_network(rb_context *ctx, const char *path, rb_verify_report *report) {
  rb_status status = RB_OK;
  network_check check = {.ctx = ctx, .report = report};
  rb_real *x = NULL, *theta = NULL;
  RB_TRY(rb_file_open_foreign(ctx, path, &check.file));
  RB_TRY(create_estimator(&check, path));
  RB_TRY(load_weights(&check));
  RB_TRY(RB_ALLOCATE(ctx, x, check.B * check.T * check.C));
  RB_TRY(RB_ALLOCATE(ctx, theta, check.B * check.D));
  RB_TRY(rb_file_read(ctx, check.file, "inputs/x", RB_TYPE_REAL, true, 3,
                      (int64_t[]){check.B, check.T, check.C}, x));
  RB_TRY(rb_file_read(ctx, check.file, "inputs/theta", RB_TYPE_REAL, true, 2,
                      (int64_t[]){check.B, check.D}, theta));
  RB_TRY(check_outputs(&check, x, theta));
  RB_TRY(check_gradients(&check, x, theta));
  if (rb_file_has(check.file, "trajectory")) RB_TRY(check_trajectory(&check));
cleanup:
  rb_estimator_destroy(check.estimator);
  rb_file_close(&check.file);
  free(x);
  free(theta);
  return status;
}
