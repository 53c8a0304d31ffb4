#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/study.h"
#include "rheobase/model/draw.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/random/permutation.h"
#include "stored.h"

/* The model `table`: simulations that are there already. A purpose has rows of its own: those that
 * are trained on, those of the validation, those held out for calibration. */

enum { FILES = 4096, TOGETHER = 64 };
static const double SAME = 1e-9;  // part of the mean that rounding makes of a deviation of 0
typedef enum part { TRAINING, VALIDATION, CALIBRATION, PARTS } part;

/* What is read of the files. */
typedef struct table {
  rb_described described;
  rb_stored stored;
  uint64_t hash;         // of all files
  int64_t count[PARTS];  // of rows
  int64_t *row[PARTS];   // (count) rising
  uint8_t *invalid;      // (rows) 1 where a row is left out; NULL: none is looked for
} table;

typedef struct table_settings {
  char files[FILES];
  rb_observation_settings observation;
  double validation, calibration;
  bool skips;    // rows that are invalid
  double limit;  // largest share of them
  int dim;       // number of parameters, as described, and their names
  char name[RB_PRIOR_ROWS][RB_SETTING_NAME];
  table *loaded;  // owned; NULL before load
} table_settings;

static const rb_setting settings_rows[] = {
    {.path = "table", .type = RB_SETTING_GROUP, .help = "Simulations that are there already"},
    {.path = "table.files",
     .type = RB_SETTING_TEXTS,
     RB_SETTING_MEMBER(table_settings, files),
     .standard = "[]",
     .help = "HDF5 files with theta (N, D) and x (N, C, L), or an array (N, L) for each channel"},
    RB_OBSERVATION_ROWS("table", table_settings, observation),
    {.path = "table.validation",
     .type = RB_SETTING_REAL,
     RB_SETTING_MEMBER(table_settings, validation),
     .standard = "0.05",
     .range = "(0, 1)",
     .help = "share of the rows, picked at random, that are kept for the validation loss"},
    {.path = "table.calibration",
     .type = RB_SETTING_REAL,
     RB_SETTING_MEMBER(table_settings, calibration),
     .standard = "0.1",
     .range = "(0, 1)",
     .help = "share kept for the test sets (recovery, rank statistics, diagnostics) and the "
             "observation"}};

/* Names as files of ours have them, else theta_1, theta_2, ... Local. */
static rb_status name_parameters(rb_context *ctx, const rb_stored *stored, rb_model_rows *rows) {
  rb_status status = RB_OK;
  char **names = NULL, **units = NULL;
  int64_t count = 0, unit_count = 0;
  const rb_file *file = stored->file[0];
  if (rb_file_has(file, "parameter") && rb_file_has(file, "parameter_unit")) {
    RB_TRY(rb_file_read_strings(ctx, file, "parameter", &count, &names));
    RB_TRY(rb_file_read_strings(ctx, file, "parameter_unit", &unit_count, &units));
  }
  const bool named = count == stored->dim && unit_count == stored->dim;
  for (int d = 0; d < stored->dim; ++d) {
    char name[32];
    (void)snprintf(name, sizeof name, "theta_%d", d + 1);
    RB_TRY(
        rb_described_row(ctx, named ? names[d] : name, named ? units[d] : NULL, &rows->prior[d]));
  }
  rows->parameters = stored->dim;
cleanup:
  free(names);
  free(units);
  return status;
}

/* Mean and standard deviation of a column, as a normal distribution. @param theta (N, D) @return
 * whether it has a deviation */
