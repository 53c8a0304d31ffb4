#include "rheobase/inference/simulations.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dealt.h"
#include "earlier.h"
#include "oddities.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/progress.h"
#include "rheobase/base/signals.h"
#include "rheobase/model/draw.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/partition.h"

enum { NAME_SIZE = 128 };
static const double ROUND_S = 20;     // that a rank simulates between two exchanges
static const double COSTLY_S = 1e-3;  // simulations that take longer are dealt one by one

rb_status rb_parameters_write(rb_context *ctx, rb_file *file, const rb_model *model) {
  rb_status status = RB_OK;
  const char *names[RB_MAX_PARAMETERS], *units[RB_MAX_PARAMETERS];
  for (int d = 0; d < model->dim; ++d) {
    names[d] = model->parameters[d].name;
    units[d] = model->parameters[d].unit;
  }
  RB_TRY(rb_file_dimension(ctx, file, "parameter", model->dim));
  RB_TRY(rb_file_write(
      ctx, file,
      &(rb_field){"parameter", RB_STRING, "parameter", "1", "names of the parameters", false},
      names));
  RB_TRY(rb_file_write(
      ctx, file,
      &(rb_field){"parameter_unit", RB_STRING, "parameter", "1", "units of the parameters", false},
      units));
cleanup:
  return status;
}

rb_status rb_axes_write(rb_context *ctx, rb_file *file, const rb_model *model) {
  rb_status status = RB_OK;
  double *axis = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, axis, model->length)));
  for (int64_t t = 0; t < model->length; ++t) axis[t] = (double)t * model->axis_step;
  RB_TRY(rb_parameters_write(ctx, file, model));
  RB_TRY(rb_file_dimension(ctx, file, model->axis.name, model->length));
  RB_TRY(rb_file_write(ctx, file,
                       &(rb_field){model->axis.name, RB_F64, model->axis.name, model->axis.unit,
                                   model->axis.description, false},
                       axis));
cleanup:
  free(axis);
  return status;
}

/* One chunk in memory. */
typedef struct chunk {
  double *theta, *latent;  // (rows, D)
  float *x;                // (rows, C, L)
  float *values;           // (rows, L) of one channel
  uint8_t *bytes;          // (rows, L) of one binary channel
} chunk;

static rb_status chunk_create(rb_context *ctx, const rb_model *model, int64_t rows, chunk *c) {
  rb_status status = RB_OK;
  *c = (chunk){0};
  RB_TRY(RB_ALLOCATE(ctx, c->theta, rows * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, c->latent, rows * model->dim));
  RB_TRY(RB_ALLOCATE(ctx, c->x, rows * model->channels * model->length));
  RB_TRY(RB_ALLOCATE(ctx, c->values, rows * model->length));
  RB_TRY(RB_ALLOCATE(ctx, c->bytes, rows * model->length));
cleanup:
  return status;
}

static void chunk_destroy(chunk *c) {
  free(c->theta);
  free(c->latent);
  free(c->x);
  free(c->values);
  free(c->bytes);
}

static rb_status chunk_write(rb_context *ctx, rb_file *file, const rb_model *model,
                             const rb_simulation_fields *f, rb_range range, chunk *c) {
  rb_status status = RB_OK;
  const int64_t L = model->length;
  RB_TRY(rb_file_write_rows(ctx, file, &f->theta, range.first, range.count, c->theta));
  RB_TRY(rb_file_write_rows(ctx, file, &f->latent, range.first, range.count, c->latent));
  for (int k = 0; k < model->channels; ++k) {
    const bool binary = model->channel[k].binary;
    for (int64_t i = 0; i < range.count; ++i) {
      const float *x = c->x + (i * model->channels + k) * L;
      if (binary) {
        for (int64_t t = 0; t < L; ++t) c->bytes[i * L + t] = (uint8_t)x[t];
      } else {
        memcpy(c->values + i * L, x, (size_t)L * sizeof *x);
      }
    }
    const void *data = binary ? (const void *)c->bytes : (const void *)c->values;
    RB_TRY(rb_file_write_rows(ctx, file, &f->channel[k], range.first, range.count, data));
  }
cleanup:
  return status;
}

