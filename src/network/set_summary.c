#include <stddef.h>
#include <string.h>

#include "feature_mlp.h"
#include "rheobase/base/memory.h"
#include "rheobase/network/summary_type.h"

/* The observation as a set of vectors whose order says nothing, one behind the other:
 * h = MLP(mean of MLP'(x_i, m)), m = mean of MLP''(x_i) (Zaheer et al. 2017, Deep sets): each
 * vector is looked at twice, the second time beside what they have in common, since a spread is
 * that of differences from a mean. */

typedef struct set_summary {
  int elements, size, dim, max_batch;
  rb_feature_mlp look[2];  // its rows are all vectors of all sets
  rb_mlp mlp;              // of the second mean
  rb_mlp_cache cache;
  rb_real *made, *common;    // (max_batch, elements, dim): of a look; the first mean beside each
  rb_real *mean[2], *dmean;  // (max_batch, dim)
  rb_real *dmade, *dcommon;  // (max_batch, elements, dim)
  rb_real *scratch;          // of the backward pass
} set_summary;

static rb_status create(rb_context *ctx, const rb_summary_settings *settings, rb_shape shape,
                        int max_batch, rb_parameters *parameters, void **state) {
  static const char *const prefix[2] = {"set/first", "set/second"};
  rb_status status = RB_OK;
  set_summary *s = NULL;
  const int elements = settings->elements;
  rb_summary_settings of_vectors = *settings;  // narrower, since they are more than sets
  for (int l = 0; l < RB_MAX_LAYERS; ++l) {
    of_vectors.mlp_widths[l] = (settings->mlp_widths[l] + 1) / 2;
  }
  if (elements < 1 || shape.features % elements != 0) {
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
    RB_TRY(rb_feature_mlp_create(ctx, &of_vectors, prefix[k], s->size, k == 0 ? 0 : s->dim,
                                 (rb_feature_mlp_extras){0}, max_batch * elements, parameters,
                                 &s->look[k]));
  }
  s->mlp = s->look[0].mlp;
  memcpy(s->mlp.width, settings->mlp_widths, sizeof s->mlp.width);
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
  const int64_t sets = (int64_t)s->max_batch * s->dim, vectors = s->elements * sets;
  for (int k = 0; k < 2; ++k) {
    rb_feature_mlp_layout(&s->look[k], workspace);
    s->mean[k] = rb_workspace_take(workspace, sets);
  }
  rb_mlp_cache_layout(&s->mlp, s->max_batch, false, workspace, &s->cache);
  s->dmean = rb_workspace_take(workspace, sets);
  s->made = rb_workspace_take(workspace, vectors);
  s->common = rb_workspace_take(workspace, vectors);
  s->dmade = rb_workspace_take(workspace, vectors);
  s->dcommon = rb_workspace_take(workspace, vectors);
  s->scratch = rb_workspace_take(workspace, rb_mlp_scratch(&s->mlp, s->max_batch));
}

static rb_status initialise(rb_context *ctx, const void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  (void)ctx;
  const set_summary *s = state;
  for (int k = 0; k < 2; ++k) rb_feature_mlp_initialise(&s->look[k], seed, member, parameters);
  rb_mlp_initialise(&s->mlp, seed, member, parameters);
  return RB_OK;
}

/* of_set = factor times the sum over the vectors of each set. */
static void add_up(const set_summary *s, int B, const rb_real *of_vector, rb_real factor,
                   rb_real *of_set) {
  const int64_t dim = s->dim;
  memset(of_set, 0, (size_t)(B * dim) * sizeof *of_set);
  for (int64_t row = 0; row < (int64_t)B * s->elements; ++row) {
    rb_real *to = of_set + row / s->elements * dim;
    for (int64_t c = 0; c < dim; ++c) to[c] += factor * of_vector[row * dim + c];
  }
}

/* Each vector gets factor times what its set has. */
static void hand_out(const set_summary *s, int B, const rb_real *of_set, rb_real factor,
                     rb_real *of_vector) {
  const int64_t dim = s->dim;
  for (int64_t row = 0; row < (int64_t)B * s->elements; ++row) {
    const rb_real *from = of_set + row / s->elements * dim;
    for (int64_t c = 0; c < dim; ++c) of_vector[row * dim + c] = factor * from[c];
  }
}

static void forward(void *state, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                    bool keep, rb_real *h) {
  (void)use_masks, (void)keep;
  set_summary *s = state;
  for (int k = 0; k < 2; ++k) {
    if (k == 1) hand_out(s, B, s->mean[0], 1, s->common);
    rb_feature_mlp_forward(&s->look[k], kernels, parameters, B * s->elements, x, s->size,
                           k == 0 ? NULL : s->common, s->made);
    add_up(s, B, s->made, 1 / (rb_real)s->elements, s->mean[k]);
  }
  rb_mlp_condition(&s->mlp, parameters, B, s->mean[1], s->cache.pre[0]);
  rb_mlp_forward(&s->mlp, kernels, parameters, B, NULL, 0, false, &s->cache);
  memcpy(h, s->cache.output, (size_t)B * (size_t)s->dim * sizeof *h);
}

static void backward(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *x, bool use_masks,
                     const rb_real *dh, rb_real *gradient) {
  (void)x, (void)use_masks;
  set_summary *s = state;
  const int rows = B * s->elements;
  const rb_real share = 1 / (rb_real)s->elements;
  const size_t sets = (size_t)B * (size_t)s->dim, vectors = (size_t)rows * (size_t)s->dim;
  memcpy(s->scratch, dh, sets * sizeof *dh);
  memset(s->dmean, 0, sets * sizeof *s->dmean);
  rb_mlp_backward(&s->mlp, kernels, parameters, B, NULL, 0, s->mean[1], false, &s->cache, NULL,
                  s->dmean, s->scratch, gradient);
  hand_out(s, B, s->dmean, share, s->dmade);
  memset(s->dcommon, 0, vectors * sizeof *s->dcommon);
  rb_feature_mlp_backward(&s->look[1], kernels, parameters, rows, s->common, s->dmade, s->dcommon,
                          gradient);
  add_up(s, B, s->dcommon, 1, s->dmean);
  hand_out(s, B, s->dmean, share, s->dmade);
  rb_feature_mlp_backward(&s->look[0], kernels, parameters, rows, NULL, s->dmade, NULL, gradient);
}

static double flops(const void *state) {
  const set_summary *s = state;
  return s->elements * (rb_feature_mlp_flops(&s->look[0]) + rb_feature_mlp_flops(&s->look[1])) +
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
