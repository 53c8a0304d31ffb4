#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text_rows.h"
#include "formats.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/unit.h"
#include "table.h"

/* Recordings as text: columns whose units a header tells, in the names ("time_ms", "Vm (mV)"), as a
 * line of units, or as a unit a line; or columns the user names. */

enum { MOST_SAMPLES = 100000000, TIME = 0, VOLTAGE = 1, CURRENT = 2, ROLES = 3 };

/* A text while it is read. */
typedef struct text {
  rb_reading *r;
  rb_rows rows;
  int columns;
  int names;  // that the header has; 0: none
  rb_offer column[RB_MAX_FIELDS];
  char unit[RB_MAX_FIELDS][RB_UNIT_TEXT];  // that lines of units alone give them
  int units;                               // given so
  int place[ROLES], exponent[ROLES];       // -1: is not there
  bool numbered;                           // the first role is a sample number
  char remark[ROLES][2 * RB_RECORDING_TEXT];
  double *value[ROLES];
  int64_t samples;
  double rounding_ms;  // of the times
} text;

static bool is_unit(const char *field) {
  int exponent = 0;
  return rb_unit_exponent(field, "V", &exponent) || rb_unit_exponent(field, "A", &exponent) ||
         rb_unit_exponent(field, "s", &exponent);
}

/* Fields of a row without the empty ones at its end, which a separator there makes. */
static int used_fields(const rb_rows *rows) {
  int used = rows->fields;
  while (used > 0 && rows->field[used - 1][0] == '\0') --used;
  return used;
}

/* Takes units of the columns that follow those whose units are known already. */
static void take_units(text *t) {
  for (int i = 0; i < t->rows.fields && t->units < RB_MAX_FIELDS; ++i) {
    char *unit = t->unit[t->units];
    (void)snprintf(unit, RB_UNIT_TEXT, "%s", t->rows.field[i]);
    memcpy(t->column[t->units++].unit, unit, RB_UNIT_TEXT);
  }
}

/* Takes names. Those of an earlier line, with the units in them, were of something else. */
static void take_names(text *t) {
  if (used_fields(&t->rows) == 0) return;  // nothing but separators
  memset(t->column, 0, sizeof t->column);
  for (int i = 0; i < t->rows.fields; ++i) {
    rb_offer_named(t->rows.field[i], &t->column[i]);
    if (!is_unit(t->column[i].unit)) memcpy(t->column[i].unit, t->unit[i], RB_UNIT_TEXT);
  }
  t->names = used_fields(&t->rows);
}

/* Takes a line of the header: names, or nothing but units. */
static void take_header(text *t) {
  bool all = true;
  for (int i = 0; i < t->rows.fields; ++i) all = all && is_unit(t->rows.field[i]);
  if (all) {
    take_units(t);
  } else {
    take_names(t);
  }
}

/* Compares the names with the first row. Names of a comment that do not fit were none. */
static void match_names(text *t, bool of_comment) {
  const int used = used_fields(&t->rows);
  t->columns = t->rows.fields;
  if (t->names == used || t->names == t->columns) {
    t->names = t->columns;
  } else if (of_comment && t->names > 0) {
    memset(t->column, 0, sizeof t->column);
    for (int i = 0; i < t->units; ++i) memcpy(t->column[i].unit, t->unit[i], RB_UNIT_TEXT);
    t->names = 0;
  }
}

/* Reads the lines before the numbers; the first numbers are in the rows' fields then. */
static rb_status read_header(text *t) {
  rb_status status = RB_OK;
  bool more = false, of_comment = false;
  for (;;) {
    RB_TRY(rb_rows_next(&t->rows, &more));
    if (!more) RB_TRY(RB_READING_FAIL(t->r, "holds no numbers"));
    if (t->rows.line == 1 && strncmp(t->rows.text, "ATF", 3) == 0) {
      RB_TRY(RB_READING_FAIL(t->r,
                             "is an Axon text file: delete the lines before the names of its "
                             "columns"));
    }
    const bool numbers = rb_text_begins_with_number(t->rows.text);
    if (numbers && t->names == 0 && t->rows.comment != NULL) {  // as numpy.savetxt writes it
      t->rows.separator = rb_rows_separator(t->rows.comment);
      RB_TRY(rb_rows_split(&t->rows, t->rows.comment));
      take_header(t);
      of_comment = true;
    }
    t->rows.separator = rb_rows_separator(t->rows.text);
    RB_TRY(rb_rows_split(&t->rows, t->rows.text));
    if (numbers) break;
    take_header(t);
  }
  match_names(t, of_comment);
  if (t->units > 0 && t->units != t->columns) {
    RB_TRY(RB_READING_FAIL(t->r, "the header has %d units for %d columns", t->units, t->columns));
  }
  if (t->units > 0) t->names = t->columns;  // what is where is known
cleanup:
  return status;
}

