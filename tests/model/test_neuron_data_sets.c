#include "neuron_setup.h"
#include "rheobase/random/distributions.h"

/* Data sets of several recordings with stimuli of their own, and what is masked in them. */

enum { K = 3, COUNT = 20 };
static const uint64_t seed = 45;
static const double dt = 0.1;

#define VARIED                                                                              \
  "simulator = { T_ms = 30.05; I_std = 30.0; tref_ms = 1.1; v0_mV = [-75, -60]; };"         \
  "stimulus = ({ type = \"constant\"; amplitude = [600, 900]; },"                           \
  "            { type = \"step\"; onset = [5, 8]; offset = 20; amplitude = [-100, 300]; }," \
  "            { type = \"ou\"; mean = 10; sd = [50, 90]; tau = [1, 5]; onset = 2.5; },"    \
  "            { type = \"ou\"; mean = [0, 5]; sd = 20; tau = 2; seed = 3; });"             \
  "recording = { sample_ms = 0.3; noise_mV = 0.5;"                                          \
  "              channels = [\"mask\", \"voltage\", \"spikes\", \"current\"]; };"
static const char *const varied = VARIED "data_set = { recordings = [1, 3]; };";

static double uniform(int sub, int64_t item, int index, double low, double high) {
  const rb_stream stream =
      rb_stream_make(seed, RB_FOR_TESTS, RB_RANDOM_SETUP, (uint16_t)sub, (uint64_t)item);
  return low + (high - low) * rb_stream_uniform(stream, (uint32_t)index);
}

/* Ornstein-Uhlenbeck noise from a stream's normals, from sample `on` on. */
static void add_noise(rb_stream stream, int64_t from, int64_t on, int64_t L, const double *msd,
                      double *I) {
  const double keep = exp(-dt / msd[2]), fresh = msd[1] * sqrt(1 - keep * keep);
  double normal[400], y = 0;
  rb_stream_normals(stream, 0, L, normal);
  for (int64_t k = on; k < L; ++k) {
    y = k == on ? msd[1] * normal[k - from] : y * keep + fresh * normal[k - from];
    I[k] += msd[0] + y;
  }
}

/* The current of a recording of `varied`, by the definition of its parts. */
static void current_of(int64_t item, int64_t L, double *I) {
  enum { NUMBERS = RB_STIMULUS_NUMBERS + 1 };
  const double constant = uniform(2, item, RB_STIMULUS_AMPLITUDE, 600, 900);
  const double onset = uniform(2, item, NUMBERS + RB_STIMULUS_ONSET, 5, 8);
  const double step = uniform(2, item, NUMBERS + RB_STIMULUS_AMPLITUDE, -100, 300);
  const double own[3] = {10, uniform(2, item, 2 * NUMBERS + RB_STIMULUS_SD, 50, 90),
                         uniform(2, item, 2 * NUMBERS + RB_STIMULUS_TAU, 1, 5)};
  const double frozen[3] = {uniform(2, item, 3 * NUMBERS + RB_STIMULUS_MEAN, 0, 5), 20, 2};
  for (int64_t k = 0; k < L; ++k) {
    I[k] = constant + (k >= floor(onset / dt + 0.5) && k < 200 ? step : 0);
  }
  add_noise(rb_stream_make(seed, RB_FOR_TESTS, RB_RANDOM_SETUP, 3 + 2, (uint64_t)item), 0, 25, L,
            own, I);
  add_noise(rb_stream_make(3, RB_FOR_TRAINING, RB_RANDOM_FROZEN, 0, 0), 0, 0, L, frozen, I);
  for (int64_t k = 0; k < L; ++k) I[k] = (double)(float)I[k];
}

/* A recording without noise: v0, trace, spikes. */
static void run(const rb_model *model, const double *theta, double v0, const double *I, double *v,
                uint8_t *spikes) {
  double final[RB_NEURON_VARIABLES];
  const double *const currents[] = {I};
  const rb_neuron_traces traces = {1, theta, currents, NULL, v, spikes, final};
  rb_neuron_state *state = model->state;
  const double kept[2] = {state->settings.v0_mV[0], state->settings.v0_mV[1]};
  state->settings.v0_mV[0] = state->settings.v0_mV[1] = v0;
  assert_int_equal(rb_neuron_run_traces(model, &test_context, &traces), RB_OK);
  memcpy(state->settings.v0_mV, kept, sizeof kept);
}

