#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../commands.h"
#include "collect_predictions.h"
#include "rheobase/analysis/calibration_file.h"
#include "rheobase/base/log.h"
#include "rheobase/io/folder.h"
#include "rheobase/io/product.h"
#include "rheobase/io/text_file.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/collection.h"

/* `rheobase collect DIR...`: the diagnostics of many studies as one table, a row per study and
 * parameter, as DIR/calibration.h5 has them; -o writes it as collection.csv too, and draws it. What
 * they predict of recordings follows as a second table, predictions.csv. */

/* A column of numbers: one per parameter, one per study (rank 0), or the last row of several. */
static const struct column {
  const char *name, *path;
  int rank;
} columns[] = {
    {"r", "recovery/r", 1},
    {"nrmse", "diagnostics/nrmse", 2},
    {"contraction", "diagnostics/contraction", 1},
    {"z_score", "diagnostics/z_score", 1},
    {"calibration_error", "diagnostics/calibration_error", 1},
    {"outside", "diagnostics/outside", 1},
    {"sbc_log_gamma", "sbc/log_gamma", 1},
    {"sbc_ks_p", "sbc/ks_p", 1},
    {"loss", "diagnostics/loss", 0},
    {"loss_se", "diagnostics/loss_se", 0},
};
enum { COLUMNS = sizeof columns / sizeof *columns, PATH = 4096 };
enum { R = 0, CONTRACTION = 2, CALIBRATION_ERROR = 4 };  // of columns, in the figure

/* What was read so far: the table as text, and what the figure needs of it. */
typedef struct gathered {
  FILE *table, *predictions;
  int64_t predicted;  // rows of the latter
  rb_collection_row *row;
  int64_t rows;
  int studies, left_out;
  rb_status why;  // the first was left out
} gathered;

/* Values of a column for the parameters 0 .. D-1. @param values allocated; the caller frees */
static rb_status read_column(rb_context *ctx, const rb_file *file, const char *path, int column,
                             int64_t D, double **values) {
  rb_status status = RB_OK;
  const struct column *c = &columns[column];
  int64_t count = 0;
  RB_TRY(rb_file_read_last_row(ctx, file, c->path, c->rank, &count, values));
  if (c->rank > 0 && count < D) {  // joint quantities may follow the parameters
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: %s has not one value per parameter", path, c->path));
  }
cleanup:
  return status;
}

static rb_status add_rows(rb_context *ctx, gathered *g, int64_t D, char **parameters,
                          double *const *values) {
  rb_collection_row *more = realloc(g->row, (size_t)(g->rows + D) * sizeof *more);
  if (more == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  g->row = more;
  for (int64_t d = 0; d < D; ++d) {
    rb_collection_row *row = &g->row[g->rows++];
    *row = (rb_collection_row){.study = g->studies,
                               .r = values[R][d],
                               .contraction = values[CONTRACTION][d],
                               .calibration_error = values[CALIBRATION_ERROR][d]};
    (void)snprintf(row->parameter, sizeof row->parameter, "%s", parameters[d]);
  }
  return RB_OK;
}

static bool has_product(const char *folder, rb_product product) {
  char path[PATH];
  (void)snprintf(path, sizeof path, "%s/%s", folder, rb_products[product].file);
  return access(path, F_OK) == 0;
}

/* Adds one study's rows; of one that is not calibrated what it predicts, if it does. Local. */
static rb_status add_study(rb_context *ctx, const char *folder, gathered *g) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  double *values[COLUMNS] = {0};
  char **parameters = NULL, *remark = NULL;
  int64_t D = 0;
  char path[PATH];
  if (!has_product(folder, RB_PRODUCT_CALIBRATION) && has_product(folder, RB_PRODUCT_PREDICTION)) {
    const int64_t before = g->predicted;
    RB_TRY(rb_collect_predictions_add(ctx, folder, g->predictions, &g->predicted));
    if (g->predicted == before) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_STUDY, "%s: is not calibrated, and its predictions are stale",
                     folder));
    }
    goto cleanup;
  }
  (void)snprintf(path, sizeof path, "%s/%s", folder, rb_products[RB_PRODUCT_CALIBRATION].file);
  RB_TRY(rb_collection_open(ctx, folder, &file, &remark));
  RB_TRY(rb_file_read_strings(ctx, file, "parameter", &D, &parameters));
  for (int c = 0; c < COLUMNS; ++c) RB_TRY(read_column(ctx, file, path, c, D, &values[c]));
  RB_TRY(rb_collect_predictions_add(ctx, folder, g->predictions, &g->predicted));
  if (D > 0) RB_TRY(add_rows(ctx, g, D, parameters, values));
  if (remark != NULL) rb_log_warning(ctx, "%s: %s", folder, remark);
  for (int64_t d = 0; d < D; ++d) {
    rb_text_csv_field(g->table, folder);
    (void)fputc(',', g->table);
    rb_text_csv_field(g->table, parameters[d]);
    for (int c = 0; c < COLUMNS; ++c) {
      (void)fprintf(g->table, ",%.6g", values[c][columns[c].rank == 0 ? 0 : d]);
    }
    (void)fputc('\n', g->table);
  }
cleanup:
  for (int c = 0; c < COLUMNS; ++c) free(values[c]);
  free(parameters);
  free(remark);
  rb_file_close(&file);
  return status;
}

static const char *const outputs[] = {"collection.csv", "collection.gp", "collection.png",
                                      "predictions.csv"};
