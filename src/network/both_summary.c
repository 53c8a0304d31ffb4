#include <stddef.h>
#include <string.h>

#include "feature_mlp.h"
#include "rheobase/base/memory.h"
#include "rheobase/network/summary_type.h"

/* The recurrent network after the series, and the MLP after the features, which takes what the
 * recurrent network makes of the series beside them. */

typedef struct both_summary {
  rb_shape shape;
  int dim, max_batch;
  void *recurrent;              // state of rb_summary_recurrent
  rb_feature_mlp mlp;           // after the features and `learned`
  rb_real *series;              // (max_batch, T, C)
  rb_real *learned, *dlearned;  // (max_batch, dim), of the recurrent network, and its gradient
} both_summary;

static void destroy(void *state) {
  both_summary *both = state;
  if (both == NULL) return;
  rb_summary_recurrent.destroy(both->recurrent);
  free(both);
}

static rb_status create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                        int max_batch, rb_parameters *parameters, void **state) {
  rb_status status = RB_OK;
  both_summary *both = NULL;
  RB_TRY(RB_ALLOCATE(ctx, both, 1));
  both->shape = shape;
  both->dim = settings->summary_dim;
  both->max_batch = max_batch;
  RB_TRY(
      rb_summary_recurrent.create(ctx, settings, shape, max_batch, parameters, &both->recurrent));
  RB_TRY(rb_feature_mlp_create(ctx, settings, "expert", shape.features, both->dim,
                               (rb_feature_mlp_extras){0}, max_batch, parameters, &both->mlp));
  *state = both;
  both = NULL;
cleanup:
  destroy(both);
  return status;
}

static void layout(void *state, rb_workspace *workspace) {
  both_summary *both = state;
  const int64_t B = both->max_batch;
  rb_summary_recurrent.layout(both->recurrent, workspace);
  rb_feature_mlp_layout(&both->mlp, workspace);
  both->series = rb_workspace_take(workspace, B * rb_shape_series(both->shape));
  both->learned = rb_workspace_take(workspace, B * both->dim);
  both->dlearned = rb_workspace_take(workspace, B * both->dim);
}

static rb_status initialise(rb_context *ctx, const void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  const both_summary *both = state;
  rb_feature_mlp_initialise(&both->mlp, seed, member, parameters);
  return rb_summary_recurrent.initialise(ctx, both->recurrent, seed, member, parameters);
}

static void weights_changed(void *state, const rb_parameters *parameters) {
  const both_summary *both = state;
  rb_summary_recurrent.weights_changed(both->recurrent, parameters);
}

static void draw_masks(void *state, rb_isa isa, const rb_dropout_source *source, uint32_t *position,
                       int B) {
  const both_summary *both = state;
  rb_summary_recurrent.draw_masks(both->recurrent, isa, source, position, B);
}

static void forward(void *state, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                    bool keep, rb_real *h) {
  both_summary *both = state;
  const int64_t series = rb_shape_series(both->shape), row = rb_shape_row(both->shape);
  for (int b = 0; b < B; ++b) {  // cut out of the rows where features stand between
    memcpy(both->series + b * series, x + b * row, (size_t)series * sizeof *x);
  }
  rb_summary_recurrent.forward(both->recurrent, kernels, parameters, B, both->series, use_masks,
                               keep, both->learned);
  rb_feature_mlp_forward(&both->mlp, kernels, parameters, B, x + series, row, both->learned, h);
}

static void backward(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                     const rb_real *dh, rb_real *gradient) {
  (void)x;
  both_summary *both = state;
  memset(both->dlearned, 0, (size_t)B * (size_t)both->dim * sizeof *both->dlearned);
  rb_feature_mlp_backward(&both->mlp, kernels, parameters, B, both->learned, dh, both->dlearned,
                          gradient);
  rb_summary_recurrent.backward(both->recurrent, kernels, parameters, B, both->series, use_masks,
                                both->dlearned, gradient);
}

static double flops(const void *state) {
  const both_summary *both = state;
  return rb_summary_recurrent.flops(both->recurrent) + rb_feature_mlp_flops(&both->mlp);
}

static double recurrent_seconds(const void *state) {
  return rb_summary_recurrent.recurrent_seconds(((const both_summary *)state)->recurrent);
}

const rb_summary_type rb_summary_both = {.name = "both",
                                         .series = true,
                                         .features = &rb_model_features,
                                         .create = create,
                                         .destroy = destroy,
                                         .layout = layout,
                                         .initialise = initialise,
                                         .weights_changed = weights_changed,
                                         .draw_masks = draw_masks,
                                         .forward = forward,
                                         .backward = backward,
                                         .flops = flops,
                                         .recurrent_seconds = recurrent_seconds};
