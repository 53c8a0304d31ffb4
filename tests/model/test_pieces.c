#include <math.h>

#include "rb_test.h"
#include "rheobase/model/pieces.h"

static void few_samples_stay_what_they_are(void **state) {
  (void)state;
  enum { L = 5 };
  const float x[L] = {1.5F, -2, 0, 3e7F, 0.1F};
  double mean[L];
  assert_int_equal(rb_pieces(L, 1), L);
  rb_pieces_average(L, x, L, mean);
  for (int t = 0; t < L; ++t) assert_true(mean[t] == (double)x[t]);
  assert_int_equal(rb_pieces(RB_MOST_PIECES / 2, 2), RB_MOST_PIECES / 2);
}

static void many_are_averaged(void **state) {
  (void)state;
  enum { L = 10001, PIECES = 100 };
  static float x[L];
  double mean[PIECES], sum = 0;
  for (int t = 0; t < L; ++t) x[t] = (float)t;
  rb_pieces_average(L, x, PIECES, mean);
  for (int p = 0; p < PIECES; ++p) {
    const int begin = L * p / PIECES, end = L * (p + 1) / PIECES;
    assert_true(end - begin == 100 || end - begin == 101);
    assert_true(fabs(mean[p] - (begin + end - 1) / 2.0) < 1e-9);
    sum += mean[p] * (end - begin);
  }
  assert_true(fabs(sum - L * (L - 1) / 2.0) < 1e-3);
  assert_int_equal(rb_pieces(L, 1), RB_MOST_PIECES);
  assert_int_equal(rb_pieces(L, 3), RB_MOST_PIECES / 3);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(few_samples_stay_what_they_are),
    cmocka_unit_test(many_are_averaged),
};
RB_TEST_MAIN(tests)
