#include "fma_peak_kernel.h"

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
typedef float vector __attribute__((vector_size(VECTOR_BYTES)));

/* Twelve chains hide the latency of every processor so far and fit into sixteen registers. */
enum { CHAINS = 12, LANES = VECTOR_BYTES / sizeof(float) };

static float run(int64_t rounds, float factor, float summand) {
  const vector a = factor - (vector){0}, b = summand - (vector){0};
  vector chain[CHAINS];
  for (int i = 0; i < CHAINS; ++i) chain[i] = b * (float)i;
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; ++i) chain[i] = chain[i] * a + b;
  }
  vector sum = chain[0];
  for (int i = 1; i < CHAINS; ++i) sum += chain[i];
  float total = 0;
  for (int i = 0; i < LANES; ++i) total += sum[i];
  return total;
}

const rb_fma_peak_kernel RB_KERNEL_SYMBOL(rb_fma_peak_kernel) = {2.0 * CHAINS * LANES, run};
