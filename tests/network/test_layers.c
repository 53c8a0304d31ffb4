/* Convolution, group norm, dense layer and activations: values against the formulas written out,
 * gradients against difference quotients. */
#include "gradient_check.h"
#include "network/activations.h"
#include "network/conv1d.h"
#include "network/dense.h"
#include "network/group_norm.h"

enum { MAX = 4096 };
static const double VALUE_TOLERANCE = sizeof(rb_real) == sizeof(double) ? 1e-13 : 1e-5;

/* One layer with everything it reads, computes and gets back. */
typedef struct layer {
  rb_conv1d conv;
  int B, T, C, groups;
  rb_real x[MAX], kernel[MAX], bias[MAX], y[MAX], c[MAX], windows[MAX];
  rb_real mean[64], rstd[64];
  rb_real dx[MAX], dkernel[MAX], dbias[MAX];
} layer;

static layer *new_layer(void) {
  layer *l = calloc(1, sizeof *l);
  assert_non_null(l);
  fill_normal(1, MAX, 1, l->x);
  fill_normal(2, MAX, 0.5, l->kernel);
  fill_normal(3, MAX, 0.5, l->bias);
  fill_normal(4, MAX, 1, l->c);
  // Gradients are added to what is there.
  fill_normal(5, MAX, 1, l->dx);
  fill_normal(6, MAX, 1, l->dkernel);
  fill_normal(7, MAX, 1, l->dbias);
  return l;
}

static void subtract_start(layer *l) {
  static rb_real start[MAX];
  rb_real *array[] = {l->dx, l->dkernel, l->dbias};
  for (uint64_t a = 0; a < 3; ++a) {
    fill_normal(5 + a, MAX, 1, start);
    for (int i = 0; i < MAX; ++i) array[a][i] -= start[i];
  }
}

static double conv_objective(void *argument) {
  layer *l = argument;
  rb_conv1d_forward(&l->conv, l->B, false, l->x, l->kernel, l->bias, l->windows, l->y);
  return weighted_sum(l->B * l->conv.T_out * l->conv.out, l->c, l->y);
}

/* The definition, with zeros outside the series. */
static double conv_direct(const layer *l, int64_t b, int64_t t, int out) {
  const rb_conv1d *conv = &l->conv;
  double sum = (double)l->bias[out];
  for (int k = 0; k < conv->kernel; ++k) {
    const int64_t s = t * conv->stride - conv->pad_left + k;
    if (s < 0 || s >= conv->T) continue;
    for (int in = 0; in < conv->in; ++in) {
      sum += (double)l->x[(b * conv->T + s) * conv->in + in] *
             (double)l->kernel[(k * conv->in + in) * conv->out + out];
    }
  }
  return sum;
}

static void check_conv(int T, int in, int out, int kernel, int stride, int T_out, int pad_left) {
  layer *l = new_layer();
  l->B = 3;
  l->conv = rb_conv1d_make(T, in, out, kernel, stride);
  assert_int_equal(l->conv.T_out, T_out);
  assert_int_equal(l->conv.pad_left, pad_left);
  assert_true(rb_conv1d_scratch(&l->conv, l->B) <= MAX);
  (void)conv_objective(l);
  for (int64_t b = 0; b < l->B; ++b) {
    for (int64_t t = 0; t < T_out; ++t) {
      for (int o = 0; o < out; ++o) {
        assert_near((double)l->y[(b * T_out + t) * out + o], conv_direct(l, b, t, o),
                    10 * VALUE_TOLERANCE);
      }
    }
  }
  rb_conv1d_backward(&l->conv, l->B, l->x, l->kernel, l->c, l->windows, l->dx, l->dkernel,
                     l->dbias);
  subtract_start(l);
  check_gradient("conv x", conv_objective, l, l->B * T * in, 1, l->x, l->dx);
  check_gradient("conv kernel", conv_objective, l, kernel * in * out, 1, l->kernel, l->dkernel);
  check_gradient("conv bias", conv_objective, l, out, 1, l->bias, l->dbias);
  free(l);
}

static void test_conv1d(void **state) {
  (void)state;
  check_conv(7, 2, 3, 3, 1, 7, 1);
  check_conv(10, 2, 3, 5, 2, 5, 1);  // even: one more place of padding behind than before
  check_conv(11, 3, 2, 4, 3, 4, 1);
  check_conv(12, 2, 3, 4, 4, 3, 0);   // the windows are the input
  check_conv(13, 2, 20, 4, 4, 4, 1);  // the same with padding
  check_conv(3, 2, 2, 7, 1, 3, 3);    // kernel longer than the series
  check_conv(10, 2, 2, 2, 3, 4, 0);   // samples that no window covers
  check_conv(5, 1, 1, 1, 1, 5, 0);
}

static double dense_objective(void *argument) {
  layer *l = argument;
  rb_dense_forward(l->B, l->T, l->C, l->x, l->kernel, l->bias, l->y);
  return weighted_sum((int64_t)l->B * l->C, l->c, l->y);
}

