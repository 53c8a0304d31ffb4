#include <stdarg.h>
#include <stdio.h>

#include "scale_task.h"

/* The list while it is made. */
typedef struct plan {
  rb_scale_task *task;
  int count;
} plan;

/* Adds a copy of a task as another kind. @return the new one */
static rb_scale_task *add(plan *p, const rb_scale_task *like, rb_scaling_kind kind) {
  rb_scale_task *task = &p->task[p->count++];
  *task = *like;
  task->kind = kind;
  return task;
}

static void name(rb_scale_task *task, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void name(rb_scale_task *task, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(task->variant, sizeof task->variant, format, arguments);
  va_end(arguments);
}

/* The input's own work of each kind. */
static rb_scale_task own(const rb_input *input, rb_scaling_work work) {
  rb_scale_task task = {.work = work, .chunk = 1, .network = input->network};
  switch (work) {
    case RB_SCALE_TRAIN:
      task.size = input->training.batch_size;
      task.chunk = input->training.micro_batch;
      break;
    case RB_SCALE_CALIBRATE:
      task.size = input->calibration.sbc_datasets;
      task.chunk = input->calibration.chunk;
      break;
    case RB_SCALE_BASELINE:
      task.size = input->baseline.simulations > 0 ? input->baseline.simulations
                                                  : input->training.simulations;
      break;
    default:
      task.size = input->scale.simulations;
  }
  return task;
}

/* The same architecture with half the units. */
static void halve_network(rb_network_settings *network) {
  rb_summary_settings *summary = &network->summary;
  if (summary->recurrent_dim > 1) summary->recurrent_dim /= 2;
  for (int i = 0; i < summary->mlp_layers; ++i) {
    if (summary->mlp_widths[i] > 1) summary->mlp_widths[i] /= 2;
  }
}

static void add_unseen_training(plan *p, const rb_scale_task *like) {
  rb_scale_task *task = add(p, like, RB_SCALE_UNSEEN);
  task->size *= 4;
  name(task, "batch %lld", (long long)task->size);
  if (like->chunk > 1) {
    task = add(p, like, RB_SCALE_UNSEEN);
    task->chunk /= 2;
    name(task, "micro-batch %lld", (long long)task->chunk);
  }
  task = add(p, like, RB_SCALE_UNSEEN);
  halve_network(&task->network);
  name(task, "half the units");
}

static void add_unseen_calibration(plan *p, const rb_scale_task *like) {
  rb_scale_task *task = NULL;
  if (like->chunk > 1) {
    task = add(p, like, RB_SCALE_UNSEEN);
    task->chunk /= 2;
    name(task, "chunk %lld", (long long)task->chunk);
  }
  task = add(p, like, RB_SCALE_UNSEEN);
  task->chunk *= 2;
  name(task, "chunk %lld", (long long)task->chunk);
}

int rb_scale_tasks(const rb_input *input, int ranks, bool oversubscribed, rb_scale_task *tasks) {
  plan p = {tasks, 0};
  for (int w = 0; w < RB_SCALE_WORKS; ++w) {
    const rb_scale_task like = own(input, (rb_scaling_work)w);
    (void)add(&p, &like, RB_SCALE_STRONG);
    if (ranks > 1) add(&p, &like, RB_SCALE_WEAK)->size *= ranks;
    if (oversubscribed) continue;
    // A baseline needs more simulations than it has features.
    if (w != RB_SCALE_BASELINE && like.size >= 2 * like.chunk)
      add(&p, &like, RB_SCALE_HALF)->size /= 2;
    if (w == RB_SCALE_TRAIN) {
      add_unseen_training(&p, &like);
    } else {
      if (w == RB_SCALE_CALIBRATE) add_unseen_calibration(&p, &like);
      rb_scale_task *task = add(&p, &like, RB_SCALE_UNSEEN);
      task->size += task->size / 2;
      name(task, "%lld data sets", (long long)task->size);
    }
  }
  return p.count;
}
