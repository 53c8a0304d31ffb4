#ifndef RB_MODEL_LIF_FILTER_H
#define RB_MODEL_LIF_FILTER_H

#include "../membrane/membrane_grid.h"
#include "lif.h"

/** @file filter.h
 * The forward filter of one inter-spike segment: a Kalman filter while the threshold is out of
 * reach, a grid near it. Local. */

enum { RB_FILTER_LOOKAHEAD = 256 };

typedef struct rb_filter {
  rb_lif_accuracy accuracy;
  rb_membrane_grid grid;
  rb_lif_settings settings;
  int64_t steps;  ///< L
  // Constants of a parameter vector: x' = a x + b_rest + b_per_pA I + q N(0, 1).
  double V_th, a, b_rest, b_per_pA, q;
  double gain;                         ///< stationary Kalman gain
  int64_t lookahead;                   ///< used entries of `reach`
  double reach2[RB_FILTER_LOOKAHEAD];  ///< squared reach, in sd, n steps before a spike
  // The state: log_weight and the Gaussian (m, P), or the grid.
  bool on_grid;
  double m, P, log_weight;
} rb_filter;

/** A spike at `step` that may end the segment. */
typedef struct rb_crossing {
  int64_t step;
  double log_density;  ///< out: of the observations u+1 .. step-1 and a first crossing at step
} rb_crossing;

RB_NODISCARD rb_status rb_filter_create(rb_context *ctx, const rb_lif_settings *settings,
                                        rb_lif_accuracy accuracy, rb_filter *filter);
void rb_filter_destroy(rb_filter *filter);

/** Sets the parameter vector @p theta (6). @return NULL, or why it is refused. */
const char *rb_filter_set(rb_filter *filter, const double *theta);

/** Filters from x = @p x_mV known exactly at step @p u through the observations @p y_mV (L).
 * @param crossing (count) in ascending order of steps, all after u; the last one ends the segment.
 * With none, @p log_tail receives the log density of the observations u+1 .. L-1 without a spike
 * (the last sample is not tested for one). */
void rb_filter_segment(rb_filter *filter, int64_t u, double x_mV, const double *y_mV, int count,
                       rb_crossing *crossing, double *log_tail);

#endif
