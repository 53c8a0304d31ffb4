#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../commands.h"
#include "../input/settings.h"
#include "../study/recording_data.h"
#include "rheobase/analysis/reach.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/draw.h"
#include "rheobase/model/replay.h"
#include "rheobase/parallel/agree.h"

/* `rheobase try`: a few simulations of a study, before anyone waits for all of them. */

enum { ITEMS = 4 };           // of each rank
enum { PRIOR_DRAWS = 1000 };  // that a recording is compared with

typedef struct trial {
  rb_model model;
  uint64_t seed;
  int64_t row;  // numbers of a simulation
  double theta[ITEMS * RB_MAX_PARAMETERS];
  float *x, *again;  // (ITEMS, row): one by one, and all at once
  bool valid[ITEMS], valid_again[ITEMS];
  double alone_s, slowest_s, together_s;
  bool same;
} trial;

/* @param x (ITEMS, row) @param valid (ITEMS) all of them unless invalid simulations are skipped */
static rb_status simulate(rb_context *ctx, const trial *t, int i, int count, float *x, bool *valid,
                          double *seconds) {
  const rb_model *m = &t->model;
  const double began = MPI_Wtime();
  const rb_status status =
      rb_model_attempt(m, ctx, t->seed, RB_FOR_TRAINING, (int64_t)ctx->rank * ITEMS + i, count,
                       &t->theta[i * m->dim], NULL, x + i * t->row, valid + i);
  *seconds = MPI_Wtime() - began;
  return status;
}

/* Whether the simulations are equal where they are valid, and invalid both times elsewhere. */
static bool is_same(const trial *t) {
  bool same = true;
  for (int i = 0; i < ITEMS; ++i) {
    same &= t->valid[i] == t->valid_again[i];
    const float *x = t->x + i * t->row, *again = t->again + i * t->row;
    if (t->valid[i]) same &= memcmp(x, again, (size_t)t->row * sizeof *x) == 0;
  }
  return same;
}

/* The first of this rank's data sets are simulated one by one, then again at once. Local. */
static rb_status run(rb_context *ctx, trial *t) {
  rb_status status = RB_OK;
  const rb_model *m = &t->model;
  double seconds = 0;
  RB_TRY(m->draw_prior(m, ctx, t->seed, RB_FOR_TRAINING, (int64_t)ctx->rank * ITEMS, ITEMS,
                       t->theta, NULL));
  RB_TRY(simulate(ctx, t, 0, 1, t->x, t->valid, &seconds));  // not timed: it may start a program
  for (int i = 0; i < ITEMS; ++i) {
    RB_TRY(simulate(ctx, t, i, 1, t->x, t->valid, &seconds));
    t->alone_s += seconds / ITEMS;
    t->slowest_s = fmax(t->slowest_s, seconds);
  }
  RB_TRY(simulate(ctx, t, 0, ITEMS, t->again, t->valid_again, &seconds));
  t->together_s = seconds / ITEMS;
  t->same = is_same(t);
cleanup:
  return status;
}

/* How many of all ranks' simulations are valid; fails if none is. Collective. */
static rb_status count_valid(rb_context *ctx, const trial *t, int *valid) {
  const int all = ITEMS * ctx->size;
  *valid = 0;
  for (int i = 0; i < ITEMS; ++i) *valid += t->valid[i];
  MPI_Allreduce(MPI_IN_PLACE, valid, 1, MPI_INT, MPI_SUM, ctx->comm);
  if (*valid == 0) {
    return RB_FAIL(ctx, RB_ERR_SIMULATOR, "all %d simulations are invalid " RB_INVALID_MEANS, all);
  }
  if (ctx->rank == 0) {
    (void)printf("%d simulations on each of %d rank%s, ", ITEMS, ctx->size, rb_plural(ctx->size));
    if (*valid == all) {
      (void)printf("finite and of the right size\n");
    } else {
      (void)printf("%d of all are invalid and would be left out (simulation.invalid)\n",
                   all - *valid);
    }
  }
  return RB_OK;
}

/* Prints what the channels' values lie between. Collective. @param valid simulations of all ranks
 */
