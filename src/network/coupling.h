#ifndef RB_NETWORK_COUPLING_H
#define RB_NETWORK_COUPLING_H

#include "mlp.h"

/** @file coupling.h
 * One affine coupling: y = s * x + t, where (a, t) = Dense(MLP([u, h])) depends on the other half
 * u of the parameters and on the summary h, and s = softplus(asinh(a) + log(e - 1)) > 0, which is 1
 * at a = 0. Local; no function allocates. */

/** Sizes and weights of a coupling; plain data. */
typedef struct rb_coupling {
  int out;     ///< dimension of x
  rb_mlp mlp;  ///< of u and h; its 2 out outputs are (a, t)
} rb_coupling;

/** What the forward pass leaves for the backward pass, for up to `rows` rows. */
typedef struct rb_coupling_cache {
  rb_mlp_cache mlp;  ///< its output (rows, 2 out): a, t
  rb_real *scale;    ///< (rows, out): s
} rb_coupling_cache;

/** Cuts the arrays. @param masks whether dropout masks are wanted */
void rb_coupling_cache_layout(const rb_coupling *coupling, int64_t rows, bool masks,
                              rb_workspace *workspace, rb_coupling_cache *cache);

/** @return elements of the scratch buffer of rb_coupling_backward. */
int64_t rb_coupling_scratch(const rb_coupling *coupling, int64_t rows);

/** Evaluates a, t and s. On entry cache->mlp.pre[0] holds what rb_mlp_condition gives.
 * @param use_masks applies the masks after each activation */
void rb_coupling_network(const rb_coupling *coupling, const rb_activation_kernel *kernels,
                         const rb_parameters *parameters, int64_t rows,
                         const rb_real *u,  // (rows, in), stride ld
                         int64_t ld, bool use_masks, rb_coupling_cache *cache);

/** y = s x + t and log_det += sum log s, with s and t in @p cache. */
void rb_coupling_transform(const rb_coupling *coupling, int64_t rows,
                           const rb_coupling_cache *cache,
                           const rb_real *x,  // (rows, out), stride ld
                           rb_real *y,        // (rows, out), stride ld; may be x
                           int64_t ld,
                           rb_real *log_det);  // (rows), added

/** x = (y - t) / s, and log_det += sum log s as in rb_coupling_transform. */
void rb_coupling_invert(const rb_coupling *coupling, int64_t rows, const rb_coupling_cache *cache,
                        rb_real *x,  // (rows, out), stride ld, in place
                        int64_t ld,
                        rb_real *log_det);  // (rows), added; may be NULL

/** Backward pass of network and transform together. All rows of u, x and their gradients have the
 * stride ld. */
void rb_coupling_backward(const rb_coupling *coupling, const rb_activation_kernel *kernels,
                          const rb_parameters *parameters, int64_t rows,
                          const rb_real *u,  // (rows, in)
                          const rb_real *x,  // (rows, out)
                          int64_t ld,
                          const rb_real *h,  // (rows, condition)
                          bool use_masks, const rb_coupling_cache *cache,
                          const rb_real *dlog_det,  // (rows)
                          rb_real *du,              // (rows, in), added
                          rb_real *d,               // (rows, out), of y on entry, of x on return
                          rb_real *dh,              // (rows, condition), added
                          rb_real *scratch,         // rb_coupling_scratch elements
                          rb_real *gradient);       // flat buffer of all weights, added

#endif
