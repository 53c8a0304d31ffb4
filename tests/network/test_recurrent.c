#include "network/recurrent.h"
#include "rb_test.h"

/* Every implementation this machine can run against the formulas, written once more here in double
 * precision, scalar by scalar; gradients against central differences of that. */

typedef struct problem {
  rb_recurrent_type type;
  int B, T, I, H;
  bool masked, reverse_time;
} problem;

/* The arguments of a net, in this order, as one vector: x, kernel, recurrent kernel, bias. */
enum { X, KERNEL, RECURRENT_KERNEL, BIAS, ARGUMENTS };

typedef struct arrays {
  int count[ARGUMENTS];
  double *value[ARGUMENTS];
  double *mask, *dh;
} arrays;

static int gates_of(const problem *p) { return p->type == RB_GRU ? 3 : 4; }

/* Reproducible numbers in [-1, 1]. */
static double noise(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)*state / 9223372036854775808.0;
}

/* Values are exact in single precision, so that both precisions see the same problem. */
static double *random_array(int count, double scale, uint64_t *state) {
  double *array = malloc((size_t)count * sizeof *array);
  for (int i = 0; i < count; ++i) array[i] = (double)(float)(scale * noise(state));
  return array;
}

static arrays make_arrays(const problem *p) {
  uint64_t state = 45;
  const int G = gates_of(p);
  arrays a = {.count = {p->B * p->T * p->I, p->I * G * p->H, p->H * G * p->H,
                        (p->type == RB_GRU ? 2 : 1) * G * p->H}};
  const double scale[ARGUMENTS] = {2, 1 / sqrt(p->I), 2 / sqrt(p->H), 0.5};
  for (int k = 0; k < ARGUMENTS; ++k) a.value[k] = random_array(a.count[k], scale[k], &state);
  a.mask = random_array(p->B * p->I, 1, &state);
  for (int i = 0; i < p->B * p->I; ++i) a.mask[i] = a.mask[i] > -0.5 ? 1.25 : 0;
  a.dh = random_array(p->B * p->H, 1, &state);
  return a;
}

static void free_arrays(arrays *a) {
  for (int k = 0; k < ARGUMENTS; ++k) free(a->value[k]);
  free(a->mask);
  free(a->dh);
}

static double logistic(double x) { return 1 / (1 + exp(-x)); }

/* x W + bias or h U + bias of one column. */
static double column(const double *row, const double *matrix, int rows, int columns, int j) {
  double sum = 0;
  for (int k = 0; k < rows; ++k) sum += row[k] * matrix[k * columns + j];
  return sum;
}

/* The final state of row b, by the formulas in recurrent.h. */
static void reference_row(const problem *p, const arrays *a, int b, double *h) {
  const int G = gates_of(p), H = p->H, GH = G * H, I = p->I;
  double *c = calloc((size_t)H, sizeof *c), *next = calloc((size_t)H, sizeof *next);
  double *x = calloc((size_t)I, sizeof *x);
  for (int j = 0; j < H; ++j) h[j] = 0;
  for (int s = 0; s < p->T; ++s) {
    const int t = p->reverse_time ? p->T - 1 - s : s;
    for (int i = 0; i < I; ++i) {
      x[i] = a->value[X][(b * p->T + t) * I + i] * (p->masked ? a->mask[b * I + i] : 1);
    }
    for (int j = 0; j < H; ++j) {
      double u[4], v[4];
      for (int g = 0; g < G; ++g) {
        u[g] = column(x, a->value[KERNEL], I, GH, g * H + j) + a->value[BIAS][g * H + j];
        v[g] = column(h, a->value[RECURRENT_KERNEL], H, GH, g * H + j);
        if (p->type == RB_GRU) v[g] += a->value[BIAS][GH + g * H + j];
      }
      if (p->type == RB_GRU) {
        const double z = logistic(u[0] + v[0]), r = logistic(u[1] + v[1]);
        next[j] = z * h[j] + (1 - z) * tanh(u[2] + r * v[2]);
      } else {
        c[j] = logistic(u[1] + v[1]) * c[j] + logistic(u[0] + v[0]) * tanh(u[2] + v[2]);
        next[j] = logistic(u[3] + v[3]) * tanh(c[j]);
      }
    }
    memcpy(h, next, (size_t)H * sizeof *h);
  }
  free(c);
  free(next);
  free(x);
}

/* sum dh . h over rows first .. last - 1: what the gradients are gradients of. */
static double objective(const problem *p, const arrays *a, int first, int last) {
  double *h = malloc((size_t)p->H * sizeof *h), sum = 0;
  for (int b = first; b < last; ++b) {
    reference_row(p, a, b, h);
    for (int j = 0; j < p->H; ++j) sum += a->dh[b * p->H + j] * h[j];
  }
  free(h);
  return sum;
}

