#ifndef RB_APP_RECORDING_DATA_H
#define RB_APP_RECORDING_DATA_H

#include "rheobase/io/recording_file.h"
#include "rheobase/model/model.h"

/** @file recording_data.h
 * Sweeps of a recording.h5 as a data set of the model: its recordings are windows of sweeps. */

/** Reads sweeps of a recording as an observation, and tells which windows it is made of.
 *
 * A model whose stimulus is a channel, recorded with the data, gets windows of its recordings'
 * length: the first of each sweep, then the second of each, and so on while there is room. The last
 * window of a sweep may be shorter, but not than half, if the model has a mask. Any other model
 * gets sweeps of its own length. Collective. Fails with RB_ERR_FORMAT or RB_ERR_SETTING.
 * @param list as in rb_recorded_read @param stage that tells it; NULL: it is not told
 * @param x (C, L) */
RB_NODISCARD rb_status rb_recording_observe(rb_context *ctx, const rb_model *model,
                                            const char *path, const char *list, const char *stage,
                                            float *x);

/** Checks that a sweep has the model's step, and each channel's array. Local. */
RB_NODISCARD rb_status rb_recording_fits(rb_context *ctx, const rb_model *model, const char *path,
                                         const rb_recorded_sweep *sweep);

/** Warns of a sweep whose spikes are blanked for another time than the model holds them, which is
 * the same in all sweeps of an import. @return whether it did */
bool rb_recording_compare_mask(const rb_context *ctx, const rb_model *model, const char *path,
                               const rb_recorded_sweep *sweep);

#endif
