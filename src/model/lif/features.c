#include <string.h>

#include "filter_bank.h"
#include "lif_state.h"
#include "rheobase/base/memory.h"

/* The filter bank as the model's features (model.h). */

enum { NUMBERS = sizeof(rb_lif_centring) / sizeof(double) };
_Static_assert(sizeof(rb_lif_centring) == NUMBERS * sizeof(double), "a centring is doubles alone");

static rb_status compute(const rb_model *model, rb_context *ctx, int64_t count, const float *x,
                         float *features, double *centring) {
  rb_status status = RB_OK;
  const rb_lif_state *state = model->state;
  rb_lif_centring *made = NULL;
  RB_TRY(RB_ALLOCATE(ctx, made, count));
  rb_lif_filter_bank_compute(ctx, state->bank, count, x, features, made);
  memcpy(centring, made, (size_t)count * sizeof *made);
cleanup:
  free(made);
  return status;
}

static void centre(const rb_model *model, const double *centring, int64_t count,
                   const double *latent, double *psi, double *log_det) {
  (void)model;
  rb_lif_centring c;
  memcpy(&c, centring, sizeof c);
  for (int64_t i = 0; i < count; ++i) {
    double row[RB_LIF_DIM], log_inverse = 0;
    memcpy(row, &latent[i * RB_LIF_DIM], sizeof row);
    rb_lif_centre(&c, row, &psi[i * RB_LIF_DIM], &log_inverse);
    if (log_det != NULL) log_det[i] = -log_inverse;
  }
}

static void uncentre(const rb_model *model, const double *centring, int64_t count,
                     const double *psi, double *latent, double *log_det) {
  (void)model;
  rb_lif_centring c;
  memcpy(&c, centring, sizeof c);
  for (int64_t i = 0; i < count; ++i) {
    double row[RB_LIF_DIM];
    memcpy(row, &psi[i * RB_LIF_DIM], sizeof row);
    rb_lif_uncentre(&c, row, &latent[i * RB_LIF_DIM], log_det != NULL ? &log_det[i] : NULL);
  }
}

rb_status rb_lif_need_bank(rb_context *ctx, rb_lif_state *state) {
  if (state->bank != NULL) return RB_OK;
  return rb_lif_filter_bank_create(ctx, &state->settings, &state->bank);
}

rb_status rb_lif_add_features(rb_context *ctx, rb_model *model) {
  rb_status status = RB_OK;
  rb_lif_state *state = model->state;
  RB_TRY(rb_lif_need_bank(ctx, state));
  state->features = (rb_features){.count = RB_LIF_FEATURES,
                                  .feature = rb_lif_filter_bank_quantities(),
                                  .centring = NUMBERS,
                                  .compute = compute,
                                  .centre = centre,
                                  .uncentre = uncentre};
  model->features = &state->features;
cleanup:
  return status;
}
