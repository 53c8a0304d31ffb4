#ifndef RHEOBASE_ADAMW_H
#define RHEOBASE_ADAMW_H

#include <stdint.h>

#include "rheobase/network/parameters.h"

/** @file adamw.h
 * AdamW (Loshchilov and Hutter 2019) as in Keras, on flat buffers, with clipping per tensor, and
 * the learning rate's schedule. With weight_decay 0 it is Adam. Local; the same input gives the
 * same bits, so ranks that hold the same gradient keep the same weights. */

/** The optimiser's constants; plain data. */
typedef struct rb_adamw {
  double beta_1, beta_2;  ///< decay of the first and second moment
  double epsilon;         ///< added to the root of the second moment
  double weight_decay;    ///< share of every weight taken off per step and unit of learning rate
  double clip_norm;       ///< bound of each tensor's gradient norm; 0: none
  double clip_global;     ///< bound of the whole gradient's norm, before that; 0: none
} rb_adamw;

/** beta 0.9 and 0.999, epsilon 1e-7, no bound of the whole gradient. */
rb_adamw rb_adamw_make(double weight_decay, double clip_norm);

/** One step. g *= G / max(|g|, G) for the bound G of the whole gradient; per tensor g *= c /
 * max(|g|, c); w -= w wd lr; m += (1 - b1)(g - m); v += (1 - b2)(g^2 - v); w -= lr sqrt(1 - b2^t) /
 * (1 - b1^t) m / (sqrt(v) + eps), t = step + 1.
 * @param step steps taken before this one
 * @param weights values are updated
 * @param gradient,m,v flat buffers of weights->count elements; m and v are zero at step 0 and
 * updated
 * @return norm of the whole gradient before clipping (NaN or infinite if the gradient is) */
double rb_adamw_step(const rb_adamw *adamw, int64_t step, double learning_rate,
                     const rb_parameters *weights, const rb_real *gradient, rb_real *m, rb_real *v);

/** The learning rate after the warm-up. */
typedef enum rb_schedule {
  RB_SCHEDULE_COSINE,   ///< half a cosine from the highest rate to 0 at the last step
  RB_SCHEDULE_CONSTANT  ///< the highest rate
} rb_schedule;

/** Linear warm-up from a tenth of the highest rate over int(warmup_fraction total) steps, then what
 * the schedule says. @param step from 0 */
double rb_learning_rate(rb_schedule schedule, double highest, double warmup_fraction, int64_t total,
                        int64_t step);

#endif
