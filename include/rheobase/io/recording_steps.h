#ifndef RHEOBASE_RECORDING_STEPS_H
#define RHEOBASE_RECORDING_STEPS_H

#include "rheobase/io/recording.h"
#include "rheobase/io/spikes.h"

/** @file recording_steps.h
 * From the samples of a sweep to the steps of a model: corrections, a window, blanking,
 * resampling. Local. */

enum { RB_TAPS = 3 };

struct rb_electrode_kernel;  // electrode_kernel.h

/** What is taken off. Zero: nothing. */
typedef struct rb_correction {
  double junction_potential_mV;
  /** MOhm, of the current at the next, the same and the last sample: an electrode that is one
   * resistance has the second alone. */
  double tap_MOhm[RB_TAPS];
  const struct rb_electrode_kernel *electrode;  ///< of the current at earlier samples; not owned,
                                                ///< NULL: none
  double current_offset_pA;                     ///< added to the current
  double delay_ms;                              ///< by which the current is shifted to later times
} rb_correction;

/** Series resistance as a whole: the sum of the taps and of the electrode's kernel, in MOhm. */
double rb_correction_resistance(const rb_correction *correction);

/** The delay in whole samples, in ms. */
double rb_correction_delay(const rb_correction *correction, double interval_ms);

/** Corrects a sweep in place. Where the file says that the amplifier balanced the bridge, no
 * resistance is taken off, and the sweep is warned of. Fails with RB_ERR_USAGE where the delay is
 * longer than the sweep, or its samples or the delay are not those of the electrode's kernel. */
RB_NODISCARD rb_status rb_sweep_correct(rb_context *ctx, rb_sweep *sweep,
                                        const rb_correction *correction);

/** What is cut out of a sweep, and for which model. */
typedef struct rb_stepping {
  double from_ms, to_ms;  ///< from the start of the sweep; to_ms may be infinite
  double dt_ms;           ///< of the model; 0: the sweep's own
  double tref_ms;         ///< how long a spike is blanked
} rb_stepping;

/** A window of a sweep in steps. */
typedef struct rb_steps {
  double dt_ms, window_start_ms;  ///< the latter from the start of the sweep
  int64_t steps;
  double *voltage_mV, *current_pA;  ///< (steps)
  uint8_t *spike;                   ///< (steps) 1 where an onset lies in the step
  uint8_t *mask;                    ///< (steps) 1 where the potential is not used
  int64_t spikes;
  int64_t blanked;  ///< of them, in steps that an earlier one blanks; not kept in recording.h5
  double *onset_ms, *crossing_ms;  ///< (spikes) from the window's start, at the samples' times
} rb_steps;

/** Steps of a window of a sweep that has a current, and its spikes in it; a spike before the window
 * may blank its beginning. The caller calls rb_steps_free, also after a failure. Fails with
 * RB_ERR_USAGE if the window holds no step.
 * @param spikes of the whole sweep */
RB_NODISCARD rb_status rb_sweep_step(rb_context *ctx, const rb_sweep *sweep,
                                     const rb_spikes *spikes, const rb_stepping *stepping,
                                     rb_steps *steps);

void rb_steps_free(rb_steps *steps);

#endif
