#ifndef RB_NETWORK_GROUP_NORM_H
#define RB_NETWORK_GROUP_NORM_H

#include <stdint.h>

#include "rheobase/base/real.h"

/** @file group_norm.h
 * Group normalisation (Wu and He 2018) over time and the channels of a group, group g holding the
 * channels g C/G .. (g+1) C/G - 1, eps = 1e-3 as in Keras, with a factor and an offset per channel.
 * Local. */

/** y = (x - mean) rstd gamma + beta. */
void rb_group_norm_forward(int B, int64_t T, int C, int groups,
                           const rb_real *x,      // (B, T, C)
                           const rb_real *gamma,  // (C)
                           const rb_real *beta,   // (C)
                           rb_real *mean,         // (B, groups)
                           rb_real *rstd,         // (B, groups), 1 / sqrt(variance + eps)
                           rb_real *y);           // (B, T, C)

/** Its gradients. */
void rb_group_norm_backward(int B, int64_t T, int C, int groups,
                            const rb_real *x,      // (B, T, C)
                            const rb_real *gamma,  // (C)
                            const rb_real *mean,   // (B, groups)
                            const rb_real *rstd,   // (B, groups)
                            rb_real *d,            // (B, T, C), of y on entry, of x on return
                            rb_real *dgamma,       // (C), added
                            rb_real *dbeta);       // (C), added

#endif
