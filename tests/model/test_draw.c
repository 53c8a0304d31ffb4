#include "rb_test.h"
#include "rheobase/model/draw.h"

/* A few simulations may be invalid by chance; many, or all that there will be, may not. */
static void the_share_is_judged_by_chance(void **state) {
  (void)state;
  static const struct {
    double limit;
    int64_t tried, invalid;
    bool all, fits;
  } cases[] = {
      {0.01, 1, 1, false, true},     {0.01, 1, 1, true, false},      {0.01, 6, 2, false, true},
      {0.01, 100, 5, false, true},   {0.01, 100, 50, false, false},  {0.5, 1000, 500, true, true},
      {0.5, 1000, 501, true, false}, {0.5, 1000, 600, false, false}, {0, 10, 1, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    const rb_model model = {.skips = true, .skip_limit = cases[i].limit};
    const rb_status status =
        rb_model_check_share(&test_context, &model, cases[i].tried, cases[i].invalid, cases[i].all);
    assert_int_equal(status, cases[i].fits ? RB_OK : RB_ERR_SIMULATOR);
    rb_error_clear(&test_context);
  }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(the_share_is_judged_by_chance)};
RB_TEST_MAIN(tests)
