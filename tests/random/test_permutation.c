/* Permutations without memory: bijections, uniform, and unlike each other. */
#include "rb_test.h"
#include "rheobase/random/permutation.h"

static rb_permutation permutation_of(int64_t n, uint64_t item) {
  return rb_permutation_make(rb_stream_make(11, RB_FOR_TESTS, RB_RANDOM_SHUFFLE, 0, item), n);
}

static void check_bijection(int64_t n) {
  const rb_permutation p = permutation_of(n, (uint64_t)n);
  char *seen = calloc((size_t)n, 1);
  assert_non_null(seen);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = rb_permutation_at(&p, i);
    assert_true(at >= 0 && at < n);
    assert_int_equal(seen[at], 0);
    seen[at] = 1;
  }
  free(seen);
}

static void takes_every_place_once(void **state) {
  (void)state;
  for (int64_t n = 1; n <= 300; ++n) check_bijection(n);
  static const int64_t large[] = {4096, 4097, 65535, 524288, 1000003};
  for (size_t i = 0; i < sizeof large / sizeof *large; ++i) check_bijection(large[i]);
}

/* The largest: stays within, and other elements go elsewhere. */
static void holds_large_numbers(void **state) {
  (void)state;
  const int64_t n = INT64_C(1) << 48;
  const rb_permutation p = permutation_of(n, 1);
  double mean = 0;
  enum { MANY = 10000 };
  for (int64_t i = 0; i < MANY; ++i) {
    const int64_t at = rb_permutation_at(&p, i * (n / MANY));
    assert_true(at >= 0 && at < n);
    mean += (double)at / (double)n / MANY;
  }
  assert_near(mean, 0.5, 4 * sqrt(1.0 / 12 / MANY));
}

/* Chi-square of counts whose expectation is the same, as a standard normal deviate (Wilson and
 * Hilferty). */
static double deviate(int cells, const int *count, double expected) {
  double chi = 0;
  for (int k = 0; k < cells; ++k) chi += pow(count[k] - expected, 2) / expected;
  const double f = cells - 1;
  return (cbrt(chi / f) - (1 - 2 / (9 * f))) / sqrt(2 / (9 * f));
}

/* All 120 orders of five elements are equally frequent. */
static void small_orders_are_uniform(void **state) {
  (void)state;
  enum { N = 5, CODES = 3125, ORDERS = 120, MANY = 60000 };
  static int code_count[CODES], count[ORDERS];
  int orders = 0;
  for (int k = 0; k < MANY; ++k) {
    const rb_permutation p = permutation_of(N, (uint64_t)k);
    int code = 0;
    for (int i = 0; i < N; ++i) code = code * N + (int)rb_permutation_at(&p, i);
    ++code_count[code];
  }
  for (int code = 0; code < CODES; ++code) {
    if (code_count[code] == 0) continue;
    assert_true(orders < ORDERS);
    count[orders++] = code_count[code];
  }
  assert_int_equal(orders, ORDERS);
  assert_true(fabs(deviate(ORDERS, count, (double)MANY / ORDERS)) < 4);
}

/* Where an element goes, where its neighbour goes relative to it, where it goes in the next epoch
 * relative to this one, and in which batch it is with another: all uniform. */
static void places_are_uniform(void **state) {
  (void)state;
  static const int sizes[] = {6, 100, 250, 256};
  enum { MOST = 256, MANY = 40000, WAYS = 3 };
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
    const int n = sizes[s];
    for (int element = 0; element < n; element += 1 + n / 3) {
      static int count[WAYS][MOST];
      memset(count, 0, sizeof count);
      for (int k = 0; k < MANY; ++k) {
        const rb_permutation p = permutation_of(n, (uint64_t)k);
        const rb_permutation next = permutation_of(n, (uint64_t)k + 1);
        const int64_t at = rb_permutation_at(&p, element);
        ++count[0][at];
        ++count[1][(rb_permutation_at(&p, (element + 1) % n) - at + n) % n];
        ++count[2][(rb_permutation_at(&next, element) - at + n) % n];
      }
      assert_int_equal(count[1][0], 0);  // never the same place
      assert_true(fabs(deviate(n, count[0], (double)MANY / n)) < 4.5);
      assert_true(fabs(deviate(n - 1, count[1] + 1, (double)MANY / (n - 1))) < 4.5);
      assert_true(fabs(deviate(n, count[2], (double)MANY / n)) < 4.5);
    }
  }
}

/* Of the pairs that share a batch of 16 in one epoch, as many do so in the next as by chance. */
static void batches_are_mixed_anew(void **state) {
  (void)state;
  enum { N = 1000, BATCH = 16, EPOCHS = 400 };
  static int64_t order[2][N];
  double together = 0, pairs = 0;
  for (int epoch = 0; epoch < EPOCHS; ++epoch) {
    const rb_permutation p = permutation_of(N, (uint64_t)epoch);
    int64_t *now = order[epoch % 2];
    for (int i = 0; i < N; ++i) now[rb_permutation_at(&p, i)] = i / BATCH;  // batch of each sample
    const int64_t *before = order[1 - epoch % 2];
    for (int i = 0; i < N && epoch > 0; ++i) {
      for (int j = 0; j < i; ++j) {
        if (before[i] != before[j]) continue;
        ++pairs;
        together += now[i] == now[j];
      }
    }
  }
  const double share = (62 * (16 * 15) + 8 * 7) / (1000.0 * 999);
  assert_near(together / pairs, share, 4.5 * sqrt(share / pairs));
}

static void streams_differ(void **state) {
  (void)state;
  enum { N = 1000 };
  const rb_stream stream = rb_stream_make(11, RB_FOR_TESTS, RB_RANDOM_SHUFFLE, 0, 1);
  rb_stream other[3] = {stream, stream, stream};
  other[0].seed = 12;
  other[1].word += 1;  // another member of an ensemble
  other[2].item = 2;
  const rb_permutation p = rb_permutation_make(stream, N);
  for (int k = 0; k < 3; ++k) {
    const rb_permutation q = rb_permutation_make(other[k], N);
    int same = 0;
    for (int i = 0; i < N; ++i) same += rb_permutation_at(&p, i) == rb_permutation_at(&q, i);
    assert_true(same < 8);  // one on average
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(takes_every_place_once),   cmocka_unit_test(holds_large_numbers),
    cmocka_unit_test(small_orders_are_uniform), cmocka_unit_test(places_are_uniform),
    cmocka_unit_test(batches_are_mixed_anew),   cmocka_unit_test(streams_differ)};
RB_TEST_MAIN(tests)
