#ifndef RB_MODEL_LIF_STATE_H
#define RB_MODEL_LIF_STATE_H

#include <stdint.h>

#include "filter_bank.h"
#include "rheobase/model/predictor.h"

/** @file lif_state.h
 * What the parts of the neuron's model share: the state behind rb_model, and its functions. */

typedef struct rb_lif_state {
  rb_lif_settings settings;  ///< current_pA points to mean_current_pA or is NULL
  int64_t length;            ///< L
  double *mean_current_pA;   ///< (L) the trace, or I_mean at every step
  int64_t *spike_index;      ///< (L) index at which a spike at a step is recorded
  rb_lif_filter_bank *bank;  ///< NULL until rb_lif_add_features or rb_lif_add_alternatives
  rb_features features;
  rb_predictor predictor;
  rb_lif_filter_bank *alternative[RB_MAX_ALTERNATIVES];  ///< NULL until rb_lif_add_alternatives
  rb_alternatives alternatives;
} rb_lif_state;

/** Builds the bank of the model's own settings if there is none yet. Local. */
RB_NODISCARD rb_status rb_lif_need_bank(rb_context *ctx, rb_lif_state *state);

/** The step at which a spike at step @p it is recorded: it, or the notebook's (int)((it*dt)/dt). */
int64_t rb_lif_spike_index(const rb_lif_settings *settings, int64_t it);

/** What it predicts of recordings. */
rb_predictor rb_lif_predictor(const rb_lif_settings *settings);

/** Makes the simulator's part of a model. @param settings rb_lif_settings */
rb_status rb_lif_create(rb_context *ctx, const void *settings, rb_model *model);

/** Fill the function pointers of rb_model; see model.h. @{ */
enum { RB_LIF_SUMMARIES = 5 };
extern const rb_quantity rb_lif_summary[RB_LIF_SUMMARIES];
void rb_lif_summarise(const rb_model *model, const float *x, double *out);
enum { RB_LIF_CHECKS = 1 };
extern const rb_quantity rb_lif_check[RB_LIF_CHECKS];
rb_status rb_lif_compare(const rb_model *model, rb_context *ctx, const float *x,
                         const double *median, int64_t S, const double *theta, double *out);
bool rb_lif_accepts(const rb_model *model, const double *theta, const char **reason);
rb_status rb_lif_simulate(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, const double *theta, float *x);
rb_status rb_lif_log_likelihood(const rb_model *model, rb_context *ctx, const float *x,
                                int64_t count, const double *theta, double *log_likelihood,
                                const char **reason);
/** @} */

#endif
