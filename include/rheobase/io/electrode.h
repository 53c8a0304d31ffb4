#ifndef RHEOBASE_ELECTRODE_H
#define RHEOBASE_ELECTRODE_H

#include "rheobase/io/recording_steps.h"

/** @file electrode.h
 * What the voltage drop over the electrode is, estimated from a recording: least squares of the
 * change of the potential within 1 ms on the integrals of potential, current and 1 and on the
 * current's own change, at the next, the same and the last sample, away from spikes. It tells
 * something only where the current changes within 1 ms. Local. */

typedef struct rb_electrode {
  bool known;  ///< the current changes fast enough
  double tap_MOhm[RB_TAPS];
  double resistance_MOhm;           ///< the sum of the taps
  double capacitance_pF, leak_nS;   ///< of the cell, beside it
  double r_squared;                 ///< share of the variance explained
  double capacitance_at_lag_pF[2];  ///< without taps, over 0.2 and over 2 ms
} rb_electrode;

/** Whether the amplifier took the drop off in all sweeps, as their files say. */
bool rb_electrode_is_balanced(int64_t sweeps, const rb_sweep *sweep);

/** Estimates from sweeps together, which are of one cell and electrode. Sweeps without a current
 * are passed over, and where some were balanced and others were not, so are those that were.
 * @param spikes (sweeps) */
RB_NODISCARD rb_status rb_electrode_estimate(rb_context *ctx, int64_t sweeps, const rb_sweep *sweep,
                                             const rb_spikes *spikes, rb_electrode *electrode);

#endif
