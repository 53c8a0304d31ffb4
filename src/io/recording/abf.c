#include "abf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/unit.h"

enum { GAP_FREE = 3, EPISODIC = 5, NAMES = 2 * RB_RECORDING_TEXT };

/* Which channels and which command make the sweeps. */
typedef struct plan {
  int voltage, current;  // channels; -1: none, the command
  int voltage_exponent, current_exponent;
  const rb_abf_command *command;  // NULL: there is none
  char remark[2][NAMES];          // that several channels would do
  char why_not[NAMES];            // there is no potential, or no current is known; "" if both are
} plan;

static rb_status check_layout(rb_reading *r, rb_abf *abf) {
  if (abf->mode != GAP_FREE && abf->mode != EPISODIC) {
    return RB_READING_FAIL(r, "acquisition mode %d (event-driven or oscilloscope) is not supported",
                           abf->mode);
  }
  if (abf->channels < 1 || abf->bytes.outside) {
    return RB_READING_FAIL(r, "the header is damaged or incomplete");
  }
  if (abf->mode == GAP_FREE) {
    abf->sweeps = 1;
    abf->samples_per_sweep = abf->samples;
    for (int k = 0; k < abf->commands; ++k) abf->command[k].on = false;  // epochs are of sweeps
  }
  int64_t needed = 0;
  if (abf->sweeps < 1 || abf->samples_per_sweep < abf->channels ||
      __builtin_mul_overflow(abf->sweeps, abf->samples_per_sweep, &needed) ||
      needed > abf->samples ||
      !rb_bytes_hold(&abf->bytes, abf->data, abf->samples, abf->floats ? 4 : 2)) {
    return RB_READING_FAIL(r,
                           "is said to have %lld sweeps of %lld samples, which is more than its "
                           "%lld bytes hold: it is damaged or incomplete",
                           (long long)abf->sweeps, (long long)abf->samples_per_sweep,
                           (long long)abf->bytes.size);
  }
  return RB_OK;
}

/* Refuses sweeps of different lengths, and times of sweeps outside the file. */
static rb_status check_synch(rb_reading *r, rb_abf *abf) {
  if (abf->synch_entries == 0) return RB_OK;
  if (abf->mode == EPISODIC && abf->synch_entries < abf->sweeps) abf->synch_entries = 0;
  if (abf->synch_size < 8 ||
      !rb_bytes_hold(&abf->bytes, abf->synch, abf->synch_entries, abf->synch_size)) {
    return RB_READING_FAIL(r, "the table of its sweeps points outside the file");
  }
  const int64_t last = abf->mode == EPISODIC ? abf->sweeps : 0;
  for (int64_t s = 1; s < last; ++s) {
    const int32_t one = rb_bytes_i32(&abf->bytes, abf->synch + 4);
    const int32_t other = rb_bytes_i32(&abf->bytes, abf->synch + s * abf->synch_size + 4);
    if (one != other) {
      return RB_READING_FAIL(r, "sweeps of different lengths (sweep 0 of %d, sweep %lld of %d)",
                             (int)one, (long long)s, (int)other);
    }
  }
  return RB_OK;
}

static rb_status choose(rb_reading *r, const rb_abf *abf, plan *p) {
  rb_status status = RB_OK;
  rb_offer *offer = NULL;
  const char *wanted = r->choice->current;
  const bool command = wanted != NULL && (strcmp(wanted, "command") == 0 ||
                                          strncmp(wanted, "command:", strlen("command:")) == 0);
  const rb_sought voltage = {"volts", "mV", r->choice->voltage, &r->recording->use.voltage};
  const rb_sought current = {"amperes", "pA", command ? NULL : wanted, &r->recording->use.current};
  *p = (plan){.voltage = -1, .current = -1};
  r->recording->use.current = r->recording->use.current || command;
  RB_TRY(RB_ALLOCATE(r->ctx, offer, abf->channels));
  for (int i = 0; i < abf->channels; ++i) offer[i] = abf->channel[i].offer;
  RB_TRY(rb_channel_choose(r, abf->channels, offer, &voltage, &p->voltage, &p->voltage_exponent,
                           p->remark[0]));
  if (p->voltage < 0) rb_channel_none(abf->channels, offer, p->why_not);
  if (!command) {
    RB_TRY(rb_channel_choose(r, abf->channels, offer, &current, &p->current, &p->current_exponent,
                             p->remark[1]));
  }
  if (p->voltage < 0 && p->current < 0) RB_TRY(RB_READING_FAIL(r, "%s", p->why_not));
  if (p->current < 0) {
    RB_TRY(rb_abf_command_choose(r, abf, command ? wanted : NULL, &p->command, p->remark[1]));
    rb_abf_command_why_not(abf, p->command, p->why_not);
  }
cleanup:
  free(offer);
  return status;
}

