#include "rb_test.h"
#include "rheobase/model/prior.h"

/* Every family, parents in bounds and in arguments, every kind of interval, a clipped parameter, a
 * fixed one and a derived one. Children stand before their parents. */
static const rb_prior_row rows[] = {
    {.name = "reset",
     .distribution = "normal",
     .mean = "-72",
     .sd = "2",
     .low = "-85",
     .high = "min(start - 0.5, -65)"},
    {.name = "start",
     .distribution = "normal",
     .mean = "-70",
     .sd = "2",
     .low = "-80",
     .high = "min(leak - 0.5, -65)"},
    {.name = "tau",
     .distribution = "lognormal",
     .median = "10",
     .sd_log = "0.2",
     .clip = {"8", "12"}},
    {.name = "g", .fixed = "10"},
    {.name = "leak",
     .distribution = "normal",
     .mean = "-70",
     .sd = "2",
     .low = "-75",
     .high = "-60"},
    {.name = "free", .distribution = "student_t", .df = "5", .location = "g", .scale = "0.5"},
    {.name = "share", .distribution = "beta", .a = "2", .b = "3"},
    {.name = "rate", .distribution = "gamma", .shape = "2", .scale = "tau / 4", .low = "1"},
    {.name = "wait", .distribution = "exponential", .mean = "3"},
    {.name = "below", .distribution = "normal", .mean = "0", .sd = "1", .high = "share"},
    {.name = "flat", .distribution = "uniform", .low = "-1", .high = "1"},
    {.name = "wide", .distribution = "loguniform", .low = "0.1", .high = "100"},
    {.name = "size", .distribution = "half_normal", .sd = "3"},
    {.name = "capacity", .fixed = "tau * g"}};
enum { ROWS = sizeof rows / sizeof *rows, D = ROWS - 2, COUNT = 300 };

static rb_prior *prior;

static int set_up(void **state) {
  (void)state;
  return rb_prior_create(&test_context, ROWS, rows, &prior) == RB_OK ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  rb_prior_destroy(prior);
  return 0;
}

static int row_of(const char *name) {
  for (int r = 0; r < ROWS; ++r) {
    if (strcmp(rows[r].name, name) == 0) return r;
  }
  return -1;
}

static void dimensions(void **state) {
  (void)state;
  assert_int_equal(rb_prior_dim(prior), D);
  assert_int_equal(rb_prior_rows(prior), ROWS);
  assert_string_equal(rb_prior_parameters(prior)[3].name, "leak");
}

static void draws_lie_inside(void **state) {
  (void)state;
  static double theta[COUNT * D], latent[COUNT * D], all[COUNT * ROWS], again[D];
  double log_density[COUNT];
  assert_int_equal(rb_prior_draw(&test_context, prior, 3, RB_FOR_TESTS, 0, COUNT, theta, latent),
                   RB_OK);
  rb_prior_log_density(prior, COUNT, latent, log_density);
  rb_prior_complete(prior, COUNT, theta, all);
  int clipped = 0;
  for (int i = 0; i < COUNT; ++i) {
    const double *row = &all[i * ROWS];
    assert_int_equal(rb_prior_outside(prior, &theta[i * D]), 0);
    assert_true(isfinite(log_density[i]));
    assert_true(row[row_of("reset")] <= row[row_of("start")] - 0.5);
    assert_true(row[row_of("start")] <= row[row_of("leak")] - 0.5);
    assert_true(row[row_of("below")] <= row[row_of("share")]);
    assert_true(row[row_of("g")] == 10);
    assert_true(row[row_of("capacity")] == 10 * row[row_of("tau")]);
    clipped += latent[i * D + 2] != theta[i * D + 2];
    assert_true(theta[i * D + 2] == fmin(fmax(latent[i * D + 2], 8), 12));
  }
  assert_in_range(clipped, COUNT / 5, COUNT / 2);  // 27% lie outside, by the normal distribution
  // An item is the same whichever others are drawn with it.
  assert_int_equal(rb_prior_draw(&test_context, prior, 3, RB_FOR_TESTS, 17, 1, again, NULL), RB_OK);
  assert_memory_equal(again, &theta[17 * D], sizeof again);
}