static bool set_normal(int64_t N, int D, int d, const double *theta, rb_prior_row *row) {
  double mean = 0, square = 0;
  int64_t n = 0;
  for (int64_t i = 0; i < N; ++i) n += isfinite(theta[i * D + d]) != 0;
  for (int64_t i = 0; i < N; ++i) {
    if (isfinite(theta[i * D + d])) mean += theta[i * D + d] / (double)n;
  }
  for (int64_t i = 0; i < N; ++i) {
    if (isfinite(theta[i * D + d])) square += pow(theta[i * D + d] - mean, 2) / (double)n;
  }
  (void)snprintf(row->distribution, sizeof row->distribution, "normal");
  rb_format_real(mean, row->mean);
  rb_format_real(sqrt(square), row->sd);
  return sqrt(square) > SAME * fabs(mean);
}

/* Parameters of an input that has no prior: unbounded, of the rows' mean and deviation. Local. */
static rb_status describe_rows(rb_context *ctx, const char *files, rb_model_rows *rows) {
  rb_status status = RB_OK;
  rb_stored *stored = NULL;
  double *theta = NULL;
  RB_TRY(RB_ALLOCATE(ctx, stored, 1));
  RB_TRY(rb_stored_open(ctx, files, 0, NULL, stored));
  if (stored->dim > RB_PRIOR_ROWS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: theta has more than %d columns", stored->path[0],
                   RB_PRIOR_ROWS));
  }
  RB_TRY(name_parameters(ctx, stored, rows));
  RB_TRY(RB_ALLOCATE(ctx, theta, stored->rows * stored->dim));
  stored->any = true;  // whether rows that are not finite are left out is told later
  RB_TRY(rb_stored_read(ctx, stored, 0, stored->rows, theta, NULL));
  for (int d = 0; d < stored->dim; ++d) {
    if (set_normal(stored->rows, stored->dim, d, theta, &rows->prior[d])) continue;
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: column %d of theta, %s, is the same in all rows: a network learns nothing "
                   "of it, leave it out",
                   stored->path[0], d + 1, rows->prior[d].name));
  }
cleanup:
  if (stored != NULL) rb_stored_close(stored);
  free(stored);
  free(theta);
  return status;
}

static rb_status describe(rb_context *ctx, const rb_settings_source *source, void *settings,
                          rb_model_rows *rows) {
  rb_status status = RB_OK;
  table_settings *s = settings;
  char files[FILES] = "";
  RB_TRY(rb_described_prior(ctx, source, rows));
  if (rows->parameters == 0) {
    RB_TRY(rb_settings_peek(ctx, source, "table.files", sizeof files, files));
    if (files[0] != '\0' && ctx->rank == 0) status = describe_rows(ctx, files, rows);
    RB_TRY(rb_agree(ctx, status));
    MPI_Bcast(rows, (int)sizeof *rows, MPI_BYTE, 0, ctx->comm);
  }
  s->dim = rows->parameters;
  for (int d = 0; d < s->dim; ++d) {
    (void)snprintf(s->name[d], sizeof s->name[d], "%s", rows->prior[d].name);
  }
cleanup:
  return status;
}

static bool is_finite(int64_t count, const double *value) {
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) finite &= isfinite(value[i]) != 0;
  return finite;
}

/* Looks for invalid rows among first .. end - 1. Local. */
static rb_status look_at_rows(rb_context *ctx, table *t, int64_t first, int64_t end) {
  rb_status status = RB_OK;
  const int64_t D = t->stored.dim, size = t->described.channels * t->described.length;
  double *theta = NULL;
  float *x = NULL;
  rb_model form = {0};
  rb_described_fill(&t->described, &form);
  RB_TRY(RB_ALLOCATE(ctx, theta, TOGETHER * D));
  RB_TRY(RB_ALLOCATE(ctx, x, TOGETHER * size));
  for (int64_t at = first; at < end; at += TOGETHER) {
    const int64_t count = end - at < TOGETHER ? end - at : TOGETHER;
    RB_TRY(rb_stored_read(ctx, &t->stored, at, count, theta, x));
    for (int64_t i = 0; i < count; ++i) {
      t->invalid[at + i] = !is_finite(D, theta + i * D) || !rb_model_is_valid(&form, x + i * size);
    }
  }
cleanup:
  free(theta);
  free(x);
  return status;
}

