#include <gsl/gsl_cdf.h>

#include "rb_test.h"
#include "rheobase/random/distributions.h"

/* The map of one pair of words, computed in long double with the library's functions. */
static void expected_pair(uint32_t a, uint32_t b, long double out[2]) {
  const long double pi = 3.14159265358979323846264338327950288L;
  const long double r = sqrtl(-2 * logl(((long double)a + 0.5L) * 0x1p-32L));
  const long double t = 2 * pi * (((long double)b + 0.5L) * 0x1p-32L);
  out[0] = r * cosl(t);
  out[1] = r * sinl(t);
}

static void check_pair(uint32_t a, uint32_t b) {
  double x = 0, y = 0;
  long double expected[2];
  rb_normal_pair(a, b, &x, &y);
  expected_pair(a, b, expected);
  const long double scale = hypotl(expected[0], expected[1]);
  if (!(fabsl(x - expected[0]) <= 1e-15L * scale && fabsl(y - expected[1]) <= 1e-15L * scale)) {
    print_error("words %08x %08x: (%.17g, %.17g)\n", a, b, x, y);
    fail();
  }
}

static void pairs_follow_their_definition(void **state) {
  (void)state;
  static const uint32_t edge[] = {0,          1,          2,          0x1fffffff, 0x20000000,
                                  0x3fffffff, 0x40000000, 0x5fffffff, 0x60000000, 0x7fffffff,
                                  0x80000000, 0x9fffffff, 0xa0000000, 0xb504f333, 0xb504f334,
                                  0xbfffffff, 0xc0000000, 0xe0000000, 0xfffffffe, 0xffffffff};
  enum { EDGES = sizeof edge / sizeof *edge };
  for (int i = 0; i < EDGES; ++i) {
    for (int j = 0; j < EDGES; ++j) check_pair(edge[i], edge[j]);
  }
  const rb_stream stream = rb_stream_make(3, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0);
  for (uint32_t p = 0; p < 50000; ++p) {
    uint32_t word[4];
    rb_stream_block(stream, p, word);
    check_pair(word[0], word[1]);
    check_pair(word[2] >> (p % 32), word[3]);  // small first words: the tail
  }
}

/* Every bit is part of every result of the program: the first ones, recorded once. */
static void bits_never_change(void **state) {
  (void)state;
  double x[4];
  rb_stream_normals(rb_stream_make(45, RB_FOR_TRAINING, RB_RANDOM_PROCESS_NOISE, 0, 7), 0, 4, x);
  static const double recorded[] = {0x1.22baa9cef236cp-1, 0x1.897a814fe3d3ap+1,
                                    0x1.41e6c4914b063p-8, 0x1.6ffaffd5bbb81p-2};
  for (int i = 0; i < 4; ++i) assert_true(x[i] == recorded[i]);
}

static void any_part_of_a_stream_is_the_same(void **state) {
  (void)state;
  enum { N = 200 };
  const rb_stream stream = rb_stream_make(5, RB_FOR_TESTS, RB_RANDOM_NULLS, 1, 2);
  double all[N], part[N];
  float single[N];
  rb_stream_normals(stream, 0, N, all);
  for (int first = 0; first < 9; ++first) {
    for (int count = 0; count < 70; count += 7) {
      rb_stream_normals(stream, first, count, part);
      rb_stream_normals_float(stream, first, count, single);
      for (int i = 0; i < count; ++i) {
        assert_true(part[i] == all[first + i]);
        assert_true(single[i] == (float)all[first + i]);
      }
    }
  }
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Moments within 5.5 standard errors (4e-8 each), Kolmogorov-Smirnov below its 1e-8 quantile, tail
 * counts within 6 Poisson standard deviations. */
static void normals_are_normal(void **state) {
  (void)state;
  enum { N = 400000 };
  static double x[N];
  rb_stream_normals(rb_stream_make(99, RB_FOR_TESTS, RB_RANDOM_NULLS, 0, 0), 0, N, x);
  double moment[5] = {0}, neighbours = 0;
  for (int i = 0; i < N; ++i) {
    double power = 1;
    for (int k = 1; k < 5; ++k) moment[k] += (power *= x[i]) / N;
    if (i + 1 < N) neighbours += x[i] * x[i + 1] / N;
  }
  const double error = 5.5 / sqrt(N);
  assert_near(moment[1], 0, error);
  assert_near(moment[2], 1, error * sqrt(2));
  assert_near(moment[3], 0, error * sqrt(15));
  assert_near(moment[4], 3, error * sqrt(96));
  assert_near(neighbours, 0, error);
  qsort(x, N, sizeof *x, compare_doubles);
  double distance = 0;
  for (int i = 0; i < N; ++i) {
    const double p = gsl_cdf_ugaussian_P(x[i]);
    distance = fmax(distance, fmax(p - (double)i / N, (i + 1.0) / N - p));
  }
  assert_true(distance * sqrt(N) < sqrt(0.5 * log(2 / 1e-8)));
  for (int side = 0; side < 2; ++side) {
    for (int z = 2; z <= 4; ++z) {
      int beyond = 0;
      for (int i = 0; i < N; ++i) beyond += (side ? x[i] : -x[i]) > z;
      const double expected = N * gsl_cdf_ugaussian_Q(z);
      assert_near(beyond, expected, 6 * sqrt(expected));
    }
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pairs_follow_their_definition), cmocka_unit_test(bits_never_change),
    cmocka_unit_test(any_part_of_a_stream_is_the_same), cmocka_unit_test(normals_are_normal)};
RB_TEST_MAIN(tests)
