#include "../io/expect.h"
#include "model/described.h"
#include "rb_test.h"

/* Models whose parameters and observations an input describes. */

static rb_observation_settings settings;
static rb_described described;

static rb_status read(const char *channels, const char *axis, int64_t length) {
  settings = (rb_observation_settings){.length = length, .step = 0.5};
  (void)snprintf(settings.channels, sizeof settings.channels, "%s", channels);
  (void)snprintf(settings.axis, sizeof settings.axis, "%s", axis);
  return rb_described_read(&test_context, "program", &settings, &described);
}

static void observations_are_read(void **state) {
  (void)state;
  assert_int_equal(read("voltage mV\nspikes 1 binary\nlevel_2\nopen binary\n", "time ms", 7),
                   RB_OK);
  rb_model model = {0};
  rb_described_fill(&described, &model);
  assert_true(model.channels == 4 && model.length == 7 && model.axis_step == 0.5);
  assert_string_equal(model.channel[0].quantity.name, "voltage");
  assert_string_equal(model.channel[0].quantity.unit, "mV");
  assert_string_equal(model.channel[1].quantity.unit, "1");
  assert_string_equal(model.channel[2].quantity.unit, "1");
  assert_true(!model.channel[0].binary && model.channel[1].binary && model.channel[3].binary);
  assert_string_equal(model.axis.name, "time_ms");
  assert_string_equal(model.axis.unit, "ms");
  assert_int_equal(read("x\n", "frequency 1/cm", 7), RB_OK);
  assert_string_equal(described.axis.name, "frequency_1cm");
  assert_int_equal(read("x\n", "sample", 7), RB_OK);
  assert_string_equal(described.axis.name, "sample");
}

static void bad_observations_are_errors(void **state) {
  (void)state;
  EXPECT_FAILURE(read("", "time ms", 7), RB_ERR_SETTING, "program.channels is needed");
  EXPECT_FAILURE(read("a b c\n", "time ms", 7), RB_ERR_SETTING, "\"a b c\" is not a name, a unit");
  EXPECT_FAILURE(read("binary\na b binary d\n", "time ms", 7), RB_ERR_SETTING, "is not a name");
  EXPECT_FAILURE(read("2x mV\n", "time ms", 7), RB_ERR_SETTING, "\"2x\" is no name");
  EXPECT_FAILURE(read("a/b mV\n", "time ms", 7), RB_ERR_SETTING, "\"a/b\" is no name");
  EXPECT_FAILURE(read("theta mV\n", "time ms", 7), RB_ERR_SETTING, "theta is taken");
  EXPECT_FAILURE(read("a\n", "draws", 7), RB_ERR_SETTING, "axis: the name draws is taken");
  EXPECT_FAILURE(read("a\na mV\n", "time ms", 7), RB_ERR_SETTING, "a is given twice");
  EXPECT_FAILURE(read("time_ms\n", "time ms", 7), RB_ERR_SETTING, "time_ms is the axis' name");
  EXPECT_FAILURE(read("a\nb\nc\nd\ne\nf\ng\nh\ni\n", "time ms", 7), RB_ERR_SETTING, "more than 8");
  EXPECT_FAILURE(read("a\n", "", 7), RB_ERR_SETTING, "program.axis = \"\" is not");
  EXPECT_FAILURE(read("a\n", "time in ms", 7), RB_ERR_SETTING, "program.axis");
  EXPECT_FAILURE(read("a\n", "time ms", 0), RB_ERR_SETTING, "program.length is needed");
}

