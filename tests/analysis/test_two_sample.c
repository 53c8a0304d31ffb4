#include "rb_test.h"
#include "rheobase/analysis/two_sample.h"
#include "rheobase/random/distributions.h"

enum { D = 3, N = 1500 };
static double a[N * D], b[N * D];

static void draw(uint16_t sub, double shift, double stretch, double *out) {
  rb_stream_normals(rb_stream_make(1, RB_FOR_TESTS, RB_RANDOM_NULLS, sub, 0), 0, N * D, out);
  for (int i = 0; i < N; ++i) {
    out[i * D] = 3.0 + 2.0 * (out[i * D] + shift);
    out[i * D + 1] *= stretch;
  }
}

static double accuracy(void) {
  double value = 0.0;
  assert_int_equal(rb_c2st(&test_context, D, N, a, b, &value), RB_OK);
  return value;
}

/* 5 standard errors of a share of 3000 are 0.046. */
static void c2st(void **state) {
  (void)state;
  draw(0, 0, 1, a);
  draw(1, 0, 1, b);
  assert_near(accuracy(), 0.5, 0.046);
  draw(1, 1, 1, b);  // best rule: Phi(1/2)
  assert_near(accuracy(), 0.6915, 0.046);
  draw(1, 0, 3, b);  // |x| below or above c = sqrt(2 ln 3 / (1 - 1/9)): 1/2 + Phi(c) - Phi(c/3)
  assert_near(accuracy(), 0.7423, 0.046);
  draw(1, 100, 1, b);
  assert_true(accuracy() == 1.0);
  assert_int_equal(rb_c2st(&test_context, D, 20, a, b, a), RB_ERR_SETTING);
  rb_error_clear(&test_context);
}

static void wasserstein(void **state) {
  (void)state;
  double distance[D];
  draw(0, 0, 1, a);
  memcpy(b, a, sizeof b);
  for (int i = 0; i < N; ++i) b[i * D] += 0.25;  // a shift moves all mass by as much
  assert_int_equal(rb_wasserstein(&test_context, D, N, a, N, b, distance), RB_OK);
  assert_near(distance[0], 0.25, 1e-12);
  assert_near(distance[1], 0.0, 1e-12);
  const double few[2] = {0.0, 1.0}, many[4] = {0.0, 0.0, 1.0, 3.0};
  assert_int_equal(rb_wasserstein(&test_context, 1, 2, few, 4, many, distance), RB_OK);
  assert_near(distance[0], 0.5, 1e-15);  // a quarter of the mass moves by 2
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(c2st), cmocka_unit_test(wasserstein)};
RB_TEST_MAIN(tests)
