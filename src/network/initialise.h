#ifndef RB_NETWORK_INITIALISE_H
#define RB_NETWORK_INITIALISE_H

#include "rheobase/base/context.h"
#include "rheobase/base/real.h"
#include "rheobase/network/parameters.h"
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

/** The stream a tensor's initial values come from. @param item its index */
rb_stream rb_initial_stream(uint64_t seed, uint16_t member, uint64_t item);

/** A tensor whose elements are all equal. */
void rb_initialise_constant(const rb_parameters *parameters, int index, rb_real value);

/** A kernel by rb_glorot_uniform; its last two dimensions are (in, out). */
void rb_initialise_glorot(uint64_t seed, uint16_t member, const rb_parameters *parameters,
                          int index);

/** A tensor uniform within +-size / sqrt(fan_in), as PyTorch's linear layers have it for size 1. */
void rb_initialise_fan_in(uint64_t seed, uint16_t member, const rb_parameters *parameters,
                          int index, int fan_in, double size);

/** A kernel (rows, columns) by rb_orthogonal. */
RB_NODISCARD rb_status rb_initialise_orthogonal(rb_context *ctx, uint64_t seed, uint16_t member,
                                                const rb_parameters *parameters, int index);

#endif
