#include <inttypes.h>
#include <stdio.h>

#include "rheobase/base/log.h"
#include "rheobase/parallel/agree.h"
#include "stage_file.h"

/* Time and rate of each part: in the file beside the provenance, since they differ from run to run.
 */
static rb_status write_times(rb_context *ctx, rb_file *file, const rb_baseline_report *r) {
  rb_status status = RB_OK;
  const struct {
    const char *name;
    double value;
  } rows[] = {{"features_s", r->features_s},
              {"gram_s", r->gram_s},
              {"gram_product_s", r->gram_product_s},
              {"solve_s", r->solve_s},
              {"validate_s", r->validate_s},
              {"matrix_bytes_per_rank", r->matrix_bytes},
              {"memory_bytes_per_rank", r->memory_bytes}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    RB_TRY(rb_file_set_double(ctx, file, "provenance/baseline", rows[i].name, rows[i].value));
  }
  RB_TRY(rb_file_set_int(ctx, file, "provenance/baseline", "grid_rows", r->grid_rows));
  RB_TRY(rb_file_set_int(ctx, file, "provenance/baseline", "grid_columns", r->grid_columns));
cleanup:
  return status;
}

/* Operations are those of the lower triangle of the Gram matrix; of the reduction to tridiagonal
 * form and the way back (4 n^3 / 3 + 2 n^3), or of a Cholesky factorisation (n^3 / 3). */
static void print(const rb_context *ctx, const rb_model *model, const rb_baseline_report *r,
                  bool by_eigenvalues) {
  const double n = (double)r->features, gram = 1e-9 * (double)r->simulations * n * n;
  const double solve = 1e-9 * n * n * n * (by_eigenvalues ? 10 : 1) / 3;
  rb_log_info(ctx,
              "baseline   %" PRId64 " features, %" PRId64
              " simulations, grid %d x %d, %.1f MB per "
              "matrix and rank",
              r->features, r->simulations, r->grid_rows, r->grid_columns, r->matrix_bytes / 1e6);
  rb_log_info(ctx,
              "baseline   features %.1f s, Gram matrix %.1f s (%.1f GFLOP/s, its products alone "
              "%.1f), solution %.1f s (%.1f GFLOP/s), validation %.1f s",
              r->features_s, r->gram_s, gram / r->gram_s, gram / r->gram_product_s, r->solve_s,
              solve / r->solve_s, r->validate_s);
  rb_log_info(ctx, "%-8s %-4s %10s %10s %12s %10s", "", "", "prior sd", "residual", "contraction",
              "penalty");
  for (int d = 0; d < model->dim; ++d) {
    const rb_quantity *p = &model->parameters[d];
    const double ratio = r->residual_sd[d] / r->prior_sd[d];
    rb_log_info(ctx, "%-8s %-4s %10.3f %10.3f %12.3f %10.1e", p->name, p->unit, r->prior_sd[d],
                r->residual_sd[d], 1 - ratio * ratio, r->penalty[d]);
  }
}

/* The input's settings with what they take from others. */
static rb_baseline_settings resolve(const rb_input *input) {
  rb_baseline_settings settings = input->baseline;
  if (settings.simulations == 0) settings.simulations = input->training.simulations;
  settings.validation = input->training.validation;
  return settings;
}

rb_status rb_check_baseline(rb_context *ctx, const rb_job *job) {
  const rb_baseline_settings settings = resolve(&job->input);
  return rb_agree(ctx, rb_baseline_check(ctx, &job->model, &settings));
}

rb_status rb_stage_baseline(rb_context *ctx, rb_job *job, const char *path) {
  rb_status status = RB_OK;
  rb_baseline *baseline = NULL;
  rb_file *file = NULL;
  const rb_baseline_settings settings = resolve(&job->input);
  RB_TRY(rb_baseline_fit(ctx, &job->model, &settings, (uint64_t)job->input.seed, &baseline));
  const rb_baseline_report *report = rb_baseline_get_report(baseline);
  RB_TRY(rb_product_create(ctx, RB_PRODUCT_BASELINE, path, &file));
  RB_TRY(rb_baseline_write(ctx, file, baseline));
  RB_TRY(write_times(ctx, file, report));
  RB_TRY(rb_stage_file_commit(ctx, job, &file));
  print(ctx, &job->model, report, settings.penalty == 0);
cleanup:
  rb_file_abort(ctx, &file);
  rb_baseline_destroy(baseline);
  return status;
}
