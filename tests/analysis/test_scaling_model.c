/* The performance model against synthetic timings with known constants, and against sums. */
#include "rb_test.h"
#include "rheobase/analysis/scaling_model.h"

static bool near(double a, double b, double relative) { return fabs(a - b) <= relative * fabs(b); }

/* Monte Carlo of the largest of p normals (Box and Muller; a generator of its own). */
static double simulated_largest(int p, int repeats) {
  uint64_t state = 88172645463325252ULL;
  double sum = 0;
  for (int r = 0; r < repeats; ++r) {
    double largest = -INFINITY;
    for (int i = 0; i < p; ++i) {
      double u[2];
      for (int k = 0; k < 2; ++k) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        u[k] = ((double)(state >> 11) + 0.5) / 9007199254740992.0;
      }
      largest = fmax(largest, sqrt(-2 * log(u[0])) * cos(2 * M_PI * u[1]));
    }
    sum += largest;
  }
  return sum / repeats;
}

static void largest_of_normals(void **state) {
  (void)state;
  assert_true(rb_scaling_largest_normal(1) == 0);
  const int ranks[] = {2, 3, 5, 16, 100, 1000};
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; ++i) {
    // standard error below 0.01
    assert_true(near(rb_scaling_largest_normal(ranks[i]),
                     simulated_largest(ranks[i], ranks[i] < 50 ? 30000 : 2000), 0.04));
  }
}

static const rb_scaling_network network = {5e-6, 2e9};
static const rb_scaling_rates truth = {.chunk_s = 2e-11,
                                       .serial_s = 3e-9,
                                       .spread = 0.04,
                                       .exchanges = 3,
                                       .exchanges_per_round = 2,
                                       .file_s = 0.01,
                                       .file_byte_s = 2e-9};

static rb_scaling_load load_of(int64_t chunks) {
  return (rb_scaling_load){.chunks = chunks,
                           .divisible = 1,
                           .chunk_cost = 3e9,
                           .serial_cost = 6e5,
                           .reduced_bytes = 4.8e6,
                           .written_bytes = 1e6 * (double)chunks};
}

/* The point the model itself would measure. */
static rb_scaling_point point_of(rb_scaling_kind kind, int ranks, int64_t chunks) {
  rb_scaling_point p = {.work = RB_SCALE_TRAIN, .kind = kind, .ranks = ranks};
  p.load = load_of(chunks);
  p.fastest = rb_scaling_predict(&truth, &network, &p.load, ranks, p.part);
  p.waiting = p.part[RB_TIME_WAIT];
  p.exchanges = truth.exchanges + truth.exchanges_per_round * ceil((double)chunks / ranks);
  return p;
}

/* Two ranks are enough to find all constants back, and so to predict 1024. */
static void finds_the_constants_back(void **state) {
  (void)state;
  rb_scaling_point points[] = {point_of(RB_SCALE_STRONG, 1, 4), point_of(RB_SCALE_STRONG, 2, 4),
                               point_of(RB_SCALE_WEAK, 2, 8),   point_of(RB_SCALE_UNSEEN, 2, 4),
                               point_of(RB_SCALE_STRONG, 4, 4), point_of(RB_SCALE_STRONG, 1, 4)};
  enum { POINTS = sizeof points / sizeof *points };
  // None of these may count: unseen work, too many ranks for the cores, other work.
  for (int i = 3; i < POINTS; ++i) points[i].part[RB_TIME_COMPUTE] *= 7;
  points[4].oversubscribed = true;
  points[5].work = RB_SCALE_CALIBRATE;
  const rb_scaling_rates rates = rb_scaling_fit(POINTS, points, RB_SCALE_TRAIN);
  assert_int_equal(rates.points, 3);
  assert_true(near(rates.chunk_s, truth.chunk_s, 1e-6));
  assert_true(near(rates.serial_s, truth.serial_s, 1e-6));
  assert_true(near(rates.spread, truth.spread, 1e-6));
  assert_true(near(rates.exchanges, truth.exchanges, 1e-6));
  assert_true(near(rates.exchanges_per_round, truth.exchanges_per_round, 1e-6));
  assert_true(near(rates.file_s, truth.file_s, 1e-6));
  assert_true(near(rates.file_byte_s, truth.file_byte_s, 1e-6));
  const rb_scaling_load unseen = load_of(5000);
  double part[RB_TIME_PARTS], expected[RB_TIME_PARTS];
  const double total = rb_scaling_predict(&rates, &network, &unseen, 1024, part);
  assert_true(near(total, rb_scaling_predict(&truth, &network, &unseen, 1024, expected), 1e-6));
  for (int i = 0; i < RB_TIME_PARTS; ++i) assert_true(near(part[i], expected[i], 1e-6));
}

