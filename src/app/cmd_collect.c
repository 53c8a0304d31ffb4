#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "rheobase/agree.h"
#include "rheobase/calibration_file.h"
#include "rheobase/collection.h"
#include "rheobase/log.h"
#include "rheobase/products.h"

/* `rheobase collect DIR...`: the diagnostics of many studies as one table, a row per study and
 * parameter, as DIR/calibration.h5 has them; -o writes it as collection.csv too, and draws it. */

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
    {"expected_log_density", "diagnostics/expected_log_density", 0},
};
enum { COLUMNS = sizeof columns / sizeof *columns, PATH = 4096 };
enum { R = 0, CONTRACTION = 2, CALIBRATION_ERROR = 4 };  // of columns, in the figure

/* What was read so far: the table as text, and what the figure needs of it. */
typedef struct gathered {
  FILE *table;
  rb_collection_row *row;
  int64_t rows;
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

static rb_status add_rows(rb_context *ctx, gathered *g, int64_t study, int64_t D, char **parameters,
                          double *const *values) {
  rb_collection_row *more = realloc(g->row, (size_t)(g->rows + D) * sizeof *more);
  if (more == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  g->row = more;
  for (int64_t d = 0; d < D; ++d) {
    rb_collection_row *row = &g->row[g->rows++];
    *row = (rb_collection_row){.study = study,
                               .r = values[R][d],
                               .contraction = values[CONTRACTION][d],
                               .calibration_error = values[CALIBRATION_ERROR][d]};
    (void)snprintf(row->parameter, sizeof row->parameter, "%s", parameters[d]);
  }
  return RB_OK;
}

/* Adds one study's rows. Local. */
static rb_status add_study(rb_context *ctx, const char *folder, int64_t study, gathered *g) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  double *values[COLUMNS] = {0};
  char **parameters = NULL;
  int64_t D = 0;
  char path[PATH];
  (void)snprintf(path, sizeof path, "%s/calibration.h5", folder);
  RB_TRY(rb_file_open_one(ctx, path, RB_CALIBRATION_SCHEMA, RB_CALIBRATION_VERSION, &file));
  RB_TRY(rb_file_read_strings(ctx, file, "parameter", &D, &parameters));
  for (int c = 0; c < COLUMNS; ++c) RB_TRY(read_column(ctx, file, path, c, D, &values[c]));
  if (D > 0) RB_TRY(add_rows(ctx, g, study, D, parameters, values));
  for (int64_t d = 0; d < D; ++d) {
    (void)fprintf(g->table, "%s,%s", folder, parameters[d]);
    for (int c = 0; c < COLUMNS; ++c) {
      (void)fprintf(g->table, ",%.6g", values[c][columns[c].rank == 0 ? 0 : d]);
    }
    (void)fputc('\n', g->table);
  }
cleanup:
  for (int c = 0; c < COLUMNS; ++c) free(values[c]);
  free(parameters);
  rb_file_close(&file);
  return status;
}

/* Gives the text a file's name in one step. Local. */
static rb_status write_text(rb_context *ctx, const char *folder, const char *text, size_t length) {
  char path[PATH], temporary[PATH + 4];
  (void)snprintf(path, sizeof path, "%s/collection.csv", folder);
  (void)snprintf(temporary, sizeof temporary, "%s.tmp", path);
  FILE *stream = fopen(temporary, "we");
  if (stream == NULL) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s cannot be written: %s", path, strerror(errno));
  }
  const bool written = fwrite(text, 1, length, stream) == length && fflush(stream) == 0 &&
                       fsync(fileno(stream)) == 0;
  if (fclose(stream) != 0 || !written || rename(temporary, path) != 0) {
    const int reason = errno;
    (void)unlink(temporary);
    return RB_FAIL(ctx, RB_ERR_FILE, "%s cannot be written: %s", path, strerror(reason));
  }
  rb_log_info(ctx, "wrote %s", path);
  return RB_OK;
}

static rb_status collect(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  char *text = NULL;
  size_t length = 0;
  gathered g = {open_memstream(&text, &length), NULL, 0};
  if (g.table == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  (void)fputs("study,parameter", g.table);
  for (int c = 0; c < COLUMNS; ++c) (void)fprintf(g.table, ",%s", columns[c].name);
  (void)fputc('\n', g.table);
  for (int i = 0; i < arguments->inputs; ++i) RB_TRY(add_study(ctx, arguments->input[i], i, &g));
  if (fflush(g.table) != 0) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  if (!ctx->quiet) (void)fputs(text, stdout);
  if (arguments->output != NULL) {
    RB_TRY(write_text(ctx, arguments->output, text, length));
    RB_TRY(rb_collection_draw(ctx, arguments->output, g.rows, g.row));
  }
cleanup:
  (void)fclose(g.table);
  free(text);
  free(g.row);
  return status;
}

rb_status rb_cmd_collect(rb_context *ctx, const rb_arguments *arguments) {
  return rb_agree(ctx, ctx->rank == 0 ? collect(ctx, arguments) : RB_OK);
}
