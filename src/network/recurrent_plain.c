#include "recurrent_plain.h"

#include <math.h>
#include <string.h>

#include "gemm.h"
#include "rheobase/base/memory.h"

static rb_real logistic(rb_real x) { return (rb_real)(1 / (1 + exp(-(double)x))); }
static rb_real hyperbolic_tangent(rb_real x) { return (rb_real)tanh((double)x); }

rb_status rb_recurrent_plain_create(rb_context *ctx, rb_recurrent_type type, int I, int H,
                                    int64_t T, int max_batch, rb_recurrent_plain *net) {
  rb_status status = RB_OK;
  const int G = type == RB_GRU ? 3 : 4;
  const int64_t B = max_batch, BH = B * H, GH = (int64_t)G * H;
  *net = (rb_recurrent_plain){.type = type, .I = I, .H = H, .G = G, .T = T};
  RB_TRY(RB_ALLOCATE(ctx, net->kernel, I * GH));
  RB_TRY(RB_ALLOCATE(ctx, net->recurrent_kernel, H * GH));
  RB_TRY(RB_ALLOCATE(ctx, net->bias, 2 * GH));
  RB_TRY(RB_ALLOCATE(ctx, net->x, B * I));
  RB_TRY(RB_ALLOCATE(ctx, net->from_x, B * GH));
  RB_TRY(RB_ALLOCATE(ctx, net->from_h, B * GH));
  RB_TRY(RB_ALLOCATE(ctx, net->gates, T * 4 * BH));
  RB_TRY(RB_ALLOCATE(ctx, net->h, (T + 1) * BH));
  RB_TRY(RB_ALLOCATE(ctx, net->c, type == RB_LSTM ? (T + 1) * BH : 0));
  RB_TRY(RB_ALLOCATE(ctx, net->dh, BH));
  RB_TRY(RB_ALLOCATE(ctx, net->dc, BH));
cleanup:
  if (status != RB_OK) rb_recurrent_plain_free(net);
  return status;
}

void rb_recurrent_plain_free(rb_recurrent_plain *net) {
  rb_real *const arrays[] = {net->kernel, net->recurrent_kernel,
                             net->bias,   net->x,
                             net->from_x, net->from_h,
                             net->gates,  net->h,
                             net->c,      net->dh,
                             net->dc};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) free(arrays[i]);
  *net = (rb_recurrent_plain){.T = 0};
}

void rb_recurrent_plain_set_weights(rb_recurrent_plain *net, const rb_real *kernel,
                                    const rb_real *recurrent_kernel, const rb_real *bias) {
  const size_t row = (size_t)net->G * (size_t)net->H * sizeof *kernel;
  memcpy(net->kernel, kernel, (size_t)net->I * row);
  memcpy(net->recurrent_kernel, recurrent_kernel, (size_t)net->H * row);
  memcpy(net->bias, bias, (net->type == RB_GRU ? 2 : 1) * row);
}

/* net->x = masked inputs of step t. */
static void load_inputs(rb_recurrent_plain *net, int B, const rb_real *x, const rb_real *input_mask,
                        int64_t t) {
  for (int b = 0; b < B; ++b) {
    for (int i = 0; i < net->I; ++i) {
      const rb_real factor = input_mask != NULL ? input_mask[b * net->I + i] : 1;
      net->x[b * net->I + i] = x[(b * net->T + t) * net->I + i] * factor;
    }
  }
}

/* One row of one step: u (3H) = x W + b0, v (3H) = h U + b1. */
static void gru_step(int H, const rb_real *u, const rb_real *v, const rb_real *h, rb_real *gates,
                     rb_real *h_next) {
  for (int j = 0; j < H; ++j) {
    const rb_real z = logistic(u[j] + v[j]), r = logistic(u[H + j] + v[H + j]);
    const rb_real from_h = v[2 * H + j];
    const rb_real candidate = hyperbolic_tangent(u[2 * H + j] + r * from_h);
    h_next[j] = z * h[j] + (1 - z) * candidate;
    gates[j] = z;
    gates[H + j] = r;
    gates[2 * H + j] = candidate;
    gates[3 * H + j] = from_h;
  }
}

/* One row of one step: u (4H) = x W + b, v (4H) = h U. */
static void lstm_step(int H, const rb_real *u, const rb_real *v, const rb_real *c, rb_real *gates,
                      rb_real *c_next, rb_real *h_next) {
  for (int j = 0; j < H; ++j) {
    const rb_real i = logistic(u[j] + v[j]), f = logistic(u[H + j] + v[H + j]);
    const rb_real g = hyperbolic_tangent(u[2 * H + j] + v[2 * H + j]);
    const rb_real o = logistic(u[3 * H + j] + v[3 * H + j]);
    c_next[j] = f * c[j] + i * g;
    h_next[j] = o * hyperbolic_tangent(c_next[j]);
    gates[j] = i;
    gates[H + j] = f;
    gates[2 * H + j] = g;
    gates[3 * H + j] = o;
  }
}

