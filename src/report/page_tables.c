#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnostic_columns.h"
#include "page.h"

/* Tables whose rows are parameters or quantities and whose columns are arrays of a file. */

enum { MOST_COLUMNS = 16 };

typedef struct column {
  const char *title, *path;
  int digits;  // significant ones
  rb_warning when;
} column;

static void write_number(FILE *out, double value, int digits, rb_warning when) {
  const bool bad = (when == RB_WARN_BELOW_0 && value < 0) ||
                   (when == RB_WARN_BELOW_5_PERCENT && value < 0.05) ||
                   (when == RB_WARN_ABOVE_5_PERCENT && value > 0.05);
  (void)fprintf(out, bad ? "<td class=\"bad\">" : "<td>");
  if (isfinite(value)) {
    (void)fprintf(out, "%.*g</td>", digits, value);
  } else {
    (void)fputs("–</td>", out);
  }
}

static void table_begin(FILE *out, int count, const char *const *titles) {
  (void)fputs("<div class=\"scroll\"><table>\n<thead><tr>", out);
  for (int i = 0; i < count; ++i) {
    (void)fprintf(out,
                  strcmp(titles[i], "meaning") == 0 ? "<th class=\"text\">%s</th>" : "<th>%s</th>",
                  titles[i]);
  }
  (void)fputs("</tr></thead>\n<tbody>\n", out);
}

static void table_end(FILE *out) { (void)fputs("</tbody>\n</table></div>\n", out); }

/* One row per name, one column per array the file has. */
static rb_status write_columns(const rb_study_data *study, rb_product source, FILE *out,
                               const char *title, int64_t rows, const char *const *names,
                               const column *columns, int count) {
  rb_status status = RB_OK;
  double *values[MOST_COLUMNS] = {0};
  const column *used[MOST_COLUMNS];
  const char *titles[MOST_COLUMNS + 1] = {title};
  int n = 0;
  for (int c = 0; c < count && n < MOST_COLUMNS; ++c) {
    if (!rb_study_has(study, source, columns[c].path)) continue;
    RB_TRY(rb_study_last_row(study, source, columns[c].path, rows, &values[n]));
    used[n] = &columns[c];
    titles[++n] = columns[c].title;
  }
  table_begin(out, n + 1, titles);
  for (int64_t i = 0; i < rows; ++i) {
    (void)fputs("<tr><td>", out);
    rb_html_text(out, names[i]);
    (void)fputs("</td>", out);
    for (int c = 0; c < n; ++c) write_number(out, values[c][i], used[c]->digits, used[c]->when);
    (void)fputs("</tr>\n", out);
  }
  table_end(out);
cleanup:
  for (int c = 0; c < MOST_COLUMNS; ++c) free(values[c]);
  return status;
}

/* Names of the parameters with their units. @param text (D, 64) @param names (D) into it */
static void parameter_names(const rb_model *model, char text[][64], const char **names) {
  for (int d = 0; d < model->dim; ++d) {
    (void)snprintf(text[d], sizeof text[d], "%s (%s)", model->parameters[d].name,
                   model->parameters[d].unit);
    names[d] = text[d];
  }
}

/* How many data sets and draws each test set has. */
static rb_status write_sizes(const rb_study_data *study, FILE *out) {
  static const char *const sets[] = {"recovery", "sbc", "diagnostics"};
  rb_status status = RB_OK;
  (void)fputs("<p>", out);
  for (int k = 0; k < 3; ++k) {
    int64_t datasets = 0, draws = 0;
    double failed = 0;
    char path[32];
    if (!rb_study_has(study, RB_PRODUCT_CALIBRATION, sets[k])) continue;
    RB_TRY(rb_file_get_int(study->ctx, study->file[RB_PRODUCT_CALIBRATION], sets[k], "datasets",
                           &datasets));
    RB_TRY(
        rb_file_get_int(study->ctx, study->file[RB_PRODUCT_CALIBRATION], sets[k], "draws", &draws));
    (void)fprintf(out, "%s%s: %lld data sets × %lld draws", k > 0 ? "; " : "Test sets: ", sets[k],
                  (long long)datasets, (long long)draws);
    (void)snprintf(path, sizeof path, "%s/failed", sets[k]);
    RB_TRY(rb_study_number(study, RB_PRODUCT_CALIBRATION, path, &failed));
    if (failed > 0) {
      (void)fprintf(out,
                    " <span class=\"bad\">without %.0f that met a numerical error and are left "
                    "out everywhere</span>",
                    failed);
    }
  }
  (void)fputs(".</p>\n", out);
cleanup:
  return status;
}

