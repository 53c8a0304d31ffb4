#include <stdio.h>
#include <string.h>

#include "formats.h"
#include "rheobase/base/memory.h"
#include "rheobase/io/unit.h"

/* Igor binary waves, versions 2 and 5: one wave a file, so potential and current are two files. */

/* Where a version keeps what. */
typedef struct layout {
  int version;
  const char *kind;
  int64_t header;  // bytes before the data
  int64_t type, points, name, name_length, step, start, data_unit, x_unit;
  int64_t dimensions;     // four int32; 0: there is one dimension
  int64_t note, formula;  // sizes of the note and of what lies before it; 0: nothing does
  int64_t padding;        // between data and note
} layout;

static const layout layouts[] = {{.version = 2,
                                  .kind = "ibw2",
                                  .header = 126,
                                  .type = 16,
                                  .points = 58,
                                  .name = 22,
                                  .name_length = 20,
                                  .step = 64,
                                  .start = 72,
                                  .data_unit = 50,
                                  .x_unit = 54,
                                  .note = 6,
                                  .padding = 16},
                                 {.version = 5,
                                  .kind = "ibw5",
                                  .header = 384,
                                  .type = 80,
                                  .points = 76,
                                  .name = 92,
                                  .name_length = 32,
                                  .step = 148,
                                  .start = 180,
                                  .data_unit = 212,
                                  .x_unit = 216,
                                  .dimensions = 132,
                                  .note = 12,
                                  .formula = 8}};
enum { LAYOUTS = sizeof layouts / sizeof *layouts, UNSIGNED = 64, COMPLEX = 1, UNIT_LENGTH = 4 };

/* The types of numbers. */
static const struct type {
  int code;
  rb_number number;
} types[] = {{2, RB_NUMBER_F32},  {4, RB_NUMBER_F64},
             {8, RB_NUMBER_I8},   {8 | UNSIGNED, RB_NUMBER_U8},
             {16, RB_NUMBER_I16}, {16 | UNSIGNED, RB_NUMBER_U16},
             {32, RB_NUMBER_I32}, {32 | UNSIGNED, RB_NUMBER_U32}};
enum { TYPES = sizeof types / sizeof *types };

static const layout *find_layout(const rb_bytes *head, bool *big_endian) {
  for (int k = 0; k < 2 * LAYOUTS && head->size >= 2; ++k) {
    const layout *l = &layouts[k / 2];
    *big_endian = k % 2 == 1;
    if (head->data[*big_endian ? 1 : 0] == l->version && head->data[*big_endian ? 0 : 1] == 0) {
      return l;
    }
  }
  return NULL;
}

bool rb_is_igor(const rb_bytes *head) {
  bool big_endian = false;
  return find_layout(head, &big_endian) != NULL;
}

/* Refuses what is no vector of real numbers within the file. */
static rb_status check_wave(rb_reading *r, rb_bytes *b, const layout *l, rb_number *number,
                            int64_t *points) {
  const int16_t code = rb_bytes_i16(b, l->type);
  const struct type *type = types;
  *points = rb_bytes_i32(b, l->points);
  if (!rb_bytes_hold(b, 0, l->header, 1)) return RB_READING_FAIL(r, "the header is incomplete");
  if (code == 0) return RB_READING_FAIL(r, "is a wave of text, not of numbers");
  if ((code & COMPLEX) != 0) return RB_READING_FAIL(r, "is a wave of complex numbers");
  while (type < types + TYPES && type->code != code) ++type;
  if (type == types + TYPES) return RB_READING_FAIL(r, "has numbers of the unknown type %d", code);
  if (l->dimensions != 0 && rb_bytes_i32(b, l->dimensions + 4) != 0) {
    return RB_READING_FAIL(r, "is a wave of several dimensions");
  }
  const int64_t size = rb_number_size(type->number);
  const int64_t end = l->header + *points * size + l->padding;
  const int64_t before = l->formula != 0 ? rb_bytes_i32(b, l->formula) : 0;
  const int64_t note = rb_bytes_i32(b, l->note);
  if (*points < 0 || !rb_bytes_hold(b, l->header, *points, size) || before < 0 || note < 0 ||
      (note > 0 && !rb_bytes_hold(b, end + before, note, 1))) {
    return RB_READING_FAIL(r,
                           "is said to have %lld samples and a note of %lld bytes, which is more "
                           "than its %lld bytes hold: it is damaged or incomplete",
                           (long long)*points, (long long)note, (long long)b->size);
  }
  *number = type->number;
  return RB_OK;
}