/* One recording as x (4, samples) has it. */
static int by_definition(const rb_model *model, int64_t item, const double *theta, float *x) {
  const rb_neuron_state *s = neuron_state(model);
  const int64_t L = s->length, n = s->samples;
  double I[400], J[400], v[400], normal[400];
  uint8_t spikes[400];
  current_of(item, L, I);
  rb_stream_normals(rb_stream_make(seed, RB_FOR_TESTS, RB_RANDOM_PROCESS_NOISE, 0, (uint64_t)item),
                    0, L, normal);
  for (int64_t k = 0; k < L; ++k) J[k] = I[k] + 30 * normal[k];
  run(model, theta, uniform(1, item, 0, -75, -60), J, v, spikes);
  rb_stream_normals(
      rb_stream_make(seed, RB_FOR_TESTS, RB_RANDOM_OBSERVATION_NOISE, 0, (uint64_t)item), 0, n,
      normal);
  int count = 0;
  for (int64_t j = 0; j < n; ++j) {
    bool masked = false, spike = false;
    double sum = 0, steps = 0;
    for (int64_t k = 3 * j; k < 3 * j + 3 && k < L; ++k) {
      sum += I[k];
      steps += 1;
      spike |= spikes[k];
      count += spikes[k];
      for (int64_t b = 0; b <= 11; ++b) masked |= k - b >= 0 && spikes[k - b];  // ceil(1.1/0.1)
    }
    x[j] = masked;
    x[n + j] = masked ? 0 : (float)(v[3 * j] + 0.5 * normal[j]);
    x[2 * n + j] = spike;
    x[3 * n + j] = (float)(sum / steps);
  }
  return count;
}

/* Samples of recording r of a data set: the first 1 to K are there, the last 0 to all of these cut.
 */
static int64_t end_of(const rb_neuron_state *s, int64_t item, int64_t r) {
  const int64_t shortest = (int64_t)ceil(s->settings.shortest * (double)s->samples);
  const int64_t there = 1 + (int64_t)floor(uniform(0, item, 0, 0, K));
  const int64_t cut = (int64_t)floor(uniform(0, item, 1, 0, (double)there + 1));
  if (r >= there) return 0;
  if (s->settings.shortest == 1 || r < there - cut) return s->samples;
  return (int64_t)floor(uniform(1, item * K + r, 1, (double)shortest, (double)s->samples + 1));
}

/* Data sets first .. first+count-1 in one call. @return spikes */
static int compare(const rb_model *model, int64_t first, int64_t count) {
  const int64_t n = neuron_state(model)->samples;
  double theta[COUNT * RB_NEURON_PARAMETERS];
  float *x = calloc((size_t)(count * 4 * K * n), sizeof *x), expected[4 * 400];
  int spikes = 0;
  assert_true(x != NULL);
  assert_int_equal(
      model->draw_prior(model, &test_context, seed, RB_FOR_TESTS, first, count, theta, NULL),
      RB_OK);
  assert_int_equal(
      model->simulate(model, &test_context, seed, RB_FOR_TESTS, first, count, theta, x), RB_OK);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t r = 0; r < K; ++r) {
      memset(expected, 0, sizeof expected);
      for (int64_t j = 0; j < n; ++j) expected[j] = 1;
      const int64_t end = end_of(neuron_state(model), first + i, r);
      if (end > 0) {
        spikes += by_definition(model, (first + i) * K + r, &theta[i * model->dim], expected);
      }
      for (int64_t j = 0; j < 4 * n; ++j) {
        if (j % n >= end) expected[j] = j < n;
      }
      for (int c = 0; c < 4; ++c) {
        assert_memory_equal(&x[((i * 4 + c) * K + r) * n], &expected[c * n], (size_t)n * sizeof *x);
      }
    }
  }
  free(x);
  return spikes;
}

