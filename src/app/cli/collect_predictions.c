#include "collect_predictions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/analysis/recording_prediction.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/product.h"
#include "rheobase/io/text_file.h"
#include "rheobase/report/collection.h"

enum { PATH = 4096 };

void rb_collect_predictions_head(FILE *out) {
  (void)fputs("study,recording,digest,sweep,repeats,reliability,log_evidence", out);
  for (int q = 0; q < RB_SCORES; ++q) {
    const char *name = rb_prediction_scores[q].name;
    (void)fprintf(out, ",%s,%s_low,%s_high", name, name, name);
  }
  (void)fputc('\n', out);
}

static void write_number(FILE *out, double value) {
  if (isfinite(value)) {
    (void)fprintf(out, ",%.6g", value);
  } else {
    (void)fputc(',', out);
  }
}

/* Mean and 95% interval of those that are defined. @param value (count), changed */
static void write_score(FILE *out, int64_t count, double *value) {
  double number[RB_SCORE_NUMBERS];
  rb_score_summary(count, value, value, number);
  for (int k = 0; k < RB_SCORE_NUMBERS; ++k) write_number(out, number[k]);
}

/* A number of the exact posterior; NaN where it is not there yet. */
static rb_status read_exact(rb_context *ctx, const rb_file *exact, const char *path,
                            double *number) {
  rb_status status = RB_OK;
  double *value = NULL;
  int64_t count = 0;
  *number = NAN;
  if (exact == NULL || !rb_file_has(exact, path)) return RB_OK;
  RB_TRY(rb_file_read_last_row(ctx, exact, path, 0, &count, &value));
  *number = *value;
cleanup:
  free(value);
  return status;
}

/* The evidence of the observation; NaN without one that is valid. */
static rb_status read_evidence(rb_context *ctx, const rb_file *exact, double *evidence) {
  rb_status status = RB_OK;
  double valid = NAN;
  RB_TRY(read_exact(ctx, exact, "observation/log_evidence", evidence));
  RB_TRY(read_exact(ctx, exact, "observation/evidence_valid", &valid));
  if (valid != 1) *evidence = NAN;
cleanup:
  return status;
}

/* The scores of a study. */
typedef struct scores {
  char *recording, *digest;  // "" where the file does not say
  int64_t sweeps, draws;
  double *sweep, *repeats, *reliability;  // (sweeps)
  double *value[RB_SCORES];               // (sweeps, draws)
} scores;

static void free_scores(scores *s) {
  free(s->recording);
  free(s->digest);
  free(s->sweep);
  free(s->repeats);
  free(s->reliability);
  for (int q = 0; q < RB_SCORES; ++q) free(s->value[q]);
}

static rb_status read_vector(rb_context *ctx, const rb_file *file, const char *name, int64_t count,
                             double **value) {
  rb_status status = RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, *value, count));
  RB_TRY(rb_file_read(ctx, file, name, RB_F64, false, 1, &count, *value));
cleanup:
  return status;
}

static rb_status read_text(rb_context *ctx, const rb_file *file, const char *path, char **text) {
  if (rb_file_has(file, path)) return rb_file_read_text(ctx, file, path, text);
  return RB_ALLOCATE(ctx, *text, 1);
}

static rb_status read_scores(rb_context *ctx, const rb_file *file, scores *s) {
  rb_status status = RB_OK;
  int64_t shape[2] = {0, 0};
  for (int q = 0; q < RB_SCORES; ++q) {
    void *value = NULL;
    int64_t own[2] = {0, 0};
    RB_TRY(
        rb_file_read_new(ctx, file, rb_prediction_scores[q].name, RB_F64, false, 2, own, &value));
    s->value[q] = value;
    if (q == 0) memcpy(shape, own, sizeof shape);
    if (own[0] != shape[0] || own[1] != shape[1]) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "prediction.h5: %s has another shape than %s",
                     rb_prediction_scores[q].name, rb_prediction_scores[0].name));
    }
  }
  RB_TRY(read_text(ctx, file, "recording/file", &s->recording));
  RB_TRY(read_text(ctx, file, "recording/digest", &s->digest));
  s->sweeps = shape[0];
  s->draws = shape[1];
  RB_TRY(read_vector(ctx, file, "sweep", s->sweeps, &s->sweep));
  RB_TRY(read_vector(ctx, file, "repeats", s->sweeps, &s->repeats));
  RB_TRY(read_vector(ctx, file, "reliability", s->sweeps, &s->reliability));
cleanup:
  return status;
}

rb_status rb_collect_predictions_add(rb_context *ctx, const char *folder, FILE *out,
                                     int64_t *rows) {
  rb_status status = RB_OK;
  rb_file *file = NULL, *exact = NULL;
  scores s = {0};
  double evidence = NAN;
  char *remark = NULL;
  char path[PATH];
  (void)snprintf(path, sizeof path, "%s/%s", folder, rb_products[RB_PRODUCT_PREDICTION].file);
  if (access(path, F_OK) != 0) return RB_OK;
  RB_TRY(rb_collection_open_predictions(ctx, folder, &file, &exact, &remark));
  if (remark != NULL) rb_log_warning(ctx, "%s: %s", folder, remark);
  if (file == NULL) goto cleanup;
  RB_TRY(read_scores(ctx, file, &s));
  RB_TRY(read_evidence(ctx, exact, &evidence));
  for (int64_t k = 0; k < s.sweeps; ++k, ++*rows) {
    rb_text_csv_field(out, folder);
    (void)fputc(',', out);
    rb_text_csv_field(out, s.recording);
    (void)fputc(',', out);
    rb_text_csv_field(out, s.digest);
    (void)fprintf(out, ",%.0f,%.0f", s.sweep[k], s.repeats[k]);
    write_number(out, s.reliability[k]);
    write_number(out, evidence);
    for (int q = 0; q < RB_SCORES; ++q) write_score(out, s.draws, s.value[q] + k * s.draws);
    (void)fputc('\n', out);
  }
cleanup:
  free_scores(&s);
  free(remark);
  rb_file_close(&file);
  rb_file_close(&exact);
  return status;
}
