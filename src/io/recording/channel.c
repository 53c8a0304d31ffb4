#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats.h"
#include "rheobase/io/unit.h"

/* Which of a file's channels are potential and current: their units say, never their names. */

/* "stim in V, Vm in mV" of the channels, as far as there is room. */
static void list_channels(int count, const rb_offer *offer, const char *unit, bool matching,
                          char *text, size_t size) {
  size_t used = 0;
  int exponent = 0;
  text[0] = '\0';
  for (int i = 0; i < count && used + 1 < size; ++i) {
    if (matching && !rb_unit_exponent(offer[i].unit, unit, &exponent)) continue;
    const char *in = offer[i].unit[0] != '\0' ? " in " : " without a unit";
    used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", used > 0 ? ", " : "",
                             offer[i].name, in, offer[i].unit);
  }
}

/* The channel that is called, or has the number, `wanted`; -1: none. */
static int find_wanted(int count, const rb_offer *offer, const char *wanted) {
  char *end = NULL;
  for (int i = 0; i < count; ++i) {
    if (strcmp(offer[i].name, wanted) == 0) return i;
  }
  const long number = strtol(wanted, &end, 10);
  return *end == '\0' && number >= 0 && number < count ? (int)number : -1;
}

rb_status rb_channel_choose(rb_reading *r, int count, const rb_offer *offer,
                            const rb_sought *sought, int *index, int *exponent, char *remark) {
  char listed[RB_RECORDING_TEXT];
  int found = 0, other = 0;
  *index = -1;
  *exponent = 0;
  remark[0] = '\0';
  if (sought->wanted != NULL) {
    if (sought->used != NULL) *sought->used = true;
    *index = find_wanted(count, offer, sought->wanted);
    if (*index >= 0 && rb_unit_exponent(offer[*index].unit, sought->unit, exponent)) return RB_OK;
    list_channels(count, offer, sought->unit, false, listed, sizeof listed);
    return RB_FAIL(r->ctx, RB_ERR_USAGE, "%s: has no channel %s in %s (but %s)", r->path,
                   sought->wanted, sought->what, listed);
  }
  for (int i = count - 1; i >= 0; --i) {
    if (!rb_unit_exponent(offer[i].unit, sought->unit, &other)) continue;
    *index = i;
    *exponent = other;
    ++found;
  }
  if (found > 1) {
    list_channels(count, offer, sought->unit, true, listed, sizeof listed);
    (void)snprintf(remark, 2 * RB_RECORDING_TEXT, "several channels in %s: %s; the first is taken",
                   sought->what, listed);
  }
  return RB_OK;
}

void rb_trace_scale(int64_t samples, int exponent, double *value) {
  for (int64_t i = 0; i < samples; ++i) value[i] = rb_unit_scale(value[i], exponent);
}

void rb_channel_none(int count, const rb_offer *offer, char *why) {
  char listed[RB_RECORDING_TEXT];
  list_channels(count, offer, "", false, listed, sizeof listed);
  (void)snprintf(why, 2 * RB_RECORDING_TEXT,
                 "no channel in volts (%s): a recording under voltage clamp, or without units",
                 listed);
}

void rb_reading_unit(rb_reading *r, char *unit) {
  const char *rest = r->choice->units;
  if (unit[0] != '\0' || rest == NULL) return;
  for (int64_t k = 0; k < r->recording->unitless && rest != NULL; ++k) {
    rest = strchr(rest, ',');
    if (rest != NULL) ++rest;
  }
  ++r->recording->unitless;
  if (rest != NULL) (void)snprintf(unit, RB_UNIT_TEXT, "%.*s", (int)strcspn(rest, ","), rest);
}