/* A group that is being written: of its data sets some are there already, the others are simulated.
 */
typedef struct writing {
  rb_file *file;
  rb_simulation_fields fields;
  rb_earlier earlier;
  rb_skipped skipped;
  int64_t count;  // data sets
  int64_t there;  // of them are in earlier files
  int64_t base;   // of them stay there alone: the file begins behind them
  int64_t done;   // are written, or there
  int64_t known;  // items that earlier files skip
  bool dealt;     // one by one to whichever rank is free
  rb_dealt *way;
  rb_partition partition;  // of those that are written
  chunk chunk;
  rb_progress *progress;
} writing;

/* The data sets this rank writes in a round. */
static rb_range mine_of(const writing *w, int64_t round) {
  const rb_range mine = rb_partition_round(&w->partition, round);
  return (rb_range){w->base + mine.first, mine.count};
}

/* Draws parameters of data sets that this rank writes. Local. */
static rb_status draw(rb_context *ctx, writing *w, rb_range mine, int64_t first, int64_t end) {
  rb_status status = RB_OK;
  const rb_dealt *way = w->way;
  const rb_model *model = way->model;
  for (int64_t i = first, run = 1; i < end; i += run, run = 1) {
    const int64_t item = rb_skipped_item(&w->skipped, i), at = (i - mine.first) * model->dim;
    while (i + run < end && rb_skipped_item(&w->skipped, i + run) == item + run) ++run;
    RB_TRY(model->draw_prior(model, ctx, way->seed, way->purpose, item, run, w->chunk.theta + at,
                             w->chunk.latent + at));
  }
cleanup:
  return status;
}

/* Reads what is there of this rank's data sets, and simulates the others unless they are dealt.
 * Local. */
static rb_status make_mine(rb_context *ctx, writing *w, rb_range mine) {
  rb_status status = RB_OK;
  rb_dealt *way = w->way;
  const rb_model *model = way->model;
  chunk *c = &w->chunk;
  int64_t there = w->there - mine.first;
  there = there < 0 ? 0 : there < mine.count ? there : mine.count;
  const int64_t first = mine.first + there, count = mine.count - there;
  if (there > 0) {
    RB_TRY(rb_earlier_read(ctx, &w->earlier, model, &w->fields, (rb_range){mine.first, there},
                           c->theta, c->latent, c->x, c->values));
  }
  if (count == 0 || w->dealt) return RB_OK;
  RB_TRY(draw(ctx, w, mine, first, first + count));
  const double began_s = MPI_Wtime();
  RB_TRY(model->simulate(model, ctx, way->seed, way->purpose, first, count,
                         c->theta + there * model->dim,
                         c->x + there * model->channels * model->length));
  way->timed_s += MPI_Wtime() - began_s;
  way->timed += count;
cleanup:
  return status;
}

/* Simulates what is not there of a round, whoever is free. Collective. @param mine of this rank
 * @param end of the data sets that are made, also after a failure */
static rb_status deal(rb_context *ctx, writing *w, rb_range all, rb_range mine, int64_t *end) {
  rb_status status = RB_OK;
  rb_dealt *way = w->way;
  way->all = all;
  way->there = w->there > all.first ? w->there - all.first : 0;
  const rb_status made = rb_dealt_simulate(ctx, way, w->chunk.x);
  *end = all.first + way->all.count;
  const rb_error reason = ctx->error;
  rb_error_clear(ctx);
  const int64_t first = mine.first > w->there ? mine.first : w->there;
  const int64_t last = mine.first + mine.count < *end ? mine.first + mine.count : *end;
  RB_TRY(rb_agree(ctx, draw(ctx, w, mine, first, last)));
  ctx->error = reason;
  status = made;
cleanup:
  return status;
}

/* Copies or simulates a round, each rank its chunk, or whoever is free. Collective.
 * @param end of the data sets that are made, also after a failure */
