#include <string.h>

#include "abf.h"

/* ABF 1: one header of fixed places. Names, units and gains are stored by physical channel. */

enum {
  BLOCK = 512,
  LARGE_HEADER = 6144,  // from version 1.6 on
  MAX_RECORDED = 16,
  DACS = 4,
  WAVEFORM_DACS = 2,
  EPOCHS = 10
};

/* Places of the header. */
enum {
  MODE = 8,
  SAMPLES = 10,
  SWEEPS = 16,
  DATA_BLOCK = 40,
  SYNCH_BLOCK = 92,
  SYNCH_ENTRIES = 96,
  FORMAT = 100,
  CHANNELS = 120,
  INTERVAL = 122,
  SYNCH_UNIT = 130,
  SAMPLES_PER_SWEEP = 138,
  ADC_RANGE = 244,
  ADC_RESOLUTION = 252,
  PHYSICAL = 410,
  ADC_NAME = 442,
  ADC_UNIT = 602,
  PROGRAMMABLE_GAIN = 730,
  INSTRUMENT_SCALE = 922,
  INSTRUMENT_OFFSET = 986,
  SIGNAL_GAIN = 1050,
  SIGNAL_OFFSET = 1114,
  DAC_UNIT = 1346,
  DAC_HOLDING = 1394,
  ACTIVE_DAC = 1440,
  WAVEFORM_ON = 2296,
  WAVEFORM_SOURCE = 2300,
  LAST_HELD = 2304,
  EPOCH_TYPE = 2308,
  EPOCH_LEVEL = 2348,
  EPOCH_LEVEL_STEP = 2428,
  EPOCH_DURATION = 2508,
  EPOCH_DURATION_STEP = 2588,
  STIMULUS_FILE = 2736,
  USER_LIST_ON = 3360,
  TELEGRAPH_ON = 4512,
  TELEGRAPH_GAIN = 4576
};

bool rb_is_abf1(const rb_bytes *head) {
  return head->size >= 4 && memcmp(head->data, "ABF ", 4) == 0;
}

static void take_channel(rb_bytes *b, bool large, int i, rb_abf_channel *c) {
  const int16_t physical = rb_bytes_i16(b, PHYSICAL + 2 * i);
  if (physical < 0 || physical >= MAX_RECORDED) {
    b->outside = true;
    return;
  }
  rb_bytes_text(b, ADC_NAME + 10 * physical, 10, c->offer.name, sizeof c->offer.name);
  rb_bytes_text(b, ADC_UNIT + 8 * physical, 8, c->offer.unit, sizeof c->offer.unit);
  double gain = (double)rb_bytes_f32(b, INSTRUMENT_SCALE + 4 * physical) *
                rb_bytes_f32(b, SIGNAL_GAIN + 4 * physical) *
                rb_bytes_f32(b, PROGRAMMABLE_GAIN + 4 * physical);
  if (large && rb_bytes_i16(b, TELEGRAPH_ON + 2 * physical) == 1) {
    gain *= rb_bytes_f32(b, TELEGRAPH_GAIN + 4 * physical);
  }
  c->factor = rb_bytes_f32(b, ADC_RANGE) / (rb_bytes_i32(b, ADC_RESOLUTION) * gain);
  c->offset = (double)rb_bytes_f32(b, INSTRUMENT_OFFSET + 4 * physical) -
              rb_bytes_f32(b, SIGNAL_OFFSET + 4 * physical);
}

static void take_epochs(rb_bytes *b, int dac, rb_abf_command *c) {
  c->source = rb_bytes_i16(b, WAVEFORM_SOURCE + 2 * dac);
  c->on = rb_bytes_i16(b, WAVEFORM_ON + 2 * dac) != 0 && c->source != 0;
  c->last_held = rb_bytes_i16(b, LAST_HELD + 2 * dac) == 1;
  rb_bytes_text(b, STIMULUS_FILE + 256 * dac, 256, c->file, sizeof c->file);
  for (int e = 0; e < EPOCHS; ++e) {
    const int k = EPOCHS * dac + e;
    c->epoch[c->epochs++] =
        (rb_abf_epoch){.number = e,
                       .type = rb_bytes_i16(b, EPOCH_TYPE + 2 * k),
                       .level = rb_bytes_f32(b, EPOCH_LEVEL + 4 * k),
                       .level_step = rb_bytes_f32(b, EPOCH_LEVEL_STEP + 4 * k),
                       .duration = rb_bytes_i32(b, EPOCH_DURATION + 4 * k),
                       .duration_step = rb_bytes_i32(b, EPOCH_DURATION_STEP + 4 * k)};
  }
}

static void take_command(rb_bytes *b, bool large, int dac, rb_abf_command *c) {
  c->dac = dac;
  rb_bytes_text(b, DAC_UNIT + 8 * dac, 8, c->unit, sizeof c->unit);
  c->holding = rb_bytes_f32(b, DAC_HOLDING + 4 * dac);
  if (!large) {
    c->unknown = "the header is of a version before 1.6";
  } else if (dac < WAVEFORM_DACS) {
    take_epochs(b, dac, c);
    if (c->on && rb_bytes_i16(b, USER_LIST_ON + 2 * dac) == 1) c->unknown = rb_abf_user_list;
  }
}

static rb_status take_header(rb_reading *r, rb_abf *abf) {
  (void)r;
  rb_bytes *b = &abf->bytes;
  const int16_t channels = rb_bytes_i16(b, CHANNELS);
  const int32_t synch_entries = rb_bytes_i32(b, SYNCH_ENTRIES);
  abf->kind = "abf1";
  abf->mode = rb_bytes_i16(b, MODE);
  abf->samples = rb_bytes_i32(b, SAMPLES);
  abf->sweeps = rb_bytes_i32(b, SWEEPS);
  abf->data = (int64_t)BLOCK * rb_bytes_i32(b, DATA_BLOCK);
  abf->synch = (int64_t)BLOCK * rb_bytes_i32(b, SYNCH_BLOCK);
  abf->synch_entries = abf->synch > 0 && synch_entries > 0 ? synch_entries : 0;
  abf->synch_size = 8;
  abf->floats = rb_bytes_i16(b, FORMAT) == 1;
  abf->synch_unit_us = rb_bytes_f32(b, SYNCH_UNIT);
  abf->samples_per_sweep = rb_bytes_i32(b, SAMPLES_PER_SWEEP);
  abf->channels = channels > 0 && channels <= MAX_RECORDED ? channels : 0;
  abf->interval_us = (double)rb_bytes_f32(b, INTERVAL) * abf->channels;
  const bool large = abf->data >= LARGE_HEADER && rb_bytes_f32(b, 4) >= 1.6F;
  for (int i = 0; i < abf->channels; ++i) take_channel(b, large, i, &abf->channel[i]);
  abf->active = rb_bytes_i16(b, ACTIVE_DAC);
  abf->commands = DACS;
  for (int dac = 0; dac < DACS; ++dac) take_command(b, large, dac, &abf->command[dac]);
  return RB_OK;
}

rb_status rb_read_abf1(rb_reading *r) { return rb_abf_read(r, take_header); }
