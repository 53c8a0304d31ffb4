/* The settings in reference files of a network: what is read, what is refused. */
#include "app/input/network_config.h"
#include "rb_test.h"

static const char *const GOOD =
    "{\"summary\": {\"summary_dim\": 7, \"filters\": [6, 12], \"kernel_sizes\": [5, 3], "
    "\"strides\": [2,3 ], \"groups\": 3, \"activation\": \"mish\", \"recurrent_type\": \"lstm\", "
    "\"recurrent_dim\": 12, \"bidirectional\": false, \"skip_steps\": 3}, "
    "\"flow\": {\"depth\": 3, \"permutation\": \"random\", \"use_actnorm\": true, "
    "\"transform\": \"affine\", \"mlp_widths\": [20], \"mlp_activation\": \"relu\"}}";

static void test_good(void **state) {
  (void)state;
  rb_network_settings s;
  assert_all_ok(rb_network_config_parse(&test_context, "f.h5", GOOD, &s));
  assert_int_equal(s.summary.summary_dim, 7);
  assert_int_equal(s.summary.conv_layers, 2);
  assert_int_equal(s.summary.filters[1], 12);
  assert_int_equal(s.summary.kernel_sizes[0], 5);
  assert_int_equal(s.summary.strides[1], 3);
  assert_int_equal(s.summary.groups, 3);
  assert_int_equal(s.summary.recurrent_type, RB_LSTM);
  assert_int_equal(s.summary.recurrent_dim, 12);
  assert_false(s.summary.bidirectional);
  assert_int_equal(s.summary.skip_steps, 3);
  assert_int_equal(s.flow.depth, 3);
  assert_true(s.flow.actnorm);
  assert_int_equal(s.flow.mlp_layers, 1);
  assert_int_equal(s.flow.mlp_widths[0], 20);
  assert_int_equal(s.flow.mlp_activation, RB_RELU);
}

/* GOOD with one piece replaced. */
static void changed(const char *from, const char *to, char *out, size_t size) {
  const char *at = strstr(GOOD, from);
  assert_non_null(at);
  (void)snprintf(out, size, "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
}

static void test_other_forms(void **state) {
  (void)state;
  char json[2048];
  rb_network_settings s;
  changed("[20]", "20", json, sizeof json);
  assert_all_ok(rb_network_config_parse(&test_context, "f.h5", json, &s));
  assert_int_equal(s.flow.mlp_layers, 1);
  assert_int_equal(s.flow.mlp_widths[0], 20);
  changed("\"groups\": 3", "\"groups\":null", json, sizeof json);
  assert_all_ok(rb_network_config_parse(&test_context, "f.h5", json, &s));
  assert_int_equal(s.summary.groups, 0);
}

static void test_refused(void **state) {
  (void)state;
  const char *const cases[][3] = {
      {"\"flow\"", "\"fl\"", "flow"},
      {"\"depth\": 3", "\"dep\": 3", "depth"},
      {"\"depth\": 3", "\"depth\": -3", "depth"},
      {"\"depth\": 3", "\"depth\": [3, 4]", "depth"},
      {"[6, 12]", "[6, 12", "filters"},
      {"[6, 12]", "[1,2,3,4,5,6,7,8,9]", "filters"},
      {"[6, 12]", "[6, 12, 24]", "filters"},
      {"\"mish\"", "\"gelu\"", "activation"},
      {"\"lstm\"", "\"rnn\"", "recurrent_type"},
      {"false", "0", "bidirectional"},
      {"\"affine\"", "\"spline\"", "transform"},
      {"\"relu\"", "\"relu6\"", "mlp_activation"},
      {"}}", "", "flow"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    char json[2048];
    rb_network_settings s;
    changed(cases[i][0], cases[i][1], json, sizeof json);
    assert_int_equal(rb_network_config_parse(&test_context, "f.h5", json, &s), RB_ERR_FORMAT);
    assert_non_null(strstr(test_context.error.message, "f.h5"));
    assert_non_null(strstr(test_context.error.message, cases[i][2]));
    rb_error_clear(&test_context);
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_good),
    cmocka_unit_test(test_other_forms),
    cmocka_unit_test(test_refused),
};

RB_TEST_MAIN(tests)
