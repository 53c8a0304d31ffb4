#ifndef RB_NETWORK_MLP_H
#define RB_NETWORK_MLP_H

#include "activations.h"
#include "rheobase/base/context.h"
#include "rheobase/network/network_settings.h"
#include "rheobase/network/parameters.h"
#include "workspace.h"

/** @file mlp.h
 * A multilayer perceptron of an input in two pieces, Dense(MLP([u, h])): u belongs to a row, h to a
 * data set, whose rows share what the first layer makes of it. Either may be empty. Local; no
 * function allocates. */

/** Sizes and weights; plain data. */
typedef struct rb_mlp {
  int in, condition;  ///< dimensions of u and h; not both 0
  int out;
  int layers;  ///< hidden ones, at least 1
  int width[RB_MAX_LAYERS];
  rb_activation activation;
  double dropout;
  int kernel[RB_MAX_LAYERS + 1];  ///< tensor indices; the last is the output projector
  int bias[RB_MAX_LAYERS + 1];
} rb_mlp;

/** What the forward pass leaves for the backward pass, for up to `rows` rows. */
typedef struct rb_mlp_cache {
  rb_real *pre[RB_MAX_LAYERS];   ///< (rows, width), before the activation
  rb_real *post[RB_MAX_LAYERS];  ///< (rows, width), after activation and dropout
  rb_real *mask[RB_MAX_LAYERS];  ///< (rows, width), dropout factors; NULL without dropout
  rb_real *output;               ///< (rows, out)
} rb_mlp_cache;

/** Adds the tensors, named @p prefix + "/dense_i/kernel" and so on, and notes their indices. */
RB_NODISCARD rb_status rb_mlp_add_parameters(rb_context *ctx, rb_mlp *mlp, const char *prefix,
                                             rb_parameters *parameters);

/** Random initial weights: glorot_uniform kernels, biases 0. */
void rb_mlp_initialise(const rb_mlp *mlp, uint64_t seed, uint16_t member,
                       const rb_parameters *parameters);

/** Others: kernels and biases by rb_initialise_fan_in, those of the output layer times @p output.
 */
void rb_mlp_initialise_fan_in(const rb_mlp *mlp, uint64_t seed, uint16_t member, double output,
                              const rb_parameters *parameters);

/** Cuts the arrays. @param masks whether dropout masks are wanted */
void rb_mlp_cache_layout(const rb_mlp *mlp, int64_t rows, bool masks, rb_workspace *workspace,
                         rb_mlp_cache *cache);

/** @return elements of the scratch buffer of rb_mlp_backward, in two halves. */
int64_t rb_mlp_scratch(const rb_mlp *mlp, int64_t rows);

/** The part of the first layer that depends on h alone, with the bias. */
void rb_mlp_condition(const rb_mlp *mlp, const rb_parameters *parameters, int64_t rows,
                      const rb_real *h,  // (rows, condition)
                      rb_real *pre);     // (rows, width[0])

/** Evaluates the rest, into cache->output. On entry cache->pre[0] holds what rb_mlp_condition
 * gives.
 * @param use_masks applies cache->mask after each activation */
void rb_mlp_forward(const rb_mlp *mlp, const rb_activation_kernel *kernels,
                    const rb_parameters *parameters, int64_t rows,
                    const rb_real *u,  // (rows, in), stride ld
                    int64_t ld, bool use_masks, rb_mlp_cache *cache);

/** Backward pass of both. */
void rb_mlp_backward(const rb_mlp *mlp, const rb_activation_kernel *kernels,
                     const rb_parameters *parameters, int64_t rows,
                     const rb_real *u,  // (rows, in), stride ld
                     int64_t ld,
                     const rb_real *h,  // (rows, condition)
                     bool use_masks, const rb_mlp_cache *cache,
                     rb_real *du,         // (rows, in), stride ld, added; NULL if not wanted
                     rb_real *dh,         // (rows, condition), added; NULL if not wanted
                     rb_real *scratch,    // on entry its first half holds the output's gradient
                     rb_real *gradient);  // flat buffer of all weights, added

/** Floating-point operations of the matrix products per row. */
double rb_mlp_flops(const rb_mlp *mlp);

#endif
