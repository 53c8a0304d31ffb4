#ifndef RB_MODEL_NEURON_RUN_H
#define RB_MODEL_NEURON_RUN_H

#include "neuron.h"

/** @file run.h
 * The loop over time of a group of lanes. */

typedef struct rb_neuron_run {
  const rb_neuron_kernel *kernel;
  int64_t length;  ///< L
  void *work;      ///< of the two functions

  /** Fills what updates first .. first+tile->steps-1 need. */
  void (*drive)(void *work, int64_t first, rb_neuron_tile *tile);

  /** Takes samples first .. first+tile->steps-1, the tile's voltages and spikes. */
  void (*record)(void *work, int64_t first, const rb_neuron_tile *tile);
} rb_neuron_run;

/** All updates; the lanes end at the last sample. Local. */
void rb_neuron_run_lanes(const rb_neuron_run *run, rb_neuron_lanes *lanes);

/** Sets all lanes to their beginning; those from `count` on repeat the last one. Local.
 * @param theta (count) of (parameters) @param v0 (count) initial voltages; NaN: the neuron's rest
 */
void rb_neuron_set_lanes(const rb_neuron_state *state, int64_t count, const double *const *theta,
                         const double *v0, rb_neuron_lanes *lanes);

/** As rb_model has them; local. @{ */
bool rb_neuron_accepts(const rb_model *model, const double *theta, const char **reason);
rb_status rb_neuron_simulate(const rb_model *model, rb_context *ctx, uint64_t seed,
                             rb_purpose purpose, int64_t first, int64_t count, const double *theta,
                             float *x);
rb_status rb_neuron_simulate_given(const rb_model *model, rb_context *ctx, uint64_t seed,
                                   rb_purpose purpose, int64_t first, int64_t count,
                                   const double *theta, const float *given, float *x);
rb_status rb_neuron_log_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                   int64_t count, const double *theta, double *log_likelihood,
                                   const char **reason);
/** @} */

/** What is out of the ordinary, as rb_model has it; local. @{ */
enum { RB_NEURON_ODDITIES = 5 };
extern const rb_quantity rb_neuron_oddity[RB_NEURON_ODDITIES];
rb_status rb_neuron_find_oddities(const rb_model *model, rb_context *ctx, uint64_t seed,
                                  rb_purpose purpose, int64_t first, int64_t count,
                                  const double *theta, uint8_t *found);
/** @} */

/** Whether the recording has an exact log likelihood. Local. */
bool rb_neuron_has_likelihood(const rb_neuron_state *state);

/** The recordings of a data set, as rb_predictor has it. Local. */
rb_status rb_neuron_recordings(const rb_model *model, rb_context *ctx, const float *x,
                               rb_recordings *r);

/** What it predicts of recordings, if it can. Local. */
void rb_neuron_add_predictor(rb_model *model);

/** Statistics of the recording: fills those members of the model. Local. */
void rb_neuron_add_summaries(rb_model *model);

#endif