/* Fixing a parameter leaves the others' random numbers as they are. */
static void draws_without_a_parameter(void **state) {
  (void)state;
  rb_prior_row fewer[ROWS];
  rb_prior *other = NULL;
  double theta[D], rest[D - 1];
  memcpy(fewer, rows, sizeof rows);
  fewer[0] = (rb_prior_row){.name = "reset", .fixed = "-70"};
  assert_int_equal(rb_prior_create(&test_context, ROWS, fewer, &other), RB_OK);
  assert_int_equal(rb_prior_draw(&test_context, prior, 3, RB_FOR_TESTS, 5, 1, theta, NULL), RB_OK);
  assert_int_equal(rb_prior_draw(&test_context, other, 3, RB_FOR_TESTS, 5, 1, rest, NULL), RB_OK);
  assert_memory_equal(rest, theta + 1, sizeof rest);
  rb_prior_destroy(other);
}

/* The coordinates: all but the last, logarithms, cover the support and nothing else. */
static const rb_prior_coordinates *const coordinates[] = {&rb_prior_support, &rb_prior_probit,
                                                          &rb_prior_straight, &rb_prior_log};
enum { COORDINATES = sizeof coordinates / sizeof *coordinates, WITHIN = COORDINATES - 1 };

static void round_trip(void **state) {
  (void)state;
  static double theta[COUNT * D], latent[COUNT * D], phi[COUNT * D], back[COUNT * D];
  double to[COUNT], from[COUNT];
  assert_int_equal(rb_prior_draw(&test_context, prior, 4, RB_FOR_TESTS, 0, COUNT, theta, latent),
                   RB_OK);
  for (int c = 0; c < COORDINATES; ++c) {
    coordinates[c]->to(prior, COUNT, latent, phi, to);
    coordinates[c]->from(prior, COUNT, phi, back, from);
    for (int i = 0; i < COUNT * D; ++i) assert_near(back[i], latent[i], 1e-11 * fabs(latent[i]));
    for (int i = 0; i < COUNT; ++i) assert_near(from[i], to[i], 1e-7);
    rb_prior_from_latent(prior, COUNT, back, back);  // in place
    for (int i = 0; i < COUNT * D; ++i) assert_near(back[i], theta[i], 1e-11 * fabs(theta[i]));
    coordinates[c]->from(prior, COUNT, phi, phi, NULL);
    for (int i = 0; i < COUNT * D; ++i) assert_near(phi[i], latent[i], 1e-11 * fabs(latent[i]));
  }
}

/* Any point of R^D gives a possible parameter vector. */
static void images_lie_in_the_prior(void **state) {
  (void)state;
  for (uint32_t i = 0; i < 1000; ++i) {
    double phi[D], latent[D], theta[D], log_density;
    for (uint32_t d = 0; d < D; ++d) {
      const rb_stream s = rb_stream_make(5, RB_FOR_TESTS, RB_RANDOM_PRIOR, 0, i / WITHIN);
      phi[d] = 24.0 * (rb_stream_uniform(s, d) - 0.5);
    }
    coordinates[i % WITHIN]->from(prior, 1, phi, latent, NULL);
    rb_prior_from_latent(prior, 1, latent, theta);
    assert_int_equal(rb_prior_outside(prior, theta), 0);
    rb_prior_log_density(prior, 1, latent, &log_density);
    assert_true(log_density > -INFINITY);
  }
}

/* In probits a uniform parameter is a standard normal one, near a wall too. */
static void a_uniform_parameter_is_normal_in_probits(void **state) {
  (void)state;
  static const rb_prior_row box = {
      .name = "x", .distribution = "uniform", .low = "-3", .high = "5"};
  static const double phi[] = {-7, -2, 0, 0.5, 3, 6};
  rb_prior *uniform = NULL;
  assert_int_equal(rb_prior_create(&test_context, 1, &box, &uniform), RB_OK);
  for (size_t i = 0; i < sizeof phi / sizeof *phi; ++i) {
    double x = 0, log_det = 0, log_density = 0, back = 0;
    rb_prior_probit.from(uniform, 1, &phi[i], &x, &log_det);
    rb_prior_log_density(uniform, 1, &x, &log_density);
    assert_near(log_density + log_det, -0.5 * phi[i] * phi[i] - 0.91893853320467274, 1e-12);
    assert_near(x, -3 + 4 * erfc(-phi[i] / M_SQRT2), 1e-14);
    rb_prior_probit.to(uniform, 1, &x, &back, NULL);
    assert_near(back, phi[i], 1e-4);
  }
  // Beyond the last probit all points are one, with one density.
  static const double beyond[2] = {7, 12};
  double x[2], log_det[2];
  for (int i = 0; i < 2; ++i) rb_prior_probit.from(uniform, 1, &beyond[i], &x[i], &log_det[i]);
  assert_true(x[0] == x[1] && log_det[0] == log_det[1]);
  rb_prior_destroy(uniform);
}

