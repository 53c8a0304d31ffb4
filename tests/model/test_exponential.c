#include "model/neuron/exponential.h"
#include "rb_test.h"
#include "rheobase/random/philox.h"

/* Against long double, in units of the last place of the result. */
static double error_of(double value, long double exact) {
  const double size = fabs((double)exact);
  return (double)fabsl((long double)value - exact) / (nextafter(size, (double)INFINITY) - size);
}

static void both_are_good_to_the_last_place(void **state) {
  (void)state;
  const double width[] = {1e-8, 1e-3, 0.5, 5, 50, 700};
  for (int w = 0; w < 6; ++w) {
    for (uint32_t i = 0; i < 20000; ++i) {
      const rb_stream stream = rb_stream_make(1, RB_FOR_TESTS, RB_RANDOM_PRIOR, (uint16_t)w, 0);
      const double x = width[w] * (2 * rb_stream_uniform(stream, i) - 1);
      const double e = error_of(rb_exponential(x), expl((long double)x));
      const double less_one = error_of(rb_exponential_less_one(x), expm1l((long double)x));
      if (!(e <= 1.25 && less_one <= 2.5)) {
        print_error("at %.17g: errors %g and %g\n", x, e, less_one);
        fail();
      }
    }
  }
}

static void ends_and_zero(void **state) {
  (void)state;
  assert_true(rb_exponential(0) == 1 && rb_exponential_less_one(0) == 0);
  assert_true(isinf(rb_exponential(709.79)) && isinf(rb_exponential(1e300)) &&
              isinf(rb_exponential((double)INFINITY)));
  assert_true(isinf(rb_exponential_less_one(1e300)) && !isinf(rb_exponential(709.78)));
  assert_true(rb_exponential(-1e300) < 1e-300 && rb_exponential(-(double)INFINITY) >= 0);
  assert_true(rb_exponential_less_one(-1e300) == -1);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(both_are_good_to_the_last_place),
                                          cmocka_unit_test(ends_and_zero)};
RB_TEST_MAIN(tests)