static void print_ranges(const rb_context *ctx, const trial *t, int valid) {
  const rb_model *m = &t->model;
  if (ctx->rank == 0) {
    (void)printf("%-20s %-8s %14s %14s %14s\n", "channel", "unit", "least", "mean", "most");
  }
  for (int c = 0; c < m->channels; ++c) {
    double ends[2] = {-DBL_MAX, -DBL_MAX}, mean = 0;  // of -x and x
    for (int i = 0; i < ITEMS; ++i) {
      const float *x = t->x + i * t->row + c * m->length;
      for (int64_t k = 0; t->valid[i] && k < m->length; ++k) {
        ends[0] = fmax(ends[0], -(double)x[k]);
        ends[1] = fmax(ends[1], (double)x[k]);
        mean += (double)x[k] / (double)(valid * m->length);
      }
    }
    MPI_Allreduce(MPI_IN_PLACE, ends, 2, MPI_DOUBLE, MPI_MAX, ctx->comm);
    MPI_Allreduce(MPI_IN_PLACE, &mean, 1, MPI_DOUBLE, MPI_SUM, ctx->comm);
    if (ctx->rank != 0) continue;
    (void)printf("%-20s %-8s %14.6g %14.6g %14.6g\n", m->channel[c].quantity.name,
                 m->channel[c].quantity.unit, -ends[0], mean, ends[1]);
  }
}

/* Simulations of all stages of `run`. */
static double count_all(const rb_input *in) {
  const rb_training_settings *t = &in->training;
  const rb_calibration_settings *c = &in->calibration;
  const rb_baseline_settings *b = &in->baseline;
  const double steps = (double)t->epochs * (double)t->steps_per_epoch;
  const double online =
      t->mode == RB_ONLINE ? steps * (double)t->batch_size / (double)t->passes * t->ensemble : 0;
  const int64_t fitted = b->simulations > 0 ? b->simulations : t->simulations;
  return online + (double)(in->sanity.simulations + t->simulations + t->validation + fitted +
                           c->recovery_datasets + c->sbc_datasets + c->diagnostics_datasets +
                           in->misspecification_simulations + in->predictive_replicates);
}

/* Collective. @param valid simulations of all ranks */
static void print_times(const rb_context *ctx, const trial *t, const rb_input *input, int valid) {
  double mean[2] = {t->alone_s / ctx->size, t->together_s / ctx->size}, slowest = t->slowest_s;
  MPI_Allreduce(MPI_IN_PLACE, mean, 2, MPI_DOUBLE, MPI_SUM, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, &slowest, 1, MPI_DOUBLE, MPI_MAX, ctx->comm);
  if (ctx->rank != 0) return;
  const double each = fmin(mean[0], mean[1]);
  const double all = count_all(input) * ITEMS * ctx->size / valid;  // those left out, too
  (void)printf("a simulation takes %.3g s, the slowest %.3g s; of %d at once %.3g s\n", mean[0],
               slowest, ITEMS, mean[1]);
  const double all_s = all * each / ctx->size;
  const bool long_time = all_s >= 3600;
  (void)printf("the study needs about %.6g simulations: %.3g %s on %d rank%s\n", all,
               long_time ? all_s / 3600 : all_s, long_time ? "h" : "s", ctx->size,
               rb_plural(ctx->size));
}

static rb_status try_first(rb_context *ctx, trial *t, const rb_input *input) {
  rb_status status = RB_OK;
  int valid = 0;
  rb_status local = RB_ALLOCATE(ctx, t->x, ITEMS * t->row);
  if (local == RB_OK) local = RB_ALLOCATE(ctx, t->again, ITEMS * t->row);
  if (local == RB_OK) local = run(ctx, t);
  RB_TRY(rb_agree(ctx, local));
  RB_TRY(count_valid(ctx, t, &valid));
  print_ranges(ctx, t, valid);
  print_times(ctx, t, input, valid);
  if (!t->same) {
    local = RB_FAIL(ctx, RB_CHECK_FAILED,
                    "equal parameters and seeds gave other simulations when asked for again, %d at "
                    "once: results would depend on the ranks",
                    ITEMS);
  }
  RB_TRY(rb_agree(ctx, local));
  if (ctx->rank == 0) (void)printf("equal parameters and seeds give equal simulations\n");
cleanup:
  return status;
}

