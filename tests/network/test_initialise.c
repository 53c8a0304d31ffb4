/* Initial weights and dropout masks: distributions, and what they depend on. */
#include "gradient_check.h"
#include "network/dropout.h"
#include "network/initialise.h"
#include "rheobase/network/estimator.h"

static const double EPS = sizeof(rb_real) == sizeof(double) ? 1e-14 : 1e-6;

static rb_stream stream_of(uint64_t item) {
  return rb_stream_make(45, RB_FOR_TESTS, RB_RANDOM_INITIALISATION, 0, item);
}

static void check_orthogonal(int rows, int columns) {
  rb_real *q = calloc((size_t)(rows * columns), sizeof *q);
  assert_non_null(q);
  assert_all_ok(rb_orthogonal(&test_context, stream_of(1), rows, columns, q));
  const bool wide = rows <= columns;
  const int count = wide ? rows : columns, length = wide ? columns : rows;
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j <= i; ++j) {
      double product = 0;
      for (int k = 0; k < length; ++k) {
        product += (double)(wide ? q[i * columns + k] : q[k * columns + i]) *
                   (double)(wide ? q[j * columns + k] : q[k * columns + j]);
      }
      assert_near(product, i == j ? 1 : 0, EPS);
    }
  }
  // Each entry has mean 0 and variance 1/length; 6 sd.
  for (int i = 0; i < rows * columns; ++i) sum += (double)q[i];
  assert_near(sum / sqrt((double)count), 0, 6);
  free(q);
}

static void test_orthogonal(void **state) {
  (void)state;
  check_orthogonal(32, 96);
  check_orthogonal(70, 20);
  check_orthogonal(16, 16);
  check_orthogonal(1, 3);
}

static void test_glorot(void **state) {
  (void)state;
  enum { N = 20000 };
  static rb_real x[N];
  rb_glorot_uniform(stream_of(2), 30, 20, N, x);
  const double limit = sqrt(6.0 / 50);
  double sum = 0, squares = 0, largest = 0;
  for (int i = 0; i < N; ++i) {
    sum += (double)x[i];
    squares += (double)x[i] * (double)x[i];
    largest = fmax(largest, fabs((double)x[i]));
  }
  assert_true(largest <= limit && largest > 0.999 * limit);
  assert_near(sum / N, 0, 6 * limit / sqrt(3.0 * N));
  // variance limit^2 / 3, whose estimate has sd limit^2 sqrt(4/45 / N)
  assert_near(squares / N, limit * limit / 3, 6 * limit * limit * sqrt(4.0 / 45 / N));
}

static rb_network_settings small_settings(rb_recurrent_type type) {
  return (rb_network_settings){
      .summary = {.type = &rb_summary_recurrent,
                  .summary_dim = 5,
                  .conv_layers = 1,
                  .filters = {4},
                  .kernel_sizes = {3},
                  .strides = {1},
                  .groups = 2,
                  .recurrent_type = type,
                  .recurrent_dim = 6,
                  .bidirectional = true,
                  .skip_steps = 2},
      .density = &rb_density_coupling,
      .flow = {
          .depth = 4, .mlp_layers = 1, .mlp_widths = {8}, .actnorm = true, .permutation = true}};
}

static const rb_real *tensor(rb_estimator *estimator, const char *name, int64_t *count) {
  const rb_parameters *p = rb_estimator_parameters(estimator);
  const int index = rb_parameters_find(p, name);
  assert_true(index >= 0);
  *count = p->tensor[index].count;
  return rb_parameters_at(p, index);
}

static void expect_all(rb_estimator *estimator, const char *name, int64_t first, int64_t count,
                       double value) {
  int64_t available = 0;
  const rb_real *x = tensor(estimator, name, &available);
  assert_true(first + count <= available);
  for (int64_t i = first; i < first + count; ++i) assert_true((double)x[i] == value);
}

