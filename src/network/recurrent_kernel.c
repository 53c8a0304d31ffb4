#include "recurrent_kernel.h"

#include <stddef.h>

#include "vector.h"

/* The fused steps of recurrent nets. Everything that is called per tile is inlined with constant
 * sizes, so that its sums stay in registers: GRU ROWS rows times 3 gates, LSTM ROWS / 2 times 4. */

enum { L = RB_LANES };
#if defined(__AVX512F__)
enum { ROWS = 8 };
#elif defined(__AVX2__)
enum { ROWS = 4 };
#else
enum { ROWS = 2 };
#endif
enum { LSTM_ROWS = ROWS / 2 };
enum { LINE = 64 / sizeof(rb_real) };  // of the caches

#define UNROLL _Pragma("GCC unroll 32")

/* sums (rows, width) += rows of `a` (distance L) times the `L` rows of `b` (width vectors each). */
RB_INLINE void add_block(int rows, int width, rb_vector *sums, const rb_real *a, const rb_real *b) {
  UNROLL for (int k = 0; k < L; ++k) {
    rb_vector factor[4];
    UNROLL for (int g = 0; g < width; ++g) {
      factor[g] = rb_in_register(rb_load(b + (k * width + g) * L));
    }
    UNROLL for (int row = 0; row < rows; ++row) {
      const rb_vector value = rb_broadcast(a[row * L + k]);
      UNROLL for (int g = 0; g < width; ++g) sums[row * width + g] += value * factor[g];
      rb_used(value);
    }
    UNROLL for (int g = 0; g < width; ++g) rb_used(factor[g]);
  }
}

/* sums (rows, width) += rows of a panel (`blocks` blocks at distance R L) times b. */
RB_INLINE void add_blocks(int rows, int width, rb_vector *sums, const rb_real *panel, int blocks,
                          ptrdiff_t R, const rb_real *b) {
  for (int block = 0; block < blocks; ++block) {
    add_block(rows, width, sums, panel + block * R * L, b + (ptrdiff_t)block * L * width * L);
  }
}

/* sums (rows, width) to and from the places `place` of the gates of `rows` rows. */
RB_INLINE void store_sums(int rows, int width, const rb_vector *sums, const int *place,
                          rb_real *gates) {
  UNROLL for (int i = 0; i < rows; ++i) {
    UNROLL for (int g = 0; g < width; ++g) {
      rb_store(gates + (i * 4 + place[g]) * L, sums[i * width + g]);
    }
  }
}

/* Sums before the gates, of ROWS rows and one block of units, to the places of the gates. */
RB_INLINE void gru_sums(const rb_recurrent_step *step, ptrdiff_t j, int row) {
  enum { GATES = 3 };
  const ptrdiff_t R = step->R, x_rows = (ptrdiff_t)step->x_blocks * L,
                  h_rows = (ptrdiff_t)step->h_blocks * L;
  const rb_real *bias = step->bias + j * 4 * L;
  rb_real *gates = step->gates + (j * R + row) * 4 * L;
  rb_vector sums[ROWS * GATES];
  UNROLL for (int i = 0; i < ROWS; ++i) {
    UNROLL for (int g = 0; g < GATES; ++g) sums[i * GATES + g] = rb_load(bias + g * L);
  }
  add_blocks(ROWS, GATES, sums, step->x + row * L, step->x_blocks, R,
             step->kernel + j * x_rows * GATES * L);
  // the order of the kernel is z, r, h; of the recurrent kernel h, z, r
  UNROLL for (int i = 0; i < ROWS; ++i) {
    rb_store(gates + (i * 4 + 2) * L, sums[i * GATES + 2]);
    sums[i * GATES + 2] = sums[i * GATES + 1];
    sums[i * GATES + 1] = sums[i * GATES];
    sums[i * GATES] = rb_load(bias + 3 * L);
  }
  add_blocks(ROWS, GATES, sums, step->h + row * L, step->h_blocks, R,
             step->recurrent_kernel + j * h_rows * GATES * L);
  store_sums(ROWS, GATES, sums, (const int[]){3, 0, 1}, gates);
}

