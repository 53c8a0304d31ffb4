#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abf.h"
#include "rheobase/io/unit.h"

/* The command of an Axon file: it is not stored but follows from a table of epochs. */

enum { STEP = 1, RAMP = 2, PULSES = 3, LEAD = 64, FROM_FILE = 2 };

const char rb_abf_user_list[] = "a user list varies its epochs";

static bool is_current(const rb_abf_command *c) {
  int unused = 0;
  return rb_unit_exponent(c->unit, "pA", &unused);
}

/* The command of an output by its number; NULL: there is none. */
static const rb_abf_command *find_dac(const rb_abf *abf, long dac) {
  for (int k = 0; k < abf->commands; ++k) {
    if (abf->command[k].dac == dac) return &abf->command[k];
  }
  return NULL;
}

/* Whether it is a current that is told to change. */
static bool has_waveform(const rb_abf_command *c) {
  bool any = c->source == FROM_FILE;
  for (int e = 0; e < c->epochs; ++e) any = any || c->epoch[e].type != 0;
  return any && c->on && is_current(c);
}

/* The first other command with a waveform. @param count of these */
static const rb_abf_command *find_other(const rb_abf *abf, const rb_abf_command *but, int *count) {
  const rb_abf_command *found = NULL;
  *count = 0;
  for (int k = abf->commands - 1; k >= 0; --k) {
    const rb_abf_command *c = &abf->command[k];
    if (c == but || !has_waveform(c)) continue;
    found = c;
    ++*count;
  }
  return found;
}

/* The one the user names, "command:1". */
static rb_status take_wanted(rb_reading *r, const rb_abf *abf, const char *number,
                             const rb_abf_command **command) {
  char *end = NULL;
  const long dac = strtol(number, &end, 10);
  *command = *number >= '0' && *number <= '9' && *end == '\0' ? find_dac(abf, dac) : NULL;
  if (*command != NULL && is_current(*command)) return RB_OK;
  return RB_FAIL(r->ctx, RB_ERR_USAGE, "%s: --current command:%s: %s", r->path, number,
                 *command == NULL ? "there is no such output" : "that output is not in amperes");
}

rb_status rb_abf_command_choose(rb_reading *r, const rb_abf *abf, const char *wanted,
                                const rb_abf_command **command, char *remark) {
  enum { SIZE = 2 * RB_RECORDING_TEXT };
  const char *number = wanted != NULL ? strchr(wanted, ':') : NULL;
  int others = 0;
  if (number != NULL) return take_wanted(r, abf, number + 1, command);
  *command = find_dac(abf, abf->active);
  const rb_abf_command *other = find_other(abf, *command, &others);
  if (others == 0) return RB_OK;
  if (others == 1 && (*command == NULL || !has_waveform(*command))) {
    *command = other;
    (void)snprintf(remark, SIZE,
                   "the current is the command of output %d, the only one with a waveform in "
                   "amperes; the active output is %d",
                   other->dac, abf->active);
  } else if (*command != NULL && is_current(*command)) {
    (void)snprintf(remark, SIZE,
                   "the command is that of output %d, the active one; output %d has a waveform in "
                   "amperes, too: --current command:%d takes it",
                   abf->active, other->dac, other->dac);
  }
  return RB_OK;
}

/* Why the epochs are not known; "" if they are. @param why (2 * RB_RECORDING_TEXT) */
static void find_unknown(const rb_abf_command *c, char *why) {
  enum { SIZE = 2 * RB_RECORDING_TEXT };
  if (c->on && c->source == FROM_FILE) {
    (void)snprintf(why, SIZE, "the command came from the file '%.200s', which is needed", c->file);
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

void rb_abf_command_why_not(const rb_abf *abf, const rb_abf_command *c, char *why) {
  enum { SIZE = 2 * RB_RECORDING_TEXT };
  int others = 0;
  why[0] = '\0';
  if (c == NULL || !is_current(c)) {
    (void)snprintf(why, SIZE, "no channel is in amperes, and the command is in '%s'",
                   c != NULL ? c->unit : "");
  } else {
    find_unknown(c, why);
  }
  if (why[0] == '\0') return;
  const rb_abf_command *other = find_other(abf, c, &others);
  const size_t used = strlen(why);
  if (other != NULL) {
    (void)snprintf(why + used, SIZE - used, "; --current command:%d takes that of output %d",
                   other->dac, other->dac);
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