static void data_sets_follow_their_definition(void **state) {
  (void)state;
  const rb_isa chosen = test_context.isa;
  rb_model model;
  assert_neuron("adex", varied, &model);
  assert_true(model.recordings == K && model.length == K * neuron_state(&model)->samples);
  assert_true(model.channel[0].role == RB_CHANNEL_MASK && model.channel[0].binary);
  assert_true(model.channel[3].role == RB_CHANNEL_STIMULUS);
  assert_string_equal(model.channel[3].quantity.unit, "pA");
  assert_true(model.log_likelihood == NULL && model.shortest == neuron_state(&model)->samples);
  for (int isa = 0; isa <= (int)rb_cpu_best_isa(); ++isa) {
    test_context.isa = (rb_isa)isa;
    assert_true(compare(&model, 0, COUNT) > 20);
    (void)compare(&model, 3, 1);
    (void)compare(&model, ((int64_t)1 << 33) + 5, 7);  // items beyond 32 bits
  }
  test_context.isa = chosen;
  model.destroy(&model);
}

static void recordings_are_cut_by_definition(void **state) {
  (void)state;
  rb_model model;
  assert_neuron("adex", VARIED "data_set = { recordings = [1, 3]; shortest = 0.25; };", &model);
  assert_true(model.shortest == 26 && neuron_state(&model)->samples == 101);
  assert_true(compare(&model, 0, COUNT) > 20);
  (void)compare(&model, ((int64_t)1 << 33) + 5, 7);
  model.destroy(&model);
}

/* Data sets of seed 7. @param theta (count, parameters) @param x (count, C, L) */
static void draw(const rb_model *model, int64_t count, double *theta, float *x) {
  assert_int_equal(model->draw_prior(model, &test_context, 7, RB_FOR_TESTS, 0, count, theta, NULL),
                   RB_OK);
  assert_int_equal(model->simulate(model, &test_context, 7, RB_FOR_TESTS, 0, count, theta, x),
                   RB_OK);
}

/* Spikes behind the end of a recording do not keep a data set from being silent. */
static void what_is_cut_is_not_looked_at(void **state) {
  (void)state;
  enum { SETS = 200, N = 400, ODDITIES = 5 };
  static float x[SETS * 2 * N];
  static double theta[SETS * RB_NEURON_PARAMETERS];
  static uint8_t found[SETS * ODDITIES];
  rb_model model;
  int silent = 0;
  assert_neuron("adex",
                "simulator = { T_ms = 40.0; };"
                "stimulus = ({ type = \"constant\"; amplitude = 700; });"
                "recording = { channels = [\"spikes\", \"mask\"]; sample_ms = 0; };"
                "data_set = { shortest = 0.1; };",
                &model);
  draw(&model, SETS, theta, x);
  assert_int_equal(model.oddities, ODDITIES);
  assert_int_equal(
      model.find_oddities(&model, &test_context, 7, RB_FOR_TESTS, 0, SETS, theta, found), RB_OK);
  for (int64_t i = 0; i < SETS; ++i) {
    bool spikes = false;
    for (int64_t j = 0; j < N; ++j) spikes |= x[i * 2 * N + j] > 0;
    assert_int_equal(found[i * ODDITIES], !spikes);
    silent += !spikes && x[i * 2 * N + 2 * N - 1] > 0;
  }
  assert_in_range(silent, 10, SETS - 10);
  model.destroy(&model);
}

/* Simulations like an observation: its current, its beginning, its padding. */
static void simulations_are_given_what_an_observation_was(void **state) {
  (void)state;
  enum { CASES = 5 };
  rb_model model;
  assert_neuron("adex", varied, &model);
  const int64_t n = neuron_state(&model)->samples, size = 4 * K * n;
  double theta[CASES * RB_NEURON_PARAMETERS];
  float *given = calloc((size_t)size, sizeof *given),
        *x = calloc((size_t)(CASES * size), sizeof *x);
  assert_true(given != NULL && x != NULL);
  assert_int_equal(model.draw_prior(&model, &test_context, 1, RB_FOR_TESTS, 0, CASES, theta, NULL),
                   RB_OK);
  for (int64_t j = 0; j < K * n; ++j) {
    const bool padding = j / n == 1 || j >= K * n - 17;  // the second, and the end of the third
    given[j] = padding || (j >= 30 && j < 36);
    given[K * n + j] = given[j] > 0 ? 0 : -66;
    given[2 * K * n + j] = j == 30;
    given[3 * K * n + j] = padding ? 0 : 500 + (float)(j % 7);
  }
  assert_int_equal(
      model.simulate_given(&model, &test_context, 1, RB_FOR_TESTS, 0, CASES, theta, given, x),
      RB_OK);
  for (int64_t i = 0; i < CASES; ++i) {
    const float *own = &x[i * size];
    assert_memory_equal(&own[3 * K * n], &given[3 * K * n], (size_t)(K * n) * sizeof *own);
    for (int64_t j = 0; j < K * n; ++j) {
      if (j / n != 1 && j < K * n - 17) continue;
      assert_true(own[j] == 1 && own[K * n + j] == 0 && own[2 * K * n + j] == 0);
    }
    assert_near(own[K * n], -66, 3);  // with noise of 0.5 mV
    assert_near(own[K * n + 2 * n], -66, 3);
  }
  free(given);
  free(x);
  model.destroy(&model);
}