enum { OUTPUTS = sizeof outputs / sizeof *outputs, PREDICTIONS = OUTPUTS - 1 };

/* Whether an operand is what an earlier `collect` left behind, which a pattern for all of a folder
 * names too: its files, or a folder with them and without a study. */
static bool is_own_output(const char *path) {
  const char *slash = strrchr(path, '/');
  char inside[PATH];
  struct stat about;
  if (stat(path, &about) != 0) return false;
  bool found = false;
  for (int k = 0; k < OUTPUTS; ++k) {
    (void)snprintf(inside, sizeof inside, "%s/%s", path, outputs[k]);
    found |= S_ISDIR(about.st_mode) ? access(inside, F_OK) == 0
                                    : strcmp(slash != NULL ? slash + 1 : path, outputs[k]) == 0;
  }
  if (!S_ISDIR(about.st_mode)) return found;
  return found && !has_product(path, RB_PRODUCT_CALIBRATION) &&
         !has_product(path, RB_PRODUCT_PREDICTION);
}

/* Adds all studies that can be read, and warns of the others. Fails with RB_ERR_MEMORY. Local. */
static rb_status add_studies(rb_context *ctx, const rb_arguments *arguments, gathered *g) {
  for (int i = 0; i < arguments->inputs; ++i) {
    if (is_own_output(arguments->input[i])) continue;
    const rb_status status = add_study(ctx, arguments->input[i], g);
    if (status == RB_ERR_MEMORY) return status;
    if (status == RB_OK) {
      ++g->studies;
      continue;
    }
    rb_log_warning(ctx, "%s", ctx->error.message);
    rb_error_clear(ctx);
    if (g->left_out++ == 0) g->why = status;
  }
  return RB_OK;
}

/* A table as text. */
typedef struct text {
  char *text;
  size_t length;
} text;

/* Gives the text a file's name in one step. Local. */
static rb_status write_text(rb_context *ctx, const char *folder, const char *name, const text *t) {
  rb_status status = RB_OK;
  char path[PATH], tmp[PATH];
  FILE *out = NULL;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  RB_TRY(rb_text_create(ctx, path, tmp, &out));
  (void)fwrite(t->text, 1, t->length, out);
  RB_TRY(rb_text_finish(ctx, RB_OK, path, tmp, out));
  rb_log_info(ctx, "wrote %s", path);
cleanup:
  return status;
}

/* Of an earlier call, whose studies had what these lack. */
static rb_status remove_old(rb_context *ctx, const char *folder, const char *name) {
  char path[PATH];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  if (unlink(path) == 0 || errno == ENOENT) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be removed: %s", path, strerror(errno));
}

/* The tables on standard output and, if there is a folder for them, as files. */
static rb_status write_all(rb_context *ctx, const char *folder, const gathered *g,
                           const text *table, const text *predictions) {
  rb_status status = RB_OK;
  int made = 0;
  const bool both = g->rows > 0 && g->predicted > 0;
  if (!ctx->quiet && g->rows > 0) (void)fputs(table->text, stdout);
  if (!ctx->quiet && g->predicted > 0) (void)printf("%s%s", both ? "\n" : "", predictions->text);
  if (folder == NULL) return RB_OK;
  RB_TRY(rb_folder_make(ctx, folder, &made));
  for (int k = 0; k < OUTPUTS; ++k) {
    const int64_t rows = k == PREDICTIONS ? g->predicted : g->rows;
    if (rows == 0) RB_TRY(remove_old(ctx, folder, outputs[k]));
  }
  if (g->rows > 0) RB_TRY(write_text(ctx, folder, "collection.csv", table));
  if (g->predicted > 0) RB_TRY(write_text(ctx, folder, outputs[PREDICTIONS], predictions));
  if (g->rows > 0) RB_TRY(rb_collection_draw(ctx, folder, g->rows, g->row));
cleanup:
  rb_folder_unmake(folder, made);  // which is empty only after a failure
  return status;
}

static rb_status collect(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  text table = {0}, predictions = {0};
  gathered g = {.table = open_memstream(&table.text, &table.length),
                .predictions = open_memstream(&predictions.text, &predictions.length)};
  if (g.table == NULL || g.predictions == NULL) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  }
  (void)fputs("study,parameter", g.table);
  for (int c = 0; c < COLUMNS; ++c) (void)fprintf(g.table, ",%s", columns[c].name);
  (void)fputc('\n', g.table);
  rb_collect_predictions_head(g.predictions);
  RB_TRY(add_studies(ctx, arguments, &g));
  if (fflush(g.table) != 0 || fflush(g.predictions) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  }
  if (g.studies == 0) {
    RB_TRY(RB_FAIL(ctx, g.left_out > 0 ? g.why : RB_ERR_FILE, "there is no study to collect"));
  }
  RB_TRY(write_all(ctx, arguments->output, &g, &table, &predictions));
  if (g.left_out > 0) {
    RB_TRY(RB_FAIL(ctx, g.why, "%d of %d studies are left out of the table", g.left_out,
                   g.left_out + g.studies));
  }
cleanup:
  if (g.table != NULL) (void)fclose(g.table);
  if (g.predictions != NULL) (void)fclose(g.predictions);
  free(table.text);
  free(predictions.text);
  free(g.row);
  return status;
}

rb_status rb_cmd_collect(rb_context *ctx, const rb_arguments *arguments) {
  return rb_agree(ctx, ctx->rank == 0 ? collect(ctx, arguments) : RB_OK);
}