static double difference(const problem *p, arrays *a, int argument, int i) {
  const int row = i / (p->T * p->I);  // x of one row acts on that row alone
  const int first = argument == X ? row : 0, last = argument == X ? row + 1 : p->B;
  double *value = a->value[argument] + i;
  const double step = 1e-5, middle = *value;
  *value = middle + step;
  const double above = objective(p, a, first, last);
  *value = middle - step;
  const double below = objective(p, a, first, last);
  *value = middle;
  return (above - below) / (2 * step);
}

static rb_real *to_real(const double *array, int count) {
  rb_real *real = malloc((size_t)count * sizeof *real);
  for (int i = 0; i < count; ++i) real[i] = (rb_real)array[i];
  return real;
}

static const double tolerance = sizeof(rb_real) == sizeof(double) ? 1e-8 : 4e-6;

static void check_states(const problem *p, const arrays *a, const rb_real *h) {
  double *expected = malloc((size_t)p->H * sizeof *expected);
  for (int b = 0; b < p->B; ++b) {
    reference_row(p, a, b, expected);
    for (int j = 0; j < p->H; ++j) assert_near(h[b * p->H + j], expected[j], tolerance);
  }
  free(expected);
}

/* Checks every `stride`-th entry, relative to the largest one seen. */
static void check_gradient(const problem *p, arrays *a, int argument, const rb_real *gradient,
                           double initial) {
  const int count = a->count[argument], stride = count / 50 + 1;
  double largest = 0;
  for (int i = 0; i < count; ++i) largest = fmax(largest, fabs((double)gradient[i] - initial));
  assert_true(largest > 1e-3);
  for (int i = 0; i < count; i += stride) {
    const double expected = initial + difference(p, a, argument, i);
    assert_near(gradient[i], expected, 2 * tolerance * fmax(largest, 1));
  }
}

static void check_problem(problem p) {
  arrays a = make_arrays(&p);
  rb_real *real[ARGUMENTS], *gradient[ARGUMENTS];
  const double initial = 0.25;  // gradients are added to
  for (int k = 0; k < ARGUMENTS; ++k) {
    real[k] = to_real(a.value[k], a.count[k]);
    gradient[k] = malloc((size_t)a.count[k] * sizeof(rb_real));
    for (int i = 0; i < a.count[k]; ++i) gradient[k][i] = (rb_real)initial;
  }
  rb_real *all_masks = to_real(a.mask, p.B * p.I), *mask = p.masked ? all_masks : NULL;
  rb_real *dh = to_real(a.dh, p.B * p.H), *h = calloc((size_t)(p.B * p.H), sizeof *h);

  rb_recurrent *net = NULL;
  assert_all_ok(rb_recurrent_create(&test_context, p.type, p.I, p.H, p.T, p.B + 2, &net));
  rb_recurrent_set_weights(net, real[KERNEL], real[RECURRENT_KERNEL], real[BIAS]);
  rb_recurrent_forward(net, p.B, real[X], mask, p.reverse_time, false, h);
  check_states(&p, &a, h);
  memset(h, 0, (size_t)(p.B * p.H) * sizeof *h);
  rb_recurrent_forward(net, p.B, real[X], mask, p.reverse_time, true, h);
  check_states(&p, &a, h);
  rb_recurrent_backward(net, p.B, real[X], mask, p.reverse_time, dh, gradient[X], gradient[KERNEL],
                        gradient[RECURRENT_KERNEL], gradient[BIAS]);
  for (int k = 0; k < ARGUMENTS; ++k) check_gradient(&p, &a, k, gradient[k], initial);
  rb_recurrent_destroy(net);

  for (int k = 0; k < ARGUMENTS; ++k) {
    free(real[k]);
    free(gradient[k]);
  }
  free(all_masks);
  free(dh);
  free(h);
  free_arrays(&a);
}

/* Runs `check` for both types under every instruction set this processor offers. */
static void for_each_kernel(void (*check)(rb_recurrent_type)) {
  const rb_isa usual = test_context.isa;
  for (int isa = RB_ISA_PORTABLE; isa <= (int)rb_cpu_best_isa(); ++isa) {
    test_context.isa = (rb_isa)isa;
    check(RB_GRU);
    check(RB_LSTM);
  }
  test_context.isa = usual;
}

static void check_odd_sizes(rb_recurrent_type type) {
  check_problem((problem){type, .B = 3, .T = 11, .I = 5, .H = 7});
  check_problem((problem){type, .B = 3, .T = 11, .I = 5, .H = 7, .masked = true});
  check_problem((problem){type, .B = 3, .T = 11, .I = 5, .H = 7, .reverse_time = true});
  check_problem((problem){type, .B = 1, .T = 5, .I = 1, .H = 1});
  check_problem((problem){type, .B = 13, .T = 4, .I = 17, .H = 33, .masked = true});
}