/* Mean and sd of what is drawn uniformly, within 5 standard errors, and its bounds. */
static void expect_uniform(int64_t count, const double *value, double low, double high) {
  double mean = 0, square = 0;
  for (int64_t i = 0; i < count; ++i) {
    assert_true(value[i] >= low && value[i] <= high);
    mean += value[i] / (double)count;
    square += value[i] * value[i] / (double)count;
  }
  const double sd = (high - low) / sqrt(12), own = sqrt(square - mean * mean);
  assert_near(mean, (low + high) / 2, 5 * sd / sqrt((double)count));
  assert_near(own / sd, 1, 5 * 0.45 / sqrt((double)count));  // kurtosis 9/5
}

/* As many data sets have none of their recordings cut as one, and so on; lengths fill their range.
 */
static void cut_recordings_fill_their_range(void **state) {
  (void)state;
  enum { DRAWS = 3000, N = 40, R = 2 };
  static float x[DRAWS * 2 * R * N];
  static double theta[DRAWS * RB_NEURON_PARAMETERS], length[DRAWS * R];
  rb_model model;
  assert_neuron("adex",
                "simulator = { T_ms = 4.0; };"
                "stimulus = ({ type = \"constant\"; amplitude = 0; });"
                "recording = { sample_ms = 0; channels = [\"mask\", \"voltage\"]; };"
                "data_set = { recordings = [2, 2]; shortest = 0.5; };",
                &model);
  draw(&model, DRAWS, theta, x);
  int64_t some[R + 1] = {0}, lengths = 0;
  for (int64_t i = 0; i < DRAWS; ++i) {
    int64_t cut = 0;
    for (int64_t r = 0; r < R; ++r) {
      const float *mask = &x[(i * 2 * R + r) * N];
      int64_t end = N;
      while (end > 0 && mask[end - 1] > 0) --end;
      assert_true(end >= N / 2);
      if (end == N) continue;
      ++cut;
      length[lengths++] = (double)end;
    }
    ++some[cut];
  }
  const double seen = 20.0 / 21, each = DRAWS / 3.0;  // one of 21 lengths is the whole one
  assert_near((double)some[2] / each, seen * seen, 5 * sqrt(2 / each));
  assert_near((double)some[1] / each, seen * (3 - 2 * seen), 5 * sqrt(2 / each));
  expect_uniform(lengths, length, N / 2 - 0.5, N - 0.5);
  model.destroy(&model);
}

static void what_is_drawn_fills_its_ranges(void **state) {
  (void)state;
  enum { DRAWS = 4000, N = 20 };
  static float x[DRAWS * 4 * K * N];
  static double theta[DRAWS * RB_NEURON_PARAMETERS], first[DRAWS], start[DRAWS], next[DRAWS];
  rb_model model;
  assert_neuron("adex",
                "simulator = { T_ms = 2.0; v0_mV = [-80, -70]; };"
                "stimulus = ({ type = \"constant\"; amplitude = [-50, 150]; });"
                "recording = { sample_ms = 0; noise_mV = 0;"
                "              channels = [\"mask\", \"voltage\", \"spikes\", \"current\"]; };"
                "data_set = { recordings = [1, 3]; };",
                &model);
  draw(&model, DRAWS, theta, x);
  int64_t recordings[K + 1] = {0}, seconds = 0;
  double product = 0;
  for (int64_t i = 0; i < DRAWS; ++i) {
    const float *own = &x[i * 4 * K * N], *current = own + 3 * K * N;
    int64_t count = 0;
    for (int64_t r = 0; r < K; ++r) count += own[r * N] == 0;
    ++recordings[count];
    first[i] = (double)current[0];
    start[i] = (double)own[K * N];
    if (count < 2) continue;
    product += (first[i] - 50) * ((double)current[N] - 50);
    next[seconds++] = (double)current[N];
  }
  expect_uniform(DRAWS, first, -50, 150);
  expect_uniform(DRAWS, start, -80, -70);
  expect_uniform(seconds, next, -50, 150);
  const double variance = 200.0 * 200.0 / 12;  // recordings of a data set are independent
  assert_near(product / (double)seconds / variance, 0, 5 / sqrt((double)seconds));
  for (int r = 1; r <= K; ++r) {
    assert_near((double)recordings[r] / DRAWS, 1.0 / K, 5 * sqrt(2.0 / 9 / DRAWS));
  }
  model.destroy(&model);
}

