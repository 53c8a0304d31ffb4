#include "inference/bend.h"
#include "model/neuron/neuron.h"
#include "rb_test.h"
#include "rheobase/inference/exact.h"
#include "rheobase/io/hdf5_file.h"

/* A posterior with a ridge that is curved at the scale of its width, of a conductance-based neuron,
 * beside one that another program found with 200,000 draws: from draws of the prior alone. */

enum { D = 7, SAMPLES = 200, GIVEN = 100 };

/* In the order of the model; `column` is that of the reference. */
static const struct {
  const char *name, *low, *high;
  int column;
} inferred[D] = {{"C", "0.9", "1.2", 3},    {"g_Na", "1", "100", 0}, {"g_K", "1e-4", "5", 1},
                 {"g_M", "1e-4", "0.5", 2}, {"E_Na", "10", "80", 5}, {"E_K", "-120", "-90", 6},
                 {"E_L", "-80", "-50", 4}};
static const struct {
  const char *name, *value;
} fixed[] = {{"g_L", "0.1"}, {"V_T", "-60"}, {"tau_max", "600"}};

static const char *const settings =
    "simulator = { T_ms = 60.0; };"
    "stimulus = ( { type = \"step\"; onset = 10.0; offset = 50.0; amplitude = 3.24806015; } );"
    "recording = { channels = [\"voltage\"]; sample_ms = 0.3; noise_mV = 0.5; };";

static void set_row(const char *name, rb_prior_row *row) {
  *row = (rb_prior_row){0};
  (void)snprintf(row->name, sizeof row->name, "%s", name);
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; ++i) {
    if (strcmp(name, fixed[i].name) != 0) continue;
    (void)snprintf(row->fixed, RB_PRIOR_TEXT, "%s", fixed[i].value);
  }
  for (int i = 0; i < D; ++i) {
    if (strcmp(name, inferred[i].name) != 0) continue;
    (void)snprintf(row->distribution, RB_PRIOR_TEXT, "uniform");
    (void)snprintf(row->low, RB_PRIOR_TEXT, "%s", inferred[i].low);
    (void)snprintf(row->high, RB_PRIOR_TEXT, "%s", inferred[i].high);
  }
}

static rb_status make(rb_model *model) {
  rb_status status = RB_OK;
  rb_neuron_settings values;
  rb_prior_row row[RB_PRIOR_ROWS];
  const rb_model_type *type = NULL;
  memset(&values, 0, sizeof values);
  RB_TRY(rb_model_type_find(&test_context, "hodgkin_huxley", &type));
  const rb_settings_table table = {type->setting, type->settings};
  RB_TRY(rb_settings_defaults(&test_context, &table, &values));
  RB_TRY(rb_settings_parse(&test_context, &table, "test", settings, &values));
  for (int d = 0; d < type->parameters; ++d) set_row(type->prior[d].name, &row[d]);
  RB_TRY(rb_model_create(&test_context, type, &values, type->parameters, row, model));
cleanup:
  rb_neuron_unload(&values);
  return status;
}

typedef struct reference {
  float x[SAMPLES];
  double mean[D], sd[D], log_evidence;
} reference;

/* Numbers of the parameters in the order of the model. */
static rb_status read_ordered(const rb_file *file, const char *path, double *value) {
  const int64_t dim = D;
  double read[D];
  const rb_status status = rb_file_read(&test_context, file, path, RB_F64, true, 1, &dim, read);
  for (int d = 0; status == RB_OK && d < D; ++d) value[d] = read[inferred[d].column];
  return status;
}

static rb_status read_reference(reference *r) {
  rb_status status = RB_OK;
  char path[1024];
  double observation[SAMPLES];
  rb_file *file = NULL;
  (void)snprintf(path, sizeof path, "%s/neuron_hh7.h5", getenv("RB_TEST_DATA"));
  RB_TRY(rb_file_open_foreign(&test_context, path, &file));
  RB_TRY(rb_file_read_rows(&test_context, file, "hh7/observation", RB_F64, true, 2,
                           (const int64_t[]){-1, SAMPLES}, 0, 1, observation));
  for (int j = 0; j < SAMPLES; ++j) r->x[j] = (float)observation[j];
  RB_TRY(read_ordered(file, "hh7/posterior_0/mean", r->mean));
  RB_TRY(read_ordered(file, "hh7/posterior_0/sd", r->sd));
  RB_TRY(
      rb_file_get_double(&test_context, file, "hh7/posterior_0", "log_evidence", &r->log_evidence));
cleanup:
  rb_file_close(&file);
  return status;
}

/* Tolerances are what the reference asks for and four standard errors of the draws. */
static void check_moments(const rb_exact_result *result, const reference *r) {
  const double S = (double)result->draws;
  for (int d = 0; d < D; ++d) {
    double mean = 0.0, square = 0.0;
    for (int64_t i = 0; i < result->draws; ++i) mean += result->latent[i * D + d] / S;
    for (int64_t i = 0; i < result->draws; ++i) {
      square += pow(result->latent[i * D + d] - mean, 2.0) / S;
    }
    assert_near(mean / r->sd[d], r->mean[d] / r->sd[d], 0.05 + 4.0 / sqrt(S));
    assert_near(sqrt(square) / r->sd[d], 1.0, 0.03 + 4.0 / sqrt(2.0 * S));
  }
}

static void a_curved_ridge_is_met(void **state) {
  (void)state;
  rb_model model;
  reference r;
  rb_exact_result result;
  double given[GIVEN * D];
  rb_exact_settings wanted = rb_exact_defaults();
  wanted.draws = 1000;
  assert_int_equal(read_reference(&r), RB_OK);
  assert_int_equal(make(&model), RB_OK);
  assert_int_equal(model.draw_prior(&model, &test_context, 45, RB_FOR_TESTS, 0, GIVEN, given, NULL),
                   RB_OK);
  const rb_exact_problem problem = {&model, r.x, 45, RB_FOR_TESTS, 0};
  assert_int_equal(rb_exact_refine(&test_context, &problem, &wanted, GIVEN, given, NULL, &result),
                   RB_OK);
  assert_true(result.method == RB_EXACT_ADAPTIVE && result.reliable && result.evidence_valid);
  assert_true(result.importance.efficiency > 0.5);
  assert_near(result.log_evidence, r.log_evidence, 0.01 + 4.0 * result.log_evidence_se);
  check_moments(&result, &r);
  rb_exact_result_free(&result);
  model.destroy(&model);
}

/* There and back, with as many parameters and monomials as there can be. */
static void sixteen_parameters_are_bent(void **state) {
  (void)state;
  enum { MOST = RB_MAX_PARAMETERS };
  static rb_bend bend;
  double x[MOST], z[MOST], again[MOST], far = 0;
  rb_bend_none(MOST, &bend);
  bend.degree = RB_BEND_DEGREE;
  for (int d = 0; d < MOST; ++d) bend.axis[d * MOST + d] = bend.back[d * MOST + d] = 1;
  for (int k = 0; k < RB_BEND_COEFFICIENTS; ++k) bend.coefficient[k] = 0.02 * sin(1.0 + k);
  for (int d = 0; d < MOST; ++d) x[d] = cos(1.0 + d);
  rb_bend_straighten(&bend, x, z);
  rb_bend_back(&bend, z, again);
  for (int d = 0; d < MOST; ++d) {
    assert_near(again[d], x[d], 1e-9);
    far = fmax(far, fabs(z[d] - x[d]));
  }
  assert_true(far > 0.01);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(a_curved_ridge_is_met),
                                          cmocka_unit_test(sixteen_parameters_are_bent)};
RB_TEST_MAIN(tests)
