#include "numpy_random.h"

#include <math.h>

rb_status rb_numpy_random_create(rb_context *ctx, uint32_t seed, rb_numpy_random *random) {
  *random = (rb_numpy_random){.twister = gsl_rng_alloc(gsl_rng_mt19937)};
  if (random->twister == NULL) {
    return RB_FAIL(ctx, RB_ERR_MEMORY, "no memory for a random number generator");
  }
  gsl_rng_set(random->twister, seed);
  return RB_OK;
}

void rb_numpy_random_free(rb_numpy_random *random) {
  if (random->twister != NULL) gsl_rng_free(random->twister);
  *random = (rb_numpy_random){0};
}

/* A word of 32 bits. */
static uint32_t word(rb_numpy_random *random) { return (uint32_t)gsl_rng_get(random->twister); }

static double uniform(rb_numpy_random *random) {
  const double high = word(random) >> 5, low = word(random) >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

double rb_numpy_normal(rb_numpy_random *random) {
  if (random->kept) {
    random->kept = false;
    return random->normal;
  }
  double a = 0, b = 0, square = 0;
  do {
    a = 2 * uniform(random) - 1;
    b = 2 * uniform(random) - 1;
    square = a * a + b * b;
  } while (square >= 1 || square == 0);
  const double factor = sqrt(-2 * log(square) / square);
  random->normal = factor * a;
  random->kept = true;
  return factor * b;
}

/* A number of 0 .. most: bits as many as `most` has, drawn again until they are no more. */
static uint32_t integer(rb_numpy_random *random, uint32_t most) {
  uint32_t mask = most, value = 0;
  for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
  do {
    value = word(random) & mask;
  } while (value > most);
  return value;
}

void rb_numpy_permutation(rb_numpy_random *random, int n, int *out) {
  for (int i = 0; i < n; ++i) out[i] = i;
  for (int i = n - 1; i > 0; --i) {
    const uint32_t j = integer(random, (uint32_t)i);
    const int kept = out[i];
    out[i] = out[j];
    out[j] = kept;
  }
}