/* What of a recording no draw from the prior reaches, a sentence each. */
static void print_reach(const rb_context *ctx, const rb_reach *reach) {
  int beyond = 0;
  if (ctx->rank != 0) return;
  for (int r = 0; r < reach->rows; ++r) {
    const rb_reach_row *row = &reach->row[r];
    if (!rb_reach_is_beyond(row)) continue;
    ++beyond;
    if (row->defined == 0) {
      (void)printf("%s: %.4g %s in the recording, and no draw from the prior has such\n", row->what,
                   row->observed, row->unit);
    } else {
      (void)printf(
          "%s: %.4g %s in the recording, %.4g to %.4g in %lld draws from the prior: none "
          "reaches it\n",
          row->what, row->observed, row->unit, row->least, row->most, (long long)row->defined);
    }
  }
  if (beyond == 0) {
    (void)printf("draws from the prior reach all %d statistics of the recording\n", reach->rows);
  } else {
    (void)printf(
        "%d of %d statistics of the recording are out of reach: the prior or the stimuli of "
        "the study are too narrow for it, or the model lacks something\n",
        beyond, reach->rows);
  }
}

/* Collective. */
static rb_status compare(rb_context *ctx, const trial *t, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  rb_reach reach = {0};
  float *x = NULL;
  if (arguments->recordings > 1) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "try takes one --recording FILE; its sweeps may be many");
  }
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, x, t->row)));
  RB_TRY(rb_recording_observe(ctx, &t->model, arguments->recorded[0], arguments->recording.sweeps,
                              "try", x));
  RB_TRY(rb_reach_create(ctx, &t->model, t->seed, PRIOR_DRAWS, x, &reach));
  print_reach(ctx, &reach);
cleanup:
  free(x);
  free(reach.row);
  return status;
}

/* Simulates what a file says, on rank 0. Local. */
static rb_status replay(rb_context *ctx, trial *t, const char *path) {
  rb_status status = RB_OK;
  const rb_model *core = t->model.core;
  rb_replay r = {0};
  if (ctx->rank != 0) return RB_OK;
  RB_TRY(rb_replay_read(ctx, core, path, &r));
  RB_TRY(RB_ALLOCATE(ctx, t->x, t->row));
  for (int64_t i = 0; i < r.count; ++i) {
    int64_t bad = 0;
    const double began = MPI_Wtime();
    RB_TRY(core->simulate(core, ctx, t->seed, r.purpose[i], r.item[i], 1, &r.theta[i * core->dim],
                          t->x));
    for (int64_t k = 0; k < t->row; ++k) bad += !isfinite(t->x[k]);
    (void)printf("item %" PRId64 " simulated in %.3g s, %" PRId64 " of %" PRId64
                 " values are not finite\n",
                 r.item[i], MPI_Wtime() - began, bad, t->row);
  }
cleanup:
  rb_replay_free(&r);
  return status;
}

rb_status rb_cmd_try(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  rb_input input = {0};
  trial t = {0};
  if (arguments->replay != NULL && arguments->recordings > 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE, "give --replay or --recording, not both"));
  }
  RB_TRY(rb_input_read(ctx, arguments, &input));
  RB_TRY(rb_input_model(ctx, &input, &t.model));
  t.seed = (uint64_t)input.seed;
  t.row = t.model.channels * t.model.length;
  if (arguments->replay != NULL) {
    RB_TRY(rb_agree(ctx, replay(ctx, &t, arguments->replay)));
  } else {
    RB_TRY(try_first(ctx, &t, &input));
    if (arguments->recordings > 0) RB_TRY(compare(ctx, &t, arguments));
  }
cleanup:
  free(t.x);
  free(t.again);
  if (t.model.destroy != NULL) t.model.destroy(&t.model);
  rb_input_free(&input);
  return status;
}
