#ifndef RB_MODEL_NEURON_STIMULUS_H
#define RB_MODEL_NEURON_STIMULUS_H

#include <stdint.h>
#include <stdio.h>

#include "rheobase/io/settings.h"

/** @file stimulus.h
 * The current a neuron is given, as a list of parts that are added (setting `stimulus`). A time t
 * becomes the sample floor(t/dt + 0.5); a part acts on samples on <= k < off. Numbers that are not
 * given are NaN. */

enum { RB_STIMULUS_PARTS = 16, RB_STIMULUS_FILE = 256 };

typedef enum rb_stimulus_type {
  RB_STIMULUS_CONSTANT,
  RB_STIMULUS_STEP,
  RB_STIMULUS_RAMP,
  RB_STIMULUS_SINUSOID,
  RB_STIMULUS_CHIRP,
  RB_STIMULUS_OU,     ///< Ornstein-Uhlenbeck noise, the same for all data sets
  RB_STIMULUS_WHITE,  ///< a normal number per step, drawn anew for each data set
  RB_STIMULUS_TRACE
} rb_stimulus_type;

typedef struct rb_stimulus_part {
  int type;
  double onset, offset;         ///< ms
  double amplitude;             ///< in the unit of the neuron's current, as start, end, mean and sd
  double start, end;            ///< of a ramp
  double frequency, from, to;   ///< Hz
  double phase;                 ///< rad
  double mean, sd, tau;         ///< of noise; tau in ms
  double sample_ms;             ///< of a trace: each number is held so long
  int64_t seed;                 ///< of Ornstein-Uhlenbeck noise
  char file[RB_STIMULUS_FILE];  ///< of a trace, pA
  int64_t samples;              ///< of the trace below; 0: not read
  const double *trace;          ///< (samples) owned
} rb_stimulus_part;

typedef struct rb_stimulus {
  int parts;
  rb_stimulus_part part[RB_STIMULUS_PARTS];
} rb_stimulus;

/** The rows of a part, for RB_SETTING_GROUPS. */
enum { RB_STIMULUS_ROWS = 16 };
extern const rb_setting rb_stimulus_rows[RB_STIMULUS_ROWS];

/** Whether all parts have what they need, and only that, and fit in L steps of dt. Local. Fails
 * with RB_ERR_SETTING in a sentence that names the part. */
RB_NODISCARD rb_status rb_stimulus_check(rb_context *ctx, const rb_stimulus *stimulus, double dt_ms,
                                         int64_t L);

/** Reads the traces; frees them. Collective and local. @{ */
RB_NODISCARD rb_status rb_stimulus_load(rb_context *ctx, rb_stimulus *stimulus, double dt_ms);
void rb_stimulus_unload(rb_stimulus *stimulus);
/** @} */

/** Writes a line with the hash of each trace, for digests. Local. */
void rb_stimulus_digest(const rb_stimulus *stimulus, FILE *stream);

/** The sum of all parts but white noise. Local. @param current (L) */
void rb_stimulus_sum(const rb_stimulus *stimulus, double dt_ms, int64_t L, double *current);

/** Standard deviation per step of all white noise together. Local. */
double rb_stimulus_white_sd(const rb_stimulus *stimulus);

#endif
