#ifndef RB_NETWORK_AUTOREGRESSIVE_H
#define RB_NETWORK_AUTOREGRESSIVE_H

#include "factor.h"
#include "mlp.h"

/** @file autoregressive.h
 * Autoregressive density q(x | h) = prod_d q(x_d | x_0 .. x_d-1, h), each factor one of a family of
 * densities (factor.h) whose shape are the outputs of a conditional MLP (Uria et al. 2013). Local;
 * only create and layout allocate or hand out memory. */

enum { RB_AUTOREGRESSIVE_MAX_DIM = 64 };

/** Sizes and weights. */
typedef struct rb_autoregressive {
  const rb_factor *factor;
  int D, condition;
  int parts, outputs;  ///< of each factor
  bool centred;  ///< x comes centred (centring.h): the MLPs take earlier coordinates within +-10
  rb_mlp *mlp;   ///< (D), owned: of x_0 .. x_d-1 and h
} rb_autoregressive;

/** What an evaluation leaves for the backward pass, for up to `rows` rows. */
typedef struct rb_autoregressive_cache {
  rb_mlp_cache *mlp;  ///< (D), owned
  rb_real *scratch;   ///< of the backward passes; NULL without keep
  rb_real *input;     ///< (rows, D) what the MLPs take; NULL where it is x
  rb_real *dinput;    ///< (rows, D), with keep
} rb_autoregressive_cache;

/** Sets up the density and adds its tensors, factor->name + "/factor_d/...". Fails with
 * RB_ERR_SETTING if a setting is out of range. Free with rb_autoregressive_destroy. */
RB_NODISCARD rb_status rb_autoregressive_create(rb_context *ctx, const rb_factor *factor,
                                                const rb_autoregressive_settings *settings, int D,
                                                int condition, bool centred,
                                                rb_parameters *parameters,
                                                rb_autoregressive *density);

/** glorot_uniform kernels, the output ones times 0.3, and biases 0, but those of the outputs as the
 * factor has them. Where x comes centred: rb_mlp_initialise_fan_in, output kernels times 0.1. */
void rb_autoregressive_initialise(const rb_autoregressive *density, uint64_t seed, uint16_t member,
                                  const rb_parameters *parameters);

void rb_autoregressive_destroy(rb_autoregressive *density);

/** Allocates the list of the MLPs' caches; free with rb_autoregressive_cache_destroy. */
RB_NODISCARD rb_status rb_autoregressive_cache_create(rb_context *ctx,
                                                      const rb_autoregressive *density,
                                                      rb_autoregressive_cache *cache);
void rb_autoregressive_cache_destroy(rb_autoregressive_cache *cache);

/** Cuts the arrays. @param keep for a backward pass; else all MLPs share their arrays */
void rb_autoregressive_cache_layout(const rb_autoregressive *density, int64_t rows, bool keep,
                                    rb_workspace *workspace, rb_autoregressive_cache *cache);

/** log q(x | h). */
void rb_autoregressive_log_density(const rb_autoregressive *density,
                                   const rb_activation_kernel *kernels,
                                   const rb_parameters *parameters, int64_t rows,
                                   const rb_real *x,  // (rows, D)
                                   const rb_real *h,  // (rows, condition)
                                   rb_autoregressive_cache *cache,
                                   rb_real *log_density);  // (rows)

/** Gradients after rb_autoregressive_log_density with the same arguments and a cache laid out to
 * keep. */
void rb_autoregressive_backward(const rb_autoregressive *density,
                                const rb_activation_kernel *kernels,
                                const rb_parameters *parameters, int64_t rows,
                                const rb_real *x,  // (rows, D)
                                const rb_real *h,  // (rows, condition)
                                const rb_autoregressive_cache *cache,
                                const rb_real *dlog_density,  // (rows)
                                rb_real *dx,                  // (rows, D); NULL if x is not centred
                                rb_real *dh,                  // (rows, condition), added
                                rb_real *gradient);           // flat buffer of all weights, added

/** @return elements of `conditions` below, for @p sets data sets. */
int64_t rb_autoregressive_condition_count(const rb_autoregressive *density, int64_t sets);

/** What the MLPs' first layers need of the summaries, once for all draws of a data set. */
void rb_autoregressive_condition(const rb_autoregressive *density, const rb_parameters *parameters,
                                 int64_t sets,
                                 const rb_real *h,      // (sets, condition)
                                 rb_real *conditions);  // (D, sets, mlp_widths[0])

/** Draws for rows first .. first+rows-1 of (sets, per): row i belongs to data set i / per; rows
 * beyond the last set are padding. One normal number a coordinate. */
void rb_autoregressive_sample(const rb_autoregressive *density, const rb_activation_kernel *kernels,
                              const rb_parameters *parameters, int64_t first, int64_t rows,
                              int64_t sets, int64_t per,
                              const rb_real *conditions,  // (D, sets, mlp_widths[0])
                              rb_autoregressive_cache *cache,
                              rb_real *x,             // (rows, D), z on entry, draws on return
                              rb_real *log_density);  // (rows) of the draws; may be NULL

/** Floating-point operations of the matrix products per row. */
double rb_autoregressive_flops(const rb_autoregressive *density);

#endif
