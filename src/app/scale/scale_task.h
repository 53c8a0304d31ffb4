#ifndef RB_APP_SCALE_TASK_H
#define RB_APP_SCALE_TASK_H

#include "../study/job.h"
#include "rheobase/analysis/scaling_model.h"

/** @file scale_task.h
 * What `scale` measures: tasks, and one of them timed on a group of ranks. */

/** One kind of work of one size. */
typedef struct rb_scale_task {
  rb_scaling_work work;
  rb_scaling_kind kind;
  char variant[RB_SCALE_VARIANT];
  int64_t size;   ///< data sets; a batch for RB_SCALE_TRAIN
  int64_t chunk;  ///< data sets per chunk; a micro-batch for RB_SCALE_TRAIN
  rb_network_settings network;
} rb_scale_task;

enum { RB_SCALE_MAX_TASKS = 24 };

/** The tasks for @p ranks ranks: the input's own sizes (strong), sizes in proportion to the ranks
 * (weak; one rank's is the strong one's), half of it, and others that the model has to predict
 * (these two not if @p oversubscribed). Local. @param task (RB_SCALE_MAX_TASKS) @return their
 * number */
int rb_scale_tasks(const rb_input *input, int ranks, bool oversubscribed, rb_scale_task *task);

/** Work that is ready to be repeated. */
typedef struct rb_scale_work {
  const rb_job *job;
  rb_scale_task task;
  rb_scaling_load load;
  union rb_scale_state *state;
  rb_status (*repeat)(rb_context *ctx, void *work);  ///< takes the rb_scale_work; collective
} rb_scale_work;

/** Prepares a task on the ranks of @p ctx: @p job's are ignored. Collective. The caller calls
 * rb_scale_work_free, also after a failure. */
RB_NODISCARD rb_status rb_scale_work_create(rb_context *ctx, const rb_job *job,
                                            const rb_scale_task *task, rb_scale_work *work);
void rb_scale_work_free(rb_context *ctx, rb_scale_work *work);

/** Times a task on the ranks of @p ctx. Collective.
 * @param point measured values and load are set; `oversubscribed` is left alone */
RB_NODISCARD rb_status rb_scale_measure(rb_context *ctx, const rb_job *job,
                                        const rb_scale_task *task, rb_scaling_point *point);

#endif
