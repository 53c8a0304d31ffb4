#include "table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rheobase/base/memory.h"
#include "rheobase/base/quantile.h"

/* Times may be off even steps by this share of one. */
static const double MOST_OF_STEP = 0.1;
static const double FLOAT64_ROUNDING = 1e-13, FLOAT32_ROUNDING = 1.2e-7;
enum { DIGITS = 15, SINGLE_DIGITS = 4 };

void rb_offer_named(const char *name, rb_offer *offer) {
  const size_t length = strlen(name);
  const char *cut = NULL;
  *offer = (rb_offer){0};
  (void)snprintf(offer->name, sizeof offer->name, "%s", name);
  if (length > 2 && (name[length - 1] == ')' || name[length - 1] == ']')) {
    cut = strrchr(name, name[length - 1] == ')' ? '(' : '[');
    if (cut == NULL) return;
    (void)snprintf(offer->unit, sizeof offer->unit, "%.*s",
                   (int)(length - 2 - (size_t)(cut - name)), cut + 1);
    return;
  }
  for (const char *c = name; *c != '\0'; ++c) {
    if (strchr("_/ ", *c) != NULL) cut = c;
  }
  if (cut != NULL) (void)snprintf(offer->unit, sizeof offer->unit, "%s", cut + 1);
}

bool rb_offer_is_sample(const rb_offer *offer) {
  return strcasecmp(offer->name, "sample") == 0 || strcasecmp(offer->name, "samples") == 0 ||
         strcasecmp(offer->name, "index") == 0;
}

rb_status rb_named_columns_parse(rb_context *ctx, const char *list, rb_named_columns *named) {
  rb_status status = RB_OK;
  int by_name = 0;
  char *copy = strdup(list), *rest = copy;
  *named = (rb_named_columns){0};
  if (copy == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  for (char *piece = strsep(&rest, ","); piece != NULL; piece = strsep(&rest, ",")) {
    if (named->count == RB_MAX_NAMED) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE, "--columns %s: more than %d", list, RB_MAX_NAMED));
    }
    char *stored = piece;
    const char *name = strsep(&stored, "=");
    by_name += stored != NULL;
    rb_offer_named(name, &named->column[named->count].offer);
    (void)snprintf(named->column[named->count++].stored, RB_RECORDING_TEXT, "%s",
                   stored != NULL ? stored : "");
  }
  if (by_name != 0 && by_name != named->count) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE,
                   "--columns %s: give the columns in the order of the file, "
                   "time_ms,voltage_mV,current_pA, or all by name, voltage_mV=Vm,current_nA=Im",
                   list));
  }
  named->by_name = by_name > 0;
cleanup:
  free(copy);
  return status;
}

/* Replaces a number by that with the fewest digits that is no farther off than rounding explains.
 * @return false if none of up to `most` digits is */
static bool shorten(double *value, int most, double tolerance) {
  for (int digits = 1; digits <= most; ++digits) {
    char text[40];
    (void)snprintf(text, sizeof text, "%.*g", digits, *value);
    const double shorter = strtod(text, NULL);
    if (!(fabs(shorter - *value) <= tolerance)) continue;
    *value = shorter;
    return true;
  }
  return false;
}

/* The first sample that does not follow the one before as most do; 0: there is none. */
static rb_status find_jump(rb_context *ctx, const rb_times *times, int64_t *jump, double *usual) {
  rb_status status = RB_OK;
  const double *time = times->time_ms;
  const int64_t steps = times->samples - 1;
  double *apart = NULL;
  *jump = 0;
  RB_TRY(RB_ALLOCATE(ctx, apart, steps));
  for (int64_t i = 0; i < steps; ++i) apart[i] = time[i + 1] - time[i];
  *usual = rb_median(steps, apart);
  for (int64_t i = steps; i >= 1; --i) {
    if (!(fabs(time[i] - time[i - 1] - *usual) <= 2 * times->share * fabs(*usual))) *jump = i;
  }
cleanup:
  free(apart);
  return status;
}

/* Says where times leave even steps. @param i a sample that is far from `due` */
static rb_status refuse_times(rb_reading *r, const char *name, const rb_times *times, int64_t i,
                              double step) {
  rb_status status = RB_OK;
  const double *time = times->time_ms;
  int64_t jump = 0;
  double usual = 0;
  RB_TRY(find_jump(r->ctx, times, &jump, &usual));
  if (jump > 0) {
    RB_TRY(RB_READING_FAIL(r,
                           "%s: sample %lld is at %.15g ms, %.10g ms after the one before, where "
                           "others are %.10g ms apart; if the steps are even, give --interval-ms",
                           name, (long long)jump, time[jump], time[jump] - time[jump - 1], usual));
  }
  status = RB_READING_FAIL(r,
                           "%s: sample %lld is %.10g ms after the first where even steps of %.10g "
                           "ms lead to %.10g; if the steps are even, give --interval-ms",
                           name, (long long)i, time[i] - time[0], step, (double)i * step);
cleanup:
  return status;
}