/* Noise that is drawn for each data set: its moments over data sets at one time, and in one. */
static void drawn_noise_has_its_moments(void **state) {
  (void)state;
  enum { DRAWS = 3000, N = 100 };
  static float x[DRAWS * 2 * N];
  static double theta[DRAWS * RB_NEURON_PARAMETERS];
  rb_model model;
  assert_neuron("izhikevich",
                "simulator = { T_ms = 10.0; };"
                "stimulus = ({ type = \"ou\"; mean = 40; sd = 10; tau = 3; });"
                "recording = { sample_ms = 0; channels = [\"spikes\", \"current\"]; };",
                &model);
  draw(&model, DRAWS, theta, x);
  double mean = 0, square = 0, product = 0;
  for (int64_t i = 0; i < DRAWS; ++i) {
    const double a = (double)x[i * 2 * N + N] - 40, b = (double)x[i * 2 * N + N + 30] - 40;
    mean += a / DRAWS;
    square += a * a / DRAWS;
    product += a * b / DRAWS;
  }
  assert_near(mean, 0, 5 * 10 / sqrt(DRAWS));
  assert_near(square / 100, 1, 5 * sqrt(2.0 / DRAWS));
  assert_near(product / 100, exp(-1), 5 * sqrt(1.2 / DRAWS));
  model.destroy(&model);
}

static void segments_begin_anywhere_in_a_trace(void **state) {
  (void)state;
  enum { DRAWS = 2000, N = 50, SAMPLES = 100 };
  static float x[DRAWS * 2 * N];
  static double theta[DRAWS * RB_NEURON_PARAMETERS], begin[DRAWS];
  rb_model model;
  FILE *stream = fopen("segment_trace.csv", "w");
  for (int i = 0; i < SAMPLES; ++i) (void)fprintf(stream, "%d\n", i * i);
  (void)fclose(stream);
  assert_neuron("gif",
                "simulator = { T_ms = 5.0; };"
                "stimulus = ({ type = \"trace\"; file = \"segment_trace.csv\"; sample_ms = 0.2;"
                "              segment = true; });"
                "recording = { sample_ms = 0; channels = [\"spikes\", \"current\"]; };",
                &model);
  draw(&model, DRAWS, theta, x);
  int last = 0;
  for (int64_t i = 0; i < DRAWS; ++i) {
    const float *current = &x[i * 2 * N + N];
    begin[i] = sqrt((double)current[0]);
    for (int k = 0; k < N; ++k) {
      const double at = begin[i] + k / 2;
      assert_true((double)current[k] == at * at);
    }
    last += begin[i] == SAMPLES - N / 2;
  }
  assert_true(last > 0);  // the last place is one of them
  expect_uniform(DRAWS, begin, -0.5, SAMPLES - N / 2 + 0.5);
  (void)remove("segment_trace.csv");
  model.destroy(&model);
}

