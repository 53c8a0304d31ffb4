#ifndef RB_NETWORK_CENTRING_H
#define RB_NETWORK_CENTRING_H

#include "rheobase/base/context.h"
#include "rheobase/network/parameters.h"
#include "workspace.h"

/** @file centring.h
 * Learned centring: the density works on u = (x - m) exp(-l), where m and l are a linear function
 * of the summary, l within [-7, 3]. Data sets that tell much and those that tell little then look
 * alike to it. Local; only layout hands out memory. */

typedef struct rb_centring {
  int D, condition;
  int kernel, bias;  ///< tensors: (condition, 2 D), (2 D)
} rb_centring;

/** What an evaluation leaves, for up to `rows` rows. */
typedef struct rb_centring_cache {
  rb_real *centre;   ///< (rows, 2 D) m and l, l before it is clamped
  rb_real *u;        ///< (rows, D)
  rb_real *du;       ///< (rows, D) for the gradient with respect to u; NULL without keep
  rb_real *scratch;  ///< (rows, 2 D); NULL without keep
} rb_centring_cache;

/** Adds the tensors "centring/kernel" and "centring/bias". */
RB_NODISCARD rb_status rb_centring_create(rb_context *ctx, int D, int condition,
                                          rb_parameters *parameters, rb_centring *centring);

/** Small weights, bias 0. */
void rb_centring_initialise(const rb_centring *centring, uint64_t seed, uint16_t member,
                            const rb_parameters *parameters);

/** Cuts the arrays. @param keep for a backward pass */
void rb_centring_layout(const rb_centring *centring, int64_t rows, bool keep,
                        rb_workspace *workspace, rb_centring_cache *cache);

/** m and l of each row, into cache->centre. @param h (rows, condition) */
void rb_centring_locate(const rb_centring *centring, const rb_parameters *parameters, int64_t rows,
                        const rb_real *h, rb_centring_cache *cache);

/** After it: u of x, into cache->u, and log |du/dx|. @param x (rows, D) @param log_det (rows) */
void rb_centring_forward(const rb_centring *centring, int64_t rows, const rb_real *x,
                         rb_centring_cache *cache, rb_real *log_det);

/** x of u, in place, for rows first .. first+rows-1 of (sets, per); rows beyond the last set are
 * padding. cache->centre has the sets' m and l.
 * @param log_det (rows) log |du/dx| at x, added; may be NULL */
void rb_centring_inverse(const rb_centring *centring, int64_t first, int64_t rows, int64_t sets,
                         int64_t per, const rb_centring_cache *cache, rb_real *x, rb_real *log_det);

/** Gradients after rb_centring_forward with a cache laid out to keep.
 * @param cache du holds the gradient with respect to u @param dlog_det (rows) @param dh (rows,
 * condition), added @param gradient flat buffer of all weights, added */
void rb_centring_backward(const rb_centring *centring, const rb_parameters *parameters,
                          int64_t rows, const rb_real *h, const rb_centring_cache *cache,
                          const rb_real *dlog_det, rb_real *dh, rb_real *gradient);

/** Floating-point operations of the matrix product per row. */
double rb_centring_flops(const rb_centring *centring);

#endif