static void gru_forward(const rb_recurrent_step *step) {
  const ptrdiff_t R = step->R;
  for (ptrdiff_t j = 0; j < step->h_blocks; ++j) {
    for (int row = 0; row < R; row += ROWS) gru_sums(step, j, row);
    // not per tile: the long dependent chains of several rows then overlap
    for (ptrdiff_t at = j * R * L; at < (j + 1) * R * L; at += L) {
      rb_real *gates = step->gates + 4 * at;
      const rb_vector z = rb_logistic(rb_load(gates)), r = rb_logistic(rb_load(gates + L));
      const rb_vector candidate = rb_tanh(rb_load(gates + 2 * L) + r * rb_load(gates + 3 * L));
      rb_store(step->h_next + at, candidate + z * (rb_load(step->h + at) - candidate));
      rb_store(gates, z);
      rb_store(gates + L, r);
      rb_store(gates + 2 * L, candidate);
    }
  }
}

/* As above for LSTM_ROWS rows. */
RB_INLINE void lstm_sums(const rb_recurrent_step *step, ptrdiff_t j, int row) {
  enum { GATES = 4 };
  const ptrdiff_t R = step->R, x_rows = (ptrdiff_t)step->x_blocks * L,
                  h_rows = (ptrdiff_t)step->h_blocks * L;
  rb_vector sums[LSTM_ROWS * GATES];
  UNROLL for (int i = 0; i < LSTM_ROWS; ++i) {
    UNROLL for (int g = 0; g < GATES; ++g) {
      sums[i * GATES + g] = rb_load(step->bias + (j * 4 + g) * L);
    }
  }
  add_blocks(LSTM_ROWS, GATES, sums, step->x + row * L, step->x_blocks, R,
             step->kernel + j * x_rows * GATES * L);
  add_blocks(LSTM_ROWS, GATES, sums, step->h + row * L, step->h_blocks, R,
             step->recurrent_kernel + j * h_rows * GATES * L);
  store_sums(LSTM_ROWS, GATES, sums, (const int[]){0, 1, 2, 3},
             step->gates + (j * R + row) * 4 * L);
}

static void lstm_forward(const rb_recurrent_step *step) {
  const ptrdiff_t R = step->R;
  for (ptrdiff_t j = 0; j < step->h_blocks; ++j) {
    for (int row = 0; row < R; row += LSTM_ROWS) lstm_sums(step, j, row);
    for (ptrdiff_t at = j * R * L; at < (j + 1) * R * L; at += L) {
      rb_real *gates = step->gates + 4 * at;
      const rb_vector input = rb_logistic(rb_load(gates));
      const rb_vector forget = rb_logistic(rb_load(gates + L));
      const rb_vector g = rb_tanh(rb_load(gates + 2 * L));
      const rb_vector output = rb_logistic(rb_load(gates + 3 * L));
      const rb_vector c = forget * rb_load(step->c + at) + input * g;
      rb_store(step->c_next + at, c);
      rb_store(step->h_next + at, output * rb_tanh(c));
      rb_store(gates, input);
      rb_store(gates + L, forget);
      rb_store(gates + 2 * L, g);
      rb_store(gates + 3 * L, output);
    }
  }
}

static void gru_gates_backward(const rb_recurrent_step *step, rb_real *dh, rb_real *dc,
                               rb_real *gradient, rb_real *dbias) {
  (void)dc;
  const ptrdiff_t R = step->R;
  for (int j = 0; j < step->h_blocks; ++j) {
    rb_vector sums[4] = {{0}};
    for (ptrdiff_t row = 0; row < R; ++row) {
      const ptrdiff_t at = (j * R + row) * L;
      const rb_real *gates = step->gates + 4 * at;
      const rb_vector z = rb_load(gates), r = rb_load(gates + L);
      const rb_vector candidate = rb_load(gates + 2 * L), from_h = rb_load(gates + 3 * L);
      const rb_vector d = rb_load(dh + at), d_z = d * z, d_1_z = d - d_z;
      const rb_vector d_candidate = d_1_z * (1 - candidate * candidate);
      const rb_vector d_from_h = d_candidate * r;
      const rb_vector gradients[4] = {d_from_h, d_1_z * z * (rb_load(step->h + at) - candidate),
                                      d_from_h * from_h * (1 - r), d_candidate};
      rb_store(dh + at, d_z);
      UNROLL for (int g = 0; g < 4; ++g) {
        rb_store(gradient + ((j * 4 + g) * R + row) * L, gradients[g]);
        sums[g] += gradients[g];
      }
    }
    UNROLL for (int g = 0; g < 4; ++g) {
      rb_real *sum = dbias + (j * 4 + g) * L;
      rb_store(sum, rb_load(sum) + sums[g]);
    }
  }
}