/* Straight coordinates: 100 (s - 1/2) + logit(s), with the slope that has; ends beyond all shares
 * are ends. */
static void straight_inside_an_interval(void **state) {
  (void)state;
  static const rb_prior_row box = {
      .name = "x", .distribution = "uniform", .low = "-3", .high = "5"};
  static const double share[] = {1e-9, 0.001, 0.1, 0.3, 0.5, 0.75, 0.99, 1 - 1e-9};
  rb_prior *uniform = NULL;
  assert_int_equal(rb_prior_create(&test_context, 1, &box, &uniform), RB_OK);
  for (size_t i = 0; i < sizeof share / sizeof *share; ++i) {
    const double s = share[i], x = -3 + 8 * s;
    double phi = 0, log_det = 0, back = 0;
    rb_prior_straight.to(uniform, 1, &x, &phi, &log_det);
    assert_near(phi, 100 * (s - 0.5) + log(s / (1 - s)), 1e-6);
    assert_near(log_det, log(8 / (100 + 1 / (s * (1 - s)))), 1e-6);
    rb_prior_straight.from(uniform, 1, &phi, &back, NULL);
    assert_near(back, x, 1e-12);
  }
  static const double far[2] = {-400, 400};
  double x[2];
  for (int i = 0; i < 2; ++i) rb_prior_straight.from(uniform, 1, &far[i], &x[i], NULL);
  assert_near(x[0], -3, 1e-12);
  assert_near(x[1], 5, 1e-12);
  rb_prior_destroy(uniform);
}

/* Parents that move a bound move straight coordinates only by the bend at the ends, and change no
 * slope inside: both are those of the interval that the parents' medians give. */
static void straight_whatever_the_parents(void **state) {
  (void)state;
  static const rb_prior_row pair[] = {
      {.name = "a", .distribution = "normal", .mean = "0", .sd = "2", .low = "-3", .high = "3"},
      {.name = "b", .distribution = "normal", .mean = "-4", .sd = "2", .low = "-10", .high = "a"}};
  static const double parent[] = {-2.5, 0, 2.5};
  rb_prior *two = NULL;
  assert_int_equal(rb_prior_create(&test_context, 2, pair, &two), RB_OK);
  for (size_t i = 0; i < sizeof parent / sizeof *parent; ++i) {
    const double a = parent[i];
    for (double b = -9.5; b < a; b += 0.7) {
      const double x[2] = {a, b};
      double phi[2], back[2], log_det, from;
      rb_prior_straight.to(two, 1, x, phi, &log_det);
      assert_near(phi[1], 100 * ((b + 10) / 10 - 0.5) + log((b + 10) / (a - b)), 1e-9);
      const double slopes =
          (100.0 / 6 + 6 / ((a + 3) * (3 - a))) * (100.0 / 10 + (a + 10) / ((b + 10) * (a - b)));
      assert_near(log_det, -log(slopes), 1e-9);
      rb_prior_straight.from(two, 1, phi, back, &from);
      assert_near(back[1], b, 1e-10);
      assert_near(from, log_det, 1e-9);
    }
  }
  rb_prior_destroy(two);
}

/* The density of a parent and a child, carried to the plane, has mass one: log density and log
 * determinant by the trapezoidal rule. */
static double mass_of(const rb_prior_row *pair, int c) {
  rb_prior *two = NULL;
  double sum = 0;
  const double step = 0.25;
  assert_int_equal(rb_prior_create(&test_context, 2, pair, &two), RB_OK);
  for (int i = -360; i <= 360; ++i) {
    for (int j = -360; j <= 360; ++j) {
      const double phi[2] = {i * step, j * step};
      double latent[2], log_det, log_density;
      coordinates[c]->from(two, 1, phi, latent, &log_det);
      rb_prior_log_density(two, 1, latent, &log_density);
      if (log_density > -INFINITY) sum += exp(log_density + log_det) * step * step;
    }
  }
  rb_prior_destroy(two);
  return sum;
}

