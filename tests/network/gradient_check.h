#ifndef RB_TESTS_GRADIENT_CHECK_H
#define RB_TESTS_GRADIENT_CHECK_H

/* Gradients against central differences, in the type the test is compiled for: 1e-7 of the largest
 * entry in double; in float only gross errors show, beyond 1 % of it. */

#include "rb_test.h"
#include "rheobase/base/real.h"
#include "rheobase/random/distributions.h"

/* The scalar whose gradient is checked, summed in double. */
typedef double (*objective)(void *argument);

static const double GRADIENT_STEP = sizeof(rb_real) == sizeof(double) ? 1e-5 : 2e-2;
static const double GRADIENT_TOLERANCE = sizeof(rb_real) == sizeof(double) ? 1e-7 : 1e-2;

/* Checks gradient (n) of f with respect to x (n), entry by entry with the given stride. */
static inline void check_gradient(const char *name, objective f, void *argument, int64_t n,
                                  int64_t stride, rb_real *x, const rb_real *gradient) {
  double largest = 1e-3;  // below this, only the absolute error counts
  for (int64_t i = 0; i < n; ++i) largest = fmax(largest, fabs((double)gradient[i]));
  for (int64_t i = 0; i < n; i += stride) {
    const rb_real saved = x[i];
    x[i] = saved + (rb_real)GRADIENT_STEP;
    const double above = f(argument), high = (double)x[i];
    x[i] = saved - (rb_real)GRADIENT_STEP;
    const double below = f(argument), low = (double)x[i];
    x[i] = saved;
    const double slope = (above - below) / (high - low);
    if (!(fabs(slope - (double)gradient[i]) <= GRADIENT_TOLERANCE * largest)) {
      print_error("%s[%d]: gradient %.12g, difference quotient %.12g, largest entry %.3g\n", name,
                  (int)i, (double)gradient[i], slope, largest);
      fail();
    }
  }
}

/* Normal numbers times sd. */
static inline void fill_normal(uint64_t item, int64_t n, double sd, rb_real *x) {
  const rb_stream stream = rb_stream_make(7, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, item);
  for (int64_t i = 0; i < n; ++i) {
    double value = 0;
    rb_stream_normals(stream, i, 1, &value);
    x[i] = (rb_real)(sd * value);
  }
}

/* sum_i c_i y_i */
static inline double weighted_sum(int64_t n, const rb_real *c, const rb_real *y) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += (double)c[i] * (double)y[i];
  return sum;
}

#endif