static void check_network_sizes(rb_recurrent_type type) {
  check_problem((problem){type, .B = 5, .T = 3, .I = 32, .H = 64, .masked = true});
}

static void odd_sizes_agree(void **state) {
  (void)state;
  for_each_kernel(check_odd_sizes);
}

static void network_sizes_agree(void **state) {
  (void)state;
  for_each_kernel(check_network_sizes);
}

/* Everything a net returns for the first B rows of a problem, as one array; the caller frees it. */
static rb_real *run_rows(rb_recurrent *net, const problem *p, rb_real *real[ARGUMENTS], int B,
                         const rb_real *dh, size_t *size) {
  const int GH = gates_of(p) * p->H;
  const int count[] = {B * p->H, B * p->T * p->I, p->I * GH, p->H * GH, 2 * GH};
  int total = 0;
  for (int k = 0; k < 5; ++k) total += count[k];
  rb_real *result = calloc((size_t)total, sizeof *result), *part[5] = {result};
  for (int k = 1; k < 5; ++k) part[k] = part[k - 1] + count[k - 1];
  rb_recurrent_forward(net, B, real[X], NULL, false, true, part[0]);
  rb_recurrent_backward(net, B, real[X], NULL, false, dh, part[1], part[2], part[3], part[4]);
  *size = (size_t)total * sizeof *result;
  return result;
}

/* A batch of another size in between, with values that are no numbers, leaves nothing behind. */
static void check_repetition(rb_recurrent_type type) {
  const problem p = {type, .B = 13, .T = 4, .I = 5, .H = 7};
  arrays a = make_arrays(&p);
  rb_real *real[ARGUMENTS], *dh = to_real(a.dh, p.B * p.H);
  for (int k = 0; k < ARGUMENTS; ++k) real[k] = to_real(a.value[k], a.count[k]);
  for (int i = 3 * p.T * p.I; i < a.count[X]; ++i) real[X][i] = (rb_real)NAN;  // beyond row 2
  rb_recurrent *net = NULL;
  assert_all_ok(rb_recurrent_create(&test_context, type, p.I, p.H, p.T, p.B, &net));
  rb_recurrent_set_weights(net, real[KERNEL], real[RECURRENT_KERNEL], real[BIAS]);
  size_t size = 0, other = 0;
  rb_real *first = run_rows(net, &p, real, 3, dh, &size);
  rb_real *between = run_rows(net, &p, real, p.B, dh, &other);
  rb_real *again = run_rows(net, &p, real, 3, dh, &size);
  assert_memory_equal(first, again, size);
  assert_true(other > size);
  rb_recurrent_destroy(net);
  free(first);
  free(between);
  free(again);
  for (int k = 0; k < ARGUMENTS; ++k) free(real[k]);
  free(dh);
  free_arrays(&a);
}

/* Huge inputs saturate the gates; an input that is no number shows in its row and in no other. */
static void check_extreme_inputs(rb_recurrent_type type) {
  const problem p = {type, .B = 3, .T = 2, .I = 5, .H = 7};
  arrays a = make_arrays(&p);
  for (int i = 0; i < a.count[X]; ++i) a.value[X][i] *= 1e4;
  rb_real *real[ARGUMENTS], *h = calloc((size_t)(p.B * p.H), sizeof *h);
  for (int k = 0; k < ARGUMENTS; ++k) real[k] = to_real(a.value[k], a.count[k]);
  rb_recurrent *net = NULL;
  assert_all_ok(rb_recurrent_create(&test_context, type, p.I, p.H, p.T, p.B, &net));
  rb_recurrent_set_weights(net, real[KERNEL], real[RECURRENT_KERNEL], real[BIAS]);
  rb_recurrent_forward(net, p.B, real[X], NULL, false, false, h);
  check_states(&p, &a, h);
  real[X][1 * p.T * p.I] = (rb_real)NAN;
  rb_recurrent_forward(net, p.B, real[X], NULL, false, false, h);
  for (int i = 0; i < p.B * p.H; ++i) assert_int_equal(isnan((double)h[i]) != 0, i / p.H == 1);
  rb_recurrent_destroy(net);
  for (int k = 0; k < ARGUMENTS; ++k) free(real[k]);
  free(h);
  free_arrays(&a);
}

static void repetition_is_exact(void **state) {
  (void)state;
  for_each_kernel(check_repetition);
}

static void extreme_inputs_are_handled(void **state) {
  (void)state;
  for_each_kernel(check_extreme_inputs);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(odd_sizes_agree),
    cmocka_unit_test(network_sizes_agree),
    cmocka_unit_test(repetition_is_exact),
    cmocka_unit_test(extreme_inputs_are_handled),
};
RB_TEST_MAIN(tests)
