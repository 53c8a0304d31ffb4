#ifndef RHEOBASE_ELECTRODE_KERNEL_H
#define RHEOBASE_ELECTRODE_KERNEL_H

#include "rheobase/io/recording_file.h"

/** @file electrode_kernel.h
 * The response of an electrode that lasts for several ms, from a recording of the same cell and
 * electrode under weak noise: the kernel that makes the potential of the current, by least squares,
 * without the exponential that it is from 5 ms on, which is the cell. Local. */

typedef struct rb_electrode_kernel {
  const char *path;    ///< of the recording; not owned
  double interval_ms;  ///< between its samples
  double delay_ms;     ///< by which its current was shifted, which the kernel holds
  int64_t lags;
  double *lag_MOhm;               ///< (lags) of the current so many samples ago; owned
  double resistance_MOhm;         ///< their sum
  double cell_MOhm, cell_tau_ms;  ///< what is beside it
  double r_squared;               ///< share of the potential's variance explained
} rb_electrode_kernel;

/** Estimates it from all sweeps of a recording, which are of samples, with nothing taken off and
 * the same delay. The caller calls rb_electrode_kernel_free, also after a failure. Fails with
 * RB_ERR_NUMERIC where the recording does not tell it, and says why. @param path of the recording,
 * for that */
RB_NODISCARD rb_status rb_electrode_kernel_estimate(rb_context *ctx, const char *path,
                                                    const rb_recorded *recording,
                                                    rb_electrode_kernel *kernel);
void rb_electrode_kernel_free(rb_electrode_kernel *kernel);

#endif