static void lstm_gates_backward(const rb_recurrent_step *step, rb_real *dh, rb_real *dc,
                                rb_real *gradient, rb_real *dbias) {
  const ptrdiff_t R = step->R;
  for (int j = 0; j < step->h_blocks; ++j) {
    rb_vector sums[4] = {{0}};
    for (ptrdiff_t row = 0; row < R; ++row) {
      const ptrdiff_t at = (j * R + row) * L;
      const rb_real *gates = step->gates + 4 * at;
      const rb_vector input = rb_load(gates), forget = rb_load(gates + L);
      const rb_vector g = rb_load(gates + 2 * L), output = rb_load(gates + 3 * L);
      const rb_vector tanh_c = rb_tanh(rb_load(step->c_next + at));
      const rb_vector d = rb_load(dh + at);
      const rb_vector d_c = rb_load(dc + at) + d * output * (1 - tanh_c * tanh_c);
      const rb_vector gradients[4] = {
          d_c * g * input * (1 - input), d_c * rb_load(step->c + at) * forget * (1 - forget),
          d_c * input * (1 - g * g), d * tanh_c * output * (1 - output)};
      rb_store(dh + at, (rb_vector){0});
      rb_store(dc + at, d_c * forget);
      UNROLL for (int k = 0; k < 4; ++k) {
        rb_store(gradient + ((j * 4 + k) * R + row) * L, gradients[k]);
        sums[k] += gradients[k];
      }
    }
    UNROLL for (int k = 0; k < 4; ++k) {
      rb_real *sum = dbias + (j * 4 + k) * L;
      rb_store(sum, rb_load(sum) + sums[k]);
    }
  }
}

/* ROWS rows and `width` blocks of times_transposed. */
RB_INLINE void transposed_tile(int width, ptrdiff_t R, int h_blocks, int G, const rb_real *gradient,
                               const rb_real *transposed, rb_real *panel) {
  rb_vector sums[ROWS * RB_PANEL];
  UNROLL for (int row = 0; row < ROWS; ++row) {
    UNROLL for (int w = 0; w < width; ++w) {
      sums[row * width + w] = rb_load(panel + (w * R + row) * L);
    }
  }
  for (int j = 0; j < h_blocks; ++j) {
    for (int g = 0; g < G; ++g) {
      add_block(ROWS, width, sums, gradient + (j * 4 + g) * R * L, transposed);
      transposed += L * width * L;
    }
  }
  UNROLL for (int row = 0; row < ROWS; ++row) {
    UNROLL for (int w = 0; w < width; ++w) {
      rb_store(panel + (w * R + row) * L, sums[row * width + w]);
    }
  }
}

static void times_transposed(int R, int h_blocks, int G, int first, const rb_real *gradient,
                             const rb_real *transposed, int blocks, rb_real *panel) {
  gradient += (ptrdiff_t)first * R * L;
  while (blocks > 0) {
    const int width = rb_recurrent_panel_width(blocks);
    for (ptrdiff_t row = 0; row < R; row += ROWS) {
      const rb_real *from = gradient + row * L;
      rb_real *to = panel + row * L;
      if (width == 3) {
        transposed_tile(3, R, h_blocks, G, from, transposed, to);
      } else if (width == 2) {
        transposed_tile(2, R, h_blocks, G, from, transposed, to);
      } else {
        transposed_tile(1, R, h_blocks, G, from, transposed, to);
      }
    }
    transposed += (ptrdiff_t)h_blocks * G * L * width * L;
    panel += (ptrdiff_t)width * R * L;
    blocks -= width;
  }
}