/* Finds the rows that are invalid, each rank its share of them. Collective. */
static rb_status find_invalid(rb_context *ctx, const table_settings *s, table *t) {
  rb_status status = RB_OK;
  const int64_t N = t->stored.rows, share = (N + ctx->size - 1) / ctx->size;
  const int64_t first = ctx->rank * share < N ? ctx->rank * share : N;
  int64_t invalid = 0;
  if (N > INT_MAX) RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "table.files: more than %d rows", INT_MAX));
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, t->invalid, N)));
  t->stored.any = true;
  RB_TRY(rb_agree(ctx, look_at_rows(ctx, t, first, first + share < N ? first + share : N)));
  t->stored.any = false;
  MPI_Allreduce(MPI_IN_PLACE, t->invalid, (int)N, MPI_UINT8_T, MPI_MAX, ctx->comm);
  for (int64_t i = 0; i < N; ++i) invalid += t->invalid[i];
  if (invalid > 0) {
    rb_log_warning(ctx,
                   "table.files: %" PRId64 " of %" PRId64 " rows (%.3g%%) are invalid and left out",
                   invalid, N, 100 * (double)invalid / (double)N);
  }
  const rb_model rule = {.skips = true, .skip_limit = s->limit};
  RB_TRY(rb_model_check_share(ctx, &rule, N, invalid, true));
cleanup:
  return status;
}

static rb_status check_counts(rb_context *ctx, const table *t) {
  for (int p = 0; p < PARTS; ++p) {
    if (t->count[p] >= 2) continue;
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "table: %" PRId64 " rows leave %" PRId64 " to train on, %" PRId64
                   " for table.validation and %" PRId64
                   " for table.calibration; each needs 2 or more",
                   t->stored.rows, t->count[TRAINING], t->count[VALIDATION], t->count[CALIBRATION]);
  }
  return RB_OK;
}

/* The rows of the parts: a random choice that depends on their number alone; of them those that are
 * valid. Local. */
static rb_status split(rb_context *ctx, const table_settings *s, table *t) {
  rb_status status = RB_OK;
  const int64_t N = t->stored.rows;
  uint8_t *of = NULL;  // the part of each row
  const int64_t validation = (int64_t)floor(s->validation * (double)N);
  const int64_t calibration = (int64_t)floor(s->calibration * (double)N);
  RB_TRY(RB_ALLOCATE(ctx, of, N));
  const rb_permutation order =
      rb_permutation_make(rb_stream_make(0, RB_FOR_VALIDATION, RB_RANDOM_PICKS, 0, 0), N);
  for (int64_t i = 0; i < validation + calibration; ++i) {
    of[rb_permutation_at(&order, i)] = i < validation ? VALIDATION : CALIBRATION;
  }
  for (int p = 0; p < PARTS; ++p) {
    t->count[p] = 0;
    RB_TRY(RB_ALLOCATE(ctx, t->row[p], N));
    for (int64_t i = 0; i < N; ++i) {
      if (of[i] == p && (t->invalid == NULL || t->invalid[i] == 0)) t->row[p][t->count[p]++] = i;
    }
  }
  RB_TRY(check_counts(ctx, t));
cleanup:
  free(of);
  return status;
}

/* The files count by what they hold. Rows that are there twice would be trained on and tested with.
 * Collective. */
static rb_status hash_files(rb_context *ctx, table *t) {
  rb_status status = RB_OK;
  uint64_t hash[RB_STORED_MOST];
  t->hash = RB_HASH_START;
  for (int i = 0; i < t->stored.files; ++i) {
    RB_TRY(rb_study_hash_file(ctx, t->stored.path[i], &hash[i]));
    t->hash = rb_hash(t->hash, &hash[i], sizeof hash[i]);
    for (int j = 0; j < i; ++j) {
      if (hash[j] != hash[i]) continue;
      RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                     "table.files: %s holds the same bytes as %s, and rows that are there twice "
                     "would be both trained on and tested with",
                     t->stored.path[i], t->stored.path[j]));
    }
  }
