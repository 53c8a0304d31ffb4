#include "app/input/settings.h"
#include "model/lif/lif.h"
#include "model/neuron/neuron.h"
#include "rb_test.h"

static rb_input input;
static rb_arguments arguments;

/* Its simulator's settings. */
static const rb_lif_settings *lif(void) { return (const rb_lif_settings *)(void *)input.simulator; }

static rb_status read_input(const char *path, const char *set) {
  rb_input_free(&input);
  memset(&arguments, 0, sizeof arguments);
  if (path != NULL) arguments.input[arguments.inputs++] = path;
  if (set != NULL) arguments.set[arguments.sets++] = set;
  return rb_input_read(&test_context, &arguments, &input);
}

static rb_status read_shipped(const char *name, const char *set) {
  char path[4096];
  (void)snprintf(path, sizeof path, "%s/inputs/%s", getenv("RB_SOURCE_DIR"), name);
  return read_input(path, set);
}

static void defaults_are_the_notebook(void **state) {
  (void)state;
  assert_int_equal(read_input(NULL, NULL), RB_OK);
  // all but the notebook's own studies stay in the prior
  assert_int_equal(input.training.coordinates, RB_COORDINATES_SUPPORT);
  assert_int_equal(read_input(NULL, "training.parameters=raw"), RB_OK);
  const rb_lif_settings standard = rb_lif_defaults();
  assert_memory_equal(lif(), &standard, sizeof standard);
  char *before = NULL;
  char *now = NULL;
  assert_int_equal(rb_input_text(&test_context, &input, true, &before), RB_OK);
  assert_int_equal(read_shipped("notebook.cfg", NULL), RB_OK);
  assert_int_equal(rb_input_text(&test_context, &input, true, &now), RB_OK);
  assert_string_equal(before, now);
  assert_true(input.seed == 45 && input.training.simulations == 20000 &&
              input.network.flow.mlp_layers == 2 && input.network.flow.mlp_widths[1] == 128);
  free(before);
  free(now);
}

static void shipped_inputs_are_valid(void **state) {
  (void)state;
  assert_int_equal(read_shipped("strided.cfg", NULL), RB_OK);
  assert_true(input.network.summary.conv_layers == 2 && input.network.summary.strides[1] == 4);
  assert_int_equal(read_shipped("filter_bank.cfg", NULL), RB_OK);
  assert_true(input.network.summary.type == &rb_summary_expert &&
              input.network.density == &rb_density_autoregressive &&
              input.training.coordinates == RB_COORDINATES_CENTRED &&
              input.network.mixture.parts == 6 && input.network.mixture.mlp_widths[1] == 64);
  assert_int_equal(read_shipped("quick.cfg", NULL), RB_OK);
  assert_true(input.network.summary.type == &rb_summary_expert &&
              input.training.mode == RB_ONLINE && input.training.epochs == 20 &&
              input.training.passes == 2);
  assert_int_equal(read_shipped("recurrent.cfg", NULL), RB_OK);
  assert_true(input.network.summary.type == &rb_summary_recurrent && input.network.centring &&
              input.training.mode == RB_ONLINE && input.training.clip_global == 5);
  assert_int_equal(read_shipped("statistics.cfg", NULL), RB_OK);
  assert_true(input.network.summary.type == &rb_summary_statistics && input.network.centring &&
              input.training.coordinates == RB_COORDINATES_STRAIGHT);
  assert_int_equal(read_shipped("linear_gaussian.cfg", NULL), RB_OK);
  assert_true(strcmp(input.type->name, "linear_gaussian") == 0 &&
              input.training.mode == RB_ONLINE &&
              input.network.summary.type == &rb_summary_recurrent);
  assert_int_equal(read_shipped("programs/numpy_damped_oscillator.cfg", NULL), RB_OK);
  assert_true(strcmp(input.type->name, "program") == 0 && input.rows.parameters == 2);
  static const char *const neurons[] = {"adex", "izhikevich", "hodgkin_huxley", "gif"};
  for (int i = 0; i < 4; ++i) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s.cfg", neurons[i]);
    assert_int_equal(read_shipped(name, NULL), RB_OK);
    assert_true(strcmp(input.type->name, neurons[i]) == 0 && input.training.mode == RB_ONLINE);
  }
  static const char *const recordings[][2] = {{"recording_lif.cfg", "adaptive_lif"},
                                              {"recording_adaptive.cfg", "adaptive_lif"},
                                              {"recording_gif.cfg", "gif"}};
  for (int i = 0; i < 3; ++i) {
    assert_int_equal(read_shipped(recordings[i][0], NULL), RB_OK);
    assert_string_equal(input.type->name, recordings[i][1]);
    assert_int_equal(((const rb_neuron_settings *)(void *)input.simulator)->recordings[1], 6);
  }
  assert_int_equal(read_shipped("tiny.cfg", "simulator.spike_index=exact"), RB_OK);
  assert_true(rb_lif_steps(lif()) == 100 && lif()->exact_spike_index);
}

/* Those of the benchmark differ in the model and in what a user knows of its data, their scales and
 * whether their order says anything, in nothing else. */