static rb_status write_loss(const rb_study_data *study, FILE *out) {
  static const char *const paths[] = {"diagnostics/loss", "diagnostics/loss_se",
                                      "diagnostics/loss_datasets", "diagnostics/loss_not_finite"};
  enum { LOSS, ERROR, DATASETS, NOT_FINITE, NUMBERS };
  rb_status status = RB_OK;
  double value[NUMBERS];
  for (int k = 0; k < NUMBERS; ++k) {
    RB_TRY(rb_study_number(study, RB_PRODUCT_CALIBRATION, paths[k], &value[k]));
  }
  if (!(value[DATASETS] > 0)) goto cleanup;  // a posterior without a log density
  (void)fprintf(
      out,
      "<p>Headline, the loss: <strong>%.3f ± %.3f nat</strong>, lower is better: minus the "
      "mean log density of the truth, in units of the prior's standard deviations, over "
      "%.0f data sets of the diagnostics, those without a clipped truth. The validation "
      "loss of the training is the same of other data sets.",
      value[LOSS], value[ERROR], value[DATASETS]);
  if (value[NOT_FINITE] > 0) {
    (void)fprintf(
        out, " <span class=\"bad\">%.0f truths have no finite density and are left out.</span>",
        value[NOT_FINITE]);
  }
  (void)fputs("</p>\n", out);
cleanup:
  return status;
}

static rb_status write_outside(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  double outside = 0, null_error = 0;
  RB_TRY(rb_study_number(study, RB_PRODUCT_CALIBRATION, "diagnostics/outside_any", &outside));
  RB_TRY(rb_study_number(study, RB_PRODUCT_CALIBRATION, "diagnostics/calibration_error_95",
                         &null_error));
  (void)fprintf(
      out,
      "<p>%.2g%% of the draws lie outside the prior's support. If the posterior is "
      "calibrated, a parameter's calibration error exceeds %.3f with a chance of 5%%.</p>\n",
      100 * outside, null_error);
cleanup:
  return status;
}

static rb_status write_regimes(const rb_study_data *study, FILE *out) {
  static const column columns[] = {
      {"data sets", "diagnostics/regime/datasets", 8, RB_WARN_NEVER},
      {"least activity", "diagnostics/regime/activity_low", 5, RB_WARN_NEVER},
      {"most", "diagnostics/regime/activity_high", 5, RB_WARN_NEVER},
      {"loss (nat)", "diagnostics/regime/loss", 4, RB_WARN_NEVER},
      {"of data sets", "diagnostics/regime/loss_datasets", 8, RB_WARN_NEVER}};
  rb_status status = RB_OK;
  char **names = NULL;
  int64_t count = 0;
  RB_TRY(rb_file_read_strings(study->ctx, study->file[RB_PRODUCT_CALIBRATION], "regime_name",
                              &count, &names));
  RB_TRY(write_columns(study, RB_PRODUCT_CALIBRATION, out, "recordings (diagnostics)", count,
                       (const char *const *)names, columns, sizeof columns / sizeof *columns));
cleanup:
  free(names);
  return status;
}

/* The columns that the diagnostics have for the table. */
static rb_status write_diagnostics(const rb_study_data *study, FILE *out, rb_diagnostic_table table,
                                   const char *title, int64_t rows, const char *const *names) {
  const rb_diagnostic_column *from[RB_TABLE_COLUMNS];
  column columns[RB_TABLE_COLUMNS];
  char path[RB_TABLE_COLUMNS][RB_COLUMN_PATH];
  const int count = rb_table_columns(table, from);
  for (int c = 0; c < count; ++c) {
    rb_column_path(from[c], path[c]);
    columns[c] = (column){.title = from[c]->html != NULL ? from[c]->html : from[c]->title,
                          .path = path[c],
                          .digits = from[c]->digits,
                          .when = from[c]->warn};
  }
  return write_columns(study, RB_PRODUCT_CALIBRATION, out, title, rows, names, columns, count);
}

rb_status rb_page_calibration(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  char text[RB_MAX_PARAMETERS][64];
  const char *names[RB_MAX_PARAMETERS];
  char **quantities = NULL;
  int64_t Q = 0;
  const rb_product from = RB_PRODUCT_CALIBRATION;
  parameter_names(study->model, text, names);
  RB_TRY(write_sizes(study, out));
  RB_TRY(write_loss(study, out));
  RB_TRY(write_outside(study, out));
  RB_TRY(rb_page_ensemble(study, out));
  RB_TRY(write_diagnostics(study, out, RB_TABLE_PARAMETERS, "parameter", D, names));
  RB_TRY(rb_file_read_strings(study->ctx, study->file[from], "quantity", &Q, &quantities));
  (void)fputs(
      "<p>Tests of the ranks. log γ below 0 rejects calibration at 5%; of many values some "
      "do so by chance.</p>\n",
      out);
  RB_TRY(write_diagnostics(study, out, RB_TABLE_QUANTITIES, "quantity", Q,
                           (const char *const *)quantities));
  RB_TRY(write_regimes(study, out));
  RB_TRY(rb_page_blocks(study, out));
cleanup:
  free(quantities);
  return status;
}

