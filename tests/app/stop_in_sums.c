#define _GNU_SOURCE
#include <dlfcn.h>
#include <gsl/gsl_randist.h>
#include <signal.h>
#include <stddef.h>

/* For LD_PRELOAD: a request to stop when the first null sample is drawn, which is while a
 * calibration is summed up. */

void gsl_ran_multinomial(const gsl_rng *r, const size_t K, const unsigned N, const double p[],
                         unsigned n[]) {
  static void (*real)(const gsl_rng *, size_t, unsigned, const double *, unsigned *);
  if (real == NULL) {
    *(void **)&real = dlsym(RTLD_NEXT, "gsl_ran_multinomial");
    (void)raise(SIGUSR1);
  }
  real(r, K, N, p, n);
}