static void test_network(void **state) {
  (void)state;
  const rb_network_settings settings = small_settings(RB_LSTM);
  rb_estimator *e = NULL, *other = NULL;
  assert_all_ok(rb_estimator_create(&test_context, &settings, (rb_shape){2, 20, 0}, 6, 2, &e));
  assert_all_ok(rb_estimator_create(&test_context, &settings, (rb_shape){2, 20, 0}, 6, 2, &other));
  assert_all_ok(rb_estimator_initialise(&test_context, e, 45, 0));
  assert_all_ok(rb_estimator_initialise(&test_context, other, 45, 0));
  const rb_parameters *p = rb_estimator_parameters(e), *q = rb_estimator_parameters(other);
  const size_t bytes = (size_t)p->count * sizeof *p->value;
  assert_memory_equal(p->value, q->value, bytes);
  assert_all_ok(rb_estimator_initialise(&test_context, other, 45, 1));  // another member
  assert_true(memcmp(p->value, q->value, bytes) != 0);

  expect_all(e, "summary/recurrent_backward/bias", 0, 6, 0);
  expect_all(e, "summary/recurrent_backward/bias", 6, 6, 1);  // forget gate
  expect_all(e, "summary/recurrent_backward/bias", 12, 12, 0);
  expect_all(e, "summary/conv_0/bias", 0, 4, 0);
  expect_all(e, "summary/group_norm_0/gamma", 0, 4, 1);
  expect_all(e, "summary/group_norm_0/beta", 0, 4, 0);
  expect_all(e, "flow/layer_3/actnorm/scale", 0, 6, 1);
  expect_all(e, "flow/layer_3/coupling_2/output_projector/kernel", 0, 8 * 6, 0);
  int64_t count = 0;
  const rb_real *kernel = tensor(e, "summary/conv_0/kernel", &count);
  for (int64_t i = 0; i < count; ++i) {
    assert_true(kernel[i] != 0 && fabs((double)kernel[i]) < sqrt(6.0 / (3 * 2 + 3 * 4)));
  }
  rb_estimator_destroy(e);
  rb_estimator_destroy(other);
}

/* With output projectors at zero every coupling is the identity: z is a permutation of theta. */
static void test_initial_flow(void **state) {
  (void)state;
  const rb_network_settings settings = small_settings(RB_GRU);
  rb_estimator *e = NULL;
  assert_all_ok(rb_estimator_create(&test_context, &settings, (rb_shape){2, 20, 0}, 6, 2, &e));
  assert_all_ok(rb_estimator_initialise(&test_context, e, 45, 0));
  int moved = 0, depth = 0;
  const int32_t *permutation = rb_estimator_permutations(e, &depth);
  assert_int_equal(depth, 4);
  for (int i = 0; i < 4; ++i) {
    int seen = 0;
    for (int j = 0; j < 6; ++j) {
      const int32_t k = permutation[i * 6 + j];
      seen |= 1 << k;
      moved += k != j;
    }
    assert_int_equal(seen, 63);
  }
  assert_true(moved > 6);
  const rb_real theta[6] = {1, 2, 3, 4, 5, 6}, h[5] = {1, -1, 2, 0, 3};
  rb_real z[6], log_density = 0;
  rb_estimator_log_density(e, 1, theta, h, z, &log_density);
  double sum = 0, squares = 0;
  for (int j = 0; j < 6; ++j) {
    sum += (double)z[j];
    squares += (double)z[j] * (double)z[j];
  }
  assert_near(sum, 21, 10 * EPS);
  assert_near(squares, 91, 100 * EPS);
  assert_near((double)log_density, -45.5 - 3 * log(2 * M_PI), 100 * EPS);
  rb_estimator_destroy(e);
}