cleanup:
  return status;
}

static void skip_invalid(void *settings, double limit) {
  table_settings *s = settings;
  s->skips = true;
  s->limit = limit;
}

/* Whether a file that names its parameters as ours do has them in another order than is meant.
 * Local. @param name (dim) of the columns, as the input or the first file has them */
static rb_status check_order(rb_context *ctx, const rb_stored *stored, int file,
                             const char (*name)[RB_SETTING_NAME]) {
  rb_status status = RB_OK;
  char **own = NULL;
  int64_t count = 0;
  const bool ours = rb_file_has(stored->file[file], "parameter_unit");
  if (!ours || !rb_file_has(stored->file[file], "parameter")) return RB_OK;
  RB_TRY(rb_file_read_strings(ctx, stored->file[file], "parameter", &count, &own));
  for (int d = 0; d < stored->dim && count == stored->dim; ++d) {
    for (int other = 0; other < stored->dim; ++other) {
      if (other == d || strcmp(own[d], name[other]) != 0) continue;
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                     "%s: column %d of theta is %s, as its array `parameter` says, and %s is the "
                     "study's parameter %d: the order has to be the same in all files and in prior",
                     stored->path[file], d + 1, own[d], name[other], other + 1));
    }
  }
cleanup:
  free(own);
  return status;
}

static rb_status load(rb_context *ctx, void *settings) {
  rb_status status = RB_OK;
  table_settings *s = settings;
  if (s->files[0] == '\0') {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                   "table.files is needed: the simulations, as in table = { files = "
                   "[\"simulations.h5\"]; };"));
  }
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, s->loaded, 1)));
  table *t = s->loaded;
  status = rb_described_read(ctx, "table", &s->observation, &t->described);
  if (status == RB_OK) status = rb_stored_open(ctx, s->files, s->dim, &t->described, &t->stored);
  for (int i = 0; status == RB_OK && i < t->stored.files; ++i) {
    status = check_order(ctx, &t->stored, i, s->name);
  }
  RB_TRY(rb_agree(ctx, status));
  if (s->skips) RB_TRY(find_invalid(ctx, s, t));
  if (status == RB_OK) status = split(ctx, s, t);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(hash_files(ctx, t));
cleanup:
  return status;
}

static void unload(void *settings) {
  table_settings *s = settings;
  if (s->loaded != NULL) {
    rb_stored_close(&s->loaded->stored);
    for (int p = 0; p < PARTS; ++p) free(s->loaded->row[p]);
    free(s->loaded->invalid);
  }
  free(s->loaded);
  s->loaded = NULL;
}

static void digest(const void *settings, FILE *stream) {
  const table_settings *s = settings;
  if (s->loaded == NULL) return;
  (void)fprintf(stream, "table.files_hash = %016" PRIx64 "\n", s->loaded->hash);
  if (s->loaded->invalid == NULL) return;
  (void)fputs("table.invalid = skipped (simulation.invalid)\n", stream);
}

/* What is compared with test sets is not among them. */
static part part_of(rb_purpose purpose) {
  switch (purpose) {
    case RB_FOR_VALIDATION:
    case RB_FOR_MISSPECIFICATION:
      return VALIDATION;
    case RB_FOR_RECOVERY:
    case RB_FOR_SBC:
    case RB_FOR_DIAGNOSTICS:
    case RB_FOR_OBSERVATION:
      return CALIBRATION;
    default:
      return TRAINING;
  }
}

static int64_t available(const void *settings, rb_purpose purpose) {
  const table_settings *s = settings;
  return s->loaded->count[part_of(purpose)];
}

/* Reads items, runs of rows at once. Items beyond the part's begin it again: a test that needs more
 * than there are. */
