#include "centred_density.h"

#include <string.h>

#include "activations.h"
#include "centring.h"
#include "rheobase/base/memory.h"

/* Any density on parameters that are centred first (centring.h). */

typedef struct centred_density {
  rb_density_sizes sizes;
  rb_centring centring;
  rb_centring_cache training;      // max_batch rows
  rb_centring_cache evaluation;    // block rows
  rb_centring_cache group;         // group rows: where the data sets of a group lie
  rb_real *log_det;                // (max_batch or block, the larger)
  rb_real *dlog_det;               // (max_batch)
  const rb_density_type *density;  // of the centred parameters
  void *state;                     // its own
} centred_density;

static void destroy(void *state) {
  centred_density *c = state;
  if (c == NULL) return;
  c->density->destroy(c->state);
  free(c);
}

static rb_status create(rb_context *ctx, const rb_network_settings *settings,
                        const rb_density_sizes *sizes, rb_parameters *parameters, void **state) {
  rb_status status = RB_OK;
  centred_density *c = NULL;
  RB_TRY(RB_ALLOCATE(ctx, c, 1));
  c->sizes = *sizes;
  c->sizes.centred = true;
  c->density = settings->density;
  RB_TRY(rb_centring_create(ctx, sizes->D, sizes->condition, parameters, &c->centring));
  RB_TRY(c->density->create(ctx, settings, &c->sizes, parameters, &c->state));
  *state = c;
  c = NULL;
cleanup:
  destroy(c);
  return status;
}

static void layout(void *state, rb_workspace *workspace) {
  centred_density *c = state;
  const rb_density_sizes *s = &c->sizes;
  c->density->layout(c->state, workspace);
  rb_centring_layout(&c->centring, s->max_batch, true, workspace, &c->training);
  rb_centring_layout(&c->centring, s->block, false, workspace, &c->evaluation);
  rb_centring_layout(&c->centring, s->group, false, workspace, &c->group);
  c->log_det = rb_workspace_take(workspace, s->max_batch > s->block ? s->max_batch : s->block);
  c->dlog_det = rb_workspace_take(workspace, s->max_batch);
}

static rb_status initialise(rb_context *ctx, void *state, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters) {
  const centred_density *c = state;
  rb_centring_initialise(&c->centring, seed, member, parameters);
  return c->density->initialise(ctx, c->state, seed, member, parameters);
}

static void draw_masks(void *state, rb_isa isa, const rb_dropout_source *source, uint32_t *position,
                       int B) {
  const centred_density *c = state;
  if (c->density->draw_masks != NULL) c->density->draw_masks(c->state, isa, source, position, B);
}

static void gradient(void *state, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int B, const rb_real *theta, const rb_real *h,
                     const rb_real *weight, bool use_masks, rb_real *dtheta, rb_real *dh,
                     rb_real *gradient, rb_real *loss) {
  (void)dtheta;
  centred_density *c = state;
  rb_centring_cache *cache = &c->training;
  rb_centring_locate(&c->centring, parameters, B, h, cache);
  rb_centring_forward(&c->centring, B, theta, cache, c->log_det);
  c->density->gradient(c->state, kernels, parameters, B, cache->u, h, weight, use_masks, cache->du,
                       dh, gradient, loss);
  for (int b = 0; b < B; ++b) {
    loss[b] -= c->log_det[b];
    c->dlog_det[b] = -weight[b];
  }
  rb_centring_backward(&c->centring, parameters, B, h, cache, c->dlog_det, dh, gradient);
}

static const rb_real *log_density(void *state, const rb_activation_kernel *kernels,
                                  const rb_parameters *parameters, const rb_real *theta,
                                  const rb_real *h, rb_real *log_density) {
  centred_density *c = state;
  rb_centring_locate(&c->centring, parameters, c->sizes.block, h, &c->evaluation);
  rb_centring_forward(&c->centring, c->sizes.block, theta, &c->evaluation, c->log_det);
  const rb_real *z =
      c->density->log_density(c->state, kernels, parameters, c->evaluation.u, h, log_density);
  for (int i = 0; i < c->sizes.block; ++i) log_density[i] += c->log_det[i];
  return z;
}

static void prepare(void *state, const rb_parameters *parameters, const rb_real *h) {
  centred_density *c = state;
  rb_centring_locate(&c->centring, parameters, c->sizes.group, h, &c->group);
  c->density->prepare(c->state, parameters, h);
}

static void sample(void *state, const rb_activation_kernel *kernels,
                   const rb_parameters *parameters, int64_t first, int64_t per, rb_real *x,
                   rb_real *log_density) {
  centred_density *c = state;
  c->density->sample(c->state, kernels, parameters, first, per, x, log_density);
  rb_centring_inverse(&c->centring, first, c->sizes.block, c->sizes.group, per, &c->group, x,
                      log_density);
}

static double flops(const void *state) {
  const centred_density *c = state;
  return rb_centring_flops(&c->centring) + c->density->flops(c->state);
}

static int32_t *permutations(void *state, int *depth) {
  const centred_density *c = state;
  return c->density->permutations != NULL ? c->density->permutations(c->state, depth) : NULL;
}

const rb_density_type rb_density_centred = {.name = "centred",
                                            .create = create,
                                            .destroy = destroy,
                                            .layout = layout,
                                            .initialise = initialise,
                                            .draw_masks = draw_masks,
                                            .gradient = gradient,
                                            .log_density = log_density,
                                            .prepare = prepare,
                                            .sample = sample,
                                            .flops = flops,
                                            .permutations = permutations};
