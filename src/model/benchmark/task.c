#include "task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rheobase/base/memory.h"

static const rb_channel channel[1] = {{.quantity = {"data", "1", "data of the benchmark task"}}};

/* What a model of a task holds. */
typedef struct task_state {
  const rb_task *task;
  void *constants;  // owned
} task_state;

static const task_state *state_of(const rb_model *model) { return model->state; }

const rb_task *rb_task_of(const rb_model *core) { return state_of(core)->task; }

const void *rb_task_constants_of(const rb_model *core) { return state_of(core)->constants; }

static rb_task_streams streams_of(uint64_t seed, rb_purpose purpose, int64_t item) {
  return (rb_task_streams){
      rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 0, (uint64_t)item),
      rb_stream_make(seed, purpose, RB_RANDOM_OBSERVATION_NOISE, 1, (uint64_t)item)};
}

double rb_log_add(double a, double b) {
  const double larger = fmax(a, b);
  return isinf(larger) ? larger : larger + log1p(exp(-fabs(a - b)));
}

double rb_normal_log_density(double x, double sd) {
  const double z = x / sd;
  return -0.5 * z * z - log(sd) - RB_LOG_SQRT_2PI;
}

static bool accepts(const rb_model *model, const double *theta, const char **reason) {
  const bool positive = state_of(model)->task->positive;
  for (int d = 0; d < model->dim; ++d) {
    if (isfinite(theta[d]) && (theta[d] > 0 || !positive)) continue;
    if (reason != NULL) {
      *reason = positive ? "a parameter is not above 0" : "a parameter is not finite";
    }
    return false;
  }
  return true;
}

static rb_status refuse(rb_context *ctx, const rb_model *model, const double *theta) {
  char text[256] = "";
  int used = 0;
  for (int d = 0; d < model->dim && used < (int)sizeof text; ++d) {
    used +=
        snprintf(text + used, sizeof text - (size_t)used, "%s%.6g", d > 0 ? ", " : "", theta[d]);
  }
  return RB_FAIL(ctx, RB_ERR_NUMERIC,
                 "%s cannot be simulated with the parameters %s; choose a narrower prior",
                 state_of(model)->task->name, text);
}

static rb_status simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x) {
  rb_status status = RB_OK;
  const task_state *state = state_of(model);
  const int64_t K = model->length;
  double *data = NULL;
  RB_TRY(RB_ALLOCATE(ctx, data, K));
  for (int64_t i = 0; i < count; ++i) {
    const rb_task_streams streams = streams_of(seed, purpose, first + i);
    if (!state->task->simulate(state->constants, streams, &theta[i * model->dim], data)) {
      RB_TRY(refuse(ctx, model, &theta[i * model->dim]));
    }
    for (int64_t k = 0; k < K; ++k) x[i * K + k] = (float)data[k];
  }
cleanup:
  free(data);
  return status;
}

static bool is_possible(const rb_model *model, const float *x) {
  const rb_task *task = state_of(model)->task;
  for (int64_t k = 0; k < model->length; ++k) {
    if (!isfinite(x[k]) || (task->is_possible != NULL && !task->is_possible(x[k]))) return false;
  }
  return true;
}

static rb_status log_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                int64_t count, const double *theta, double *value,
                                const char **reason) {
  (void)ctx;
  const task_state *state = state_of(model);
  const bool possible = is_possible(model, x);
  if (reason != NULL) {
    *reason = possible ? NULL
                       : (state->task->impossible != NULL ? state->task->impossible
                                                          : "a datum is not finite");
  }
  for (int64_t i = 0; i < count; ++i) {
    const double *one = &theta[i * model->dim];
    value[i] = possible ? state->task->log_likelihood(state->constants, one, x) : -INFINITY;
    if (isnan(value[i])) value[i] = -INFINITY;
  }
  return RB_OK;
}

static void destroy(rb_model *model) {
  task_state *state = model->state;
  if (state != NULL) free(state->constants);
  free(state);
  model->state = NULL;
}

rb_status rb_task_create(rb_context *ctx, const rb_task *task, rb_model *model) {
  rb_status status = RB_OK;
  task_state *state = NULL;
  RB_TRY(RB_ALLOCATE(ctx, state, 1));
  state->task = task;
  if (task->prepare != NULL) RB_TRY(task->prepare(ctx, &state->constants));
  *model = (rb_model){.name = task->name,
                      .channels = 1,
                      .channel = channel,
                      .length = task->length,
                      .axis = {"datum", "1", "place in the vector of data"},
                      .axis_step = 1,
                      .state = state,
                      .accepts = accepts,
                      .simulate = simulate,
                      .log_likelihood = log_likelihood,
                      .destroy = destroy};
  state = NULL;
cleanup:
  free(state);
  return status;
}