rb_status rb_page_posterior(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  const int D = study->model->dim;
  rb_array mean = {0}, sd = {0}, quantile = {0}, level = {0}, truth = {0};
  RB_TRY(rb_page_observation(study, out));
  RB_TRY(rb_page_misspecification(study, out));
  RB_TRY(rb_study_read(study, RB_PRODUCT_POSTERIOR, "mean", 1, D, &mean));
  RB_TRY(rb_study_read(study, RB_PRODUCT_POSTERIOR, "sd", 1, D, &sd));
  RB_TRY(rb_study_read(study, RB_PRODUCT_POSTERIOR, "level", 1, -1, &level));
  RB_TRY(
      rb_study_read_matrix(study, RB_PRODUCT_POSTERIOR, "quantile", D, level.shape[0], &quantile));
  if (rb_study_has(study, RB_PRODUCT_POSTERIOR, "truth")) {
    RB_TRY(rb_study_read(study, RB_PRODUCT_POSTERIOR, "truth", 1, D, &truth));
  }
  (void)fputs(
      "<div class=\"scroll\"><table>\n<thead><tr><th>parameter</th><th>mean</th>"
      "<th>sd</th>",
      out);
  for (int64_t k = 0; k < level.shape[0]; ++k)
    (void)fprintf(out, "<th>%g%%</th>", 100 * level.v[k]);
  (void)fputs(
      truth.v != NULL ? "<th>true value</th></tr></thead>\n<tbody>\n" : "</tr></thead>\n<tbody>\n",
      out);
  for (int d = 0; d < D; ++d) {
    const rb_quantity *p = &study->model->parameters[d];
    (void)fprintf(out, "<tr><td title=\"%s\">%s (%s)</td>", p->description, p->name, p->unit);
    write_number(out, mean.v[d], 4, RB_WARN_NEVER);
    write_number(out, sd.v[d], 3, RB_WARN_NEVER);
    for (int64_t k = 0; k < level.shape[0]; ++k) {
      write_number(out, quantile.v[d * level.shape[0] + k], 4, RB_WARN_NEVER);
    }
    if (truth.v != NULL) write_number(out, truth.v[d], 4, RB_WARN_NEVER);
    (void)fputs("</tr>\n", out);
  }
  table_end(out);
cleanup:
  rb_array_free(&mean);
  rb_array_free(&sd);
  rb_array_free(&quantile);
  rb_array_free(&level);
  rb_array_free(&truth);
  return status;
}

/* Single numbers of a file with what the file says about them. */
static rb_status write_numbers(const rb_study_data *study, rb_product source, int count,
                               const char *const *paths, FILE *out) {
  rb_status status = RB_OK;
  static const char *const titles[] = {"quantity", "value", "unit", "meaning"};
  table_begin(out, 4, titles);
  for (int k = 0; k < count; ++k) {
    double value = 0;
    rb_array_info info;
    if (!rb_study_has(study, source, paths[k])) continue;
    RB_TRY(rb_study_number(study, source, paths[k], &value));
    RB_TRY(rb_file_describe(study->ctx, study->file[source], paths[k], &info));
    const char *slash = strrchr(paths[k], '/');
    (void)fprintf(out, "<tr><td><code>%s</code></td>", slash != NULL ? slash + 1 : paths[k]);
    write_number(out, value, 4, RB_WARN_NEVER);
    (void)fputs("<td>", out);
    rb_html_text(out, strcmp(info.unit, "1") == 0 ? "" : info.unit);
    (void)fputs("</td><td class=\"text\">", out);
    rb_html_text(out, info.description);
    (void)fputs("</td></tr>\n", out);
  }
  table_end(out);
cleanup:
  return status;
}

static rb_status write_percentiles(const rb_study_data *study, FILE *out) {
  static const column columns[] = {{"observation", "observed", 4, RB_WARN_NEVER},
                                   {"percentile", "percentile", 3, RB_WARN_NEVER}};
  rb_status status = RB_OK;
  char **names = NULL;
  int64_t count = 0;
  const rb_product source = RB_PRODUCT_PREDICTIVE;
  if (!rb_study_has(study, source, "percentile")) return RB_OK;
  RB_TRY(rb_file_read_strings(study->ctx, study->file[source], "statistic", &count, &names));
  RB_TRY(write_columns(study, source, out, "statistic", count, (const char *const *)names, columns,
                       sizeof columns / sizeof *columns));
cleanup:
  free(names);
  return status;
}