/* Where the i-th column that the user names is. */
static rb_status find_named(const text *t, const rb_named_columns *named, int i, int *place) {
  const char *stored = named->column[i].stored;
  int found = 0;
  *place = i;
  if (!named->by_name) return RB_OK;
  for (int k = t->columns - 1; k >= 0; --k) {
    if (strcmp(t->column[k].name, stored) != 0) continue;
    *place = k;
    ++found;
  }
  if (found == 1) return RB_OK;
  return RB_FAIL(t->r->ctx, RB_ERR_USAGE, "%s: has %s %s", t->r->path,
                 found == 0 ? "no column" : "several columns", stored);
}

/* Refuses names that may be of other columns. */
static rb_status check_names(const text *t) {
  if (t->names == 0 || t->names == t->columns) return RB_OK;
  return RB_READING_FAIL(t->r,
                         "the header has %d names for %d columns: say what these are, --columns "
                         "time_ms,voltage_mV,current_pA; other names are ignored",
                         t->names, t->columns);
}

/* Columns get the names and units that the user gives them. Others that measure the same are
 * forgotten: what the user names is meant, wherever it stands. @param place of each named one */
static void take_named(text *t, const rb_named_columns *named, const int *place) {
  int unused = 0;
  for (int i = 0; i < t->columns; ++i) {
    char *unit = t->column[i].unit;
    for (int k = 0; k < named->count; ++k) {
      if (rb_unit_exponent(unit, named->column[k].offer.unit, &unused)) unit[0] = '\0';
    }
  }
  for (int k = 0; k < named->count; ++k) t->column[place[k]] = named->column[k].offer;
}

/* What the user says of the columns: "sample,current_pA,voltage_mV", or "voltage_mV=Vm". */
static rb_status apply_choice(text *t) {
  rb_status status = RB_OK;
  rb_named_columns named;
  int place[RB_MAX_NAMED];  // found before any gets its new name
  if (t->r->choice->columns == NULL) return check_names(t);
  t->r->recording->use.columns = true;
  RB_TRY(rb_named_columns_parse(t->r->ctx, t->r->choice->columns, &named));
  if (named.by_name) RB_TRY(check_names(t));
  if (!named.by_name && named.count != t->columns) {
    RB_TRY(RB_FAIL(t->r->ctx, RB_ERR_USAGE, "%s: has %d columns where --columns has %d", t->r->path,
                   t->columns, named.count));
  }
  for (int i = 0; i < named.count; ++i) {
    RB_TRY(find_named(t, &named, i, &place[i]));
    for (int k = 0; k < i; ++k) {
      if (place[k] != place[i]) continue;
      RB_TRY(RB_FAIL(t->r->ctx, RB_ERR_USAGE, "--columns %s: names column %s twice",
                     t->r->choice->columns, named.column[i].stored));
    }
  }
  take_named(t, &named, place);
cleanup:
  return status;
}

/* Finds time (or sample number), potential and current. */
static rb_status find_roles(text *t) {
  rb_status status = RB_OK;
  rb_reading *r = t->r;
  const rb_sought sought[ROLES] = {
      {"seconds", "ms", NULL, NULL},
      {"volts", "mV", r->choice->voltage, &r->recording->use.voltage},
      {"amperes", "pA", r->choice->current, &r->recording->use.current}};
  for (int k = 0; k < ROLES; ++k) {
    RB_TRY(rb_channel_choose(r, t->columns, t->column, &sought[k], &t->place[k], &t->exponent[k],
                             t->remark[k]));
  }
  for (int i = 0; i < t->columns && t->place[TIME] < 0; ++i) {
    t->numbered = rb_offer_is_sample(&t->column[i]);
    if (t->numbered) t->place[TIME] = i;
  }
  if (t->place[VOLTAGE] < 0 && t->place[CURRENT] < 0) {
    RB_TRY(RB_READING_FAIL(r,
                           "no column is known to be in volts or amperes: name the columns with "
                           "their units, --columns time_ms,voltage_mV,current_pA"));
  }
  if (r->choice->interval_ms == 0 && (t->place[TIME] < 0 || t->numbered)) {
    RB_TRY(
        RB_READING_FAIL(r, "has no column of times: give the time between samples, --interval-ms"));
  }
cleanup:
  return status;
}

