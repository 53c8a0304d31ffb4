#ifndef RB_MODEL_BENCHMARK_NUMPY_RANDOM_H
#define RB_MODEL_BENCHMARK_NUMPY_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"

/** @file numpy_random.h
 * The numbers of numpy's legacy `RandomState(seed)`, of which benchmark tasks made their constants:
 * the Mersenne twister, doubles of 53 bits, normals by the polar method of Marsaglia. All functions
 * are local. */

typedef struct rb_numpy_random {
  gsl_rng *twister;  ///< owned
  bool kept;         ///< whether `normal` waits, the second of a pair
  double normal;
} rb_numpy_random;

/** The caller calls rb_numpy_random_free. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_numpy_random_create(rb_context *ctx, uint32_t seed,
                                              rb_numpy_random *random);
void rb_numpy_random_free(rb_numpy_random *random);

/** The next of `normal()`. */
double rb_numpy_normal(rb_numpy_random *random);

/** `permutation(n)`. @param out (n) */
void rb_numpy_permutation(rb_numpy_random *random, int n, int *out);

#endif