static bool sum_is_right(rb_bytes *b, const layout *l) {
  uint16_t sum = 0;
  for (int64_t at = 0; at < l->header; at += 2) sum = (uint16_t)(sum + rb_bytes_u16(b, at));
  return sum == 0;
}

/* Times of the samples, in ms. */
static rb_status take_times(rb_reading *r, rb_bytes *b, const layout *l, rb_sweep *sweep) {
  char unit[RB_UNIT_TEXT];
  int exponent = 0;
  rb_bytes_text(b, l->x_unit, UNIT_LENGTH, unit, sizeof unit);
  const bool none = unit[0] == '\0';
  if (!rb_unit_exponent(none ? "s" : unit, "ms", &exponent)) {
    if (r->choice->interval_ms > 0) return RB_OK;  // the axis is not looked at
    return RB_READING_FAIL(r, "the x axis is in '%s', not in a unit of time", unit);
  }
  sweep->interval_ms = rb_unit_scale(rb_bytes_f64(b, l->step), exponent);
  sweep->start_ms = rb_unit_scale(rb_bytes_f64(b, l->start), exponent);
  return none ? rb_sweep_warn(r->ctx, sweep, "x scale without a unit: seconds assumed") : RB_OK;
}

/* Potential or current, as the unit says. */
static rb_status take_values(rb_reading *r, rb_bytes *b, const layout *l, rb_number number,
                             rb_sweep *sweep) {
  rb_offer wave = {0};
  int exponent = 0;
  rb_bytes_text(b, l->data_unit, UNIT_LENGTH, wave.unit, sizeof wave.unit);
  (void)snprintf(wave.name, sizeof wave.name, "%s", sweep->name);
  rb_reading_unit(r, wave.unit);
  const bool voltage = rb_unit_exponent(wave.unit, "mV", &exponent);
  if (!voltage && !rb_unit_exponent(wave.unit, "pA", &exponent)) {
    return RB_READING_FAIL(
        r,
        "the wave %s is in '%s', neither a potential nor a current; if it has no "
        "unit, give --units",
        sweep->name, wave.unit);
  }
  double *value = NULL;
  const rb_status status = RB_ALLOCATE(r->ctx, value, sweep->samples);
  if (status != RB_OK) return status;
  rb_bytes_numbers(b, l->header, number, sweep->samples, rb_number_size(number), value);
  rb_trace_scale(sweep->samples, exponent, value);
  if (voltage) {
    sweep->voltage_mV = value;
    (void)snprintf(sweep->lacks, sizeof sweep->lacks,
                   "an Igor wave is one trace: give the wave of the current too");
  } else {
    sweep->current_pA = value;
    (void)snprintf(sweep->current_source, sizeof sweep->current_source, "measured: %s",
                   sweep->name);
    (void)snprintf(sweep->lacks, sizeof sweep->lacks,
                   "an Igor wave is one trace: give the wave of the potential too");
  }
  return RB_OK;
}

rb_status rb_read_igor(rb_reading *r) {
  rb_status status = RB_OK;
  rb_bytes bytes = {0};
  rb_sweep *sweep = NULL;
  rb_number number = RB_NUMBER_F32;
  int64_t points = 0;
  RB_TRY(rb_bytes_read(r->ctx, r->path, &bytes));
  const layout *l = find_layout(&bytes, &bytes.big_endian);
  if (l == NULL) RB_TRY(RB_READING_FAIL(r, "is no Igor wave any more"));
  RB_TRY(check_wave(r, &bytes, l, &number, &points));
  RB_TRY(rb_reading_add(r, l->kind, &sweep));
  rb_bytes_text(&bytes, l->name, l->name_length, sweep->name, sizeof sweep->name);
  sweep->samples = points;
  RB_TRY(take_times(r, &bytes, l, sweep));
  if (!sum_is_right(&bytes, l)) {
    RB_TRY(rb_sweep_warn(r->ctx, sweep, "the wave's checksum is wrong"));
  }
  RB_TRY(take_values(r, &bytes, l, number, sweep));
cleanup:
  free(bytes.data);
  return status;
}