static rb_status make_round(rb_context *ctx, writing *w, int64_t round, int64_t *end) {
  rb_status status = RB_OK;
  const int64_t most = w->partition.size * w->way->rows, first = w->base + round * most;
  const int64_t last = first + most < w->count ? first + most : w->count;
  *end = first;
  RB_TRY(rb_agree(ctx, make_mine(ctx, w, mine_of(w, round))));
  *end = last;
  if (w->dealt && w->there < last) {
    RB_TRY(deal(ctx, w, (rb_range){first, last - first}, mine_of(w, round), end));
  }
cleanup:
  return status;
}

/* Writes what is made of a round. Collective. */
static rb_status write_round(rb_context *ctx, writing *w, int64_t round, int64_t end) {
  rb_status status = RB_OK;
  rb_range mine = mine_of(w, round);
  if (mine.first + mine.count > end) mine.count = end > mine.first ? end - mine.first : 0;
  mine.first -= w->base;
  RB_TRY(chunk_write(ctx, w->file, w->way->model, &w->fields, mine, &w->chunk));
  w->done = end;
  rb_progress_update(w->progress, w->done, w->way->group);
cleanup:
  return status;
}

/* Whether it is time to pause, by rank 0's clock. Collective. */
static bool is_time(const rb_context *ctx, const rb_simulations_run *run) {
  if (run == NULL || isinf(run->until_s)) return false;
  int late = MPI_Wtime() >= run->until_s;
  MPI_Bcast(&late, 1, MPI_INT, 0, ctx->comm);
  return late != 0;
}

/* Makes and writes all rounds, or as many as there is time for. Collective. */
static rb_status write_rounds(rb_context *ctx, writing *w, rb_simulations_run *run) {
  rb_status status = RB_OK;
  for (int64_t round = 0; round < w->partition.rounds; ++round) {
    int64_t end = 0;
    const rb_status made = make_round(ctx, w, round, &end);
    const rb_error reason = ctx->error;
    if (made == RB_OK || made == RB_ERR_SIMULATOR || made == RB_STOPPED) {
      rb_error_clear(ctx);
      RB_TRY(write_round(ctx, w, round, end));
      ctx->error = reason;
    }
    RB_TRY(made);
    // Not while copying: what is not copied yet would be lost.
    if (w->done >= w->there && w->done < w->count && rb_signals_agree(ctx)) {
      RB_TRY(RB_FAIL(ctx, RB_STOPPED,
                     "stopped by a signal while simulating; the same command goes on there"));
    }
    if (w->done > w->there && w->done < w->count && is_time(ctx, run)) {
      run->paused = true;
      break;
    }
  }
cleanup:
  return status;
}

static void end_progress(const rb_dealt *way, rb_progress *progress) {
  char note[NAME_SIZE];
  (void)snprintf(note, sizeof note, "%s, slowest %.3g s, ranks idle for %.1f%%", way->group,
                 way->slowest_s, 100 * (1 - way->busy_s / way->elapsed_s));
  rb_progress_end(progress, way->slowest_s > COSTLY_S ? note : way->group);
}

/* Says how many were left out, and fails where they are too many. */
static rb_status judge_skipped(rb_context *ctx, const writing *w) {
  const int64_t skipped = w->skipped.count, tried = w->count + skipped;
  if (skipped > 0 && w->there < w->count) {
    rb_log_info(ctx,
                "simulate   %s: %" PRId64 " of %" PRId64
                " simulations (%.3g%%) are invalid and left out",
                w->way->group, skipped, tried, 100 * (double)skipped / (double)tried);
  }
  return rb_model_check_share(ctx, w->way->model, tried, skipped, true);
}

static rb_status write_group(rb_context *ctx, writing *w, rb_simulations_run *run) {
  rb_status status = RB_OK;
  rb_dealt *way = w->way;
  rb_progress progress = rb_progress_begin(ctx, "simulate", "data sets", w->count, w->there);
  w->progress = way->progress = &progress;
  if (w->there > 0 && w->there < w->count) {
    rb_log_info(ctx, "simulate   %s: going on from data set %" PRId64 " of %" PRId64, way->group,
                w->there, w->count);
  }
  RB_TRY(write_rounds(ctx, w, run));
  if (w->done == w->count && w->there < w->count) end_progress(way, &progress);
  const bool old = run != NULL && run->form == RB_SIMULATIONS_OLD;  // may be unfinished
  if (w->done == w->count && !old) RB_TRY(judge_skipped(ctx, w));
cleanup:
  w->progress = way->progress = NULL;
  return status;
}