/* Something that every rank does for all chunks, as large as one rank's work at 1000 ranks, is told
 * from work that is shared, and limits any number of chunks; without it, noise is not taken for it.
 */
static void tells_what_grows_on_every_rank(void **state) {
  (void)state;
  enum { POINTS = 6 };
  static const struct {
    rb_scaling_kind kind;
    int ranks;
    int64_t chunks;
  } cases[POINTS] = {{RB_SCALE_STRONG, 1, 64}, {RB_SCALE_HALF, 1, 32}, {RB_SCALE_STRONG, 2, 64},
                     {RB_SCALE_WEAK, 2, 128},  {RB_SCALE_HALF, 2, 32}, {RB_SCALE_STRONG, 4, 64}};
  static const double noise[POINTS] = {1.01, 0.985, 1.005, 0.99, 1.012, 0.996};
  for (int with = 0; with < 2; ++with) {
    for (int noisy = 0; noisy < 2; ++noisy) {
      rb_scaling_point points[POINTS];
      for (int i = 0; i < POINTS; ++i) {
        points[i] = point_of(cases[i].kind, cases[i].ranks, cases[i].chunks);
        double *compute = &points[i].part[RB_TIME_COMPUTE];
        // a tenth of a chunk's time on every rank: a sum over all data sets that is not shared
        if (with) *compute += 0.1 * (double)cases[i].chunks * 3e9 * truth.chunk_s;
        if (noisy) *compute *= noise[i];
      }
      const rb_scaling_rates rates = rb_scaling_fit(POINTS, points, RB_SCALE_TRAIN);
      assert_true(near(rates.chunk_s, truth.chunk_s, noisy ? 0.06 : 1e-6));
      if (!with) {
        assert_true(rates.growing_s == 0);
        continue;
      }
      assert_true(near(rates.growing_s, 0.1 * truth.chunk_s, noisy ? 0.3 : 1e-6));
      // at most 1 / 0.1 times as fast, so never 80% on 1024 ranks
      const rb_scaling_load large = load_of(1000000);
      assert_true(rb_scaling_efficiency(&rates, &network, &large, 1024) < 0.02);
      assert_int_equal(rb_scaling_pieces_needed(&rates, &network, &large, 1024, 0.8), 0);
    }
  }
}

/* Noise of 2% in what is measured makes an error of the same order, no more. */
static void noise_is_not_amplified(void **state) {
  (void)state;
  rb_scaling_point points[] = {point_of(RB_SCALE_STRONG, 1, 8), point_of(RB_SCALE_STRONG, 2, 8),
                               point_of(RB_SCALE_STRONG, 4, 8), point_of(RB_SCALE_WEAK, 2, 16),
                               point_of(RB_SCALE_WEAK, 4, 32)};
  for (int i = 0; i < 5; ++i) points[i].part[RB_TIME_COMPUTE] *= i % 2 ? 0.98 : 1.02;
  const rb_scaling_rates rates = rb_scaling_fit(5, points, RB_SCALE_TRAIN);
  const rb_scaling_load unseen = load_of(64);
  double part[RB_TIME_PARTS];
  const double expected = rb_scaling_predict(&truth, &network, &unseen, 4, part);
  assert_true(near(rb_scaling_predict(&rates, &network, &unseen, 4, part), expected, 0.04));
}

static void no_points_no_rates(void **state) {
  (void)state;
  const rb_scaling_point other = point_of(RB_SCALE_STRONG, 1, 4);
  const rb_scaling_rates rates = rb_scaling_fit(1, &other, RB_SCALE_IO);
  assert_int_equal(rates.points, 0);
  assert_true(rates.chunk_s == 0 && rates.spread == 0);
}

