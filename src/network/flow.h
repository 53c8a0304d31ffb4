#ifndef RB_NETWORK_FLOW_H
#define RB_NETWORK_FLOW_H

#include "coupling.h"
#include "rheobase/base/cpu.h"
#include "rheobase/network/dropout_source.h"

/** @file flow.h
 * Coupling flow theta -> z given a summary h (Dinh et al. 2017; Ardizzone et al. 2019), z standard
 * normal. Each layer: actnorm y = scale * x + bias, a fixed permutation x[i] = y[perm[i]], and two
 * affine couplings: with halves x1 = x[0 .. D/2-1] and x2 the rest, x2' from x1, then x1' from x2'.
 * Local; only create and layout allocate or hand out memory. */

enum { RB_FLOW_MAX_DIM = 64 };

/** One layer of the flow. */
typedef struct rb_flow_layer {
  int scale, bias;          ///< tensor indices of actnorm
  rb_coupling coupling[2];  ///< of x2 given x1, of x1 given x2'
} rb_flow_layer;

/** Sizes, weights and permutations of the flow. */
typedef struct rb_flow {
  int D, pivot;   ///< pivot = D/2
  int condition;  ///< dimension of h
  int depth;
  bool actnorm;
  rb_flow_layer *layer;  ///< (depth), owned
  int32_t *permutation;  ///< (depth, D), owned; identity until set
} rb_flow;

/** What a forward pass leaves for the backward pass, for up to `rows` rows. */
typedef struct rb_flow_cache {
  rb_real *x;                   ///< (depth, rows, D) inputs of the couplings
  rb_real *y;                   ///< (depth, rows, D) their outputs; the last are z
  rb_coupling_cache *coupling;  ///< (depth, 2), owned
  rb_real *scratch;             ///< of the couplings' backward passes; NULL without keep
  int64_t rows;
} rb_flow_cache;

/** Sets up the flow and adds its tensors, "flow/layer_i/...". Fails with RB_ERR_SETTING if a
 * setting is out of range. Free with rb_flow_destroy. */
RB_NODISCARD rb_status rb_flow_create(rb_context *ctx, const rb_flow_settings *settings, int D,
                                      int condition, rb_parameters *parameters, rb_flow *flow);
/** Weights of the flow: orthogonal kernels in the MLPs, output projectors and biases 0, actnorm
 * scale 1; and random permutations unless @p permute is false. */
RB_NODISCARD rb_status rb_flow_initialise(rb_context *ctx, rb_flow *flow, bool permute,
                                          uint64_t seed, uint16_t member,
                                          const rb_parameters *parameters);

/** Frees what rb_flow_create allocated. */
void rb_flow_destroy(rb_flow *flow);

/** Allocates the list of couplings' caches; free with rb_flow_cache_destroy. */
RB_NODISCARD rb_status rb_flow_cache_create(rb_context *ctx, const rb_flow *flow,
                                            rb_flow_cache *cache);
/** Frees the list. */
void rb_flow_cache_destroy(rb_flow_cache *cache);

/** Cuts the arrays. @param keep for a backward pass; else all couplings share their arrays */
void rb_flow_cache_layout(const rb_flow *flow, int64_t rows, bool keep, rb_workspace *workspace,
                          rb_flow_cache *cache);

/** Fills the dropout masks; @p position as in rb_dropout_mask. */
void rb_flow_draw_masks(const rb_flow *flow, rb_isa isa, const rb_dropout_source *source,
                        uint32_t *position, int B, rb_flow_cache *cache);

/** theta to z. @return z (rows, D), in the cache. */
const rb_real *rb_flow_forward(const rb_flow *flow, const rb_activation_kernel *kernels,
                               const rb_parameters *parameters, int64_t rows,
                               const rb_real *theta,  // (rows, D)
                               const rb_real *h,      // (rows, condition)
                               bool use_masks, rb_flow_cache *cache,
                               rb_real *log_det);  // (rows)

/** @return elements of `conditions` below, for @p sets data sets. */
int64_t rb_flow_condition_count(const rb_flow *flow, int64_t sets);

/** What the couplings' first layers need of the summaries, once for all draws of a data set. */
void rb_flow_condition(const rb_flow *flow, const rb_parameters *parameters, int64_t sets,
                       const rb_real *h,      // (sets, condition)
                       rb_real *conditions);  // (2 depth, sets, mlp_widths[0])

/** theta from z for rows first .. first+rows-1 of (sets, per): row i belongs to data set i / per;
 * rows beyond the last set are padding. */
void rb_flow_inverse(const rb_flow *flow, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int64_t first, int64_t rows, int64_t sets,
                     int64_t per,
                     const rb_real *conditions,  // (2 depth, sets, mlp_widths[0])
                     rb_flow_cache *cache,
                     rb_real *x,         // (rows, D), z on entry, theta on return
                     rb_real *log_det);  // (rows) that of rb_flow_forward at theta; may be NULL

/** Gradients after rb_flow_forward with the same arguments and a cache laid out to keep. */
void rb_flow_backward(const rb_flow *flow, const rb_activation_kernel *kernels,
                      const rb_parameters *parameters, int64_t rows,
                      const rb_real *theta,  // (rows, D)
                      const rb_real *h,      // (rows, condition)
                      bool use_masks, rb_flow_cache *cache,
                      const rb_real *dlog_det,  // (rows)
                      rb_real *d,               // (rows, D), of z on entry, of theta on return
                      rb_real *dh,              // (rows, condition), added
                      rb_real *gradient);       // flat buffer of all weights, added

/** Floating-point operations of the matrix products per row. */
double rb_flow_flops(const rb_flow *flow);

#endif
