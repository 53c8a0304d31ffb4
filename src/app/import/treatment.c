#include "treatment.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A number of the command line. */
static const struct number {
  const char *option, *unit;
  size_t text, value;  // where it is said, where it goes
  double least;
  bool positive;  // more than `least`
} numbers[] = {
#define ROW_OF(option, unit, text, value, least, positive) \
  { option, unit, offsetof(rb_arguments, text), offsetof(rb_import_choice, value), least, positive }
    ROW_OF("--interval-ms", "ms", interval, files.interval_ms, 0, true),
    ROW_OF("--from", "ms", recording.from, treatment.stepping.from_ms, 0, false),
    ROW_OF("--to", "ms", recording.to, treatment.stepping.to_ms, 0, true),
    ROW_OF("--dt", "ms", recording.dt, treatment.stepping.dt_ms, 0, true),
    ROW_OF("--tref", "ms", recording.tref, treatment.stepping.tref_ms, 0, false),
    ROW_OF("--junction-potential", "mV", recording.junction_potential,
           treatment.correction.junction_potential_mV, -INFINITY, false),
    ROW_OF("--current-offset", "pA", recording.current_offset,
           treatment.correction.current_offset_pA, -INFINITY, false),
    ROW_OF("--delay", "ms", recording.delay, treatment.correction.delay_ms, -INFINITY, false),
    ROW_OF("--threshold", "mV", recording.threshold, treatment.rule.threshold_mV, -INFINITY, false),
    ROW_OF("--rearm", "mV", recording.rearm, treatment.rule.rearm_mV, 0, false),
    ROW_OF("--dead", "ms", recording.dead, treatment.rule.dead_ms, 0, false),
    ROW_OF("--onset-slope", "mV/ms", recording.onset_slope, treatment.rule.onset_slope_mV_per_ms, 0,
           false),
    ROW_OF("--onset-back", "ms", recording.onset_back, treatment.rule.onset_back_ms, 0, false),
    ROW_OF("--slope-width", "ms", recording.slope_width, treatment.rule.slope_width_ms, 0, false),
#undef ROW_OF
};

static rb_status read_number(rb_context *ctx, const struct number *n, const char *text,
                             double *value) {
  char *end = NULL;
  *value = strtod(text, &end);
  if (end != text && *end == '\0' && isfinite(*value) &&
      (n->positive ? *value > n->least : *value >= n->least)) {
    return RB_OK;
  }
  const char *limit = !isfinite(n->least) ? "" : n->positive ? " above 0" : ", 0 or more";
  return RB_FAIL(ctx, RB_ERR_USAGE, "%s %s: give a number in %s%s", n->option, text, n->unit,
                 limit);
}

/* One resistance, or three of the current at the next, the same and the last sample. */
static rb_status read_resistance(rb_context *ctx, const char *text, rb_import_choice *choice) {
  double tap[RB_TAPS] = {0};
  int count = 0;
  bool good = true;
  choice->estimate = strcmp(text, "estimate") == 0;
  if (choice->estimate) return RB_OK;
  for (const char *rest = text; good;) {
    char *end = NULL;
    const double value = strtod(rest, &end);
    good = count < RB_TAPS && end != rest && isfinite(value);
    if (!good) break;
    tap[count++] = value;
    if (*end == '\0') break;
    good = *end == ',';
    rest = end + 1;
  }
  if (!good || (count != 1 && count != RB_TAPS)) {
    return RB_FAIL(ctx, RB_ERR_USAGE,
                   "--series-resistance %s: give one number in MOhm, or three, of the current at "
                   "the next, the same and the last sample, such as 4,7.5,3.5, or estimate",
                   text);
  }
  if (count == 1) {
    choice->treatment.correction.tap_MOhm[1] = tap[0];
  } else {
    memcpy(choice->treatment.correction.tap_MOhm, tap, sizeof tap);
  }
  return RB_OK;
}

rb_status rb_import_choice_read(rb_context *ctx, const rb_arguments *arguments,
                                rb_import_choice *choice) {
  rb_status status = RB_OK;
  const rb_recording_arguments *said = &arguments->recording;
  *choice = (rb_import_choice){
      .files = {.columns = said->columns,
                .units = said->units,
                .voltage = said->voltage,
                .current = said->current},
      .treatment = {.rule = rb_spike_rule_default, .stepping = {.to_ms = INFINITY, .tref_ms = 2}}};
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; ++k) {
    const struct number *n = &numbers[k];
    const char *text = *(const char *const *)((const char *)arguments + n->text);
    if (text == NULL) continue;
    RB_TRY(read_number(ctx, n, text, (double *)((char *)choice + n->value)));
  }
  const rb_stepping *window = &choice->treatment.stepping;
  if (window->to_ms <= window->from_ms) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE, "--from %s --to %s: the window ends before it begins",
                   said->from != NULL ? said->from : "0", said->to));
  }
  if (said->series_resistance != NULL && said->electrode != NULL) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE,
                   "--electrode and --series-resistance are two ways to say the same: give one"));
  }
  if (said->series_resistance != NULL) {
    RB_TRY(read_resistance(ctx, said->series_resistance, choice));
  }
cleanup:
  return status;
}
