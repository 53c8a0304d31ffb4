#ifndef RHEOBASE_RECORDING_FIGURE_H
#define RHEOBASE_RECORDING_FIGURE_H

#include "rheobase/io/recording_steps.h"

/** @file recording_figure.h
 * What was read of a recording, to be judged by eye. Local. */

/** Draws potential, current, spikes and what is blanked of the first sweeps: `x.gp` and `x.png`
 * beside the file `x.h5`. Warns where gnuplot is missing.
 * @param path of the file @param sweep (sweeps) @param steps (sweeps) */
RB_NODISCARD rb_status rb_recording_draw(rb_context *ctx, const char *path, int64_t sweeps,
                                         const rb_sweep *sweep, const rb_steps *steps);

#endif