static void a_prior_names_the_parameters_in_its_order(void **state) {
  (void)state;
  static rb_model_rows rows;
  write_text("described_prior.cfg", "prior = { tau = { mean = 1; }; a_2 = { }; omega : { }; };\n");
  const rb_settings_source source = {"described_prior.cfg", 0, NULL}, none = {NULL, 0, NULL};
  assert_int_equal(rb_described_prior(&test_context, &source, &rows), RB_OK);
  assert_int_equal(rows.parameters, 3);
  assert_string_equal(rows.prior[0].name, "tau");
  assert_string_equal(rows.prior[1].name, "a_2");
  assert_string_equal(rows.prior[2].name, "omega");
  assert_string_equal(rows.prior[2].unit, "1");
  assert_string_equal(rows.prior[2].distribution, "");
  assert_int_equal(rb_described_prior(&test_context, &none, &rows), RB_OK);
  assert_int_equal(rows.parameters, 0);
  write_text("described_prior.cfg", "prior = { a23456789_123456789_123456789_12 = { }; };\n");
  EXPECT_FAILURE(rb_described_prior(&test_context, &source, &rows), RB_ERR_SETTING,
                 "_12: a name may have 31 letters");
  char many[512] = "prior = {";
  for (int i = 0; i <= RB_PRIOR_ROWS; ++i) {
    (void)snprintf(many + strlen(many), sizeof many - strlen(many), " p%d = { };", i);
  }
  (void)snprintf(many + strlen(many), sizeof many - strlen(many), " };\n");
  write_text("described_prior.cfg", many);
  EXPECT_FAILURE(rb_described_prior(&test_context, &source, &rows), RB_ERR_SETTING,
                 "has 33 parameters; 32 are possible");
}

/* A model of two parameters that tells in x what it is given. */

static rb_status echo(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                      int64_t first, int64_t count, const double *theta, float *x) {
  (void)ctx, (void)seed, (void)purpose, (void)first;
  for (int64_t i = 0; i < count * model->dim; ++i) x[i] = (float)theta[i];
  return RB_OK;
}

static bool accepts(const rb_model *model, const double *theta, const char **reason) {
  (void)model, (void)theta, (void)reason;
  return true;
}

static rb_status create(rb_context *ctx, const void *values, rb_model *model) {
  (void)ctx, (void)values;
  *model = (rb_model){.name = "echo", .simulate = echo, .accepts = accepts};
  rb_described_fill(&described, model);
  return RB_OK;
}

static void described_rows_make_a_model(void **state) {
  (void)state;
  const rb_model_type type = {.name = "echo", .create = create};
  rb_prior_row row[3] = {{.distribution = "uniform", .low = "1", .high = "2"},
                         {.fixed = "7"},
                         {.distribution = "normal", .mean = "a", .sd = "1"}};
  const char *const names[] = {"a", "b", "c"};
  rb_model model;
  double theta[2] = {1.5, 3};
  float x[3];
  for (int r = 0; r < 3; ++r) {
    assert_int_equal(rb_described_row(&test_context, names[r], "mV", &row[r]), RB_OK);
  }
  assert_int_equal(read("x\n", "sample", 3), RB_OK);
  assert_int_equal(rb_model_create(&test_context, &type, NULL, 3, row, &model), RB_OK);
  assert_true(model.dim == 2 && model.core->dim == 3 && !model.default_prior);
  assert_string_equal(model.parameters[1].name, "c");
  assert_string_equal(model.core->parameters[1].name, "b");
  assert_int_equal(model.simulate(&model, &test_context, 1, RB_FOR_TESTS, 0, 1, theta, x), RB_OK);
  assert_true(x[0] == 1.5f && x[1] == 7 && x[2] == 3);
  model.destroy(&model);
}

static void seeds_differ_and_repeat(void **state) {
  (void)state;
  const uint64_t seed = rb_described_seed(45, RB_FOR_TRAINING, 3);
  assert_true(seed == rb_described_seed(45, RB_FOR_TRAINING, 3));
  assert_true(seed != rb_described_seed(46, RB_FOR_TRAINING, 3));
  assert_true(seed != rb_described_seed(45, RB_FOR_VALIDATION, 3));
  assert_true(seed != rb_described_seed(45, RB_FOR_TRAINING, 4));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(observations_are_read), cmocka_unit_test(bad_observations_are_errors),
    cmocka_unit_test(a_prior_names_the_parameters_in_its_order),
    cmocka_unit_test(described_rows_make_a_model), cmocka_unit_test(seeds_differ_and_repeat)};
RB_TEST_MAIN(tests)
