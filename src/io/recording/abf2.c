#include <string.h>

#include "abf.h"

/* ABF 2: sections whose places and sizes of entries a short header tells; entries grow between
 * versions. */

enum { BLOCK = 512, SECTION_STRINGS_HEADER = 44, MAX_CHANNEL_ENTRIES = RB_ABF_MAX_CHANNELS };

typedef struct section {
  int64_t at, size, entries;  // in bytes; size of an entry
} section;

static section take_section(rb_bytes *b, int64_t at) {
  return (section){(int64_t)BLOCK * rb_bytes_u32(b, at), rb_bytes_u32(b, at + 4),
                   rb_bytes_i64(b, at + 8)};
}

/* Whether the whole section lies in the file. */
static bool holds(const rb_bytes *b, const section *s) {
  return s->entries == 0 || (s->size > 0 && rb_bytes_hold(b, s->at, s->entries, s->size));
}

bool rb_is_abf2(const rb_bytes *head) {
  return head->size >= 4 && memcmp(head->data, "ABF2", 4) == 0;
}

/* The string of that number, from 1; "" for 0. */
static void take_string(rb_bytes *b, const section *strings, int32_t number, char *text,
                        size_t size) {
  const int64_t end = strings->at + strings->entries * strings->size;
  int64_t at = strings->at + SECTION_STRINGS_HEADER;
  text[0] = '\0';
  if (number < 1) return;
  for (; number > 1 && at < end; ++at) number -= b->data[at] == 0;
  if (at < end) rb_bytes_text(b, at, end - at, text, size);
}

static void take_channel(rb_bytes *b, int64_t at, const section *strings, int64_t protocol,
                         rb_abf_channel *c) {
  take_string(b, strings, rb_bytes_i32(b, at + 74), c->offer.name, sizeof c->offer.name);
  take_string(b, strings, rb_bytes_i32(b, at + 78), c->offer.unit, sizeof c->offer.unit);
  double gain =
      (double)rb_bytes_f32(b, at + 40) * rb_bytes_f32(b, at + 48) * rb_bytes_f32(b, at + 28);
  if (rb_bytes_i16(b, at + 2) == 1) gain *= rb_bytes_f32(b, at + 6);
  c->factor = rb_bytes_f32(b, protocol + 110) / (rb_bytes_i32(b, protocol + 118) * gain);
  c->offset = (double)rb_bytes_f32(b, at + 44) - rb_bytes_f32(b, at + 52);
}

/* Adds an epoch in the order of its number. */
static void insert_epoch(rb_abf_command *c, const rb_abf_epoch *epoch) {
  int place = c->epochs++;
  for (; place > 0 && c->epoch[place - 1].number > epoch->number; --place) {
    c->epoch[place] = c->epoch[place - 1];
  }
  c->epoch[place] = *epoch;
}

static void take_epochs(rb_bytes *b, const section *epochs, int dac, rb_abf_command *c) {
  for (int64_t e = 0; e < epochs->entries && c->epochs < RB_ABF_MAX_EPOCHS; ++e) {
    const int64_t at = epochs->at + e * epochs->size;
    if (rb_bytes_i16(b, at + 2) != dac) continue;
    const rb_abf_epoch epoch = {.number = rb_bytes_i16(b, at),
                                .type = rb_bytes_i16(b, at + 4),
                                .level = rb_bytes_f32(b, at + 6),
                                .level_step = rb_bytes_f32(b, at + 10),
                                .duration = rb_bytes_i32(b, at + 14),
                                .duration_step = rb_bytes_i32(b, at + 18),
                                .period = rb_bytes_i32(b, at + 22),
                                .width = rb_bytes_i32(b, at + 26)};
    insert_epoch(c, &epoch);
  }
}

static void take_command(rb_bytes *b, int64_t at, const section *epochs, const section *strings,
                         rb_abf_command *c) {
  c->dac = rb_bytes_i16(b, at);
  take_string(b, strings, rb_bytes_i32(b, at + 28), c->unit, sizeof c->unit);
  take_string(b, strings, rb_bytes_i32(b, at + 118), c->file, sizeof c->file);
  c->holding = rb_bytes_f32(b, at + 12);
  c->source = rb_bytes_i16(b, at + 42);
  c->on = rb_bytes_i16(b, at + 40) != 0 && c->source != 0;
  c->last_held = rb_bytes_i16(b, at + 44) == 1;
  take_epochs(b, epochs, c->dac, c);
}

/* A list of the user's that changes an epoch of this DAC from sweep to sweep. */
static void take_user_lists(rb_bytes *b, const section *lists, rb_abf_command *c) {
  for (int64_t k = 0; c->on && k < lists->entries; ++k) {
    const int64_t at = lists->at + k * lists->size;
    if (rb_bytes_i16(b, at) != c->dac || rb_bytes_i16(b, at + 2) == 0) continue;
    c->unknown = rb_abf_user_list;
  }
}

static rb_status take_header(rb_reading *r, rb_abf *abf) {
  rb_bytes *b = &abf->bytes;
  const section protocol = take_section(b, 76), adcs = take_section(b, 92),
                dacs = take_section(b, 108), epochs = take_section(b, 156),
                lists = take_section(b, 172), strings = take_section(b, 220),
                data = take_section(b, 236), synch = take_section(b, 316);
  const section *all[] = {&protocol, &adcs, &dacs, &epochs, &lists, &strings, &data, &synch, NULL};
  for (const section **one = all; *one != NULL; ++one) {
    if (!holds(b, *one)) {
      return RB_READING_FAIL(r, "a section points outside the file: it is damaged or incomplete");
    }
  }
  abf->kind = "abf2";
  abf->mode = rb_bytes_i16(b, protocol.at);
  abf->interval_us = rb_bytes_f32(b, protocol.at + 2);
  abf->synch_unit_us = rb_bytes_f32(b, protocol.at + 14);
  abf->samples_per_sweep = rb_bytes_i32(b, protocol.at + 22);
  abf->sweeps = rb_bytes_u32(b, 12);
  abf->floats = rb_bytes_u16(b, 30) == 1;
  abf->data = data.at;
  abf->samples = data.entries;
  abf->synch = synch.at;
  abf->synch_entries = synch.entries;
  abf->synch_size = synch.size;
  abf->channels = adcs.entries <= MAX_CHANNEL_ENTRIES ? (int)adcs.entries : 0;
  for (int i = 0; i < abf->channels; ++i) {
    take_channel(b, adcs.at + i * adcs.size, &strings, protocol.at, &abf->channel[i]);
  }
  abf->active = rb_bytes_i16(b, protocol.at + 142);
  abf->commands = dacs.entries < RB_ABF_MAX_COMMANDS ? (int)dacs.entries : RB_ABF_MAX_COMMANDS;
  for (int d = 0; d < abf->commands; ++d) {
    take_command(b, dacs.at + d * dacs.size, &epochs, &strings, &abf->command[d]);
    take_user_lists(b, &lists, &abf->command[d]);
  }
  return RB_OK;
}

rb_status rb_read_abf2(rb_reading *r) { return rb_abf_read(r, take_header); }
