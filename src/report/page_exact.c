#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "rheobase/analysis/merit.h"
#include "rheobase/base/memory.h"
#include "rheobase/model/support.h"

/* Network, exact posterior and baseline side by side on the data sets that were refined, and where
 * the network is worst. */

enum { MEASURES = 6, POSTERIORS = 3, MOST_DRAWS = 1000000000 };
static const char *const posterior_names[POSTERIORS] = {"network", "exact", "baseline"};
static const struct {
  const char *title, *name;
} measures[MEASURES] = {{"<i>r</i> of mean and truth", "r"},
                        {"NRMSE (of the prior's)", "nrmse"},
                        {"contraction", "contraction"},
                        {"z-score", "z_score"},
                        {"calibration error", "calibration_error"},
                        {"log γ of the ranks", "log_gamma"}};

typedef struct comparison {
  bool there[POSTERIORS];
  double value[MEASURES][POSTERIORS][RB_MAX_PARAMETERS];
  double loss[POSTERIORS];
  double reliable, unclipped;  // numbers of data sets that measures, and losses, are of
} comparison;

static rb_status read_exact_file(const rb_study_data *study, comparison *c) {
  static const char *const losses[] = {"summary/network_loss", "summary/exact_loss"};
  rb_status status = RB_OK;
  double *row = NULL;
  RB_TRY(rb_study_number(study, RB_PRODUCT_EXACT, "summary/reliable", &c->reliable));
  RB_TRY(rb_study_number(study, RB_PRODUCT_EXACT, "summary/unclipped", &c->unclipped));
  for (int p = 0; p < 2; ++p) {
    c->there[p] = true;
    RB_TRY(rb_study_number(study, RB_PRODUCT_EXACT, losses[p], &c->loss[p]));
    for (int m = 0; m < MEASURES; ++m) {
      char path[64];
      (void)snprintf(path, sizeof path, "summary/%s_%s", posterior_names[p], measures[m].name);
      RB_TRY(rb_study_last_row(study, RB_PRODUCT_EXACT, path, study->model->dim, &row));
      memcpy(c->value[m][p], row, (size_t)study->model->dim * sizeof *row);
      free(row);
      row = NULL;
    }
  }
cleanup:
  free(row);
  return status;
}

/* Minus the mean log density over those of the first N data sets that the other losses are of. */
static rb_status baseline_loss(const rb_study_data *study, int64_t N, double *loss) {
  rb_status status = RB_OK;
  rb_array density = {0}, clipped = {0}, valid = {0};
  double sum = 0, count = 0;
  RB_TRY(rb_study_read(study, RB_PRODUCT_BASELINE_CALIBRATION, "diagnostics/records/log_density", 1,
                       -1, &density));
  RB_TRY(rb_study_read(study, RB_PRODUCT_EXACT, "datasets/clipped", 1, N, &clipped));
  RB_TRY(rb_study_read(study, RB_PRODUCT_EXACT, "datasets/evidence_valid", 1, N, &valid));
  if (density.shape[0] < N) {
    RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "%s: its records do not fit together",
                   rb_products[RB_PRODUCT_BASELINE_CALIBRATION].file));
  }
  for (int64_t i = 0; i < N; ++i) {
    if (clipped.v[i] > 0 || !(valid.v[i] > 0) || !isfinite(density.v[i])) continue;
    sum += density.v[i];
    count += 1;
  }
  *loss = -sum / count - rb_model_log_scale(study->model);
cleanup:
  rb_array_free(&density);
  rb_array_free(&clipped);
  rb_array_free(&valid);
  return status;
}

/* Column d of three matrices and of the ranks among S draws as shares, NaN for a rank that is none,
 * of the data sets whose exact posterior is reliable and that did not fail (ranks of -1). @param
 * out (4, N) @return how many they are, the distance from one column of `out` to the next */
static int64_t take_columns(const rb_array *reliable, int64_t S, int d,
                            const rb_array *const from[4], double *out) {
  int64_t count = 0;
  for (int k = 0; k < 4; ++k) {
    double *column = out + k * count;
    count = 0;
    for (int64_t i = 0; i < reliable->shape[0]; ++i) {
      const bool failed = from[3]->v[i * from[3]->shape[1] + d] < 0;
      if (reliable->v[i] > 0 && !failed) column[count++] = from[k]->v[i * from[k]->shape[1] + d];
    }
  }
  for (double *share = out + 3 * count; share < out + 4 * count; ++share) {
    *share = *share >= 0 && *share <= (double)S ? *share / (double)S : NAN;
  }
  return count;
}

static void put(comparison *c, int posterior, int d, const rb_merit *merit) {
  const double values[MEASURES] = {
      merit->r,        merit->nrmse, merit->contraction, merit->z_score, merit->calibration_error,
      merit->log_gamma};
  for (int m = 0; m < MEASURES; ++m) c->value[m][posterior][d] = values[m];
}

/* The baseline on those of the first N data sets of the default diagnostics, which are those
 * refined, that the other two are judged by. */
