#ifndef RHEOBASE_RECORDING_CHECKS_H
#define RHEOBASE_RECORDING_CHECKS_H

#include "rheobase/io/electrode.h"

/** @file recording_checks.h
 * Whether a recording is what it should be: what looks wrong becomes a warning of its sweep, with
 * the number that shows it. Local. */

/** What a corrected sweep was found to be. */
typedef struct rb_checked {
  const rb_spikes *spikes;
  const rb_electrode *electrode;  ///< what is left of one after the corrections
  const rb_steps *steps;
  const rb_stepping *stepping;  ///< what was asked for
} rb_checked;

/** Checks one sweep that has a current. */
RB_NODISCARD rb_status rb_sweep_check(rb_context *ctx, rb_sweep *sweep, const rb_checked *checked);

/** Checks what only all sweeps together tell: no spike, no current.
 * @param spikes (recording->sweeps) */
RB_NODISCARD rb_status rb_recording_check(rb_context *ctx, rb_recording *recording,
                                          const rb_spikes *spikes);

#endif