static void masses_are_one(void **state) {
  (void)state;
  static const rb_prior_row pairs[][2] = {
      {{.name = "a", .distribution = "normal", .mean = "0", .sd = "2", .low = "-3", .high = "4"},
       {.name = "b", .distribution = "normal", .mean = "a", .sd = "1", .high = "a + 0.5"}},
      {{.name = "a", .distribution = "gamma", .shape = "2", .scale = "1", .high = "1.2"},
       {.name = "b", .distribution = "uniform", .low = "-a - 0.1", .high = "a + 0.1"}},
      {{.name = "a", .distribution = "lognormal", .median = "2", .sd_log = "0.5", .low = "1"},
       {.name = "b", .distribution = "exponential", .mean = "a", .low = "a"}},
      {{.name = "a", .distribution = "beta", .a = "2", .b = "3"},
       {.name = "b",
        .distribution = "student_t",
        .df = "8",
        .location = "a",
        .scale = "1",
        .low = "a"}},
      {{.name = "a", .distribution = "normal", .mean = "0", .sd = "1"},
       {.name = "b",
        .distribution = "normal",
        .mean = "0",
        .sd = "2",
        .low = "a > 0.5 ? -3 : -1 / 0",
        .high = "3"}}};
  for (size_t k = 0; k < sizeof pairs / sizeof *pairs; ++k) {
    // Not in logarithms: where a density ends at a bound, such a sum is coarse.
    for (int c = 0; c < WITHIN; ++c) assert_near(mass_of(pairs[k], c), 1, 1e-5);
  }
}

static void logarithms_of_what_is_positive(void **state) {
  (void)state;
  static const rb_prior_row triple[] = {
      {.name = "a", .distribution = "loguniform", .low = "3", .high = "300"},
      {.name = "b", .distribution = "uniform", .low = "2", .high = "a"},
      {.name = "c", .distribution = "beta", .a = "2", .b = "3"}};
  rb_prior *three = NULL;
  assert_int_equal(rb_prior_create(&test_context, 3, triple, &three), RB_OK);
  const double x[3] = {20, 5, 0.25};
  double phi[3], log_det;
  rb_prior_log.to(three, 1, x, phi, &log_det);
  assert_near(phi[0], log(20), 1e-15);
  assert_true(phi[1] == 5 && phi[2] == 0.25);
  assert_near(log_det, log(20), 1e-15);
  rb_prior_destroy(three);
}

static void outside_is_named(void **state) {
  (void)state;
  double theta[D];
  assert_int_equal(rb_prior_draw(&test_context, prior, 9, RB_FOR_TESTS, 0, 1, theta, NULL), RB_OK);
  theta[2] = 12.5;  // tau's clipped range ends before
  theta[3] = -80;   // leak, and with it its child start
  assert_int_equal(rb_prior_outside(prior, theta), 1 << 1 | 1 << 2 | 1 << 3);
}

static void standard_deviations(void **state) {
  (void)state;
  const double *sd = rb_prior_sd(prior);
  assert_near(sd[5], 0.2, 0.01);                     // beta(2, 3): sqrt(6 / 150)
  assert_near(sd[7], 3, 0.2);                        // exponential
  assert_near(sd[9], 2 / sqrt(12), 0.02);            // uniform
  assert_near(sd[11], 3 * sqrt(1 - 2 / M_PI), 0.1);  // half-normal
}

static void refused(int count, const rb_prior_row *row, const char *sentence) {
  rb_prior *wrong = NULL;
  assert_int_equal(rb_prior_create(&test_context, count, row, &wrong), RB_ERR_SETTING);
  assert_null(wrong);
  if (strstr(test_context.error.message, sentence) == NULL) {
    print_error("%s\n", test_context.error.message);
    fail();
  }
  test_context.error.code = RB_OK;
}

#define NORMAL .distribution = "normal", .mean = "0", .sd = "1"

