#include "coverage_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rheobase/analysis/recovery.h"
#include "rheobase/base/log.h"

/* The levels shown: about a half, and about 95%. */
enum { SHOWN = 2, KINDS = 2, LINE = 256 };
static const int shown[SHOWN] = {10, 18};

/* What is printed, of all levels. */
typedef struct coverage {
  double level[RB_LEVELS], densest[RB_LEVELS], tarp[RB_LEVELS];
  double low[KINDS][RB_LEVELS], high[KINDS][RB_LEVELS];
  void *inside[KINDS];  // (RB_LEVELS, D) doubles
} coverage;

static rb_status read_coverage(rb_context *ctx, const rb_file *file, int64_t D, coverage *c) {
  const struct {
    const char *path;
    double *value;
  } rows[] = {{"level", c->level},
              {"diagnostics/coverage/densest", c->densest},
              {"diagnostics/coverage/tarp", c->tarp},
              {"diagnostics/coverage/central_low", c->low[0]},
              {"diagnostics/coverage/central_high", c->high[0]},
              {"diagnostics/coverage/exact_low", c->low[1]},
              {"diagnostics/coverage/exact_high", c->high[1]}};
  static const char *const inside[KINDS] = {"diagnostics/coverage/central",
                                            "diagnostics/coverage/hpd"};
  rb_status status = RB_OK;
  const int64_t levels = RB_LEVELS;
  for (size_t k = 0; k < sizeof rows / sizeof *rows; ++k) {
    RB_TRY(rb_file_read(ctx, file, rows[k].path, RB_F64, false, 1, &levels, rows[k].value));
  }
  for (int k = 0; k < KINDS; ++k) {
    int64_t shape[2];
    RB_TRY(rb_file_read_new(ctx, file, inside[k], RB_F64, false, 2, shape, &c->inside[k]));
    if (shape[0] != levels || shape[1] != D) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%s: not one value per level and parameter", inside[k]));
    }
  }
cleanup:
  return status;
}

static void print_bands(const rb_context *ctx, const coverage *c) {
  char line[LINE];
  int used = snprintf(line, sizeof line, "%-12s", "95% band");
  for (int k = 0; k < KINDS; ++k) {
    for (int i = 0; i < SHOWN; ++i) {
      char band[32];
      (void)snprintf(band, sizeof band, "%.3f..%.3f", c->low[k][shown[i]], c->high[k][shown[i]]);
      used += snprintf(line + used, sizeof line - (size_t)used, "%16s", band);
    }
  }
  rb_log_info(ctx, "%s", line);
}

/* The region of the whole space that the posterior itself, or TARP, would call this likely. */
static void print_joint(const rb_context *ctx, const char *name, const double *inside) {
  if (isnan(inside[0])) return;  // a posterior without a log density
  rb_log_info(ctx, "%-12s%16s%16s%16.3f%16.3f", name, "", "", inside[shown[0]], inside[shown[1]]);
}

rb_status rb_print_coverage(rb_context *ctx, const rb_file *file, int64_t D,
                            const char *const *names) {
  rb_status status = RB_OK;
  coverage c = {0};
  RB_TRY(read_coverage(ctx, file, D, &c));
  rb_log_info(ctx, "%-12s%10s %.3f%10s %.3f%10s %.3f%10s %.3f", "truths in", "central",
              c.level[shown[0]], "central", c.level[shown[1]], "densest", c.level[shown[0]],
              "densest", c.level[shown[1]]);
  for (int64_t d = 0; d < D; ++d) {
    const double *central = (const double *)c.inside[0] + d;
    const double *densest = (const double *)c.inside[1] + d;
    rb_log_info(ctx, "%-12.12s%16.3f%16.3f%16.3f%16.3f", names[d], central[shown[0] * D],
                central[shown[1] * D], densest[shown[0] * D], densest[shown[1] * D]);
  }
  print_joint(ctx, "all together", c.densest);
  print_joint(ctx, "TARP", c.tarp);
  print_bands(ctx, &c);
cleanup:
  for (int k = 0; k < KINDS; ++k) free(c.inside[k]);
  return status;
}
