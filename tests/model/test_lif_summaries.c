#include "model/lif/lif.h"
#include "rb_test.h"

enum { L = 1000 };

/* Spikes at 100, 200 and 350 (0.2 ms steps), -70 mV inside the refractory periods and -60 outside.
 */
static void three_spikes(void **state) {
  (void)state;
  rb_model model;
  const rb_lif_settings settings = rb_lif_defaults();
  assert_int_equal(rb_lif_model(&test_context, &settings, &model), RB_OK);
  static float x[2 * L];
  static const int at[3] = {100, 200, 350};
  for (int t = 0; t < L; ++t) x[t] = -60;
  for (int s = 0; s < 3; ++s) {
    x[L + at[s]] = 1;
    for (int t = at[s]; t <= at[s] + 10; ++t) x[t] = -70;
  }
  double out[5];
  assert_int_equal(model.summaries, 5);
  model.summarise(&model, x, out);
  assert_near(out[0], 3, 0);
  assert_near(out[1], 20, 1e-12);
  assert_near(out[2], 25, 1e-12);
  assert_near(out[3], 5, 1e-9);
  assert_near(out[4], -60, 1e-12);
  model.destroy(&model);
}

static void no_spike_and_one(void **state) {
  (void)state;
  rb_model model;
  const rb_lif_settings settings = rb_lif_defaults();
  assert_int_equal(rb_lif_model(&test_context, &settings, &model), RB_OK);
  static float x[2 * L];
  double out[5];
  for (int t = 0; t < L; ++t) x[t] = -65;
  for (int t = 0; t < L; ++t) x[L + t] = 0;
  model.summarise(&model, x, out);
  const double expected[5] = {0, 200, 200, 0, -65};
  for (int i = 0; i < 5; ++i) assert_near(out[i], expected[i], 1e-12);
  x[L] = 1;
  model.summarise(&model, x, out);
  assert_near(out[0], 1, 0);
  assert_near(out[1], 0, 0);
  assert_near(out[2], 200, 1e-12);
  assert_near(out[3], 0, 0);
  model.destroy(&model);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(three_spikes),
                                          cmocka_unit_test(no_spike_and_one)};
RB_TEST_MAIN(tests)