static void fits_a_network(void **state) {
  (void)state;
  rb_scaling_exchange e[8];
  int count = 0;
  for (int ranks = 2; ranks <= 4; ranks += 2) {
    for (double bytes = 8; bytes < 1e7; bytes *= 100) {
      e[count++] = (rb_scaling_exchange){
          ranks, false, bytes, 5e-6 * (ranks / 2) + 2.0 * (ranks - 1) / ranks * bytes / 2e9};
    }
  }
  e[0].seconds *= 50;  // oversubscribed: not looked at
  e[0].oversubscribed = true;
  const rb_scaling_network found = rb_scaling_fit_network(count, e);
  assert_true(near(found.latency_s, 5e-6, 1e-6) && near(found.bandwidth, 2e9, 1e-6));
  const rb_scaling_network none = rb_scaling_fit_network(0, e);
  assert_true(none.latency_s == 0 && isinf(none.bandwidth));
}

/* Without waiting and exchanges, work of 4 chunks ends at 4 ranks, where efficiency is that of
 * Amdahl's law. */
static void ends_where_chunks_end(void **state) {
  (void)state;
  const rb_scaling_rates plain = {.chunk_s = 1, .serial_s = 1};
  const rb_scaling_network none = {0, INFINITY};
  const rb_scaling_load load = {.chunks = 4, .divisible = 1, .chunk_cost = 1, .serial_cost = 0.4};
  assert_int_equal(rb_scaling_end(&plain, &none, &load, 1024), 4);
  assert_true(near(rb_scaling_efficiency(&plain, &none, &load, 4), 4.4 / (4 * 1.4), 1e-12));
  assert_true(near(rb_scaling_efficiency(&plain, &none, &load, 3), 4.4 / (3 * 2.4), 1e-12));
  // (p k + 0.4) / (p (k + 0.4)) >= 0.8 from k = 2 on for p = 1000
  assert_int_equal(rb_scaling_pieces_needed(&plain, &none, &load, 1000, 0.8), 2);
  const rb_scaling_rates hopeless = {.chunk_s = 1, .spread = 1};
  assert_int_equal(rb_scaling_pieces_needed(&hopeless, &none, &load, 1000, 0.8), 0);
}

/* Chunks that the program cuts to fill the ranks occupy more ranks than there are chunks, as many
 * as the smallest pieces: 8192 data sets in chunks of 256 or less, down to 8. */
static void counts_pieces_of_chunks(void **state) {
  (void)state;
  const rb_scaling_rates plain = {.chunk_s = 1};
  const rb_scaling_network none = {0, INFINITY};
  const rb_scaling_load load = {.chunks = 32, .divisible = 32, .chunk_cost = 256};
  double part[RB_TIME_PARTS];
  assert_true(near(rb_scaling_efficiency(&plain, &none, &load, 64), 1, 1e-12));
  assert_true(near(rb_scaling_efficiency(&plain, &none, &load, 1024), 1, 1e-12));
  assert_int_equal(rb_scaling_end(&plain, &none, &load, 2048), 1024);
  assert_true(near(rb_scaling_predict(&plain, &none, &load, 2048, part), 8, 1e-12));
  // 1.5 pieces of 8 a rank: some have two.
  assert_true(near(rb_scaling_predict(&plain, &none, &load, 683, part), 16, 1e-12));
  assert_int_equal(rb_scaling_pieces_needed(&plain, &none, &load, 1000, 0.8), 1);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(counts_pieces_of_chunks),
                                          cmocka_unit_test(largest_of_normals),
                                          cmocka_unit_test(finds_the_constants_back),
                                          cmocka_unit_test(noise_is_not_amplified),
                                          cmocka_unit_test(tells_what_grows_on_every_rank),
                                          cmocka_unit_test(no_points_no_rates),
                                          cmocka_unit_test(fits_a_network),
                                          cmocka_unit_test(ends_where_chunks_end)};
RB_TEST_MAIN(tests)