static rb_status judge_baseline(const rb_study_data *study, int64_t N, comparison *c) {
  static const char *const paths[4] = {"diagnostics/records/truth", "diagnostics/records/mean",
                                       "diagnostics/records/sd", "diagnostics/records/rank"};
  rb_status status = RB_OK;
  const rb_product from = RB_PRODUCT_BASELINE_CALIBRATION;
  rb_array a[4] = {{0}}, reliable = {0};
  const rb_array *const columns[4] = {&a[0], &a[1], &a[2], &a[3]};
  double *work = NULL, gamma_null;
  int64_t datasets = 0, S = 0;
  if (!rb_study_has(study, from, "diagnostics/records")) return RB_OK;
  RB_TRY(rb_file_get_int(study->ctx, study->file[from], "diagnostics", "datasets", &datasets));
  RB_TRY(rb_file_get_int(study->ctx, study->file[from], "diagnostics", "draws", &S));
  if (datasets < N) return RB_OK;
  if (S < 1 || S > MOST_DRAWS) {
    RB_TRY(
        RB_FAIL(study->ctx, RB_ERR_FORMAT, "%s: %lld draws", rb_products[from].file, (long long)S));
  }
  for (int k = 0; k < 4; ++k) {
    RB_TRY(rb_study_read_rows(study, from, paths[k], N, k < 3 ? study->model->dim : -1, &a[k]));
    if (a[k].shape[0] < N || a[k].shape[1] < study->model->dim) {
      RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "%s: %s is too small", rb_products[from].file,
                     paths[k]));
    }
  }
  RB_TRY(rb_study_read(study, RB_PRODUCT_EXACT, "datasets/reliable", 1, N, &reliable));
  RB_TRY(RB_ALLOCATE(study->ctx, work, 4 * N));
  const int64_t n = take_columns(&reliable, S, 0, columns, work);
  if (n < 2) goto cleanup;
  RB_TRY(rb_merit_gamma_null(study->ctx, n, S, &gamma_null));
  for (int d = 0; d < study->model->dim; ++d) {
    rb_merit merit;
    (void)take_columns(&reliable, S, d, columns, work);
    RB_TRY(rb_merit_of(study->ctx, n, S, work, work + n, work + 2 * n, work + 3 * n, gamma_null,
                       &merit));
    put(c, 2, d, &merit);
  }
  RB_TRY(baseline_loss(study, N, &c->loss[2]));
  c->there[2] = true;
cleanup:
  for (int k = 0; k < 4; ++k) rb_array_free(&a[k]);
  rb_array_free(&reliable);
  free(work);
  return status;
}

static void write_value(FILE *out, double value) {
  if (isfinite(value)) {
    (void)fprintf(out, "<td>%.3g</td>", value);
  } else {
    (void)fputs("<td>–</td>", out);
  }
}

static void write_comparison(const rb_study_data *study, const comparison *c, FILE *out) {
  (void)fputs("<div class=\"scroll\"><table>\n<thead><tr><th>measure</th><th>posterior</th>", out);
  for (int d = 0; d < study->model->dim; ++d) {
    (void)fprintf(out, "<th>%s</th>", study->model->parameters[d].name);
  }
  (void)fputs("</tr></thead>\n<tbody>\n", out);
  for (int m = 0; m < MEASURES; ++m) {
    for (int p = 0; p < POSTERIORS; ++p) {
      if (!c->there[p]) continue;
      (void)fprintf(out, "<tr><td>%s</td><td>%s</td>", p == 0 ? measures[m].title : "",
                    posterior_names[p]);
      for (int d = 0; d < study->model->dim; ++d) write_value(out, c->value[m][p][d]);
      (void)fputs("</tr>\n", out);
    }
  }
  (void)fprintf(out,
                "</tbody>\n</table></div>\n<p>Loss in nats, of the %.0f that have a valid evidence "
                "and no clipped truth:",
                c->unclipped);
  for (int p = 0; p < POSTERIORS; ++p) {
    if (c->there[p]) {
      (void)fprintf(out, "%s %s <strong>%.3f</strong>", p > 0 ? "," : "", posterior_names[p],
                    c->loss[p]);
    }
  }
  (void)fputs(".</p>\n", out);
}

rb_status rb_page_comparison(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  comparison c = {0};
  int64_t N = 0;
  RB_TRY(rb_file_get_int(study->ctx, study->file[RB_PRODUCT_EXACT], "", "datasets", &N));
  if (N < 1) RB_TRY(RB_FAIL(study->ctx, RB_ERR_FORMAT, "exact.h5: %lld data sets", (long long)N));
  RB_TRY(read_exact_file(study, &c));
  RB_TRY(judge_baseline(study, N, &c));
  (void)fprintf(
      out,
      "<p>The posteriors side by side on the same data sets, the %.0f of %lld whose exact "
      "posterior is reliable:</p>\n",
      c.reliable, (long long)N);
  write_comparison(study, &c, out);
cleanup:
  return status;
}
