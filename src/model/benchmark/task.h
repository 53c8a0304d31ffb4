#ifndef RB_MODEL_BENCHMARK_TASK_H
#define RB_MODEL_BENCHMARK_TASK_H

#include "rheobase/model/model_type.h"

/** @file task.h
 * The tasks of the sbibm benchmark (Lueckmann et al. 2021) as models. A data set is a plain vector,
 * one channel of K numbers. Each task says how one data set is simulated and, in `rb_task`, what
 * else there is to know; task.c makes a model of it. */

/** Numbers of one data set, for a simulator to take; the two never share any. */
typedef struct rb_task_streams {
  rb_stream normal, uniform;
} rb_task_streams;

/** Numbers a reference file repeats: doubles of what `prepare` made. */
typedef struct rb_task_constant {
  const char *path;  ///< in the file
  size_t offset;     ///< in what `prepare` made
  int64_t count;
} rb_task_constant;

/** A trajectory as reference files have it. @param theta (D) @param time (count), from 0, rising
 * @param out (components, count) @return false where it cannot be computed */
typedef bool rb_task_trajectory(const double *theta, int count, const double *time, double *out);

typedef struct rb_task {
  const char *name;  ///< of the model
  int64_t length;    ///< K
  bool positive;     ///< parameters have to be above 0

  /** Makes what does not depend on parameters, freed with free(). Local. NULL: there is nothing. */
  rb_status (*prepare)(rb_context *ctx, void **constants);
  const rb_task_constant *constant;  ///< of these, ended by one without a path; NULL: none

  /** Simulates one data set. @param theta (D) @param x (K). Local.
   * @return false where the parameters are beyond what can be computed */
  bool (*simulate)(const void *constants, rb_task_streams streams, const double *theta, double *x);

  /** Log likelihood of x (K), which @p is_possible; -inf where theta (D) cannot produce it. */
  double (*log_likelihood)(const void *constants, const double *theta, const float *x);

  /** Whether a datum can be one of the simulator's; NULL: any finite number can. */
  bool (*is_possible)(float datum);
  const char *impossible;  ///< with is_possible: what is wrong with a datum, as a reason

  rb_task_trajectory *trajectory;         ///< NULL: the task is no differential equation
  int components;                         ///< of it
  double absolute_error, relative_error;  ///< allowed of it, together
  double likelihood_error;                ///< allowed of the log likelihood for its sake, in nats
} rb_task;

/** Fills what the simulator knows of rb_model, as rb_model_type's `create`. Local. */
RB_NODISCARD rb_status rb_task_create(rb_context *ctx, const rb_task *task, rb_model *model);

/** The reference files of all tasks: rows for rb_model_type's `verify`. */
extern const rb_verify_form rb_task_forms[];

/** Defines rb_<name>_type, the model of a task. @param rows its prior, an array */
#define RB_TASK_TYPE(name_, task, text, rows)                                                      \
  static rb_status create_##task(rb_context *ctx, const void *settings, rb_model *model) {         \
    (void)settings;                                                                                \
    return rb_task_create(ctx, &(task), model);                                                    \
  }                                                                                                \
  const rb_model_type rb_##name_##_type = {.name = #name_,                                         \
                                           .title = text,                                          \
                                           .source = "Lueckmann et al. 2021, package sbibm 1.1.0", \
                                           .prior = rows,                                          \
                                           .parameters = sizeof(rows) / sizeof *(rows),            \
                                           .create = create_##task,                                \
                                           .verify = rb_task_forms};

/** The task of a model made by rb_task_create with all parameters (rb_model's `core`), and what
 * `prepare` made; owned by the model. @{ */
const rb_task *rb_task_of(const rb_model *core);
const void *rb_task_constants_of(const rb_model *core);
/** @} */

/** log(2 pi) / 2. */
#define RB_LOG_SQRT_2PI 0.91893853320467274178

/** log(exp(a) + exp(b)) without overflow. */
double rb_log_add(double a, double b);

/** Log density of Normal(0, sd^2) at x. */
double rb_normal_log_density(double x, double sd);

#endif
