#ifndef RB_MODEL_NEURON_STIMULUS_H
#define RB_MODEL_NEURON_STIMULUS_H

#include <stdint.h>
#include <stdio.h>

#include "rheobase/io/settings.h"
#include "rheobase/random/philox.h"

/** @file stimulus.h
 * The current a neuron is given, as a list of parts that are added (setting `stimulus`). A time t
 * becomes the sample floor(t/dt + 0.5); a part acts on samples on <= k < off. A number may be a
 * range: then it is drawn, uniformly, for each recording. Numbers that are not given are NaN. */

enum { RB_STIMULUS_PARTS = 16, RB_STIMULUS_FILE = 256 };

typedef enum rb_stimulus_type {
  RB_STIMULUS_CONSTANT,
  RB_STIMULUS_STEP,
  RB_STIMULUS_RAMP,
  RB_STIMULUS_SINUSOID,
  RB_STIMULUS_CHIRP,
  RB_STIMULUS_OU,     ///< Ornstein-Uhlenbeck noise; with a seed the same for all data sets
  RB_STIMULUS_WHITE,  ///< a normal number per step, drawn anew for each data set
  RB_STIMULUS_TRACE
} rb_stimulus_type;

/** Numbers of a part: times in ms, frequencies in Hz, currents in the neuron's unit. */
typedef enum rb_stimulus_number {
  RB_STIMULUS_ONSET,
  RB_STIMULUS_OFFSET,
  RB_STIMULUS_AMPLITUDE,
  RB_STIMULUS_START,  ///< of a ramp
  RB_STIMULUS_END,
  RB_STIMULUS_FREQUENCY,
  RB_STIMULUS_PHASE,  ///< rad
  RB_STIMULUS_FROM,   ///< of a chirp
  RB_STIMULUS_TO,
  RB_STIMULUS_MEAN,
  RB_STIMULUS_SD,
  RB_STIMULUS_TAU,
  RB_STIMULUS_SAMPLE_MS,  ///< of a trace: each number is held so long
  RB_STIMULUS_NUMBERS
} rb_stimulus_number;

typedef struct rb_stimulus_part {
  int type;
  double number[RB_STIMULUS_NUMBERS][2];  ///< ends of the range; equal: no range
  int64_t seed;                           ///< of Ornstein-Uhlenbeck noise; -1: drawn
  bool segment;                           ///< a trace's part that begins anywhere is taken
  char file[RB_STIMULUS_FILE];            ///< of a trace, pA
  int64_t samples;                        ///< of the trace below; 0: not read
  const double *trace;                    ///< (samples) owned
} rb_stimulus_part;

typedef struct rb_stimulus {
  int parts;
  rb_stimulus_part part[RB_STIMULUS_PARTS];
} rb_stimulus;

/** The rows of a part, for RB_SETTING_GROUPS. */
enum { RB_STIMULUS_ROWS = 17 };
extern const rb_setting rb_stimulus_rows[RB_STIMULUS_ROWS];

/** Whether all parts have what they need, and only that, and fit in L steps of dt, wherever in
 * their ranges the numbers are. Local. Fails with RB_ERR_SETTING in a sentence that names the part.
 */
RB_NODISCARD rb_status rb_stimulus_check(rb_context *ctx, const rb_stimulus *stimulus, double dt_ms,
                                         int64_t L);

/** Reads the traces; frees them. Collective and local. @{ */
RB_NODISCARD rb_status rb_stimulus_load(rb_context *ctx, rb_stimulus *stimulus, double dt_ms);
void rb_stimulus_unload(rb_stimulus *stimulus);
/** @} */

/** Writes a line with the hash of each trace, for digests. Local. */
void rb_stimulus_digest(const rb_stimulus *stimulus, FILE *stream);

/** Whether a part, but for white noise, is another for each recording. Local. */
bool rb_stimulus_part_is_drawn(const rb_stimulus_part *part);

/** Makes a stimulus of its drawn parts, traces included; the caller unloads it. Local. */
RB_NODISCARD rb_status rb_stimulus_copy_drawn(rb_context *ctx, const rb_stimulus *stimulus,
                                              rb_stimulus *drawn);

/** The sum of all parts that are not drawn, but for white noise. Local. @param current (L) */
void rb_stimulus_sum(const rb_stimulus *stimulus, double dt_ms, int64_t L, double *current);

/** The numbers that a recording has from ranges, and where its segments of traces begin. Local.
 * @param number (RB_STIMULUS_PARTS) of each part @param begin (RB_STIMULUS_PARTS) in numbers of the
 * trace */
void rb_stimulus_draw(const rb_stimulus *stimulus, double dt_ms, int64_t L, rb_stream stream,
                      double (*number)[RB_STIMULUS_NUMBERS], int64_t *begin);

/** Adds a part that is no noise, with the numbers of a recording. Local. @param current element k
 * is at k * stride */
void rb_stimulus_add(const rb_stimulus_part *part, const double *number, int64_t begin,
                     double dt_ms, int64_t L, int64_t stride, double *current);

/** The samples on which a part with these numbers acts. Local. */
void rb_stimulus_span(const double *number, double dt_ms, int64_t L, int64_t *on, int64_t *off);

/** Standard deviation per step of all white noise together. Local. @param number
 * (RB_STIMULUS_PARTS) of each part; NULL: of ranges the root of the mean square */
double rb_stimulus_white_sd(const rb_stimulus *stimulus, double (*number)[RB_STIMULUS_NUMBERS]);

#endif