static void test_dense(void **state) {
  (void)state;
  layer *l = new_layer();
  l->B = 4;  // rows, inputs, outputs
  l->T = 5;
  l->C = 19;
  (void)dense_objective(l);
  for (int i = 0; i < l->B * l->C; ++i) {
    double sum = (double)l->bias[i % l->C];
    for (int k = 0; k < l->T; ++k) {
      sum += (double)l->x[i / l->C * l->T + k] * (double)l->kernel[k * l->C + i % l->C];
    }
    assert_near((double)l->y[i], sum, 10 * VALUE_TOLERANCE);
  }
  rb_dense_backward(l->B, l->T, l->C, l->x, l->kernel, l->c, l->dx, l->dkernel, l->dbias);
  subtract_start(l);
  check_gradient("dense x", dense_objective, l, (int64_t)l->B * l->T, 1, l->x, l->dx);
  check_gradient("dense kernel", dense_objective, l, (int64_t)l->T * l->C, 1, l->kernel,
                 l->dkernel);
  check_gradient("dense bias", dense_objective, l, l->C, 1, l->bias, l->dbias);
  free(l);
}

static double norm_objective(void *argument) {
  layer *l = argument;
  rb_group_norm_forward(l->B, l->T, l->C, l->groups, l->x, l->kernel, l->bias, l->mean, l->rstd,
                        l->y);
  return weighted_sum((int64_t)l->B * l->T * l->C, l->c, l->y);
}

static void test_group_norm(void **state) {
  (void)state;
  layer *l = new_layer();
  l->B = 2;
  l->T = 9;
  l->C = 6;
  l->groups = 3;
  for (int i = 0; i < l->C; ++i) l->kernel[i] = (rb_real)(1 + 0.1 * i);
  for (int i = 0; i < MAX; ++i) l->x[i] += 2;  // a mean that matters
  for (int i = 0; i < l->C; ++i) l->bias[i] = 0;
  (void)norm_objective(l);
  for (int b = 0; b < l->B; ++b) {
    for (int g = 0; g < l->groups; ++g) {  // without gamma: mean 0, variance v / (v + 1e-3)
      double sum = 0, squares = 0;
      for (int i = 0; i < l->T * 2; ++i) {
        const int c = 2 * g + i % 2;
        const double y = (double)l->y[(b * l->T + i / 2) * l->C + c] / (double)l->kernel[c];
        sum += y;
        squares += y * y;
      }
      const double rstd = (double)l->rstd[b * l->groups + g], n = 2.0 * l->T;
      assert_near(sum / n, 0, 10 * VALUE_TOLERANCE);
      assert_near(squares / n, 1 - 1e-3 * rstd * rstd, 10 * VALUE_TOLERANCE);
      assert_true(rstd > 0.3 && rstd < 3);
    }
  }
  memcpy(l->dx, l->c, sizeof l->dx);
  rb_group_norm_backward(l->B, l->T, l->C, l->groups, l->x, l->kernel, l->mean, l->rstd, l->dx,
                         l->dkernel, l->dbias);
  rb_real dx[MAX];
  memcpy(dx, l->dx, sizeof dx);
  subtract_start(l);
  check_gradient("norm x", norm_objective, l, (int64_t)l->B * l->T * l->C, 1, l->x, dx);
  check_gradient("norm gamma", norm_objective, l, l->C, 1, l->kernel, l->dkernel);
  check_gradient("norm beta", norm_objective, l, l->C, 1, l->bias, l->dbias);
  free(l);
}

static double activation_formula(rb_activation which, double x) {
  switch (which) {
    case RB_MISH:
      return x * tanh(x > 30 ? x : log1p(exp(x)));
    case RB_SILU:
      return x / (1 + exp(-x));
    case RB_HARD_SILU:
      return x * fmin(fmax(x + 3, 0), 6) / 6;
    case RB_RELU:
      return fmax(x, 0);
    case RB_TANH:
      return tanh(x);
  }
  return NAN;
}

/* Values to rounding, and slopes against difference quotients of the formula, in every instruction
 * set; all sets give the same bits. */
static void test_activations(void **state) {
  (void)state;
  enum { N = 4003 };
  static rb_real x[N], y[N], d[N], first_y[N], first_d[N];
  const double eps = sizeof(rb_real) == sizeof(double) ? 1e-15 : 4e-7;
  for (int i = 0; i < N; ++i) x[i] = (rb_real)(0.05 * (i - N / 2) + 0.003);  // -100 .. 100
  for (int which = 0; which < RB_ACTIVATION_COUNT; ++which) {
    for (int isa = 0; isa <= (int)test_context.isa; ++isa) {
      const rb_activation_kernel *kernel = rb_activation_kernel_for((rb_isa)isa);
      for (int i = 0; i < N; ++i) d[i] = 2;
      kernel->forward[which](N, x, y);
      kernel->backward[which](N, x, d);
      if (isa == 0) {
        memcpy(first_y, y, sizeof y);
        memcpy(first_d, d, sizeof d);
      }
      assert_memory_equal(first_y, y, sizeof y);
      assert_memory_equal(first_d, d, sizeof d);
    }
    for (int i = 0; i < N; ++i) {
      const double v = (double)x[i], exact = activation_formula((rb_activation)which, v);
      const double h = 1e-5;
      const double slope = (activation_formula((rb_activation)which, v + h) -
                            activation_formula((rb_activation)which, v - h)) /
                           (2 * h);
      assert_near((double)y[i], exact, 4 * eps * fabs(exact) + 1e-30);
      assert_near((double)d[i], 2 * slope, 8 * eps + 3e-9);
    }
  }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_conv1d),
    cmocka_unit_test(test_dense),
    cmocka_unit_test(test_group_norm),
    cmocka_unit_test(test_activations),
};

RB_TEST_MAIN(tests)
