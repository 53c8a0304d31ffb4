#include <stddef.h>
#include <string.h>

#include "feature_mlp.h"
#include "rheobase/base/memory.h"
#include "rheobase/network/summary_type.h"

/* The observation as a set of vectors whose order says nothing, one behind the other:
 * h = MLP(mean of MLP'(x_i, m)), m = mean of MLP''(x_i) (Zaheer et al. 2017, Deep sets): each
 * vector is looked at twice, the second time beside what they have in common, since a spread is
 * that of differences from a mean. */

enum { MAX_ELEMENTS = 64 };

typedef struct set_summary {
  int elements, size, dim, max_batch;
  // Of each look the same tensors, each with a cache of its own.
  rb_feature_mlp look[2][MAX_ELEMENTS];
  rb_mlp mlp;  // of the second mean
  rb_mlp_cache cache;
  rb_real *made, *mean[2], *dmean[2];  // (max_batch, dim)
  rb_real *scratch;                    // of the backward pass
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
  for (int k = 0; k < 2; ++k) {
    RB_TRY(rb_feature_mlp_create(ctx, settings, k == 0 ? "set/first" : "set/second", s->size,
                                 k == 0 ? 0 : s->dim, (rb_feature_mlp_extras){0}, max_batch,
                                 parameters, &s->look[k][0]));
    for (int i = 1; i < elements; ++i) s->look[k][i] = s->look[k][0];
  }
  s->mlp = s->look[0][0].mlp;
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
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < s->elements; ++i) rb_feature_mlp_layout(&s->look[k][i], workspace);
    s->mean[k] = rb_workspace_take(workspace, count);
    s->dmean[k] = rb_workspace_take(workspace, count);
  }
  rb_mlp_cache_layout(&s->mlp, s->max_batch, false, workspace, &s->cache);
  s->made = rb_workspace_take(workspace, count);
  s->scratch = rb_workspace_take(workspace, rb_mlp_scratch(&s->mlp, s->max_batch));
}

static rb_status initialise(rb_context *ctx, const void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  (void)ctx;
  const set_summary *s = state;
  for (int k = 0; k < 2; ++k) rb_feature_mlp_initialise(&s->look[k][0], seed, member, parameters);
  rb_mlp_initialise(&s->mlp, seed, member, parameters);
  return RB_OK;
}

/* The mean of what look k makes of the vectors. */
static void look(set_summary *s, int k, const rb_activation_kernel *kernels,
                 const rb_parameters *parameters, int B, const rb_real *x) {
  const int64_t count = (int64_t)B * s->dim;
  memset(s->mean[k], 0, (size_t)count * sizeof *s->mean[k]);
  for (int i = 0; i < s->elements; ++i) {
    rb_feature_mlp_forward(&s->look[k][i], kernels, parameters, B, x + (ptrdiff_t)i * s->size,
                           (int64_t)s->elements * s->size, k == 0 ? NULL : s->mean[0], s->made);
    for (int64_t c = 0; c < count; ++c) s->mean[k][c] += s->made[c] / (rb_real)s->elements;
  }
}

static void forward(void *state, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                    bool keep, rb_real *h) {
  (void)use_masks, (void)keep;
  set_summary *s = state;
  for (int k = 0; k < 2; ++k) look(s, k, kernels, parameters, B, x);
  rb_mlp_condition(&s->mlp, parameters, B, s->mean[1], s->cache.pre[0]);
  rb_mlp_forward(&s->mlp, kernels, parameters, B, NULL, 0, false, &s->cache);
  memcpy(h, s->cache.output, (size_t)B * (size_t)s->dim * sizeof *h);
}

static void backward(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                     const rb_real *dh, rb_real *gradient) {
  (void)x, (void)use_masks;
  set_summary *s = state;
  const int64_t count = (int64_t)B * s->dim;
  memcpy(s->scratch, dh, (size_t)count * sizeof *dh);
  for (int k = 0; k < 2; ++k) memset(s->dmean[k], 0, (size_t)count * sizeof *s->dmean[k]);
  rb_mlp_backward(&s->mlp, kernels, parameters, B, NULL, 0, s->mean[1], false, &s->cache, NULL,
                  s->dmean[1], s->scratch, gradient);
  for (int k = 1; k >= 0; --k) {
    for (int64_t c = 0; c < count; ++c) s->dmean[k][c] /= (rb_real)s->elements;
    for (int i = 0; i < s->elements; ++i) {
      rb_feature_mlp_backward(&s->look[k][i], kernels, parameters, B, k == 0 ? NULL : s->mean[0],
                              s->dmean[k], k == 0 ? NULL : s->dmean[0], gradient);
    }
  }
}

static double flops(const void *state) {
  const set_summary *s = state;
  return s->elements *
             (rb_feature_mlp_flops(&s->look[0][0]) + rb_feature_mlp_flops(&s->look[1][0])) +
         rb_mlp_flops(&s->mlp);
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
