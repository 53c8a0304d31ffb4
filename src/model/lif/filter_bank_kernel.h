#ifndef RB_MODEL_LIF_FILTER_BANK_KERNEL_H
#define RB_MODEL_LIF_FILTER_BANK_KERNEL_H

#include <stdint.h>

#include "rheobase/base/cpu.h"

/** @file filter_bank_kernel.h
 * What the filter bank's parts share: grids with their tables, segments, and the hot loops,
 * compiled per instruction set. Voltages in the loops are relative to a level of the bank. */

enum {
  RB_BANK_GROUP = 16,  ///< lanes of a table, and data sets side by side in the second pass
  RB_BANK_GROUPS = 3,  ///< of a grid, at most
  RB_BANK_LANES = RB_BANK_GROUPS * RB_BANK_GROUP
};

/** Row of the filter's table for one lag: prediction M' = carry M + (decay - carry) y, innovation
 * e = y - M, whitened e w, and the whitened sensitivities of e to the start and to mu. */
typedef struct rb_bank_gain {
  _Alignas(64) float carry[RB_BANK_GROUP];  ///< a (1 - K)
  float w[RB_BANK_GROUP];                   ///< S^-1/2
  float start_w[RB_BANK_GROUP];             ///< A S^-1/2, A = dm/d(start)
  float mu_w[RB_BANK_GROUP];                ///< B S^-1/2, B = dm/dmu
} rb_bank_gain;

/** What a segment of n observations adds whatever the data are. */
typedef struct rb_bank_total {
  _Alignas(64) float start_start[RB_BANK_GROUP], start_mu[RB_BANK_GROUP],
      mu_mu[RB_BANK_GROUP];                                 ///< sums of AA/S, AB/S, BB/S
  float log_s[RB_BANK_GROUP];                               ///< sum of ln S
  float next_start[RB_BANK_GROUP], next_mu[RB_BANK_GROUP];  ///< A and B of the next prediction
} rb_bank_total;

/** Part of a grid: 16 lanes. */
typedef struct rb_bank_group {
  _Alignas(64) float decay[RB_BANK_GROUP];  ///< a = 1 - dt/tau
  float input_gain[RB_BANK_GROUP];          ///< dt/(tau g): mV per pA
  int64_t lags;                             ///< after which nothing changes any more, to 1e-4
  rb_bank_gain *gain;                       ///< (lags), of lag 1, 2, ...
  rb_bank_total *total;                     ///< (lags + 1), after 0, 1, ... lags observations
  rb_bank_gain later;                       ///< of all later lags; the start has no share then
  rb_bank_total steady;                     ///< what each later observation adds
} rb_bank_group;

/** One run of observations that starts from a known potential. */
typedef struct rb_bank_segment {
  int64_t first;  ///< step of the first observation; the potential is known at first - 1
  int64_t count;  ///< number of observations
  int set;        ///< data set of the chunk
  int from_init;  ///< starts from V_init, not V_reset
  int to_spike;   ///< a spike at step first + count
} rb_bank_segment;

/** Sums over a data set's segments for the lanes of a group. Index 0: from V_reset, 1: from V_init.
 */
typedef struct rb_bank_sums {
  float square[RB_BANK_GROUP];                                      ///< e e / S
  float start[2][RB_BANK_GROUP], mu[RB_BANK_GROUP];                 ///< e A / S, e B / S
  float start_start[2][RB_BANK_GROUP], start_mu[2][RB_BANK_GROUP];  ///< A A / S, A B / S
  float mu_mu[RB_BANK_GROUP], log_s[RB_BANK_GROUP];                 ///< B B / S, ln S
  float spike[RB_BANK_GROUP];                                       ///< predictions at spikes
  float spike_start[2][RB_BANK_GROUP], spike_mu[RB_BANK_GROUP];     ///< A and B at spikes
} rb_bank_sums;

/** For the second pass: a lane's filter and potentials, data set by data set. */
typedef struct rb_bank_best {
  float decay[RB_BANK_GROUP], rise[RB_BANK_GROUP];  ///< a; mu dt/tau
  float input_gain[RB_BANK_GROUP];
  float process[RB_BANK_GROUP], noise[RB_BANK_GROUP];  ///< q^2 and noise variance
  float V_reset[RB_BANK_GROUP], V_init[RB_BANK_GROUP], v_th[RB_BANK_GROUP];
} rb_bank_best;

/** Its results. Sums over steps without a spike, and over spikes. */
typedef struct rb_bank_threshold {
  float highest[RB_BANK_GROUP];          ///< largest prediction minus v_th, within -7 .. 7
  float exponentials[3][RB_BANK_GROUP];  ///< sum of exp(c (prediction - v_th)), c = 3, 6, 12
  float spike_square[RB_BANK_GROUP];     ///< sum of (prediction - v_th)^2 at spikes
  float spike_rise[RB_BANK_GROUP];       ///< sum of the prediction's rise before spikes
  float highest_short[RB_BANK_GROUP];    ///< largest moving average over a short window
  float highest_long[RB_BANK_GROUP];     ///< and over a long one
} rb_bank_threshold;

/** Step codes of the second pass. */
enum { RB_BANK_FREE, RB_BANK_HELD, RB_BANK_SPIKE };

typedef struct rb_bank_kernel {
  /** Adds segments of the data sets of a chunk to their sums of a group; those of one data set in
   * the order given. @param y (chunk, length), minus the level @param input (length),
   * current minus its mean, or NULL @param start of V_reset and of V_init, minus the level
   * @param sums of data set i at sums[i * RB_BANK_GROUPS] */
  void (*filter)(const rb_bank_group *group, int64_t length, const float *y, const float *input,
                 const float start[2], int64_t segments, const rb_bank_segment *segment,
                 rb_bank_sums *sums);
  /** @param y (L, 16) minus the level; overwritten @param code (L, 16) @param windows short, long;
   * in steps */
  void (*threshold)(const rb_bank_best *best, int64_t length, float *y, const uint32_t *code,
                    const float *input, const int64_t windows[2], rb_bank_threshold *result);
} rb_bank_kernel;

RB_KERNEL_DECLARE(rb_bank_kernel, rb_bank_kernel);

#endif
