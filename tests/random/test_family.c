#include "rb_test.h"
#include "rheobase/random/distributions.h"
#include "rheobase/random/family.h"

/* One truncated distribution. */
typedef struct example {
  const char *family;
  double a[RB_FAMILY_ARGUMENTS];
  double low, high;
} example;

static const example examples[] = {
    {"normal", {1, 2}, -INFINITY, INFINITY},
    {"normal", {1, 2}, -INFINITY, 0.5},
    {"normal", {1, 2}, 3, INFINITY},
    {"normal", {0, 1}, 45, 46},
    {"normal", {0, 1}, -1000, 1000},
    {"lognormal", {10, 0.2}, 0, INFINITY},
    {"lognormal", {10, 0.2}, 8, 20},
    {"lognormal", {10, 2}, 0, 5},
    {"uniform", {0}, -3, 5},
    {"loguniform", {0}, 1e-3, 1e3},
    {"gamma", {0.05, 3}, 0, INFINITY},
    {"gamma", {2.5, 0.1}, 0, INFINITY},
    {"gamma", {2.5, 0.1}, 1, 2},
    {"gamma", {1000, 1}, 0, 900},
    {"beta", {0.1, 8}, 0, 1},
    {"beta", {2, 5}, 0.1, 0.9},
    {"exponential", {3}, 0, INFINITY},
    {"exponential", {3}, 10, 12},
    {"student_t", {3.3, -1, 2}, -INFINITY, INFINITY},
    {"student_t", {1, 0, 1}, 5, INFINITY},
    {"student_t", {5, 0, 1}, -2, 1},
    {"half_normal", {2}, 0, INFINITY},
    {"half_normal", {2}, 1, 3},
};
enum { EXAMPLES = sizeof examples / sizeof *examples, STEPS = 20000 };

/* Between two quantiles lies their share: Simpson's rule over the density, in the logarithm of
 * positive values, since densities may be steep at 0. */
static double share_between(const rb_family *family, const example *e, double from, double to) {
  const bool logs = from > 0;
  const double start = logs ? log(from) : from, end = logs ? log(to) : to;
  const double width = (end - start) / STEPS;
  double sum = 0;
  for (int k = 0; k <= STEPS; ++k) {
    const double weight = k == 0 || k == STEPS ? 1 : k % 2 == 1 ? 4 : 2;
    const double at = start + k * width;
    const double x = fmin(fmax(logs ? exp(at) : at, from), to);
    sum += weight * exp(family->log_density(e->a, e->low, e->high, x)) * (logs ? x : 1);
  }
  return sum * width / 3;
}

static void quantiles_and_densities_agree(void **state) {
  (void)state;
  static const double u[] = {0.02, 0.3, 0.5, 0.8, 0.98};
  for (int i = 0; i < EXAMPLES; ++i) {
    const example *e = &examples[i];
    const rb_family *family = rb_family_find(e->family);
    assert_non_null(family);
    for (int k = 1; k < 5; ++k) {
      const double from = family->quantile(e->a, e->low, e->high, u[k - 1]);
      const double to = family->quantile(e->a, e->low, e->high, u[k]);
      assert_true(from < to && from >= e->low && to <= e->high);
      assert_near(share_between(family, e, from, to), u[k] - u[k - 1], 1e-7);
    }
  }
}

static void nothing_outside(void **state) {
  (void)state;
  for (int i = 0; i < EXAMPLES; ++i) {
    const example *e = &examples[i];
    const rb_family *family = rb_family_find(e->family);
    if (isfinite(e->low)) {
      assert_true(isinf(family->log_density(e->a, e->low, e->high, e->low - 1)));
    }
    if (isfinite(e->high)) {
      assert_true(isinf(family->log_density(e->a, e->low, e->high, e->high + 1)));
    }
    assert_true(isfinite(family->quantile(e->a, e->low, e->high, 1e-15)));
    assert_true(isfinite(family->quantile(e->a, e->low, e->high, 1 - 1e-15)));
  }
}

/* The whole range of u, by the distribution functions in closed form. */
static void quantiles_far_out(void **state) {
  (void)state;
  const rb_family *student = rb_family_find("student_t"), *gamma = rb_family_find("gamma");
  const double cauchy[3] = {1, 0, 1}, unit[3] = {1, 1};
  for (double u = 1e-12; u < 1e-2; u *= 3) {
    const double low = student->quantile(cauchy, -INFINITY, INFINITY, u);
    const double high = student->quantile(cauchy, -INFINITY, INFINITY, 1 - u);
    assert_near(low * tan(M_PI * u), -1, 1e-6);  // Cauchy's: -cot(pi u)
    assert_near(high / low, -1, 1e-3);
    assert_near(gamma->quantile(unit, 0, INFINITY, u) / -log1p(-u), 1, 1e-9);
  }
}

static void bits_of_the_distributions_they_stand_for(void **state) {
  (void)state;
  const rb_family *normal = rb_family_find("normal"), *lognormal = rb_family_find("lognormal");
  const double a[2] = {-55, 2}, b[2] = {10, 0.2};
  const rb_truncated_normal truncated = {-55, 2, -60, -50};
  for (double u = 0.001; u < 1; u += 0.0371) {
    assert_true(normal->quantile(a, -60, -50, u) == rb_truncated_normal_quantile(truncated, u));
    assert_true(lognormal->quantile(b, 0, INFINITY, u) ==
                rb_log_normal_quantile(2.30258509299404568402, 0.2, u));
  }
}

static void names(void **state) {
  (void)state;
  assert_null(rb_family_find("gaussian"));
  assert_string_equal(rb_family_find("beta")->argument[1].name, "b");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(quantiles_and_densities_agree), cmocka_unit_test(nothing_outside),
    cmocka_unit_test(quantiles_far_out), cmocka_unit_test(bits_of_the_distributions_they_stand_for),
    cmocka_unit_test(names)};
RB_TEST_MAIN(tests)
