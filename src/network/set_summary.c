#include <stddef.h>
#include <string.h>

#include "feature_mlp.h"
#include "rheobase/base/memory.h"
#include "rheobase/network/summary_type.h"

/* The observation as a set of vectors whose order says nothing, one behind the other:
 * h = MLP(mean of MLP'(x_i)) (Zaheer et al. 2017, Deep sets). */

enum { MAX_ELEMENTS = 64 };

typedef struct set_summary {
  int elements, size, dim, max_batch;
  rb_feature_mlp element[MAX_ELEMENTS];  // the same tensors, each with a cache of its own
  rb_mlp mlp;                            // of the mean
  rb_mlp_cache cache;
  rb_real *made, *mean, *dmean;  // (max_batch, dim)
  rb_real *scratch;              // of the backward pass
} set_summary;

static rb_status create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                        int max_batch, rb_parameters *parameters, void **state) {
  rb_status status = RB_OK;
  set_summary *s = NULL;
  const int elements = settings->elements;
  if (elements < 1 || elements > MAX_ELEMENTS || shape.features % elements != 0) {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_SETTING,
                "network.summary.elements is %d; the %d numbers of a data set cannot be cut into "
                "so many vectors of one size",
                elements, shape.features));
  }
  RB_TRY(RB_ALLOCATE(ctx, s, 1));
  s->elements = elements;
  s->size = shape.features / elements;
  s->dim = settings->summary_dim;
  s->max_batch = max_batch;
  RB_TRY(rb_feature_mlp_create(ctx, settings, "set/element", s->size, 0, (rb_feature_mlp_extras){0},
                               max_batch, parameters, &s->element[0]));
  for (int i = 1; i < elements; ++i) s->element[i] = s->element[0];
  s->mlp = s->element[0].mlp;
  s->mlp.in = 0;
  s->mlp.condition = s->dim;
  RB_TRY(rb_mlp_add_parameters(ctx, &s->mlp, "set/mean", parameters));
  *state = s;
  s = NULL;
cleanup:
  free(s);
  return status;
}

static void layout(void *state, rb_workspace *workspace) {
  set_summary *s = state;
  const int64_t count = (int64_t)s->max_batch * s->dim;
  for (int i = 0; i < s->elements; ++i) rb_feature_mlp_layout(&s->element[i], workspace);
  rb_mlp_cache_layout(&s->mlp, s->max_batch, false, workspace, &s->cache);
  s->made = rb_workspace_take(workspace, count);
  s->mean = rb_workspace_take(workspace, count);
  s->dmean = rb_workspace_take(workspace, count);
  s->scratch = rb_workspace_take(workspace, rb_mlp_scratch(&s->mlp, s->max_batch));
}

static rb_status initialise(rb_context *ctx, const void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  (void)ctx;
  const set_summary *s = state;
  rb_feature_mlp_initialise(&s->element[0], seed, member, parameters);
  rb_mlp_initialise(&s->mlp, seed, member, parameters);
  return RB_OK;
}

static void forward(void *state, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                    bool keep, rb_real *h) {
  (void)use_masks, (void)keep;
  set_summary *s = state;
  const int64_t count = (int64_t)B * s->dim;
  memset(s->mean, 0, (size_t)count * sizeof *s->mean);
  for (int i = 0; i < s->elements; ++i) {
    rb_feature_mlp_forward(&s->element[i], kernels, parameters, B, x + (ptrdiff_t)i * s->size,
                           (int64_t)s->elements * s->size, NULL, s->made);
    for (int64_t k = 0; k < count; ++k) s->mean[k] += s->made[k] / (rb_real)s->elements;
  }
  rb_mlp_condition(&s->mlp, parameters, B, s->mean, s->cache.pre[0]);
  rb_mlp_forward(&s->mlp, kernels, parameters, B, NULL, 0, false, &s->cache);
  memcpy(h, s->cache.output, (size_t)count * sizeof *h);
}

static void backward(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                     const rb_real *dh, rb_real *gradient) {
  (void)x, (void)use_masks;
  set_summary *s = state;
  const int64_t count = (int64_t)B * s->dim;
  memcpy(s->scratch, dh, (size_t)count * sizeof *dh);
  memset(s->dmean, 0, (size_t)count * sizeof *s->dmean);
  rb_mlp_backward(&s->mlp, kernels, parameters, B, NULL, 0, s->mean, false, &s->cache, NULL,
                  s->dmean, s->scratch, gradient);
  for (int64_t k = 0; k < count; ++k) s->dmean[k] /= (rb_real)s->elements;
  for (int i = 0; i < s->elements; ++i) {
    rb_feature_mlp_backward(&s->element[i], kernels, parameters, B, NULL, s->dmean, NULL, gradient);
  }
}

static double flops(const void *state) {
  const set_summary *s = state;
  return s->elements * rb_feature_mlp_flops(&s->element[0]) + rb_mlp_flops(&s->mlp);
}

static const rb_setting rows[] = {
    {.path = "network.summary.elements",
     .type = RB_SETTING_INTEGER,
     RB_SETTING_MEMBER(rb_summary_settings, elements),
     .standard = "1",
     .range = "[1, 64]",
     .help = "vectors of one size an observation consists of, one behind the other (set)"}};

const rb_summary_type rb_summary_set = {.name = "set",
                                        .features = &rb_data_features,
                                        .setting = rows,
                                        .settings = sizeof rows / sizeof *rows,
                                        .create = create,
                                        .destroy = free,
                                        .layout = layout,
                                        .initialise = initialise,
                                        .forward = forward,
                                        .backward = backward,
                                        .flops = flops};
