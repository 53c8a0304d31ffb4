#include <stdio.h>

#include "abf.h"
#include "rheobase/io/unit.h"

/* The command of an Axon file: it is not stored but follows from a table of epochs. */

enum { STEP = 1, RAMP = 2, PULSES = 3, LEAD = 64, FROM_FILE = 2 };

const char rb_abf_user_list[] = "a user list varies its epochs";

void rb_abf_command_why_not(const rb_abf_command *c, char *why) {
  enum { SIZE = 2 * RB_RECORDING_TEXT };
  int exponent = 0;
  why[0] = '\0';
  if (!rb_unit_exponent(c->unit, "pA", &exponent)) {
    (void)snprintf(why, SIZE, "no channel is in amperes, and the command is in '%s'", c->unit);
  } else if (c->on && c->source == FROM_FILE) {
    (void)snprintf(why, SIZE, "the command came from the file '%s', which is needed", c->file);
  } else if (c->unknown != NULL) {
    (void)snprintf(why, SIZE, "no channel is in amperes, and the command is not known: %s",
                   c->unknown);
  }
  for (int e = 0; why[0] == '\0' && c->on && e < c->epochs; ++e) {
    const rb_abf_epoch *epoch = &c->epoch[e];
    if (epoch->type < 0 || epoch->type > PULSES) {
      (void)snprintf(why, SIZE,
                     "epoch %d of the command is of type %d; steps, ramps and pulses are known",
                     epoch->number, epoch->type);
    } else if (epoch->type == PULSES && epoch->period < 1) {
      (void)snprintf(why, SIZE, "epoch %d of the command is a train of pulses without a period",
                     epoch->number);
    }
  }
}

/* Values of one epoch, `length` samples after a level. @param value (count) what is in the sweep */
static void fill_epoch(const rb_abf_epoch *e, double before, double level, int64_t length,
                       int64_t count, double *value) {
  for (int64_t i = 0; i < count; ++i) {
    if (e->type == RAMP) {
      value[i] = length > 1 ? before + (level - before) * (double)i / (double)(length - 1) : level;
    } else if (e->type == PULSES) {
      value[i] = i % e->period < e->width ? level : before;
    } else {
      value[i] = level;
    }
  }
}

/* The level of the last epoch that sweep s has. */
static double last_level(const rb_abf_command *c, int64_t s) {
  double level = c->holding;
  for (int e = 0; e < c->epochs; ++e) {
    if (c->epoch[e].type != 0) level = c->epoch[e].level + (double)s * c->epoch[e].level_step;
  }
  return level;
}

void rb_abf_command_fill(const rb_abf_command *c, int64_t s, int64_t count, double *value) {
  const bool held = c->on && c->last_held;
  double level = held && s > 0 ? last_level(c, s - 1) : c->holding;
  int64_t at = 0;
  for (; at < count / LEAD; ++at) value[at] = level;
  for (int e = 0; c->on && e < c->epochs; ++e) {
    const rb_abf_epoch *epoch = &c->epoch[e];
    if (epoch->type == 0) continue;
    const double next = epoch->level + (double)s * epoch->level_step;
    const int64_t wanted = epoch->duration + s * epoch->duration_step;  // of int32 and few sweeps
    const int64_t length = wanted > 0 ? wanted : 0;
    const int64_t taken = length < count - at ? length : count - at;
    fill_epoch(epoch, level, next, length, taken, value + at);
    level = next;
    at += taken;
  }
  if (!held) level = c->holding;
  for (; at < count; ++at) value[at] = level;
}
