#ifndef RB_NETWORK_MIXTURE_H
#define RB_NETWORK_MIXTURE_H

#include "mlp.h"

/** @file mixture.h
 * Autoregressive density q(x | h) = prod_d q(x_d | x_0 .. x_d-1, h), each factor a mixture of K
 * Gaussians whose logits, means and log scales are the outputs of a conditional MLP (Bishop 1994;
 * Uria et al. 2013). Log scales are kept in [-9, 4]. Local; only create and layout allocate or
 * hand out memory. */

enum { RB_MIXTURE_MAX_COMPONENTS = 64, RB_MIXTURE_MAX_DIM = 64 };

/** Sizes and weights. */
typedef struct rb_mixture {
  int D, condition, components;
  bool centred;  ///< x comes centred (centring.h): the MLPs take earlier coordinates within +-10
  rb_mlp *mlp;   ///< (D), owned: of x_0 .. x_d-1 and h; outputs logits, means, log scales, K each
} rb_mixture;

/** What an evaluation leaves for the backward pass, for up to `rows` rows. */
typedef struct rb_mixture_cache {
  rb_mlp_cache *mlp;  ///< (D), owned
  rb_real *scratch;   ///< of the backward passes; NULL without keep
  rb_real *input;     ///< (rows, D) what the MLPs take; NULL where it is x
  rb_real *dinput;    ///< (rows, D), with keep
} rb_mixture_cache;

/** Sets up the density and adds its tensors, "mixture/factor_d/...". Fails with RB_ERR_SETTING if a
 * setting is out of range. Free with rb_mixture_destroy. */
RB_NODISCARD rb_status rb_mixture_create(rb_context *ctx, const rb_mixture_settings *settings,
                                         int D, int condition, bool centred,
                                         rb_parameters *parameters, rb_mixture *mixture);

/** glorot_uniform kernels, the output ones times 0.3 and biases 0, but the means spread over
 * +-1.5. Where x comes centred: rb_mlp_initialise_fan_in, output kernels times 0.1 and output
 * biases 0, but the means spread over +-1.2. */
void rb_mixture_initialise(const rb_mixture *mixture, uint64_t seed, uint16_t member,
                           const rb_parameters *parameters);

void rb_mixture_destroy(rb_mixture *mixture);

/** Allocates the list of the MLPs' caches; free with rb_mixture_cache_destroy. */
RB_NODISCARD rb_status rb_mixture_cache_create(rb_context *ctx, const rb_mixture *mixture,
                                               rb_mixture_cache *cache);
void rb_mixture_cache_destroy(rb_mixture_cache *cache);

/** Cuts the arrays. @param keep for a backward pass; else all MLPs share their arrays */
void rb_mixture_cache_layout(const rb_mixture *mixture, int64_t rows, bool keep,
                             rb_workspace *workspace, rb_mixture_cache *cache);

/** log q(x | h). */
void rb_mixture_log_density(const rb_mixture *mixture, const rb_activation_kernel *kernels,
                            const rb_parameters *parameters, int64_t rows,
                            const rb_real *x,  // (rows, D)
                            const rb_real *h,  // (rows, condition)
                            rb_mixture_cache *cache,
                            rb_real *log_density);  // (rows)

/** Gradients after rb_mixture_log_density with the same arguments and a cache laid out to keep. */
void rb_mixture_backward(const rb_mixture *mixture, const rb_activation_kernel *kernels,
                         const rb_parameters *parameters, int64_t rows,
                         const rb_real *x,  // (rows, D)
                         const rb_real *h,  // (rows, condition)
                         const rb_mixture_cache *cache,
                         const rb_real *dlog_density,  // (rows)
                         rb_real *dx,                  // (rows, D); NULL if x is not centred
                         rb_real *dh,                  // (rows, condition), added
                         rb_real *gradient);           // flat buffer of all weights, added

/** @return elements of `conditions` below, for @p sets data sets. */
int64_t rb_mixture_condition_count(const rb_mixture *mixture, int64_t sets);

/** What the MLPs' first layers need of the summaries, once for all draws of a data set. */
void rb_mixture_condition(const rb_mixture *mixture, const rb_parameters *parameters, int64_t sets,
                          const rb_real *h,      // (sets, condition)
                          rb_real *conditions);  // (D, sets, mlp_widths[0])

/** Draws for rows first .. first+rows-1 of (sets, per): row i belongs to data set i / per; rows
 * beyond the last set are padding. One normal number a coordinate: its probability Phi(z) chooses
 * the component, and what is left of it, again uniform, the value within the component. */
void rb_mixture_sample(const rb_mixture *mixture, const rb_activation_kernel *kernels,
                       const rb_parameters *parameters, int64_t first, int64_t rows, int64_t sets,
                       int64_t per,
                       const rb_real *conditions,  // (D, sets, mlp_widths[0])
                       rb_mixture_cache *cache,
                       rb_real *x,             // (rows, D), z on entry, draws on return
                       rb_real *log_density);  // (rows) of the draws; may be NULL

/** Floating-point operations of the matrix products per row. */
double rb_mixture_flops(const rb_mixture *mixture);

#endif
