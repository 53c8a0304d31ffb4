/* Order statistics of distributed values against a sort of all of them. */
#include <stdlib.h>

#include "rb_test.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/order_statistics.h"
#include "rheobase/random/philox.h"

enum { MOST = 4000, GROUPS = 3 };

static double value_of(int kind, int64_t i) {
  const rb_stream stream = rb_stream_make(5, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, (uint64_t)i);
  const double u = rb_stream_uniform(stream, 0), v = rb_stream_uniform(stream, 1);
  switch (kind) {
    case 0:
      return 2 * u - 1;
    case 1:
      return floor(8 * u) - 4;  // many equal ones, and zeros
    case 2:
      return ldexp(2 * v - 1, (int)(2100 * u) - 1080);  // all magnitudes, subnormals too
    case 3:
      return i % 5 == 0 ? INFINITY : i % 7 == 0 ? -INFINITY : u;
    default:
      return i % 9 == 0 ? NAN : u;
  }
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
  return (x > y) - (x < y);
}

static bool same_value(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void keys_keep_order_and_value(void **state) {
  (void)state;
  static const double ascending[] = {-INFINITY, -1e300, -1, -5e-324, -0.0,     0.0,
                                     5e-324,    1,      2,  1e300,   INFINITY, NAN};
  for (size_t i = 0; i < sizeof ascending / sizeof *ascending; ++i) {
    assert_true(same_value(rb_order_value(rb_order_key(ascending[i])), ascending[i]));
    if (i > 0) assert_true(rb_order_key(ascending[i - 1]) < rb_order_key(ascending[i]));
  }
  assert_true(rb_order_key(-NAN) == rb_order_key(NAN));
}

/* Values of group i % 3 on rank (i / 3) % size: every rank has an uneven share, some of them none.
 */
static void check(int kind, int64_t N) {
  double *all[GROUPS + 1] = {NULL};
  int64_t n[GROUPS + 1] = {0}, begin[GROUPS + 1] = {0};
  uint64_t *key = NULL, *work = NULL;
  for (int g = 0; g <= GROUPS; ++g) assert_true(RB_ALLOCATE(&test_context, all[g], N) == RB_OK);
  assert_true(RB_ALLOCATE(&test_context, key, N) == RB_OK);
  assert_true(RB_ALLOCATE(&test_context, work, N) == RB_OK);
  int64_t mine = 0;
  for (int g = 0; g < GROUPS; ++g) {
    begin[g] = mine;
    for (int64_t i = g; i < N; i += GROUPS) {
      all[g][n[g]++] = all[GROUPS][n[GROUPS]++] = value_of(kind, i);
      if (i / GROUPS % test_context.size == test_context.rank)
        key[mine++] = rb_order_key(value_of(kind, i));
    }
    rb_order_sort(mine - begin[g], key + begin[g], work);
  }
  begin[GROUPS] = mine;
  for (int g = 0; g <= GROUPS; ++g) {
    qsort(all[g], (size_t)n[g], sizeof(double), by_value);
    rb_order_query query[RB_ORDER_MAX_QUERIES];
    for (int k = 0; k < RB_ORDER_MAX_QUERIES; ++k) {
      query[k] = (rb_order_query){.key = key,
                                  .begin = begin,
                                  .first = g < GROUPS ? g : 0,
                                  .end = g < GROUPS ? g + 1 : GROUPS,
                                  .index = k * n[g] / RB_ORDER_MAX_QUERIES};
    }
    query[0].index = n[g] - 1;
    query[1].index = n[g];  // there is none
    query[2].index = -1;
    rb_order_find(&test_context, RB_ORDER_MAX_QUERIES, query);
    bool same = isnan(query[1].value) && isnan(query[2].value);
    for (int k = 0; k < RB_ORDER_MAX_QUERIES; ++k) {
      if (k == 1 || k == 2 || n[g] == 0) continue;
      same &= same_value(query[k].value, all[g][query[k].index]);
    }
    assert_all_true(same);
  }
  for (int g = 0; g <= GROUPS; ++g) free(all[g]);
  free(key);
  free(work);
}

static void medians_are_in_the_middle(void **state) {
  (void)state;
  static const double value[] = {4, 1, NAN, 3, 2};
  uint64_t key[4], work[4];
  for (int64_t n = 1; n <= 4; ++n) {
    for (int nan = 0; nan < 2; ++nan) {
      const int64_t mine[2] = {0, test_context.rank == 0 ? n : 0};
      for (int i = 0; i < n; ++i) key[i] = rb_order_key(value[i < 2 || nan ? i : i + 1]);
      rb_order_sort(n, key, work);
      rb_order_query query[RB_ORDER_MIDDLE_QUERIES];
      rb_order_ask_middle(n, &(rb_order_query){.key = key, .begin = mine, .end = 1}, query);
      rb_order_find(&test_context, RB_ORDER_MIDDLE_QUERIES, query);
      const rb_order_middle middle = rb_order_get_middle(query);
      static const double low[] = {4, 1, 3, 2}, high[] = {4, 4, 3, 3};
      if (nan && n > 2) {
        assert_all_true(isnan(middle.low) && isnan(middle.high));
      } else {
        assert_all_true(middle.low == low[n - 1] && middle.high == high[n - 1]);
      }
    }
  }
}

static void values_are_those_of_a_sort(void **state) {
  (void)state;
  static const int64_t sizes[] = {0, 1, 2, 5, 100, MOST};
  for (int kind = 0; kind < 5; ++kind) {
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) check(kind, sizes[i]);
  }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(keys_keep_order_and_value),
                                          cmocka_unit_test(medians_are_in_the_middle),
                                          cmocka_unit_test(values_are_those_of_a_sort)};
RB_TEST_MAIN(tests)