static void benchmark_inputs_are_alike(void **state) {
  (void)state;
  char *first = NULL, path[64], set[64];
  int inputs = 0, vectors = -1;
  for (const rb_model_type *const *type = rb_model_types; *type != NULL; ++type) {
    if (strncmp((*type)->name, "sbibm_", 6) != 0) continue;
    char *text = NULL;
    (void)snprintf(path, sizeof path, "sbibm/%s.cfg", (*type)->name + 6);
    (void)snprintf(set, sizeof set, "training.scales=moments");
    assert_int_equal(read_shipped(path, set), RB_OK);
    assert_ptr_equal(input.type, *type);
    if (input.network.summary.type == &rb_summary_mlp) vectors = input.summary;
    if (input.network.summary.type == &rb_summary_set) {
      assert_int_equal(input.network.summary.elements, 4);
      input.summary = vectors;
      input.network.summary.elements = 1;
    }
    assert_int_equal(rb_input_lines(&test_context, &input, "network training calibration", &text),
                     RB_OK);
    if (first == NULL) first = strdup(text);
    assert_string_equal(first, text);
    free(text);
    ++inputs;
  }
  free(first);
  assert_int_equal(inputs, 10);
}

#define EXPECT_SETTING(set, words)                                           \
  do {                                                                       \
    assert_int_equal(read_shipped("tiny.cfg", set), RB_ERR_SETTING);         \
    if (strstr(test_context.error.message, words) == NULL) {                 \
      print_error("'%s' lacks '%s'\n", test_context.error.message, (words)); \
      fail();                                                                \
    }                                                                        \
    rb_error_clear(&test_context);                                           \
  } while (0)

static void settings_that_do_not_go_together(void **state) {
  (void)state;
  EXPECT_SETTING("network.summary.filters=[4, 4]", "have 2, 1 and 1 entries");
  EXPECT_SETTING("network.summary.groups=3", "does not divide the 4 filters");
  EXPECT_SETTING("network.summary.without=[\"until\", \"line\"]", "no block is called \"line\"");
  EXPECT_SETTING("training.micro_batch=17", "is larger than training.batch_size = 16");
  EXPECT_SETTING("training.parameters=centred", "needs a network.summary.type");
  EXPECT_SETTING("simulator.dt_ms=20", "make 1 time steps");
  EXPECT_SETTING("simulator.dt_ms=1e-5", "make 2e+06 time steps");
  EXPECT_SETTING("network.summary.hidden_dim=64", "unknown setting network.summary.hidden_dim");
}

static void a_current_trace_counts_by_its_samples(void **state) {
  (void)state;
  char *lines[2] = {NULL, NULL};
  for (int i = 0; i < 2; ++i) {
    FILE *stream = fopen("input_current.csv", "w");
    for (int k = 0; k < 100; ++k) (void)fprintf(stream, "%d\n", 200 + i * k);
    (void)fclose(stream);
    assert_int_equal(read_shipped("tiny.cfg", "simulator.current_file=input_current.csv"), RB_OK);
    assert_true(lif()->current_count == 100 && lif()->current_pA[99] == 200 + i * 99);
    assert_int_equal(rb_input_lines(&test_context, &input, RB_SIMULATE_SETTINGS, &lines[i]), RB_OK);
  }
  char text[200];
  assert_int_equal(rb_settings_difference(lines[0], lines[1], NULL, text, sizeof text), 1);
  assert_string_equal(text, "the content of simulator.current_file has changed");
  (void)remove("input_current.csv");
  free(lines[0]);
  free(lines[1]);
}

/* A list of groups that belongs to the model: its default, and an input's. */
static void a_model_brings_lists_of_groups(void **state) {
  (void)state;
  const rb_neuron_settings *neuron = (const rb_neuron_settings *)(void *)input.simulator;
  assert_int_equal(read_input(NULL, "model=adex"), RB_OK);
  assert_true(neuron->stimulus.parts == 3 &&
              neuron->stimulus.part[1].number[RB_STIMULUS_AMPLITUDE][1] == 500);
  assert_true(neuron->stimulus.part[2].type == RB_STIMULUS_OU && input.seed == 45);
  char *lines = NULL;
  assert_int_equal(rb_input_lines(&test_context, &input, RB_SIMULATE_SETTINGS, &lines), RB_OK);
  assert_non_null(strstr(lines, "stimulus = ({ type = \"step\"; onset = 50;"));
  assert_non_null(strstr(lines, "recording.sample_ms = 0.5"));
  free(lines);
  rb_input_free(&input);
  memset(&arguments, 0, sizeof arguments);
  arguments.set[arguments.sets++] = "model=gif";
  arguments.set[arguments.sets++] = "stimulus=({ type = \"constant\"; amplitude = 7; })";
  assert_int_equal(rb_input_read(&test_context, &arguments, &input), RB_OK);
  assert_true(neuron->stimulus.parts == 1 &&
              neuron->stimulus.part[0].number[RB_STIMULUS_AMPLITUDE][0] == 7);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(defaults_are_the_notebook),
                                          cmocka_unit_test(shipped_inputs_are_valid),
                                          cmocka_unit_test(benchmark_inputs_are_alike),
                                          cmocka_unit_test(settings_that_do_not_go_together),
                                          cmocka_unit_test(a_model_brings_lists_of_groups),
                                          cmocka_unit_test(a_current_trace_counts_by_its_samples)};
RB_TEST_MAIN(tests)
