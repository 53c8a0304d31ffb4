#include "calibration_internal.h"
#include "rheobase/analysis/diagnostic_type.h"

/* Its arrays. */
enum { ARRAY_OUTSIDE, ARRAY_OUTSIDE_ANY, ARRAYS };

static const rb_calibration_row rows[ARRAYS] = {
    [ARRAY_OUTSIDE] = {"outside",
                       RB_F64,
                       {RB_DIM_PARAMETER},
                       "1",
                       "share of draws outside the prior's range of the parameter"},
    [ARRAY_OUTSIDE_ANY] =
        {"outside_any", RB_F64, {RB_DIM_NONE}, "1", "share of draws outside the prior's support"},
};

static rb_status sum_outside(rb_summing *s) {
  int64_t count[RB_MAX_PARAMETERS + 1] = {0};
  for (int64_t i = 0; i < s->rows; ++i) {
    const int32_t *outside = rb_summing_at(s, RB_RECORD_OUTSIDE, i);
    for (int d = 0; d <= s->D; ++d) count[d] += outside[d];
  }
  rb_summing_add(s, s->D + 1, count);
  const double all = (double)s->N * (double)s->S;
  for (int d = 0; d < s->D; ++d) {
    rb_summing_values(s, ARRAY_OUTSIDE)[d] = (double)count[d] / all;
  }
  *rb_summing_values(s, ARRAY_OUTSIDE_ANY) = (double)count[s->D] / all;
  return RB_OK;
}

static const rb_diagnostic_column columns[] = {
    {.table = RB_TABLE_PARAMETERS,
     .set = "diagnostics",
     .row = &rows[ARRAY_OUTSIDE],
     .title = "outside",
     .html = "outside the prior",
     .format = "%*.2g",
     .digits = 2,
     .warn = RB_WARN_ABOVE_5_PERCENT},
};

const rb_diagnostic rb_diagnostic_outside = {.row = rows,
                                             .rows = ARRAYS,
                                             .compute = sum_outside,
                                             .column = columns,
                                             .columns = sizeof columns / sizeof *columns};
