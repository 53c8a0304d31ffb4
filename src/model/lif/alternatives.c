#include "filter_bank.h"
#include "lif_state.h"
#include "rheobase/memory.h"

/* Filter banks of other settings beside that of the model's own: the differences of their log
 * evidence are log Bayes factors, but for the threshold, which no bank knows. */

enum { COUNT = 8 };
_Static_assert((int)COUNT <= (int)RB_MAX_ALTERNATIVES, "as many as a model may have");

static const rb_quantity names[COUNT] = {{"noise_mV * 1.2", "1", "more observation noise"},
                                         {"noise_mV / 1.2", "1", "less observation noise"},
                                         {"I_mean_pA * 1.6", "1", "a stronger current"},
                                         {"I_mean_pA / 1.6", "1", "a weaker current"},
                                         {"I_std_pA * 1.5", "1", "a noisier current"},
                                         {"I_std_pA / 2", "1", "a less noisy current"},
                                         {"tref_ms * 1.3", "1", "longer refractory periods"},
                                         {"tref_ms / 1.3", "1", "shorter refractory periods"}};

/* Near enough to be noticed where one recording begins to tell: the current's noise is harder to
 * see than the observation's, less of it harder than more. Larger deviations, which these find as
 * well as nearer alternatives would, need none of their own. */
static const struct {
  double noise, I_mean, I_std, tref;
} factor[COUNT] = {{1.2, 1, 1, 1}, {1 / 1.2, 1, 1, 1}, {1, 1.6, 1, 1}, {1, 1 / 1.6, 1, 1},
                   {1, 1, 1.5, 1}, {1, 1, 0.5, 1},     {1, 1, 1, 1.3}, {1, 1, 1, 1 / 1.3}};

static rb_status compare(const rb_model *model, rb_context *ctx, int64_t count, const float *x,
                         double *log_bayes) {
  rb_status status = RB_OK;
  const rb_lif_state *state = model->state;
  double *own = NULL, *other = NULL;
  RB_TRY(RB_ALLOCATE(ctx, own, count));
  RB_TRY(RB_ALLOCATE(ctx, other, count));
  rb_lif_filter_bank_evidence(ctx, state->bank, count, x, own);
  for (int k = 0; k < COUNT; ++k) {
    rb_lif_filter_bank_evidence(ctx, state->alternative[k], count, x, other);
    for (int64_t i = 0; i < count; ++i) log_bayes[i * COUNT + k] = other[i] - own[i];
  }
cleanup:
  free(own);
  free(other);
  return status;
}

rb_status rb_lif_add_alternatives(rb_context *ctx, rb_model *model) {
  rb_status status = RB_OK;
  rb_lif_state *state = model->state;
  RB_TRY(rb_lif_need_bank(ctx, state));
  for (int k = 0; k < COUNT; ++k) {
    rb_lif_settings settings = state->settings;
    settings.noise_mV *= factor[k].noise;
    settings.I_mean_pA *= factor[k].I_mean;
    settings.I_std_pA *= factor[k].I_std;
    settings.tref_ms *= factor[k].tref;
    RB_TRY(rb_lif_filter_bank_create(ctx, &settings, &state->alternative[k]));
  }
  state->alternatives = (rb_alternatives){.count = COUNT, .alternative = names, .compare = compare};
  model->alternatives = &state->alternatives;
cleanup:
  return status;
}