void rb_recurrent_plain_forward(rb_recurrent_plain *net, int B, const rb_real *x,
                                const rb_real *input_mask, bool reverse_time, rb_real *h) {
  const int I = net->I, H = net->H, GH = net->G * H;
  const int64_t BH = (int64_t)B * H;
  memset(net->h, 0, (size_t)BH * sizeof *h);
  if (net->type == RB_LSTM) memset(net->c, 0, (size_t)BH * sizeof *h);
  for (int64_t s = 0; s < net->T; ++s) {
    load_inputs(net, B, x, input_mask, reverse_time ? net->T - 1 - s : s);
    rb_fill_rows(B, GH, net->bias, net->from_x);
    rb_gemm(RB_AS_IS, RB_AS_IS, B, GH, I, net->x, I, net->kernel, GH, 1, net->from_x, GH);
    // the recurrent row of the bias; net->bias is zero there for an LSTM
    rb_fill_rows(B, GH, net->bias + GH, net->from_h);
    rb_gemm(RB_AS_IS, RB_AS_IS, B, GH, H, net->h + s * BH, H, net->recurrent_kernel, GH, 1,
            net->from_h, GH);
    for (int b = 0; b < B; ++b) {
      const rb_real *u = net->from_x + b * GH, *v = net->from_h + b * GH;
      const int64_t now = s * BH + b * H, next = now + BH;
      rb_real *gates = net->gates + 4 * now;
      if (net->type == RB_GRU) {
        gru_step(H, u, v, net->h + now, gates, net->h + next);
      } else {
        lstm_step(H, u, v, net->c + now, gates, net->c + next, net->h + next);
      }
    }
  }
  memcpy(h, net->h + net->T * BH, (size_t)BH * sizeof *h);
}

/* Gradients u, v of one row's sums; dh becomes the part of the gradient of the state before the
 * step that does not go through the recurrent kernel. */
static void gru_step_backward(int H, const rb_real *gates, const rb_real *h, rb_real *dh,
                              rb_real *u, rb_real *v) {
  for (int j = 0; j < H; ++j) {
    const rb_real z = gates[j], r = gates[H + j], candidate = gates[2 * H + j];
    const rb_real from_h = gates[3 * H + j];
    const rb_real d_candidate = dh[j] * (1 - z) * (1 - candidate * candidate);
    u[j] = v[j] = dh[j] * (h[j] - candidate) * z * (1 - z);
    u[H + j] = v[H + j] = d_candidate * from_h * r * (1 - r);
    u[2 * H + j] = d_candidate;
    v[2 * H + j] = d_candidate * r;
    dh[j] *= z;
  }
}

static void lstm_step_backward(int H, const rb_real *gates, const rb_real *c, const rb_real *c_next,
                               rb_real *dh, rb_real *dc, rb_real *u, rb_real *v) {
  for (int j = 0; j < H; ++j) {
    const rb_real i = gates[j], f = gates[H + j], g = gates[2 * H + j], o = gates[3 * H + j];
    const rb_real tanh_c = hyperbolic_tangent(c_next[j]);
    const rb_real d_cell = dc[j] + dh[j] * o * (1 - tanh_c * tanh_c);
    u[j] = v[j] = d_cell * g * i * (1 - i);
    u[H + j] = v[H + j] = d_cell * c[j] * f * (1 - f);
    u[2 * H + j] = v[2 * H + j] = d_cell * i * (1 - g * g);
    u[3 * H + j] = v[3 * H + j] = dh[j] * tanh_c * o * (1 - o);
    dc[j] = d_cell * f;
    dh[j] = 0;
  }
}

/* net->x = gradient of the masked inputs; adds to dx at step t. */
static void add_input_gradient(rb_recurrent_plain *net, int B, const rb_real *input_mask, int64_t t,
                               rb_real *dx) {
  const int I = net->I, GH = net->G * net->H;
  rb_gemm(RB_AS_IS, RB_TRANSPOSED, B, I, GH, net->from_x, GH, net->kernel, GH, 0, net->x, I);
  for (int b = 0; b < B; ++b) {
    for (int i = 0; i < I; ++i) {
      const rb_real factor = input_mask != NULL ? input_mask[b * I + i] : 1;
      dx[(b * net->T + t) * I + i] += net->x[b * I + i] * factor;
    }
  }
}

void rb_recurrent_plain_backward(rb_recurrent_plain *net, int B, const rb_real *x,
                                 const rb_real *input_mask, bool reverse_time, const rb_real *dh,
                                 rb_real *dx, rb_real *dkernel, rb_real *drecurrent_kernel,
                                 rb_real *dbias) {
  const int I = net->I, H = net->H, GH = net->G * H;
  const int64_t BH = (int64_t)B * H;
  memcpy(net->dh, dh, (size_t)BH * sizeof *dh);
  memset(net->dc, 0, (size_t)BH * sizeof *dh);
  for (int64_t s = net->T - 1; s >= 0; --s) {
    const int64_t t = reverse_time ? net->T - 1 - s : s;
    for (int b = 0; b < B; ++b) {
      rb_real *u = net->from_x + b * GH, *v = net->from_h + b * GH;
      const int64_t now = s * BH + b * H;
      const rb_real *gates = net->gates + 4 * now;
      if (net->type == RB_GRU) {
        gru_step_backward(H, gates, net->h + now, net->dh + b * H, u, v);
      } else {
        lstm_step_backward(H, gates, net->c + now, net->c + now + BH, net->dh + b * H,
                           net->dc + b * H, u, v);
      }
    }
    load_inputs(net, B, x, input_mask, t);
    rb_gemm(RB_TRANSPOSED, RB_AS_IS, I, GH, B, net->x, I, net->from_x, GH, 1, dkernel, GH);
    rb_gemm(RB_TRANSPOSED, RB_AS_IS, H, GH, B, net->h + s * BH, H, net->from_h, GH, 1,
            drecurrent_kernel, GH);
    rb_add_column_sums(B, GH, net->from_x, dbias);
    if (net->type == RB_GRU) rb_add_column_sums(B, GH, net->from_h, dbias + GH);
    rb_gemm(RB_AS_IS, RB_TRANSPOSED, B, H, GH, net->from_h, GH, net->recurrent_kernel, GH, 1,
            net->dh, H);
    if (dx != NULL) add_input_gradient(net, B, input_mask, t, dx);
  }
}
