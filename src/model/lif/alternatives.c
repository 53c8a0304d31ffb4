#include "filter_bank.h"
#include "lif_state.h"
#include "rheobase/base/memory.h"

/* Filter banks of other settings beside that of the model's own: the differences of their log
 * evidence are log Bayes factors, but for the threshold, which no bank knows. */

enum { COUNT = 8 };
_Static_assert((int)COUNT <= (int)RB_MAX_ALTERNATIVES, "as many as a model may have");

static const rb_quantity names[COUNT] = {{"noise_mV * 1.2", "1", "more observation noise"},
                                         {"noise_mV / 1.2", "1", "less observation noise"},
                                         {"I_std_pA * 1.5", "1", "a noisier current"},
                                         {"I_std_pA / 2", "1", "a less noisy current"},
                                         {"tref_ms * 1.3", "1", "longer refractory periods"},
                                         {"tref_ms / 1.3", "1", "shorter refractory periods"},
                                         {"I_mean_pA * 1.6", "1", "a stronger current"},
                                         {"I_mean_pA / 1.6", "1", "a weaker current"}};

/* Near enough to be noticed where one recording begins to tell: the current's noise is harder to
 * see than the observation's, less of it harder than more. Larger deviations, which these find as
 * well as nearer alternatives would, need none of their own. */
static const struct {
  double noise, I_std, tref, I_mean;
} factor[COUNT] = {{1.2, 1, 1, 1}, {1 / 1.2, 1, 1, 1}, {1, 1.5, 1, 1}, {1, 0.5, 1, 1},
                   {1, 1, 1.3, 1}, {1, 1, 1 / 1.3, 1}, {1, 1, 1, 1.6}, {1, 1, 1, 1 / 1.6}};

static rb_status compare(const rb_model *model, rb_context *ctx, int64_t count, const float *x,
                         double *log_bayes) {
  rb_status status = RB_OK;
  const rb_lif_state *state = model->state;
  const int others = state->alternatives.count;
  double *own = NULL, *other = NULL;
  RB_TRY(RB_ALLOCATE(ctx, own, count));
  RB_TRY(RB_ALLOCATE(ctx, other, count));
  rb_lif_filter_bank_evidence(ctx, state->bank, count, x, own);
  for (int k = 0; k < others; ++k) {
    rb_lif_filter_bank_evidence(ctx, state->alternative[k], count, x, other);
    for (int64_t i = 0; i < count; ++i) log_bayes[i * others + k] = other[i] - own[i];
  }
cleanup:
  free(own);
  free(other);
  return status;
}

static bool has_mean_current(const rb_lif_state *state) {
  double sum = 0;
  for (int64_t t = 0; t < state->length; ++t) sum += state->mean_current_pA[t];
  return sum != 0;
}

/* The bank of alternative k. A bank sees a trace as what it adds to I_mean: a stronger one is
 * stronger at every step. */
static rb_status create_bank(rb_context *ctx, const rb_lif_settings *own, int k,
                             rb_lif_filter_bank **bank) {
  rb_status status = RB_OK;
  double *trace = NULL;
  rb_lif_settings settings = *own;
  settings.noise_mV *= factor[k].noise;
  settings.I_std_pA *= factor[k].I_std;
  settings.tref_ms *= factor[k].tref;
  settings.I_mean_pA *= factor[k].I_mean;
  if (own->current_count > 0) {
    RB_TRY(RB_ALLOCATE(ctx, trace, own->current_count));
    for (int64_t t = 0; t < own->current_count; ++t) {
      trace[t] = own->current_pA[t] * factor[k].I_mean;
    }
    settings.current_pA = trace;
  }
  RB_TRY(rb_lif_filter_bank_create(ctx, &settings, bank));
cleanup:
  free(trace);
  return status;
}

rb_status rb_lif_add_alternatives(rb_context *ctx, rb_model *model) {
  rb_status status = RB_OK;
  rb_lif_state *state = model->state;
  // Without a mean current there is no stronger or weaker one.
  const int count = has_mean_current(state) ? COUNT : COUNT - 2;
  RB_TRY(rb_lif_need_bank(ctx, state));
  for (int k = 0; k < count; ++k) {
    RB_TRY(create_bank(ctx, &state->settings, k, &state->alternative[k]));
  }
  state->alternatives = (rb_alternatives){.count = count, .alternative = names, .compare = compare};
  model->alternatives = &state->alternatives;
cleanup:
  return status;
}