static void test_dropout(void **state) {
  (void)state;
  enum { B = 40, WIDTH = 501 };
  static rb_real whole[B * WIDTH], part[WIDTH];
  const rb_dropout_source source = {.seed = 45, .member = 2, .first_item = 1000};
  uint32_t position = 17;
  rb_dropout_mask(test_context.isa, &source, &position, 0.2, B, WIDTH, whole);
  assert_int_equal(position, 17 + (WIDTH + 3) / 4);
  int dropped = 0;
  for (int b = 0; b < B; ++b) {  // a sample's mask does not depend on its batch
    rb_dropout_source alone = source;
    alone.first_item += (uint64_t)b;
    position = 17;
    rb_dropout_mask(test_context.isa, &alone, &position, 0.2, 1, WIDTH, part);
    assert_memory_equal(part, whole + b * WIDTH, sizeof part);
    for (int i = 0; i < WIDTH; ++i) {
      uint32_t word[4];
      rb_stream_block(rb_stream_make(45, RB_FOR_TRAINING, RB_RANDOM_DROPOUT, 2, alone.first_item),
                      17 + (uint32_t)i / 4, word);
      assert_true(part[i] == (word[i % 4] < 0.2 * 4294967296.0 ? 0 : (rb_real)1.25));
      dropped += part[i] == 0;
    }
  }
  assert_near(dropped, 0.2 * B * WIDTH, 6 * sqrt(0.16 * B * WIDTH));
  for (int isa = 0; isa < (int)test_context.isa; ++isa) {  // the same bits from every set
    position = 17;
    rb_dropout_mask((rb_isa)isa, &source, &position, 0.2, 1, WIDTH, part);
    assert_memory_equal(part, whole, sizeof part);
  }
  position = 18;  // the next position gives other masks
  rb_dropout_mask(test_context.isa, &source, &position, 0.2, 1, WIDTH, part);
  assert_true(memcmp(part, whole, sizeof part) != 0);
}

/* Weights before a centred mixture: within +-1/sqrt(fan-in), small where they end, means spread. */
static void test_centred(void **state) {
  (void)state;
  enum { F = 40, DIM = 8, K = 4 };
  const rb_network_settings settings = {
      .summary = {.type = &rb_summary_statistics,
                  .summary_dim = DIM,
                  .mlp_layers = 1,
                  .mlp_widths = {50},
                  .gain = 1},
      .density = &rb_density_autoregressive,
      .centring = true,
      .mixture = {.parts = K, .mlp_layers = 1, .mlp_widths = {16}}};
  rb_estimator *e = NULL;
  assert_all_ok(rb_estimator_create(&test_context, &settings, (rb_shape){0, 0, F}, 2, 1, &e));
  assert_all_ok(rb_estimator_initialise(&test_context, e, 45, 0));
  const rb_parameters *p = rb_estimator_parameters(e);
  static const struct {
    const char *name;
    double limit;
  } tensors[] = {{"statistics/dense_0/kernel", F},
                 {"statistics/dense_0/bias", F},
                 {"statistics/output_projector/kernel", 50},
                 {"statistics/output_projector/bias", 50},
                 {"statistics/line/kernel", F},
                 {"centring/kernel", 100 * DIM},
                 {"mixture/factor_1/dense_0/kernel", DIM + 1},
                 {"mixture/factor_1/output_projector/kernel", 100 * 16}};
  for (size_t i = 0; i < sizeof tensors / sizeof *tensors; ++i) {
    const int index = rb_parameters_find(p, tensors[i].name);
    assert_true(index >= 0);
    const rb_real *value = rb_parameters_at(p, index);
    const double limit = 1 / sqrt(tensors[i].limit);
    double largest = 0;
    for (int64_t k = 0; k < p->tensor[index].count; ++k) {
      largest = fmax(largest, fabs((double)value[k]));
    }
    assert_true(largest <= limit * (1 + EPS) && largest > 0.75 * limit);
  }
  const rb_real *bias =
      rb_parameters_at(p, rb_parameters_find(p, "mixture/factor_0/output_projector/bias"));
  for (int k = 0; k < 3 * K; ++k) {
    const bool mean = k / K == 1;
    assert_near((double)bias[k], mean ? -1.2 + 0.8 * (k % K) : 0, EPS);
  }
  bias = rb_parameters_at(p, rb_parameters_find(p, "centring/bias"));
  for (int k = 0; k < 4; ++k) assert_true(bias[k] == 0);
  rb_estimator_destroy(e);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_orthogonal), cmocka_unit_test(test_glorot),
    cmocka_unit_test(test_network),    cmocka_unit_test(test_initial_flow),
    cmocka_unit_test(test_dropout),    cmocka_unit_test(test_centred),
};

RB_TEST_MAIN(tests)
