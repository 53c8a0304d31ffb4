#include "summaries.h"

#include <string.h>

#include "initialise.h"

rb_status rb_summaries_create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                              int max_batch, rb_parameters *parameters, rb_summaries *s) {
  rb_status status = RB_OK;
  *s = (rb_summaries){.shape = shape,
                      .dim = settings->summary_dim,
                      .max_batch = max_batch,
                      .has_series = settings->type != RB_SUMMARY_EXPERT,
                      .has_features = settings->type != RB_SUMMARY_RECURRENT};
  if (s->has_series) {
    RB_TRY(rb_summary_create(ctx, settings, shape.length, shape.channels, max_batch, parameters,
                             &s->recurrent));
  }
  if (s->has_features) {
    RB_TRY(rb_expert_create(ctx, settings, shape.features, s->has_series ? s->dim : 0, parameters,
                            &s->expert));
  }
cleanup:
  return status;
}

void rb_summaries_destroy(rb_summaries *s) { rb_summary_destroy(&s->recurrent); }

void rb_summaries_layout(rb_summaries *s, rb_workspace *workspace) {
  const int64_t B = s->max_batch;
  if (s->has_series) rb_summary_layout(&s->recurrent, workspace);
  if (s->has_features) rb_expert_layout(&s->expert, s->max_batch, workspace);
  if (!s->has_series || !s->has_features) return;
  s->series = rb_workspace_take(workspace, B * rb_shape_series(s->shape));
  s->learned = rb_workspace_take(workspace, B * s->dim);
  s->dlearned = rb_workspace_take(workspace, B * s->dim);
}

rb_status rb_summaries_initialise(rb_context *ctx, const rb_summaries *s, uint64_t seed,
                                  uint16_t member, const rb_parameters *parameters) {
  if (s->has_features) rb_mlp_initialise(&s->expert.mlp, seed, member, parameters);
  return s->has_series ? rb_summary_initialise(ctx, &s->recurrent, seed, member, parameters)
                       : RB_OK;
}

void rb_summaries_weights_changed(rb_summaries *s, const rb_parameters *parameters) {
  if (s->has_series) rb_summary_weights_changed(&s->recurrent, parameters);
}

void rb_summaries_draw_masks(rb_summaries *s, rb_isa isa, const rb_dropout_source *source,
                             uint32_t *position, int B) {
  if (s->has_series) rb_summary_draw_masks(&s->recurrent, isa, source, position, B);
}

/* The series of a batch, (B, T, C), cut out of the rows where features stand between. */
static const rb_real *cut_series(const rb_summaries *s, int B, const rb_real *x) {
  if (!s->has_features) return x;
  const int64_t series = rb_shape_series(s->shape), row = rb_shape_row(s->shape);
  for (int b = 0; b < B; ++b) {
    memcpy(s->series + b * series, x + b * row, (size_t)series * sizeof *x);
  }
  return s->series;
}

void rb_summaries_forward(rb_summaries *s, const rb_activation_kernel *kernels,
                          const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                          bool keep, rb_real *h) {
  if (s->has_series) {
    rb_summary_forward(&s->recurrent, kernels, parameters, B, cut_series(s, B, x), use_masks, keep,
                       s->has_features ? s->learned : h);
  }
  if (s->has_features) {
    rb_expert_forward(&s->expert, kernels, parameters, B, x + rb_shape_series(s->shape),
                      rb_shape_row(s->shape), s->learned, h);
  }
}

void rb_summaries_backward(rb_summaries *s, const rb_activation_kernel *kernels,
                           const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                           const rb_real *dh, rb_real *gradient) {
  const bool both = s->has_series && s->has_features;
  if (both) memset(s->dlearned, 0, (size_t)B * (size_t)s->dim * sizeof *s->dlearned);
  if (s->has_features) {
    rb_expert_backward(&s->expert, kernels, parameters, B, s->learned, dh, s->dlearned, gradient);
  }
  if (s->has_series) {
    rb_summary_backward(&s->recurrent, kernels, parameters, B, both ? s->series : x, use_masks,
                        both ? s->dlearned : dh, gradient);
  }
}

double rb_summaries_flops(const rb_summaries *s) {
  return (s->has_series ? rb_summary_flops(&s->recurrent) : 0) +
         (s->has_features ? rb_mlp_flops(&s->expert.mlp) : 0);
}