/* The values of a channel in sweep s, in mV or pA. @param value (count) */
static rb_status read_channel(rb_reading *r, rb_abf *abf, int channel, int exponent, int64_t s,
                              int64_t count, double **value) {
  const rb_abf_channel *c = &abf->channel[channel];
  const int64_t size = abf->floats ? 4 : 2;
  const int64_t at = abf->data + (s * abf->samples_per_sweep + channel) * size;
  const rb_status status = RB_ALLOCATE(r->ctx, *value, count);
  if (status != RB_OK) return status;
  rb_bytes_numbers(&abf->bytes, at, abf->floats ? RB_NUMBER_F32 : RB_NUMBER_I16, count,
                   abf->channels * size, *value);
  for (int64_t i = 0; !abf->floats && i < count; ++i) {
    (*value)[i] = (*value)[i] * c->factor + c->offset;
  }
  rb_trace_scale(count, exponent, *value);
  return RB_OK;
}

static rb_status read_current(rb_reading *r, rb_abf *abf, const plan *p, int64_t s, int64_t count,
                              rb_sweep *sweep) {
  rb_status status = RB_OK;
  if (p->current >= 0) {
    (void)snprintf(sweep->current_source, sizeof sweep->current_source, "measured: %s",
                   abf->channel[p->current].offer.name);
    RB_TRY(read_channel(r, abf, p->current, p->current_exponent, s, count, &sweep->current_pA));
  } else if (p->why_not[0] == '\0') {
    int exponent = 0;
    (void)rb_unit_exponent(p->command->unit, "pA", &exponent);
    const bool active = p->command->dac == abf->active;
    (void)snprintf(sweep->current_source, sizeof sweep->current_source,
                   active ? "command" : "command of output %d", p->command->dac);
    RB_TRY(RB_ALLOCATE(r->ctx, sweep->current_pA, count));
    rb_abf_command_fill(p->command, s, count, sweep->current_pA);
    rb_trace_scale(count, exponent, sweep->current_pA);
  }
cleanup:
  return status;
}

static double start_ms(rb_abf *abf, int64_t s, int64_t count) {
  if (abf->synch_entries == 0) return (double)s * (double)count * abf->interval_us / 1000;
  const double start = rb_bytes_i32(&abf->bytes, abf->synch + s * abf->synch_size);
  const double unit =
      abf->synch_unit_us != 0 ? abf->synch_unit_us : abf->interval_us / abf->channels;
  return start * unit / 1000;
}

static rb_status add_sweeps(rb_reading *r, rb_abf *abf) {
  rb_status status = RB_OK;
  plan p;
  RB_TRY(check_layout(r, abf));
  RB_TRY(check_synch(r, abf));
  RB_TRY(choose(r, abf, &p));
  for (int64_t s = 0; s < abf->sweeps; ++s) {
    const int64_t count = abf->samples_per_sweep / abf->channels;
    rb_sweep *sweep = NULL;
    RB_TRY(rb_reading_add(r, abf->kind, &sweep));
    (void)snprintf(sweep->name, sizeof sweep->name, "sweep %lld", (long long)s);
    sweep->samples = count;
    sweep->interval_ms = abf->interval_us / 1000;
    sweep->start_ms = start_ms(abf, s, count);
    for (int k = 0; k < 2; ++k) {
      if (p.remark[k][0] != '\0') RB_TRY(rb_sweep_warn(r->ctx, sweep, "%s", p.remark[k]));
    }
    (void)snprintf(sweep->lacks, sizeof sweep->lacks, "%s", p.why_not);
    if (p.voltage >= 0) {
      RB_TRY(read_channel(r, abf, p.voltage, p.voltage_exponent, s, count, &sweep->voltage_mV));
    }
    RB_TRY(read_current(r, abf, &p, s, count, sweep));
  }
cleanup:
  return status;
}

rb_status rb_abf_read(rb_reading *r, rb_abf_header take_header) {
  rb_status status = RB_OK;
  rb_abf *abf = NULL;
  RB_TRY(RB_ALLOCATE(r->ctx, abf, 1));
  RB_TRY(rb_bytes_read(r->ctx, r->path, &abf->bytes));
  RB_TRY(take_header(r, abf));
  for (int i = 0; i < abf->channels; ++i) rb_reading_unit(r, abf->channel[i].offer.unit);
  RB_TRY(add_sweeps(r, abf));
cleanup:
  if (abf != NULL) free(abf->bytes.data);
  free(abf);
  return status;
}
