#include "rheobase/inference/simulations.h"

#include <gsl/gsl_histogram.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dealt.h"
#include "rheobase/base/memory.h"
#include "rheobase/base/progress.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/partition.h"

enum { NAME_SIZE = 128 };
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

rb_status rb_axes_write(rb_context *ctx, rb_file *file, const rb_model *model) {
  rb_status status = RB_OK;
  const char *names[RB_MAX_PARAMETERS], *units[RB_MAX_PARAMETERS];
  double *axis = NULL;
  for (int d = 0; d < model->dim; ++d) {
    names[d] = model->parameters[d].name;
    units[d] = model->parameters[d].unit;
  }
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, axis, model->length)));
  for (int64_t t = 0; t < model->length; ++t) axis[t] = (double)t * model->axis_step;
  RB_TRY(rb_file_dimension(ctx, file, "parameter", model->dim));
  RB_TRY(rb_file_dimension(ctx, file, model->axis.name, model->length));
  RB_TRY(rb_file_write(
      ctx, file,
      &(rb_field){"parameter", RB_STRING, "parameter", "1", "names of the parameters", false},
      names));
  RB_TRY(rb_file_write(
      ctx, file,
      &(rb_field){"parameter_unit", RB_STRING, "parameter", "1", "units of the parameters", false},
      units));
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

/* Draws and simulates a round, each rank its chunk, or whoever is free. Collective.
 * @param way how it is done */
static rb_status simulate_round(rb_context *ctx, const rb_partition *partition, int64_t round,
                                rb_dealt *way, chunk *c) {
  const rb_model *model = way->model;
  const rb_range mine = rb_partition_round(partition, round);
  rb_status status = model->draw_prior(model, ctx, way->seed, way->purpose, mine.first, mine.count,
                                       c->theta, c->latent);
  if (status == RB_OK && !model->dealt) {
    status = model->simulate(model, ctx, way->seed, way->purpose, mine.first, mine.count, c->theta,
                             c->x);
  }
  status = rb_agree(ctx, status);
  if (status != RB_OK || !model->dealt) return status;
  const int64_t first = round * partition->size * way->rows, left = partition->items - first;
  const int64_t most = partition->size * way->rows;
  way->all = (rb_range){first, left < most ? left : most};
  return rb_dealt_simulate(ctx, way, c->x);
}

/* Simulates and writes all rounds. Collective. */
static rb_status write_rounds(rb_context *ctx, rb_file *file, const group_fields *f,
                              const rb_partition *partition, rb_dealt *way, chunk *c) {
  rb_status status = RB_OK;
  const int64_t count = partition->items;
  rb_progress progress = rb_progress_begin(ctx, "simulate", "data sets", count, 0);
  way->progress = &progress;
  for (int64_t round = 0; round < partition->rounds; ++round) {
    RB_TRY(simulate_round(ctx, partition, round, way, c));
    RB_TRY(chunk_write(ctx, file, way->model, f, rb_partition_round(partition, round), c));
    const int64_t done = (round + 1) * partition->size * way->rows;
    rb_progress_update(&progress, done < count ? done : count, way->group);
    if (round + 1 < partition->rounds && rb_signals_agree(ctx)) {
      RB_TRY(RB_FAIL(ctx, RB_STOPPED,
                     "stopped by a signal while simulating; the same command begins the "
                     "simulations again"));
    }
  }
  char note[NAME_SIZE];
  (void)snprintf(note, sizeof note, "%s, slowest %.3g s, ranks idle for %.1f%%", way->group,
                 way->slowest_s, 100 * (1 - way->busy_s / way->elapsed_s));
  rb_progress_end(&progress, way->model->dealt ? note : way->group);
cleanup:
  return status;
}

rb_status rb_simulations_write(rb_context *ctx, rb_file *file, const rb_model *model,
                               const char *group, uint64_t seed, rb_purpose purpose,
                               int64_t count) {
  rb_status status = RB_OK;
  group_fields f;
  describe(model, group, &f);
  chunk c;
  // Those that are dealt keep all ranks at work whoever writes them.
  const int64_t rows = rb_partition_fit(count, RB_SIMULATIONS_MOST, RB_SIMULATIONS_LEAST,
                                        model->dealt ? 1 : ctx->size);
  const rb_partition partition = rb_partition_make(ctx, count, rows);
  rb_dealt way = {.model = model, .seed = seed, .purpose = purpose, .rows = rows, .group = group};
  char item[NAME_SIZE];
  (void)snprintf(item, sizeof item, "data sets (%s)", group);
  if (!model->dealt) {
    rb_partition_report(ctx, &partition, "simulate", item, "fewer ranks would do");
  }
  RB_TRY(rb_agree(ctx, chunk_create(ctx, model, rows, &c)));
  RB_TRY(rb_file_dimension(ctx, file, f.dataset, count));
  RB_TRY(rb_file_create_field(ctx, file, &f.theta, rows));
  RB_TRY(rb_file_create_field(ctx, file, &f.latent, rows));
  for (int k = 0; k < model->channels; ++k) {
    RB_TRY(rb_file_create_field(ctx, file, &f.channel[k], rows));
  }
  RB_TRY(write_rounds(ctx, file, &f, &partition, &way, &c));
cleanup:
  chunk_destroy(&c);
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