/* Zeros at the end of a number may have been left out: the finest one tells. With an exponent the
 * last one does, which is the coarsest. */
static void take_rounding(text *t, const char *field) {
  const double rounding = rb_unit_scale(rb_text_rounding(field), t->exponent[TIME]);
  const bool finer = t->samples == 0 || rounding < t->rounding_ms;
  if (finer || strpbrk(field, "eE") != NULL) t->rounding_ms = rounding;
}

static rb_status take_row(text *t) {
  if (t->rows.fields != t->columns) {
    return RB_ROWS_FAIL(&t->rows, "has %d columns where others have %d", t->rows.fields,
                        t->columns);
  }
  for (int k = 0; k < ROLES; ++k) {
    if (t->place[k] < 0) continue;
    const char *field = t->rows.field[t->place[k]];
    if (k == TIME && !t->numbered && t->r->choice->interval_ms > 0) {  // are not looked at
      const double time = rb_text_is_number(field) ? strtod(field, NULL) : NAN;
      t->value[k][t->samples] = rb_unit_scale(time, t->exponent[k]);
      continue;
    }
    if (*field == '\0') {
      return RB_ROWS_FAIL(&t->rows, "a number is missing in column %d", t->place[k] + 1);
    }
    if (!rb_text_is_number(field)) {
      return RB_ROWS_FAIL(
          &t->rows, "'%.40s' is not a number%s", field,
          rb_text_has_decimal_comma(field) ? " (write a decimal point, not a comma)" : "");
    }
    t->value[k][t->samples] = rb_unit_scale(strtod(field, NULL), t->exponent[k]);
    if (k == TIME) take_rounding(t, field);
  }
  ++t->samples;
  return RB_OK;
}

static rb_status read_rows(text *t, int64_t lines) {
  rb_status status = RB_OK;
  bool more = true;
  if (lines > MOST_SAMPLES) {
    RB_TRY(RB_READING_FAIL(t->r, "has more than %d lines", MOST_SAMPLES));
  }
  for (int k = 0; k < ROLES; ++k) {
    if (t->place[k] >= 0) RB_TRY(RB_ALLOCATE(t->r->ctx, t->value[k], lines));
  }
  while (more) {
    RB_TRY(take_row(t));
    RB_TRY(rb_rows_next(&t->rows, &more));
    if (more) RB_TRY(rb_rows_split(&t->rows, t->rows.text));
  }
cleanup:
  return status;
}

rb_status rb_read_text_recording(rb_reading *r) {
  rb_status status = RB_OK;
  text *t = NULL;
  RB_TRY(RB_ALLOCATE(r->ctx, t, 1));
  t->r = r;
  RB_TRY(rb_rows_open(r->ctx, r->path, &t->rows));
  const int64_t lines = rb_rows_count(&t->rows);
  RB_TRY(read_header(t));
  RB_TRY(apply_choice(t));
  RB_TRY(find_roles(t));
  RB_TRY(read_rows(t, lines));
  const rb_table_sweep table = {.kind = "text",
                                .samples = t->samples,
                                .time_ms = t->numbered ? NULL : t->value[TIME],
                                .number = t->numbered ? t->value[TIME] : NULL,
                                .rounding_ms = 2 * t->rounding_ms,
                                .single = true,
                                .value = {&t->value[VOLTAGE], &t->value[CURRENT]},
                                .remark = {t->remark[0], t->remark[1], t->remark[2]}};
  RB_TRY(rb_table_add(r, &table));
cleanup:
  if (t != NULL) {
    for (int k = 0; k < ROLES; ++k) free(t->value[k]);
    rb_rows_close(&t->rows);
  }
  free(t);
  return status;
}
