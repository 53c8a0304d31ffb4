#include "rheobase/base/fma_peak.h"

#include <time.h>

#include "fma_peak_kernel.h"

static double now_s(void) {
  struct timespec time;
  (void)clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double rb_fma_peak_gflops(rb_isa isa, double seconds) {
  const rb_fma_peak_kernel *kernel = RB_KERNEL_SELECT(rb_fma_peak_kernel, isa);
  const int64_t rounds = 300000;
  const double start = now_s();
  double best = 0, before = start;
  volatile float sink = 0;
  do {
    sink = kernel->run(rounds, 0.999f, 0.001f);
    const double after = now_s();
    const double rate = 1e-9 * kernel->flops_per_round * (double)rounds / (after - before);
    if (rate > best) best = rate;
    before = after;
  } while (before - start < seconds);
  (void)sink;
  return best;
}