/* How many data sets a rank writes at once. What a simulator that takes long has made is to be safe
 * before long; a short round leaves ranks idle at its end. */
static int64_t choose_rows(const rb_context *ctx, const writing *w, const rb_simulations_run *run) {
  int64_t most = RB_SIMULATIONS_MOST;
  const double round_s = run != NULL && run->pause_s > 0 ? fmin(ROUND_S, run->pause_s) : ROUND_S;
  while (run != NULL && most > 1 && (double)most * run->item_s > round_s) most /= 2;
  const int64_t least = most < RB_SIMULATIONS_LEAST ? most : RB_SIMULATIONS_LEAST;
  // Those that are dealt keep all ranks at work whoever writes them.
  return rb_partition_fit(w->count - w->base, most, least, w->dealt ? 1 : ctx->size);
}

/* Whether simulations are dealt: those that may take long, or nobody knows how long, and those of
 * which some are left out. */
static bool is_dealt(const rb_model *model, const writing *w, const rb_simulations_run *run) {
  const bool costly = run != NULL && (run->item_s == 0 || run->item_s > COSTLY_S);
  return model->dealt > 0 || model->skips || w->skipped.count > 0 || costly;
}

/* How long a simulation takes. Collective. */
static void note_time(rb_context *ctx, const writing *w, rb_simulations_run *run) {
  double sums[2] = {w->way->timed_s, (double)w->way->timed};
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, ctx->comm);
  if (sums[1] > 0) run->item_s = fmax(run->item_s, sums[0] / sums[1]);
  run->warm = w->way->warm;
}

/* Leaves what is written of a group, whatever has stopped it. Collective. */
static rb_status trim(rb_context *ctx, const writing *w) {
  rb_status status = RB_OK;
  const int64_t rows = w->done - w->base;
  RB_TRY(rb_file_trim_rows(ctx, w->file, &w->fields.theta, rows));
  RB_TRY(rb_file_trim_rows(ctx, w->file, &w->fields.latent, rows));
  for (int k = 0; k < w->way->model->channels; ++k) {
    RB_TRY(rb_file_trim_rows(ctx, w->file, &w->fields.channel[k], rows));
  }
cleanup:
  return status;
}

/* Writes which items are left out, those that no earlier file tells where these stay. Collective.
 */
static rb_status write_skipped(rb_context *ctx, const writing *w) {
  rb_status status = RB_OK;
  const rb_dealt *way = w->way;
  const rb_model *model = way->model;
  const int64_t from = w->base > 0 ? w->known : 0, count = w->skipped.count - from;
  const int64_t *item = w->skipped.item + from;
  double *theta = NULL;
  if (count == 0) return RB_OK;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, theta, count * model->dim)));
  for (int64_t i = 0; i < count && status == RB_OK; ++i) {
    status = model->draw_prior(model, ctx, way->seed, way->purpose, item[i], 1,
                               theta + i * model->dim, NULL);
  }
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_file_dimension(ctx, w->file, w->fields.skipped_path, count));
  RB_TRY(rb_file_write(ctx, w->file, &w->fields.skipped, item));
  RB_TRY(rb_file_write(ctx, w->file, &w->fields.skipped_theta, theta));
cleanup:
  free(theta);
  return status;
}

/* Ends a group, whatever has stopped it. Collective. */
static rb_status end_group(rb_context *ctx, const writing *w) {
  rb_status status = RB_OK;
  const rb_error reason = ctx->error;
  rb_error_clear(ctx);
  if (w->done < w->count) RB_TRY(trim(ctx, w));
  RB_TRY(write_skipped(ctx, w));
  ctx->error = reason;
cleanup:
  return status;
}