static rb_status read_items(rb_context *ctx, const table *t, rb_purpose purpose, int64_t first,
                            int64_t count, double *theta, float *x) {
  rb_status status = RB_OK;
  const part p = part_of(purpose);
  const int64_t *row = t->row[p], size = t->described.channels * t->described.length;
  for (int64_t i = 0, run = 0; i < count; i += run) {
    const int64_t k = (first + i) % t->count[p];
    run = 1;
    while (i + run < count && k + run < t->count[p] && row[k + run] == row[k] + run) ++run;
    RB_TRY(rb_stored_read(ctx, &t->stored, row[k], run,
                          theta != NULL ? theta + i * t->stored.dim : NULL,
                          x != NULL ? x + i * size : NULL));
  }
cleanup:
  return status;
}

static rb_status draw_prior(const rb_model *model, rb_context *ctx, uint64_t seed,
                            rb_purpose purpose, int64_t first, int64_t count, double *theta,
                            double *latent) {
  rb_status status = RB_OK;
  const table *t = model->state;
  (void)seed;
  if (model->dim != t->stored.dim) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior: a parameter of a table cannot be fixed"));
  }
  RB_TRY(read_items(ctx, t, purpose, first, count, theta, NULL));
  for (int64_t i = 0; i < count; ++i) {
    if (model->in_support(model, &theta[i * model->dim])) continue;
    char text[RB_PARAMETERS_TEXT];
    rb_model_parameters_text(model, &theta[i * model->dim], text);
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "table.files: row %" PRId64 " lies outside the prior: %s",
                   t->row[part_of(purpose)][(first + i) % t->count[part_of(purpose)]], text));
  }
  if (latent != NULL && latent != theta) {
    memcpy(latent, theta, (size_t)(count * model->dim) * sizeof *theta);
  }
cleanup:
  return status;
}

static rb_status simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x) {
  (void)seed, (void)theta;
  if (purpose == RB_FOR_PREDICTIVE || purpose == RB_FOR_EXACT) {
    return RB_FAIL(ctx, RB_ERR_UNSUPPORTED,
                   "model \"table\" has no simulator: it cannot simulate from other parameters "
                   "than the table's");
  }
  return read_items(ctx, model->state, purpose, first, count, NULL, x);
}

static bool accepts(const rb_model *model, const double *theta, const char **reason) {
  (void)model, (void)theta, (void)reason;
  return true;
}

/* State of a model whose files are not read: of a report, which needs the names alone. */
static void destroy(rb_model *model) {
  free(model->state);
  model->state = NULL;
}

static rb_status create(rb_context *ctx, const void *settings, rb_model *model) {
  rb_status status = RB_OK;
  const table_settings *s = settings;
  rb_described *described = NULL;
  *model = (rb_model){.name = "table"};
  if (s->loaded == NULL) {
    RB_TRY(RB_ALLOCATE(ctx, described, 1));
    RB_TRY(rb_described_read(ctx, "table", &s->observation, described));
    rb_described_fill(described, model);
    model->destroy = destroy;
  } else {
    rb_described_fill(&s->loaded->described, model);
  }
  model->state = s->loaded != NULL ? (void *)s->loaded : (void *)described;
  model->draw_prior = draw_prior;
  model->simulate = simulate;
  model->accepts = accepts;
cleanup:
  if (status != RB_OK) free(described);
  return status;
}

const rb_model_type rb_table_type = {
    .name = "table",
    .title = "Simulations of your own, made already",
    .source = "docs/own_simulator.md",
    .setting = settings_rows,
    .settings = sizeof settings_rows / sizeof *settings_rows,
    .settings_size = sizeof(table_settings),
    .recipe = "table -table.files",
    .describe = describe,
    .parameters_from = "as the prior names them, or theta_1, theta_2, ...",
    .load = load,
    .unload = unload,
    .digest = digest,
    .skip_invalid = skip_invalid,
    .available = available,
    .create = create};