rb_status rb_page_predictive(const rb_study_data *study, FILE *out) {
  rb_status status = RB_OK;
  const rb_model *model = study->model;
  char coverage[RB_MAX_CHANNELS][96];
  const char *paths[RB_MAX_CHANNELS + RB_MAX_CHECKS + 1];
  int count = 0;
  for (int c = 0; c < model->channels; ++c) {
    if (!rb_channel_is_course(&model->channel[c])) continue;
    (void)snprintf(coverage[c], sizeof coverage[c], "%s_coverage", model->channel[c].quantity.name);
    paths[count++] = coverage[c];
  }
  for (int k = 0; k < model->checks; ++k) paths[count++] = model->check[k].name;
  paths[count++] = "refused_draws";
  RB_TRY(write_numbers(study, RB_PRODUCT_PREDICTIVE, count, paths, out));
  RB_TRY(write_percentiles(study, out));
cleanup:
  return status;
}

static rb_status write_distance_by_regime(const rb_study_data *study, FILE *out) {
  static const column columns[] = {
      {"data sets", "summary/regime_datasets", 8, RB_WARN_NEVER},
      {"least activity", "summary/regime_activity_low", 5, RB_WARN_NEVER},
      {"most", "summary/regime_activity_high", 5, RB_WARN_NEVER},
      {"efficiency", "summary/regime_network_efficiency", 3, RB_WARN_NEVER},
      {"KL (nat)", "summary/regime_kl", 3, RB_WARN_NEVER},
      {"C2ST", "summary/regime_c2st", 3, RB_WARN_NEVER},
      {"loss (nat)", "summary/regime_network_loss", 4, RB_WARN_NEVER},
      {"its floor", "summary/regime_floor", 4, RB_WARN_NEVER}};
  rb_status status = RB_OK;
  char **names = NULL;
  int64_t count = 0;
  RB_TRY(rb_file_read_strings(study->ctx, study->file[RB_PRODUCT_EXACT], "regime_name", &count,
                              &names));
  RB_TRY(write_columns(study, RB_PRODUCT_EXACT, out, "recordings", count,
                       (const char *const *)names, columns, sizeof columns / sizeof *columns));
cleanup:
  free(names);
  return status;
}

rb_status rb_page_refinement(const rb_study_data *study, FILE *out) {
  static const char *const observation[] = {
      "observation/reliable",     "observation/network_efficiency",
      "observation/network_khat", "observation/network_kl",
      "observation/efficiency",   "observation/khat",
      "observation/log_evidence", "observation/log_evidence_se",
      "observation/rhat",         "observation/bulk_ess",
      "observation/c2st",         "observation/plausibility"};
  static const char *const summary[] = {"summary/floor",
                                        "summary/floor_se",
                                        "summary/kl",
                                        "summary/c2st",
                                        "summary/network_efficiency",
                                        "summary/network_inside",
                                        "summary/network_log_gamma_log_posterior",
                                        "summary/exact_log_gamma_log_posterior",
                                        "summary/network_log_gamma_log_likelihood",
                                        "summary/exact_log_gamma_log_likelihood"};
  static const column parameters[] = {
      {"Wasserstein distance", "summary/wasserstein", 3, RB_WARN_NEVER},
      {"KL where the truth is small", "summary/kl_low", 3, RB_WARN_NEVER},
      {"middle", "summary/kl_middle", 3, RB_WARN_NEVER},
      {"large", "summary/kl_high", 3, RB_WARN_NEVER}};
  rb_status status = RB_OK;
  char text[RB_MAX_PARAMETERS][64];
  const char *names[RB_MAX_PARAMETERS];
  (void)fputs("<p>Of the observation:</p>\n", out);
  RB_TRY(write_numbers(study, RB_PRODUCT_EXACT, sizeof observation / sizeof *observation,
                       observation, out));
  if (rb_study_has(study, RB_PRODUCT_EXACT, "summary")) {
    (void)fputs("<p>Over the test data sets:</p>\n", out);
    RB_TRY(write_numbers(study, RB_PRODUCT_EXACT, sizeof summary / sizeof *summary, summary, out));
    parameter_names(study->model, text, names);
    RB_TRY(rb_page_comparison(study, out));
    (void)fputs("<p>How far the network is from the exact posterior, and where:</p>\n", out);
    RB_TRY(write_columns(study, RB_PRODUCT_EXACT, out, "parameter", study->model->dim, names,
                         parameters, sizeof parameters / sizeof *parameters));
    RB_TRY(write_distance_by_regime(study, out));
  }
cleanup:
  return status;
}