static rb_status create_fields(rb_context *ctx, const writing *w) {
  rb_status status = RB_OK;
  const int64_t rows = w->way->rows;
  RB_TRY(rb_file_dimension(ctx, w->file, w->fields.dataset, w->count - w->base));
  RB_TRY(rb_file_create_field(ctx, w->file, &w->fields.theta, rows));
  RB_TRY(rb_file_create_field(ctx, w->file, &w->fields.latent, rows));
  for (int k = 0; k < w->way->model->channels; ++k) {
    RB_TRY(rb_file_create_field(ctx, w->file, &w->fields.channel[k], rows));
  }
  if (w->base > 0) {
    RB_TRY(rb_file_set_int(ctx, w->file, w->way->group, RB_EARLIER_FIRST, w->base));
  }
cleanup:
  return status;
}

/* Finds out what is there of the group, and what is to be written. Collective. */
static rb_status look_at_earlier(rb_context *ctx, rb_simulations_run *run, int64_t count,
                                 writing *w) {
  rb_status status = RB_OK;
  w->count = count;
  if (run == NULL) return RB_OK;
  RB_TRY(rb_agree(ctx, rb_earlier_find(ctx, run->earlier, w->way->group, &w->fields, &w->earlier,
                                       &w->skipped)));
  if (run->form == RB_SIMULATIONS_OLD) w->count = w->earlier.count;
  w->there = w->earlier.count < w->count ? w->earlier.count : w->count;
  if (w->earlier.count > w->count) rb_skipped_cut(&w->skipped, w->count);
  w->known = w->skipped.count;
  w->done = w->base = run->form == RB_SIMULATIONS_NEW ? w->there : 0;
  run->left += w->base;
cleanup:
  return status;
}

/* Simulates and writes what is to be written. Collective. */
static rb_status write_all(rb_context *ctx, writing *w, rb_simulations_run *run) {
  rb_status status = RB_OK;
  rb_dealt *way = w->way;
  const rb_model *model = way->model;
  char item[NAME_SIZE];
  (void)snprintf(item, sizeof item, "data sets (%s)", way->group);
  w->dealt = is_dealt(model, w, run);
  way->rows = choose_rows(ctx, w, run);
  way->most = model->dealt > 0 ? model->dealt : RB_SIMULATIONS_LEAST;
  way->skipped = &w->skipped;
  way->warm = run != NULL && run->warm;
  w->partition = rb_partition_make(ctx, w->count - w->base, way->rows);
  if (!w->dealt) {
    rb_partition_report(ctx, &w->partition, "simulate", item, "fewer ranks would do");
  }
  RB_TRY(rb_agree(ctx, chunk_create(ctx, model, way->rows, &w->chunk)));
  RB_TRY(create_fields(ctx, w));
  status = write_group(ctx, w, run);
  if (run != NULL) note_time(ctx, w, run);
  if (run != NULL) run->written += w->done - w->base + w->skipped.count - w->known;
  const bool stopped = status == RB_STOPPED || status == RB_ERR_SIMULATOR;
  if (status == RB_OK || stopped) RB_TRY(end_group(ctx, w));
  if (status == RB_OK && run != NULL && run->look && run->form == RB_SIMULATIONS_ALL &&
      w->done == w->count) {
    RB_TRY(rb_oddities_write(
        ctx, w->file,
        &(rb_group_of_items){way->group, model, way->seed, way->purpose, w->count, &w->skipped}));
  }
cleanup:
  return status;
}

rb_status rb_simulations_write(rb_context *ctx, rb_file *file, const rb_model *model,
                               const char *group, uint64_t seed, rb_purpose purpose, int64_t count,
                               rb_simulations_run *run) {
  rb_status status = RB_OK;
  rb_dealt way = {.model = model, .seed = seed, .purpose = purpose, .group = group};
  writing *w = NULL;
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, w, 1)));
  w->file = file;
  w->way = &way;
  rb_simulation_fields_describe(model, group, &w->fields);
  RB_TRY(look_at_earlier(ctx, run, count, w));
  if (w->base < w->count) {
    RB_TRY(write_all(ctx, w, run));
  } else if (run != NULL && run->form == RB_SIMULATIONS_NEW) {
    RB_TRY(judge_skipped(ctx, w));  // before others are simulated in vain
  }
cleanup:
  if (w != NULL) chunk_destroy(&w->chunk);
  if (w != NULL) rb_skipped_free(&w->skipped);
  free(w);
  return status;
}
