#ifndef RB_NETWORK_INITIALISE_H
#define RB_NETWORK_INITIALISE_H

#include "flow.h"
#include "mixture.h"
#include "rheobase/random/philox.h"

/** @file initialise.h
 * Initial weights. Each tensor has a stream of its own. Local. */

/** Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010). @param value (count) */
void rb_glorot_uniform(rb_stream stream, double fan_in, double fan_out, int64_t count,
                       rb_real *value);

/** A random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014): the
 * orthogonal factor of a normal matrix whose triangular factor has a positive diagonal.
 * @param value (rows, columns). Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_orthogonal(rb_context *ctx, rb_stream stream, int64_t rows,
                                     int64_t columns, rb_real *value);

/** A tensor whose elements are all equal. */
void rb_initialise_constant(const rb_parameters *parameters, int index, rb_real value);

/** A kernel by rb_glorot_uniform; its last two dimensions are (in, out). */
void rb_initialise_glorot(uint64_t seed, uint16_t member, const rb_parameters *parameters,
                          int index);

/** A kernel (rows, columns) by rb_orthogonal. */
RB_NODISCARD rb_status rb_initialise_orthogonal(rb_context *ctx, uint64_t seed, uint16_t member,
                                                const rb_parameters *parameters, int index);

/** Weights of the flow: orthogonal kernels in the MLPs, output projectors and biases 0, actnorm
 * scale 1; and random permutations unless @p permute is false. */
RB_NODISCARD rb_status rb_flow_initialise(rb_context *ctx, rb_flow *flow, bool permute,
                                          uint64_t seed, uint16_t member,
                                          const rb_parameters *parameters);

/** glorot_uniform kernels, the output ones times 0.3 and biases 0, but the means spread over +-1.5.
 */
void rb_mixture_initialise(const rb_mixture *mixture, uint64_t seed, uint16_t member,
                           const rb_parameters *parameters);

#endif
