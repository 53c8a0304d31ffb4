#ifndef RB_APP_DRAWS_H
#define RB_APP_DRAWS_H

#include "rheobase/model/model.h"

/** @file draws.h
 * Posterior draws of one data set as numbers for tables. Local. */

enum { RB_DRAW_LEVELS = 5 };
/** Probabilities of the quantiles that are stored. */
extern const double rb_draw_level[RB_DRAW_LEVELS];

/** Latent draws become values as the simulator uses them. @param draws (S, D) in place */
void rb_draws_clip(const rb_model *model, int64_t S, float *draws);

typedef struct rb_draw_summary {
  double mean, sd, quantile[RB_DRAW_LEVELS];
} rb_draw_summary;

/** Of parameter d. @param draws (S, D) @param sorted (S) out: its values, ascending */
rb_draw_summary rb_draws_summarise(int64_t S, int D, const float *draws, int d, double *sorted);

/** Draws that the simulator accepts, from those of equal distance in the list. @param draws (S, D)
 * @param theta (wanted, D) out @return how many there are, at most @p wanted */
int64_t rb_draws_pick(const rb_model *model, int64_t S, const float *draws, int64_t wanted,
                      double *theta);

#endif