/* The first sample that is farther from even steps than it may be; -1: none is. */
static int64_t find_uneven(const rb_times *times, double step) {
  const double *time = times->time_ms;
  for (int64_t i = 0; i < times->samples; ++i) {
    if (!(fabs(time[i] - (time[0] + (double)i * step)) <= times->share * fabs(step))) return i;
  }
  return -1;
}

/* The step between even times: the shortest number that rounding allows, else as it is.
 * @return the first sample that does not fit the shortest; -1: all fit `step` */
static int64_t find_step(const rb_times *times, double *step) {
  const double *time = times->time_ms;
  const int64_t steps = times->samples - 1;
  const double rounding = times->rounding_ms + FLOAT64_ROUNDING * fabs(time[steps]);
  const double coarse = FLOAT32_ROUNDING * (fabs(time[0]) + fabs(time[steps]));
  const double exact = (time[steps] - time[0]) / (double)steps;
  *step = exact;
  if (!times->single || !shorten(step, SINGLE_DIGITS, coarse / (double)steps)) {
    (void)shorten(step, DIGITS, rounding / (double)steps);
  }
  const int64_t off = find_uneven(times, *step);
  if (off < 0 || find_uneven(times, exact) >= 0) return off;
  *step = exact;
  return -1;
}

rb_status rb_even_times(rb_reading *r, const char *name, const rb_times *times, double *interval_ms,
                        double *start_ms) {
  const double *time = times->time_ms;
  const int64_t steps = times->samples - 1;
  if (steps < 1) return RB_READING_FAIL(r, "%s: has fewer than two samples", name);
  for (int64_t i = 0; i <= steps; ++i) {
    if (isfinite(time[i])) continue;
    return RB_READING_FAIL(r, "%s: the time of sample %lld is not a number", name, (long long)i);
  }
  double step = 0;
  const int64_t off = find_step(times, &step);
  if (off >= 0) return refuse_times(r, name, times, off, step);
  if (!(step > 0)) {
    return RB_READING_FAIL(r, "%s: its times, from %.10g to %.10g ms, do not increase", name,
                           time[0], time[steps]);
  }
  *interval_ms = step;
  *start_ms = time[0];
  return RB_OK;
}

/* Samples without those at the end that have no value, which are left out: their times may be none
 * either. */
static int64_t count_samples(const rb_table_sweep *table) {
  int64_t count = table->samples;
  for (int k = 0; k < 2; ++k) {
    const double *value = *table->value[k];
    while (value != NULL && count > 0 && isnan(value[count - 1])) --count;
  }
  return count;
}

/* Refuses numbers of samples with gaps. */
static rb_status check_numbers(rb_reading *r, const rb_table_sweep *table, int64_t samples) {
  for (int64_t i = 1; i < samples; ++i) {
    if (fabs(table->number[i] - table->number[i - 1] - 1) <= MOST_OF_STEP) continue;
    return RB_READING_FAIL(r, "sample number %.10g follows %.10g", table->number[i],
                           table->number[i - 1]);
  }
  return RB_OK;
}

rb_status rb_table_add(rb_reading *r, const rb_table_sweep *table) {
  rb_status status = RB_OK;
  rb_sweep *sweep = NULL;
  const bool current = *table->value[1] != NULL;
  RB_TRY(rb_reading_add(r, table->kind, &sweep));
  (void)snprintf(sweep->name, sizeof sweep->name, "sweep 0");
  (void)snprintf(sweep->current_source, sizeof sweep->current_source, current ? "column" : "");
  if (!current || *table->value[0] == NULL) {
    (void)snprintf(sweep->lacks, sizeof sweep->lacks, "no column is in %s",
                   current ? "volts" : "amperes");
  }
  sweep->samples = table->samples;
  const int64_t samples = count_samples(table);
  if (table->number != NULL) RB_TRY(check_numbers(r, table, samples));
  if (r->choice->interval_ms == 0) {
    const rb_times times = {samples, table->time_ms, table->rounding_ms, MOST_OF_STEP,
                            table->single};
    RB_TRY(rb_even_times(r, sweep->name, &times, &sweep->interval_ms, &sweep->start_ms));
  } else {
    sweep->start_ms = table->time_ms != NULL ? table->time_ms[0] : table->start_ms;
  }
  const int first = r->choice->interval_ms == 0 ? 0 : 1;  // with it columns of times do not matter
  for (int k = first; k < 3; ++k) {
    if (table->remark[k][0] != '\0') RB_TRY(rb_sweep_warn(r->ctx, sweep, "%s", table->remark[k]));
  }
  sweep->voltage_mV = *table->value[0];
  sweep->current_pA = *table->value[1];
  *table->value[0] = *table->value[1] = NULL;
cleanup:
  return status;
}
