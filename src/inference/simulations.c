#include "rheobase/inference/simulations.h"

#include <gsl/gsl_histogram.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dealt.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/progress.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/partition.h"

enum { NAME_SIZE = 128 };
static const double ROUND_S = 20;           // that a rank simulates between two exchanges
static const double BLOCK_BYTES = 1 << 26;  // of observations in memory at once, per node

/* The arrays of one group. The names are built here, since the channels are the model's. */
typedef struct group_fields {
  char dataset[NAME_SIZE], theta_path[NAME_SIZE], latent_path[NAME_SIZE];
  char theta_dims[NAME_SIZE], channel_dims[NAME_SIZE], channel_path[RB_MAX_CHANNELS][NAME_SIZE];
  rb_field theta, latent, channel[RB_MAX_CHANNELS];
} group_fields;

static void describe(const rb_model *model, const char *group, group_fields *f) {
  (void)snprintf(f->dataset, NAME_SIZE, "%s/dataset", group);
  (void)snprintf(f->theta_path, NAME_SIZE, "%s/theta", group);
  (void)snprintf(f->latent_path, NAME_SIZE, "%s/latent", group);
  (void)snprintf(f->theta_dims, NAME_SIZE, "dataset,parameter");
  (void)snprintf(f->channel_dims, NAME_SIZE, "dataset,%s", model->axis.name);
  f->theta = (rb_field){f->theta_path,      RB_F64, f->theta_dims, "parameter's unit",
                        "parameters drawn", false};
  f->latent = (rb_field){f->latent_path,
                         RB_F64,
                         f->theta_dims,
                         "parameter's unit",
                         "the same before clipping to the simulator's range",
                         false};
  for (int c = 0; c < model->channels; ++c) {
    const rb_channel *channel = &model->channel[c];
    (void)snprintf(f->channel_path[c], NAME_SIZE, "%s/%s", group, channel->quantity.name);
    f->channel[c] =
        (rb_field){f->channel_path[c],     channel->binary ? RB_U8 : RB_F32, f->channel_dims,
                   channel->quantity.unit, channel->quantity.description,    channel->binary};
  }
}

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
                             const group_fields *f, rb_range range, chunk *c) {
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

/* A group that is being written: the first data sets are copied from an earlier file, the others
 * simulated. */
typedef struct writing {
  rb_file *file;
  const rb_file *from;  // the earlier file; NULL: none
  group_fields fields;
  int64_t count;    // data sets
  int64_t earlier;  // of them are copied
  int64_t done;     // are written
  rb_dealt *way;
  rb_partition partition;
  chunk chunk;
  rb_progress *progress;
} writing;

/* Reads a range of the earlier file. Local. */
static rb_status chunk_read(rb_context *ctx, writing *w, rb_range range) {
  rb_status status = RB_OK;
  const rb_model *model = w->way->model;
  const group_fields *f = &w->fields;
  chunk *c = &w->chunk;
  const int64_t L = model->length, theta[2] = {-1, model->dim}, x[2] = {-1, L};
  RB_TRY(rb_file_read_rows(ctx, w->from, f->theta_path, RB_F64, true, 2, theta, range.first,
                           range.count, c->theta));
  RB_TRY(rb_file_read_rows(ctx, w->from, f->latent_path, RB_F64, true, 2, theta, range.first,
                           range.count, c->latent));
  for (int k = 0; k < model->channels; ++k) {
    RB_TRY(rb_file_read_rows(ctx, w->from, f->channel_path[k], RB_F32, true, 2, x, range.first,
                             range.count, c->values));
    for (int64_t i = 0; i < range.count; ++i) {
      memcpy(c->x + (i * model->channels + k) * L, c->values + i * L, (size_t)L * sizeof *c->x);
    }
  }
cleanup:
  return status;
}

/* Draws the rank's parameters and simulates them, unless they are dealt; what is there already is
 * read. Local. */
static rb_status make_mine(rb_context *ctx, writing *w, rb_range mine) {
  rb_status status = RB_OK;
  rb_dealt *way = w->way;
  const rb_model *model = way->model;
  chunk *c = &w->chunk;
  int64_t there = w->earlier - mine.first;
  there = there < 0 ? 0 : there < mine.count ? there : mine.count;
  const int64_t first = mine.first + there, count = mine.count - there;
  double *theta = c->theta + there * model->dim;
  if (there > 0) RB_TRY(chunk_read(ctx, w, (rb_range){mine.first, there}));
  if (count == 0) return RB_OK;
  RB_TRY(model->draw_prior(model, ctx, way->seed, way->purpose, first, count, theta,
                           c->latent + there * model->dim));
  if (model->dealt) return RB_OK;
  const double began_s = MPI_Wtime();
  RB_TRY(model->simulate(model, ctx, way->seed, way->purpose, first, count, theta,
                         c->x + there * model->channels * model->length));
  way->busy_s += MPI_Wtime() - began_s;
cleanup:
  return status;
}

/* Copies or simulates a round, each rank its chunk, or whoever is free. Collective.
 * @param end of the data sets that are made, also after a failure */
static rb_status make_round(rb_context *ctx, writing *w, int64_t round, int64_t *end) {
  rb_status status = RB_OK;
  rb_dealt *way = w->way;
  const int64_t most = w->partition.size * way->rows, first = round * most;
  const int64_t last = first + most < w->count ? first + most : w->count;
  *end = first;
  RB_TRY(rb_agree(ctx, make_mine(ctx, w, rb_partition_round(&w->partition, round))));
  *end = last;
  if (!way->model->dealt || w->earlier >= last) return RB_OK;
  way->all = (rb_range){first, last - first};
  way->there = w->earlier > first ? w->earlier - first : 0;
  status = rb_dealt_simulate(ctx, way, w->chunk.x);
  *end = first + way->all.count;
cleanup:
  return status;
}

/* Writes what is made of a round. Collective. */
static rb_status write_round(rb_context *ctx, writing *w, int64_t round, int64_t end) {
  rb_status status = RB_OK;
  rb_range mine = rb_partition_round(&w->partition, round);
  if (mine.first + mine.count > end) mine.count = end > mine.first ? end - mine.first : 0;
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
    if (w->done >= w->earlier && w->done < w->count && rb_signals_agree(ctx)) {
      RB_TRY(RB_FAIL(ctx, RB_STOPPED,
                     "stopped by a signal while simulating; the same command goes on there"));
    }
    if (w->done > w->earlier && w->done < w->count && is_time(ctx, run)) {
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
  rb_progress_end(progress, way->model->dealt > 0 ? note : way->group);
}

static rb_status write_group(rb_context *ctx, writing *w, rb_simulations_run *run) {
  rb_status status = RB_OK;
  rb_dealt *way = w->way;
  rb_progress progress = rb_progress_begin(ctx, "simulate", "data sets", w->count, w->earlier);
  w->progress = way->progress = &progress;
  if (w->earlier > 0) {
    rb_log_info(ctx, "simulate   %s: going on from data set %" PRId64 " of %" PRId64, way->group,
                w->earlier, w->count);
  }
  RB_TRY(write_rounds(ctx, w, run));
  if (w->done == w->count && w->earlier < w->count) end_progress(way, &progress);
cleanup:
  w->progress = way->progress = NULL;
  return status;
}

/* Finds the earlier file that has most data sets of the group. Local. */
static rb_status find_earlier(rb_context *ctx, const rb_simulations_run *run, writing *w) {
  rb_status status = RB_OK;
  for (int i = 0; run != NULL && i < RB_EARLIER_FILES; ++i) {
    int rank = 2;
    int64_t shape[RB_FILE_MAX_RANK] = {0};
    const rb_file *file = run->earlier[i];
    if (file == NULL || !rb_file_has(file, w->fields.theta_path)) continue;
    RB_TRY(rb_file_shape(ctx, file, w->fields.theta_path, &rank, shape));
    if (shape[0] <= w->earlier) continue;
    w->earlier = shape[0];
    w->from = file;
  }
cleanup:
  return status;
}

/* How many data sets a rank writes at once. What a simulator that takes long has made is to be safe
 * before long; a short round leaves ranks idle at its end. */
static int64_t choose_rows(const rb_context *ctx, const rb_model *model,
                           const rb_simulations_run *run, int64_t count) {
  int64_t most = RB_SIMULATIONS_MOST;
  while (run != NULL && most > 1 && (double)most * run->item_s > ROUND_S) most /= 2;
  const int64_t least = most < RB_SIMULATIONS_LEAST ? most : RB_SIMULATIONS_LEAST;
  // Those that are dealt keep all ranks at work whoever writes them.
  return rb_partition_fit(count, most, least, model->dealt ? 1 : ctx->size);
}

/* How long a simulation takes. Collective. */
static void note_time(rb_context *ctx, const writing *w, rb_simulations_run *run) {
  const int64_t made = w->done - w->earlier;
  double seconds = w->way->busy_s;
  if (!w->way->model->dealt) {  // else it is of all ranks
    MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_SUM, ctx->comm);
  }
  if (made > 0) run->item_s = fmax(run->item_s, seconds / (double)made);
}

/* Leaves what is written of a group, whatever has stopped it. Collective. */
static rb_status trim(rb_context *ctx, const writing *w) {
  rb_status status = RB_OK;
  const rb_error reason = ctx->error;
  rb_error_clear(ctx);
  RB_TRY(rb_file_trim_rows(ctx, w->file, &w->fields.theta, w->done));
  RB_TRY(rb_file_trim_rows(ctx, w->file, &w->fields.latent, w->done));
  for (int k = 0; k < w->way->model->channels; ++k) {
    RB_TRY(rb_file_trim_rows(ctx, w->file, &w->fields.channel[k], w->done));
  }
cleanup:
  if (status == RB_OK) ctx->error = reason;
  return status;
}

static rb_status create_fields(rb_context *ctx, const writing *w) {
  rb_status status = RB_OK;
  const int64_t rows = w->way->rows;
  RB_TRY(rb_file_dimension(ctx, w->file, w->fields.dataset, w->count));
  RB_TRY(rb_file_create_field(ctx, w->file, &w->fields.theta, rows));
  RB_TRY(rb_file_create_field(ctx, w->file, &w->fields.latent, rows));
  for (int k = 0; k < w->way->model->channels; ++k) {
    RB_TRY(rb_file_create_field(ctx, w->file, &w->fields.channel[k], rows));
  }
cleanup:
  return status;
}

rb_status rb_simulations_write(rb_context *ctx, rb_file *file, const rb_model *model,
                               const char *group, uint64_t seed, rb_purpose purpose, int64_t count,
                               rb_simulations_run *run) {
  rb_status status = RB_OK;
  const int64_t rows = choose_rows(ctx, model, run, count);
  rb_dealt way = {.model = model, .seed = seed, .purpose = purpose, .rows = rows, .group = group};
  writing w = {.file = file, .count = count, .way = &way};
  char item[NAME_SIZE];
  describe(model, group, &w.fields);
  (void)snprintf(item, sizeof item, "data sets (%s)", group);
  w.partition = rb_partition_make(ctx, count, rows);
  if (!model->dealt) {
    rb_partition_report(ctx, &w.partition, "simulate", item, "fewer ranks would do");
  }
  status = chunk_create(ctx, model, rows, &w.chunk);
  if (status == RB_OK) status = find_earlier(ctx, run, &w);
  RB_TRY(rb_agree(ctx, status));
  w.earlier = w.earlier < count ? w.earlier : count;
  RB_TRY(create_fields(ctx, &w));
  status = write_group(ctx, &w, run);
  if (run != NULL) note_time(ctx, &w, run);
  if (run != NULL) run->written += w.done;
  const bool stopped = status == RB_STOPPED || status == RB_ERR_SIMULATOR;
  if (stopped || (status == RB_OK && w.done < count)) RB_TRY(trim(ctx, &w));
cleanup:
  chunk_destroy(&w.chunk);
  return status;
}

/* Histogram of column d of theta (count, D) in equal bins between its smallest and largest value.
 */
static rb_status histogram(rb_context *ctx, const double *theta, int64_t count, int D, int d,
                           int bins, int64_t *counts, double *edges) {
  double low = theta[d], high = theta[d];
  for (int64_t i = 1; i < count; ++i) {
    const double value = theta[i * D + d];
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
  if (!(high > low)) high = low + 1;
  gsl_histogram *h = gsl_histogram_alloc((size_t)bins);
  if (h == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory for a histogram");
  (void)gsl_histogram_set_ranges_uniform(h, low, high);
  for (int64_t i = 0; i < count; ++i) {
    // GSL's last bin is open at the top; numpy's, and ours, holds the largest value.
    const double value = theta[i * D + d];
    if (gsl_histogram_increment(h, value) != 0) h->bin[bins - 1] += 1;
  }
  for (int b = 0; b < bins; ++b) counts[b] = (int64_t)h->bin[b];
  for (int b = 0; b <= bins; ++b) edges[b] = h->range[b];
  gsl_histogram_free(h);
  return RB_OK;
}

rb_status rb_prior_check_write(rb_context *ctx, rb_file *file, const rb_model *model,
                               const char *group, uint64_t seed, int64_t count, int bins) {
  rb_status status = RB_OK;
  const int D = model->dim;
  double *theta = NULL, *edges = NULL;
  int64_t *counts = NULL;
  char path[4][NAME_SIZE];
  static const char *const names[4] = {"theta", "histogram_counts", "histogram_edges", "dataset"};
  for (int k = 0; k < 4; ++k) (void)snprintf(path[k], NAME_SIZE, "%s/%s", group, names[k]);
  rb_status local = RB_OK;
  if (ctx->rank == 0) {
    local = RB_ALLOCATE(ctx, theta, count * D);
    if (local == RB_OK) local = RB_ALLOCATE(ctx, counts, (int64_t)D * bins);
    if (local == RB_OK) local = RB_ALLOCATE(ctx, edges, (int64_t)D * (bins + 1));
    if (local == RB_OK) {
      local = model->draw_prior(model, ctx, seed, RB_FOR_PRIOR_CHECK, 0, count, theta, NULL);
    }
    for (int d = 0; d < D && local == RB_OK; ++d) {
      local = histogram(ctx, theta, count, D, d, bins, counts + d * bins, edges + d * (bins + 1));
    }
  }
  RB_TRY(rb_agree(ctx, local));
  char counts_dims[NAME_SIZE], edges_dims[NAME_SIZE];
  (void)snprintf(counts_dims, NAME_SIZE, "parameter,%d", bins);
  (void)snprintf(edges_dims, NAME_SIZE, "parameter,%d", bins + 1);
  RB_TRY(rb_file_dimension(ctx, file, path[3], count));
  RB_TRY(rb_file_write(ctx, file,
                       &(rb_field){path[0], RB_F64, "dataset,parameter", "parameter's unit",
                                   "parameters drawn from the prior", false},
                       theta));
  RB_TRY(rb_file_write(ctx, file,
                       &(rb_field){path[1], RB_I64, counts_dims, "1",
                                   "draws per bin, equal bins between smallest and largest", false},
                       counts));
  RB_TRY(rb_file_write(
      ctx, file,
      &(rb_field){path[2], RB_F64, edges_dims, "parameter's unit", "edges of the bins", false},
      edges));
cleanup:
  free(theta);
  free(counts);
  free(edges);
  return status;
}

/* Finds out how many data sets a group holds; that all its arrays have as many, and that the file
 * is large enough to hold them, before memory is asked for. Local. */
static rb_status check_group(rb_context *ctx, const rb_file *file, const group_fields *f,
                             const rb_model *model, int64_t *count) {
  rb_status status = RB_OK;
  int rank = 2;
  int64_t shape[RB_FILE_MAX_RANK];
  RB_TRY(rb_file_shape(ctx, file, f->theta_path, &rank, shape));
  const int64_t N = shape[0];
  const int64_t theta[2] = {N, model->dim}, x[2] = {N, model->length};
  if (N < 1) RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s holds no data set", f->theta_path));
  RB_TRY(rb_file_read_rows(ctx, file, f->theta_path, RB_F64, true, 2, theta, 0, 0, NULL));
  for (int c = 0; c < model->channels; ++c) {
    RB_TRY(rb_file_read_rows(ctx, file, f->channel_path[c], RB_F32, true, 2, x, 0, 0, NULL));
  }
  *count = N;
cleanup:
  return status;
}

rb_status rb_simulations_check(rb_context *ctx, const rb_file *file, const char *group,
                               const rb_model *model) {
  group_fields f;
  int64_t count = 0;
  describe(model, group, &f);
  return check_group(ctx, file, &f, model, &count);
}

/* Reads into rows row .. row + count - 1 of `block` data sets first .. first + count - 1 of the N
 * of a group. Local. @param values (count, L) scratch */
static rb_status read_rows(rb_context *ctx, const rb_file *file, const group_fields *f, int64_t N,
                           int64_t first, int64_t count, rb_dataset *block, int64_t row,
                           float *values) {
  rb_status status = RB_OK;
  const int D = block->dim, C = block->shape.channels;
  const int64_t L = block->shape.length;
  const int64_t theta_shape[2] = {N, D}, x_shape[2] = {N, L};
  double *theta = block->theta + row * D, *latent = block->latent + row * D;
  RB_TRY(rb_file_read_rows(ctx, file, f->theta_path, RB_F64, true, 2, theta_shape, first, count,
                           theta));
  if (rb_file_has(file, f->latent_path)) {
    RB_TRY(rb_file_read_rows(ctx, file, f->latent_path, RB_F64, true, 2, theta_shape, first, count,
                             latent));
  } else {
    memcpy(latent, theta, (size_t)(count * D) * sizeof *theta);
  }
  for (int c = 0; c < C; ++c) {
    RB_TRY(rb_file_read_rows(ctx, file, f->channel_path[c], RB_F32, true, 2, x_shape, first, count,
                             values));
    for (int64_t i = 0; i < count; ++i) {
      memcpy(block->x + ((row + i) * C + c) * L, values + i * L, (size_t)L * sizeof *values);
    }
  }
cleanup:
  return status;
}

/* Reads `block`, which is data sets first .. first + block->count - 1 of the N of a group. Local.
 */
static rb_status read_block(rb_context *ctx, const rb_file *file, const group_fields *f, int64_t N,
                            int64_t first, rb_dataset *block) {
  rb_status status = RB_OK;
  float *values = NULL;
  const int64_t most = block->count < RB_SIMULATIONS_MOST ? block->count : RB_SIMULATIONS_MOST;
  RB_TRY(RB_ALLOCATE(ctx, values, most * block->shape.length));
  for (int64_t row = 0; row < block->count; row += most) {
    const int64_t left = block->count - row;
    RB_TRY(read_rows(ctx, file, f, N, first + row, left < most ? left : most, block, row, values));
  }
cleanup:
  free(values);
  return status;
}

/* Data sets of a block: what is read of the observations before it is turned into what the network
 * sees. The same on all nodes. */
static int64_t block_rows(const rb_model *model, int64_t N) {
  const rb_shape shape = {.channels = model->channels, .length = model->length};
  const int64_t fit = (int64_t)(BLOCK_BYTES / rb_dataset_bytes(model->dim, shape));
  if (fit >= N) return N;
  if (fit < RB_SIMULATIONS_MOST) return fit > 1 ? fit : 1;
  return fit / RB_SIMULATIONS_MOST * RB_SIMULATIONS_MOST;  // whole chunks of the file
}

/* Reads a group block by block into `seen`. Collective. */
static rb_status read_blocks(rb_context *ctx, const rb_file *file, const group_fields *f,
                             const rb_view *view, rb_dataset *seen) {
  rb_status status = RB_OK;
  const int64_t N = seen->count, rows = block_rows(view->model, N);
  rb_dataset block;
  RB_TRY(rb_dataset_create(ctx, view->model, rows, &block));
  for (int64_t first = 0; first < N; first += rows) {
    block.count = N - first < rows ? N - first : rows;
    RB_TRY(rb_agree(ctx, file != NULL ? read_block(ctx, file, f, N, first, &block) : RB_OK));
    rb_dataset_fence(ctx, &block);
    // Nobody reads the next block before all have agreed that they are through with this one.
    RB_TRY(rb_agree(ctx, rb_dataset_see(ctx, view, &block, first, seen)));
  }
  rb_dataset_fence(ctx, seen);
cleanup:
  rb_dataset_destroy(&block);
  return status;
}

rb_status rb_simulations_read(rb_context *ctx, const rb_file *file, const char *group,
                              const rb_view *view, rb_dataset *dataset) {
  rb_status status = RB_OK;
  const rb_model *model = view->model;
  group_fields f;
  describe(model, group, &f);
  *dataset = (rb_dataset){.window = MPI_WIN_NULL};
  int64_t count = 0;
  RB_TRY(rb_agree(ctx, file != NULL ? check_group(ctx, file, &f, model, &count) : RB_OK));
  MPI_Bcast(&count, 1, MPI_INT64_T, 0, ctx->comm);
  RB_TRY(rb_dataset_allocate(ctx, model->dim, rb_view_shape(view), count, dataset));
  RB_TRY(read_blocks(ctx, file, &f, view, dataset));
cleanup:
  if (status != RB_OK) rb_dataset_destroy(dataset);
  return status;
}