static void what_is_wrong(void **state) {
  (void)state;
  static const rb_prior_row circle[] = {{.name = "a", NORMAL, .low = "b"},
                                        {.name = "b", NORMAL, .low = "c"},
                                        {.name = "c", NORMAL, .high = "a"},
                                        {.name = "d", NORMAL, .low = "a"},
                                        {.name = "e", NORMAL}};
  static const rb_prior_row entered[] = {{.name = "a", NORMAL, .low = "b"},
                                         {.name = "b", NORMAL, .low = "c"},
                                         {.name = "c", NORMAL, .high = "b"}};
  static const rb_prior_row fixed[] = {{.name = "a", .fixed = "1"}};
  static const rb_prior_row twice[] = {{.name = "a", NORMAL}, {.name = "a", NORMAL}};
  static const rb_prior_row crossing[] = {{.name = "a", NORMAL},
                                          {.name = "b", NORMAL, .low = "a", .high = "5"}};
  static const rb_prior_row beyond[] = {{.name = "a", .fixed = "3", .low = "4"},
                                        {.name = "b", NORMAL}};
  refused(2, beyond, "prior.a is fixed at 3, outside its range from 4 to inf");
  refused(5, circle, "prior: a, b, c refer to each other in a circle");
  refused(3, entered, "prior: b, c refer to each other in a circle");
  refused(1, fixed, "all parameters are fixed");
  refused(2, twice, "prior.a is given twice");
  refused(2, crossing, "prior.b: nothing lies between low = 5.99");
  refused(0, fixed, "has 0 parameters");
  static const struct {
    rb_prior_row row;
    const char *sentence;
  } cases[] = {
      {{.name = "a", NORMAL, .low = "2", .high = "1"},
       "prior.a: nothing lies between low = 2 and high = 1"},
      {{.name = "a", .distribution = "gaussian"}, "prior.a.distribution = \"gaussian\" is unknown"},
      {{.name = "a", .distribution = "norml"}, "did you mean normal?"},
      {{.name = "a", .distribution = "normal", .mean = "0"}, "a normal distribution needs sd"},
      {{.name = "a", .distribution = "normal", .mean = "0", .sd = "-1"},
       "prior.a.sd is -1, but has to be above 0"},
      {{.name = "a", .distribution = "normal", .mean = "1/0", .sd = "1"},
       "prior.a.mean is inf, but has to be finite"},
      {{.name = "a", .distribution = "normal", .mean = "q", .sd = "1"},
       "prior.a.mean = \"q\" refers to q, which is unknown"},
      {{.name = "a", .distribution = "uniform", .low = "0"}, "needs low and high"},
      {{.name = "a", NORMAL, .shape = "1"}, "prior.a.shape: normal has no such number"},
      {{.name = "a", NORMAL, .fixed = "1"}, "has a distribution and is fixed"},
      {{.name = "a", .fixed = "1", .mean = "1"}, "prior.a.mean: a fixed parameter has no such"},
      {{.name = "a"}, "prior.a needs a distribution, or to be fixed"},
      {{.name = "2a", NORMAL}, "is no name of a parameter"},
      {{.name = "a", NORMAL, .low = "1/0"}, "prior.a: nothing lies between"},
      {{.name = "a", NORMAL, .low = "sqrt(-1)"}, "prior.a.low is no number"},
      {{.name = "a", .distribution = "lognormal", .median = "1", .sd_log = "1", .high = "log(-1)"},
       "prior.a.high is no number"},
      {{.name = "a", .distribution = "beta", .a = "1", .b = "1", .low = "2"},
       "prior.a: nothing lies between low = 2 and high = 1"},
      {{.name = "a", NORMAL, .clip = {"4"}}, "prior.a.clip has to have two ends"},
      {{.name = "a", NORMAL, .clip = {"4", "3"}}, "prior.a.clip"},
      {{.name = "a", NORMAL, .low = "0", .high = "1", .clip = {"2", "3"}},
       "prior.a.clip: nothing of the interval from 0 to 1 lies between 2 and 3"},
      {{.name = "a", .distribution = "loguniform", .low = "0", .high = "2"},
       "prior.a.low is 0, but that of a loguniform distribution has to be above 0"},
      {{.name = "a", .distribution = "loguniform", .low = "-1", .high = "2"},
       "prior.a.low is -1, but that of a loguniform"},
      {{.name = "a", .distribution = "gamma", .shape = "2", .scale = "1", .low = "1e6"},
       "lies no probability"}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; ++k) {
    refused(1, &cases[k].row, cases[k].sentence);
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(dimensions, set_up, tear_down),
    cmocka_unit_test_setup_teardown(draws_lie_inside, set_up, tear_down),
    cmocka_unit_test_setup_teardown(draws_without_a_parameter, set_up, tear_down),
    cmocka_unit_test_setup_teardown(round_trip, set_up, tear_down),
    cmocka_unit_test(a_uniform_parameter_is_normal_in_probits),
    cmocka_unit_test(straight_inside_an_interval),
    cmocka_unit_test(straight_whatever_the_parents),
    cmocka_unit_test_setup_teardown(images_lie_in_the_prior, set_up, tear_down),
    cmocka_unit_test_setup_teardown(outside_is_named, set_up, tear_down),
    cmocka_unit_test_setup_teardown(standard_deviations, set_up, tear_down),
    cmocka_unit_test(masses_are_one),
    cmocka_unit_test(logarithms_of_what_is_positive),
    cmocka_unit_test(what_is_wrong)};
RB_TEST_MAIN(tests)
