#ifndef RHEOBASE_FMA_PEAK_H
#define RHEOBASE_FMA_PEAK_H

#include "rheobase/base/cpu.h"

/** @file fma_peak.h
 * The yardstick of the kernels: what one core can do at most. */

/** Runs independent single-precision multiply-adds (two operations each) on the widest vectors of
 * @p isa, which the processor must support, for about @p seconds. Local.
 * @return the rate of the fastest millisecond or so, in GFLOP/s */
double rb_fma_peak_gflops(rb_isa isa, double seconds);

#endif
