#include "verify.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"
#include "task.h"

static const double TOLERANCE_NATS = 1e-6, TOLERANCE_CONSTANT = 1e-12;

double rb_task_larger(double error, double largest) { return error <= largest ? largest : error; }

rb_status rb_task_read(const rb_task_check *check, const char *path, int rank, int64_t *shape,
                       double **values) {
  rb_status status = RB_OK;
  int64_t found[RB_FILE_MAX_RANK] = {0};
  void *data = NULL;
  RB_TRY(rb_file_read_new(check->ctx, check->file, path, RB_F64, false, rank, found, &data));
  *values = data;
  for (int i = 0; i < rank; ++i) {
    if (shape[i] >= 0 && found[i] != shape[i]) {
      RB_TRY(RB_FAIL(check->ctx, RB_ERR_FORMAT,
                     "%s: dimension %d has length %" PRId64 " instead of %" PRId64, path, i + 1,
                     found[i], shape[i]));
    }
    shape[i] = found[i];
  }
cleanup:
  return status;
}

/* Of two log densities: equal where both are -inf. */
static double difference(double value, double reference) {
  return value == reference ? 0 : fabs(value - reference);
}

static rb_status verify_prior(const rb_task_check *check) {
  rb_status status = RB_OK;
  const rb_model *model = check->model;
  double *theta = NULL, *reference = NULL, error = 0;
  int64_t shape[2] = {-1, model->dim};
  RB_TRY(rb_task_read(check, "prior_check/parameters", 2, shape, &theta));
  RB_TRY(rb_task_read(check, "prior_check/log_prob", 1, shape, &reference));
  for (int64_t i = 0; i < shape[0]; ++i) {
    double value = 0;
    model->log_prior(model, 1, &theta[i * model->dim], &value);
    error = rb_task_larger(difference(value, reference[i]), error);
  }
  RB_TRY(
      rb_verify_add(check->ctx, check->report, "log prior density [nats]", error, TOLERANCE_NATS));
cleanup:
  free(theta);
  free(reference);
  return status;
}

static rb_status verify_likelihood(const rb_task_check *check) {
  rb_status status = RB_OK;
  const rb_model *model = check->model;
  const int64_t L = model->length;
  double *theta = NULL, *reference = NULL, *observation = NULL, error = 0;
  float *x = NULL;
  int64_t shape[3] = {-1, -1, model->dim};
  RB_TRY(rb_task_read(check, "likelihood_check/parameters", 3, shape, &theta));
  RB_TRY(rb_task_read(check, "likelihood_check/log_likelihood", 2, shape, &reference));
  RB_TRY(rb_task_read(check, "observation", 2, (int64_t[]){shape[0], L}, &observation));
  RB_TRY(RB_ALLOCATE(check->ctx, x, L));
  for (int64_t i = 0; i < shape[0] * shape[1]; ++i) {
    double value = 0;
    for (int64_t k = 0; k < L; ++k) x[k] = (float)observation[i / shape[1] * L + k];
    RB_TRY(model->log_likelihood(model, check->ctx, x, 1, &theta[i * model->dim], &value, NULL));
    error = rb_task_larger(difference(value, reference[i]), error);
  }
  RB_TRY(rb_verify_add(check->ctx, check->report, "log likelihood [nats]", error,
                       fmax(TOLERANCE_NATS, rb_task_of(model->core)->likelihood_error)));
cleanup:
  free(theta);
  free(reference);
  free(observation);
  free(x);
  return status;
}

static rb_status verify_trajectory(const rb_task_check *check) {
  rb_status status = RB_OK;
  const rb_model *model = check->model;
  const rb_task *task = rb_task_of(model->core);
  double *theta = NULL, *time = NULL, *reference = NULL, *value = NULL, error = 0;
  int64_t shape[3] = {-1, task->components, -1}, parameters[2] = {-1, model->dim};
  RB_TRY(rb_task_read(check, "ode_check/trajectory", 3, shape, &reference));
  parameters[0] = shape[0];
  RB_TRY(rb_task_read(check, "ode_check/parameters", 2, parameters, &theta));
  RB_TRY(rb_task_read(check, "ode_check/time", 1, &shape[2], &time));
  const int64_t size = shape[1] * shape[2];
  RB_TRY(RB_ALLOCATE(check->ctx, value, size));
  for (int64_t i = 0; i < shape[0]; ++i) {
    const bool solved = task->trajectory(&theta[i * model->dim], (int)shape[2], time, value);
    for (int64_t k = 0; k < size; ++k) {
      const double expected = reference[i * size + k];
      const double allowed = task->absolute_error + task->relative_error * fabs(expected);
      const double share = solved ? fabs(value[k] - expected) / allowed : INFINITY;
      error = rb_task_larger(share, error);
    }
  }
  RB_TRY(rb_verify_add(check->ctx, check->report, "trajectory [of the error allowed]", error, 1));
cleanup:
  free(theta);
  free(time);
  free(reference);
  free(value);
  return status;
}

static rb_status verify_constants(const rb_task_check *check) {
  rb_status status = RB_OK;
  double *reference = NULL;
  const rb_task_constant *row = rb_task_of(check->model->core)->constant;
  const char *constants = rb_task_constants_of(check->model->core);
  for (; row != NULL && row->path != NULL; ++row) {
    if (!rb_file_has(check->file, row->path)) continue;
    const double *value = (const double *)(constants + row->offset);
    double error = 0;
    int rank = -1;
    int64_t shape[RB_FILE_MAX_RANK] = {0}, count = 1;
    void *data = NULL;
    RB_TRY(rb_file_shape(check->ctx, check->file, row->path, &rank, shape));
    RB_TRY(rb_file_read_new(check->ctx, check->file, row->path, RB_F64, true, rank, shape, &data));
    reference = data;
    for (int i = 0; i < rank; ++i) count *= shape[i];
    if (count != row->count) {
      RB_TRY(RB_FAIL(check->ctx, RB_ERR_FORMAT, "%s: has %" PRId64 " numbers instead of %" PRId64,
                     row->path, count, row->count));
    }
    for (int64_t i = 0; i < count; ++i) {
      error = rb_task_larger(fabs(value[i] - reference[i]) / fmax(1, fabs(reference[i])), error);
    }
    free(reference);
    reference = NULL;
    RB_TRY(rb_verify_add(check->ctx, check->report, row->path, error, TOLERANCE_CONSTANT));
  }
cleanup:
  free(reference);
  return status;
}

/* The parts of a file, each done where the file has it. */
static const struct part {
  const char *group;
  rb_status (*verify)(const rb_task_check *check);
} parts[] = {{"constants", verify_constants},
             {"prior_check", verify_prior},
             {"ode_check", verify_trajectory},
             {"likelihood_check", verify_likelihood},
             {"simulator_check", rb_task_verify_simulator}};

static rb_status verify(rb_context *ctx, const char *path, rb_verify_report *report) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char *name = NULL;
  const rb_model_type *type = NULL;
  rb_model model = {0};
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(rb_file_get_string(ctx, file, "", "model", &name));
  RB_TRY(rb_model_type_find(ctx, name, &type));
  RB_TRY(rb_model_create(ctx, type, NULL, 0, NULL, &model));
  const rb_task_check check = {ctx, file, &model, report};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
    if (rb_file_has(file, parts[i].group)) RB_TRY(parts[i].verify(&check));
  }
cleanup:
  free(name);
  if (model.destroy != NULL) model.destroy(&model);
  rb_file_close(&file);
  return status;
}

const rb_verify_form rb_task_forms[] = {{"benchmark", NULL, verify}, {0}};
