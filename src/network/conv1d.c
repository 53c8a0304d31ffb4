#include "conv1d.h"

#include <stdbool.h>
#include <string.h>

#include "gemm.h"

rb_conv1d rb_conv1d_make(int64_t T, int in, int out, int kernel, int stride) {
  rb_conv1d conv = {.T = T, .in = in, .out = out, .kernel = kernel, .stride = stride};
  conv.T_out = (T + stride - 1) / stride;
  const int64_t pad = (conv.T_out - 1) * stride + kernel - T;
  conv.pad = pad > 0 ? pad : 0;
  conv.pad_left = conv.pad / 2;
  return conv;
}

/* Whether the windows, one after another, are the input as it lies in memory. */
static bool windows_are_input(const rb_conv1d *conv) {
  return conv->kernel == conv->stride && conv->T == conv->T_out * conv->stride;
}

int64_t rb_conv1d_scratch(const rb_conv1d *conv, int B) {
  return windows_are_input(conv) ? 0 : B * conv->T_out * conv->kernel * conv->in;
}

/* The samples first .. first+count-1 of one sequence that the window of output t covers, and how
 * many places of padding stand before them. */
typedef struct span {
  int64_t first, count, before;
} span;

static span window_span(const rb_conv1d *conv, int64_t t) {
  const int64_t begin = t * conv->stride - conv->pad_left;
  const int64_t first = begin > 0 ? begin : 0;
  const int64_t end = begin + conv->kernel < conv->T ? begin + conv->kernel : conv->T;
  return (span){first, end > first ? end - first : 0, first - begin};
}

static const rb_real *gather_windows(const rb_conv1d *conv, int B, const rb_real *x,
                                     rb_real *windows) {
  if (windows_are_input(conv)) return x;
  const int64_t width = (int64_t)conv->kernel * conv->in;
  rb_real *window = windows;
  for (int b = 0; b < B; ++b) {
    const rb_real *sequence = x + b * conv->T * conv->in;
    for (int64_t t = 0; t < conv->T_out; ++t, window += width) {
      const span s = window_span(conv, t);
      const int64_t count = s.count * conv->in;
      const rb_real *source = sequence + s.first * conv->in;
      if (count < width) memset(window, 0, (size_t)width * sizeof *window);
      rb_real *target = window + s.before * conv->in;
      for (int64_t i = 0; i < count; ++i) target[i] = source[i];
    }
  }
  return windows;
}

static void scatter_windows(const rb_conv1d *conv, int B, const rb_real *windows, rb_real *dx) {
  const int64_t width = (int64_t)conv->kernel * conv->in;
  const rb_real *window = windows;
  for (int b = 0; b < B; ++b) {
    rb_real *sequence = dx + b * conv->T * conv->in;
    for (int64_t t = 0; t < conv->T_out; ++t, window += width) {
      const span s = window_span(conv, t);
      const rb_real *source = window + s.before * conv->in;
      rb_real *target = sequence + s.first * conv->in;
      for (int64_t i = 0; i < s.count * conv->in; ++i) target[i] += source[i];
    }
  }
}

void rb_conv1d_forward(const rb_conv1d *conv, int B, bool each, const rb_real *x,
                       const rb_real *kernel, const rb_real *bias, rb_real *windows, rb_real *y) {
  const int64_t all = B * conv->T_out, rows = each ? conv->T_out : all;
  const int64_t width = (int64_t)conv->kernel * conv->in;
  const rb_real *w = gather_windows(conv, B, x, windows);
  rb_fill_rows(all, conv->out, bias, y);
  for (int64_t first = 0; first < all; first += rows) {
    rb_gemm(RB_AS_IS, RB_AS_IS, rows, conv->out, width, w + first * width, width, kernel, conv->out,
            1, y + first * conv->out, conv->out);
  }
}

void rb_conv1d_backward(const rb_conv1d *conv, int B, const rb_real *x, const rb_real *kernel,
                        const rb_real *dy, rb_real *windows, rb_real *dx, rb_real *dkernel,
                        rb_real *dbias) {
  const int64_t rows = B * conv->T_out, width = (int64_t)conv->kernel * conv->in;
  const rb_real *w = gather_windows(conv, B, x, windows);
  rb_gemm(RB_TRANSPOSED, RB_AS_IS, width, conv->out, rows, w, width, dy, conv->out, 1, dkernel,
          conv->out);
  rb_add_column_sums(rows, conv->out, dy, dbias);
  if (dx == NULL) return;
  if (windows_are_input(conv)) {
    rb_gemm(RB_AS_IS, RB_TRANSPOSED, rows, width, conv->out, dy, conv->out, kernel, conv->out, 1,
            dx, width);
    return;
  }
  rb_gemm(RB_AS_IS, RB_TRANSPOSED, rows, width, conv->out, dy, conv->out, kernel, conv->out, 0,
          windows, width);
  scatter_windows(conv, B, windows, dx);
}