/* A current that is recorded changes no voltage but by its rounding, and the mask none. */
static void a_fixed_stimulus_may_be_recorded(void **state) {
  (void)state;
  enum { N = 101 };
  rb_model plain, model;
  float x[2 * N], y[3 * N];
  double theta[RB_NEURON_PARAMETERS];
  const char *const text =
      "simulator = { T_ms = 30.05; }; stimulus = ({ type = \"constant\"; amplitude = 4.5; });"
      "recording = { sample_ms = 0.3; channels = [%s]; };";
  char settings[300];
  (void)snprintf(settings, sizeof settings, text, "\"voltage\", \"spikes\"");
  assert_neuron("hodgkin_huxley", settings, &plain);
  (void)snprintf(settings, sizeof settings, text, "\"voltage\", \"mask\", \"current\"");
  assert_neuron("hodgkin_huxley", settings, &model);
  assert_int_equal(plain.draw_prior(&plain, &test_context, 7, RB_FOR_TESTS, 0, 1, theta, NULL),
                   RB_OK);
  assert_int_equal(plain.simulate(&plain, &test_context, 7, RB_FOR_TESTS, 0, 1, theta, x), RB_OK);
  assert_int_equal(model.simulate(&model, &test_context, 7, RB_FOR_TESTS, 0, 1, theta, y), RB_OK);
  assert_int_equal(plain.length, N);
  double spikes = 0;
  for (int j = 0; j < N; ++j) {
    spikes += (double)x[N + j];
    assert_true(x[j] == y[j] && y[N + j] == 0 && y[2 * N + j] == 4.5F);  // its spikes have a shape
  }
  assert_true(spikes > 0);
  assert_string_equal(model.channel[2].quantity.unit, "uA/cm2");
  plain.destroy(&plain);
  model.destroy(&model);
}

static void refused(const char *text, const char *words) {
  rb_model model;
  assert_int_equal(neuron_model("adex", text, &model), RB_ERR_SETTING);
  if (strstr(test_context.error.message, words) == NULL) {
    print_error("'%s' lacks '%s'\n", test_context.error.message, words);
    fail();
  }
  rb_error_clear(&test_context);
}

static void wrong_uses_are_refused(void **state) {
  (void)state;
  refused("stimulus = ({ type = \"constant\"; amplitude = [1, 2]; });",
          "recording.channels: lacks \"current\": the stimulus is another for each data set");
  refused("stimulus = ({ type = \"ou\"; mean = 0; sd = 1; tau = 3; });", "lacks \"current\"");
  refused("stimulus = ({ type = \"constant\"; amplitude = [2, 1]; });",
          "amplitude = [2, 1]: the first end must not be above the second");
  refused("stimulus = ({ type = \"constant\"; amplitude = [1, 2, 3]; });",
          "amplitude must be a number or a range such as");
  refused("stimulus = ({ type = \"step\"; onset = [1, 20]; offset = 10; amplitude = 1; });",
          "ends at 10 ms, before its onset");
  refused("stimulus = ({ type = \"step\"; onset = 1; offset = [10, 1001]; amplitude = 1; });",
          "lasts to 1001 ms, beyond the end");
  refused("stimulus = ({ type = \"ou\"; mean = 0; sd = [-1, 2]; tau = 3; });", "has sd = -1");
  refused("stimulus = ({ type = \"ou\"; mean = 0; sd = 1; tau = [0, 3]; });", "has tau = 0");
  refused(
      "stimulus = ({ type = \"sinusoid\"; onset = 0; offset = 9; amplitude = 1;"
      "              frequency = [1, 6000]; });",
      "has frequency = 6000 Hz");
  refused("stimulus = ({ type = \"constant\"; amplitude = 1; segment = true; });",
          "part 1, a constant, has no segment");
  refused("data_set = { recordings = [1, 2]; };",
          "recording.channels: lacks \"mask\": data_set.recordings = [1, 2]");
  refused("data_set = { shortest = 0.5; };",
          "recording.channels: lacks \"mask\": data_set.shortest = 0.5");
  refused("data_set = { recordings = [2, 1]; };", "must be [least, most]");
  refused("data_set = { recordings = [2]; };", "must be [least, most]");
  refused("data_set = { recordings = [0, 1]; };", "recordings = 0 is out of range [1, 64]");
  refused("simulator = { T_ms = 100000.0; }; data_set = { recordings = [64, 64]; };",
          "64 recordings of 1000000 steps");
  refused("recording = { channels = [\"current\", \"mask\"]; };", "none is given that is observed");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(data_sets_follow_their_definition),
    cmocka_unit_test(simulations_are_given_what_an_observation_was),
    cmocka_unit_test(recordings_are_cut_by_definition),
    cmocka_unit_test(cut_recordings_fill_their_range),
    cmocka_unit_test(what_is_cut_is_not_looked_at),
    cmocka_unit_test(what_is_drawn_fills_its_ranges),
    cmocka_unit_test(drawn_noise_has_its_moments),
    cmocka_unit_test(segments_begin_anywhere_in_a_trace),
    cmocka_unit_test(a_fixed_stimulus_may_be_recorded),
    cmocka_unit_test(wrong_uses_are_refused)};
RB_TEST_MAIN(tests)