/* `features` features of a block times the gradients of one block of units, G gates. */
RB_INLINE void outer_tile(int features, int G, ptrdiff_t R, const rb_real *panel,
                          const rb_real *gradient, rb_real *matrix) {
  rb_vector sums[ROWS * 3];
  UNROLL for (int i = 0; i < features * G; ++i) sums[i] = rb_load(matrix + i * L);
  for (ptrdiff_t row = 0; row < R; ++row) {
    rb_vector factor[4];
    UNROLL for (int g = 0; g < G; ++g) {
      factor[g] = rb_in_register(rb_load(gradient + (g * R + row) * L));
    }
    UNROLL for (int i = 0; i < features; ++i) {
      const rb_vector value = rb_broadcast(panel[row * L + i]);
      UNROLL for (int g = 0; g < G; ++g) sums[i * G + g] += value * factor[g];
      rb_used(value);
    }
    UNROLL for (int g = 0; g < G; ++g) rb_used(factor[g]);
  }
  UNROLL for (int i = 0; i < features * G; ++i) rb_store(matrix + i * L, sums[i]);
}

RB_INLINE void outer(int features, int G, ptrdiff_t R, int h_blocks, const rb_real *panel,
                     int blocks, const rb_real *gradient, rb_real *matrix, const rb_real *upcoming,
                     int64_t upcoming_count) {
  const ptrdiff_t share = upcoming_count / ((ptrdiff_t)h_blocks * blocks * (L / features));
  for (int j = 0; j < h_blocks; ++j) {
    for (int block = 0; block < blocks; ++block) {
      for (int i = 0; i < L; i += features) {
        outer_tile(features, G, R, panel + block * R * L + i, gradient + j * 4 * R * L, matrix);
        matrix += features * G * L;
        for (ptrdiff_t k = 0; k < share; k += LINE) __builtin_prefetch(upcoming + k, 0, 2);
        upcoming += share;
      }
    }
  }
}

static void add_outer(int R, int h_blocks, int G, int first, const rb_real *panel, int blocks,
                      const rb_real *gradient, rb_real *matrix, const rb_real *upcoming,
                      int64_t upcoming_count) {
  gradient += (ptrdiff_t)first * R * L;
  if (G == 3) {
    outer(ROWS, 3, R, h_blocks, panel, blocks, gradient, matrix, upcoming, upcoming_count);
  } else {
    outer(LSTM_ROWS, 4, R, h_blocks, panel, blocks, gradient, matrix, upcoming, upcoming_count);
  }
}

static void load_inputs(int B, int I, int R, const rb_real *x, int64_t stride, const rb_real *mask,
                        rb_real *panel, int64_t ahead) {
  for (int b = 0; b < B; ++b) {
    const rb_real *from = x + b * stride, *factor = mask == NULL ? NULL : mask + (ptrdiff_t)b * I;
    for (int k = 0; k < I; k += LINE) __builtin_prefetch(from + ahead + k);
    int i = 0;
    for (; i + L <= I; i += L) {
      rb_vector v = *(const rb_unaligned_vector *)(const void *)(from + i);
      if (factor != NULL) v *= *(const rb_unaligned_vector *)(const void *)(factor + i);
      rb_store(panel + (ptrdiff_t)i * R + b * L, v);
    }
    for (int k = 0; i + k < I; ++k) {
      panel[(ptrdiff_t)i * R + b * L + k] = from[i + k] * (factor == NULL ? 1 : factor[i + k]);
    }
  }
}

static void add_inputs(int B, int I, int R, const rb_real *panel, const rb_real *mask, rb_real *x,
                       int64_t stride) {
  for (int b = 0; b < B; ++b) {
    rb_real *to = x + b * stride;
    const rb_real *factor = mask == NULL ? NULL : mask + (ptrdiff_t)b * I;
    int i = 0;
    for (; i + L <= I; i += L) {
      rb_vector v = rb_load(panel + (ptrdiff_t)i * R + b * L);
      if (factor != NULL) v *= *(const rb_unaligned_vector *)(const void *)(factor + i);
      *(rb_unaligned_vector *)(void *)(to + i) += v;
    }
    for (int k = 0; i + k < I; ++k) {
      to[i + k] += panel[(ptrdiff_t)i * R + b * L + k] * (factor == NULL ? 1 : factor[i + k]);
    }
  }
}

const rb_recurrent_kernels RB_KERNEL_SYMBOL(rb_recurrent_kernels) = {
    .lanes = L,
    .rows = ROWS,
    .load_inputs = load_inputs,
    .add_inputs = add_inputs,
    .forward = {gru_forward, lstm_forward},
    .gates_backward = {gru_gates_backward, lstm_gates_backward},
    .times_transposed = times_transposed,
    .add_outer = add_outer,
};
