#include "recurrent_fused.h"

#include <string.h>

#include "rheobase/base/memory.h"

static int blocks_of(int features, int lanes) { return (features + lanes - 1) / lanes; }

static int padded_rows(const rb_recurrent_kernels *kernels, int B) {
  return blocks_of(B, kernels->rows) * kernels->rows;
}

rb_status rb_recurrent_fused_create(rb_context *ctx, const rb_recurrent_kernels *kernels,
                                    rb_recurrent_type type, int I, int H, int64_t T, int max_batch,
                                    rb_recurrent_fused *net) {
  rb_status status = RB_OK;
  const int G = type == RB_GRU ? 3 : 4, L = kernels->lanes;
  *net = (rb_recurrent_fused){.kernels = kernels,
                              .type = type,
                              .I = I,
                              .H = H,
                              .G = G,
                              .x_blocks = blocks_of(I, L),
                              .h_blocks = blocks_of(H, L),
                              .T = T};
  const int64_t inputs = net->x_blocks * L, units = net->h_blocks * L;
  const int64_t R = padded_rows(kernels, max_batch);
  RB_TRY(RB_ALLOCATE(ctx, net->kernel, inputs * G * units));
  RB_TRY(RB_ALLOCATE(ctx, net->recurrent_kernel, units * G * units));
  RB_TRY(RB_ALLOCATE(ctx, net->bias, 4 * units));
  RB_TRY(RB_ALLOCATE(ctx, net->kernel_transposed, inputs * G * units));
  RB_TRY(RB_ALLOCATE(ctx, net->recurrent_transposed, units * G * units));
  RB_TRY(RB_ALLOCATE(ctx, net->dkernel, inputs * G * units));
  RB_TRY(RB_ALLOCATE(ctx, net->drecurrent_kernel, units * G * units));
  RB_TRY(RB_ALLOCATE(ctx, net->dbias, 4 * units));
  RB_TRY(RB_ALLOCATE(ctx, net->x, R * inputs));
  RB_TRY(RB_ALLOCATE(ctx, net->dx, R * inputs));
  RB_TRY(RB_ALLOCATE(ctx, net->gates, T * R * 4 * units));
  RB_TRY(RB_ALLOCATE(ctx, net->h, (T + 1) * R * units));
  RB_TRY(RB_ALLOCATE(ctx, net->c, type == RB_LSTM ? (T + 1) * R * units : 0));
  RB_TRY(RB_ALLOCATE(ctx, net->gradient, R * 4 * units));
  RB_TRY(RB_ALLOCATE(ctx, net->dh, R * units));
  RB_TRY(RB_ALLOCATE(ctx, net->dc, R * units));
cleanup:
  if (status != RB_OK) rb_recurrent_fused_free(net);
  return status;
}

void rb_recurrent_fused_free(rb_recurrent_fused *net) {
  rb_real *const arrays[] = {net->kernel,
                             net->recurrent_kernel,
                             net->bias,
                             net->kernel_transposed,
                             net->recurrent_transposed,
                             net->dkernel,
                             net->drecurrent_kernel,
                             net->dbias,
                             net->x,
                             net->dx,
                             net->gates,
                             net->h,
                             net->c,
                             net->gradient,
                             net->dh,
                             net->dc};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; ++i) free(arrays[i]);
  *net = (rb_recurrent_fused){.T = 0};
}

/* Which gate of the weights stands at place g of a gate matrix: GRU kernel z, r, h; recurrent
 * kernel h, z, r. */
static int gate_at(const rb_recurrent_fused *net, bool recurrent, int g) {
  return net->type == RB_GRU && recurrent ? (g + 2) % 3 : g;
}

/* Units of block j: lanes, or fewer in the last block. */
static int units_in_block(const rb_recurrent_fused *net, int j) {
  const int L = net->kernels->lanes;
  return j < net->h_blocks - 1 ? L : net->H - j * L;
}

/* Where the weights of row k and the gate at g stand for the units of block j: side by side. */
static int64_t gate_matrix_index(const rb_recurrent_fused *net, int blocks, int k, int g, int j) {
  const int L = net->kernels->lanes;
  return (((int64_t)j * blocks * L + k) * net->G + g) * L;
}

/* The panel of a transposed gate matrix that row k belongs to. */
typedef struct panel_place {
  int first, width;  // blocks of rows
} panel_place;

static panel_place find_panel(int blocks, int block) {
  panel_place place = {0, rb_recurrent_panel_width(blocks)};
  while (block >= place.first + place.width) {
    place.first += place.width;
    place.width = rb_recurrent_panel_width(blocks - place.first);
  }
  return place;
}

static void pack_matrix(const rb_recurrent_fused *net, bool recurrent, const rb_real *weights,
                        rb_real *matrix, rb_real *transposed) {
  const int K = recurrent ? net->H : net->I, blocks = recurrent ? net->h_blocks : net->x_blocks;
  const int G = net->G, L = net->kernels->lanes;
  for (int k = 0; k < K; ++k) {
    const panel_place place = find_panel(blocks, k / L);
    const int distance = place.width * L;  // of neighbouring units in the transposed matrix
    for (int g = 0; g < G; ++g) {
      const rb_real *row = weights + ((int64_t)k * G + gate_at(net, recurrent, g)) * net->H;
      for (int j = 0; j < net->h_blocks; ++j, row += L) {
        const int units = units_in_block(net, j);
        rb_real *to = matrix + gate_matrix_index(net, blocks, k, g, j);
        rb_real *across = transposed + (int64_t)place.first * net->h_blocks * G * L * L +
                          (int64_t)(j * G + g) * L * distance + (k - place.first * L);
        for (int u = 0; u < units; ++u) {
          to[u] = row[u];
          across[u * distance] = row[u];
        }
      }
    }
  }
}

static void add_unpacked_matrix(const rb_recurrent_fused *net, bool recurrent,
                                const rb_real *matrix, rb_real *weights) {
  const int K = recurrent ? net->H : net->I, blocks = recurrent ? net->h_blocks : net->x_blocks;
  for (int k = 0; k < K; ++k) {
    for (int g = 0; g < net->G; ++g) {
      rb_real *row = weights + ((int64_t)k * net->G + gate_at(net, recurrent, g)) * net->H;
      for (int j = 0; j < net->h_blocks; ++j, row += net->kernels->lanes) {
        const rb_real *from = matrix + gate_matrix_index(net, blocks, k, g, j);
        const int units = units_in_block(net, j);
        for (int u = 0; u < units; ++u) row[u] += from[u];
      }
    }
  }
}

void rb_recurrent_fused_set_weights(rb_recurrent_fused *net, const rb_real *kernel,
                                    const rb_real *recurrent_kernel, const rb_real *bias) {
  const int H = net->H, L = net->kernels->lanes;
  pack_matrix(net, false, kernel, net->kernel, net->kernel_transposed);
  pack_matrix(net, true, recurrent_kernel, net->recurrent_kernel, net->recurrent_transposed);
  for (int u = 0; u < H; ++u) {
    rb_real *packed = net->bias + u / L * 4 * L + u % L;
    for (int g = 0; g < 4; ++g) packed[g * L] = bias[(g < net->G ? g : 5) * H + u];
    if (net->type == RB_GRU) {
      for (int g = 0; g < 2; ++g) packed[g * L] += bias[(3 + g) * H + u];
    }
  }
}

static void add_unpacked_bias(const rb_recurrent_fused *net, rb_real *bias) {
  const int H = net->H, L = net->kernels->lanes;
  for (int u = 0; u < H; ++u) {
    const rb_real *packed = net->dbias + u / L * 4 * L + u % L;
    if (net->type == RB_LSTM) {
      for (int g = 0; g < 4; ++g) bias[g * H + u] += packed[g * L];
      continue;
    }
    for (int g = 0; g < 3; ++g) {  // h, z, r of the recurrent row come first, z, r, h after
      bias[(3 + (g + 2) % 3) * H + u] += packed[g * L];
      bias[g * H + u] += packed[(g + 1) * L];
    }
  }
}

/* Panel (R rows) to and from row-major (B, H). */
static void panel_from_rows(const rb_recurrent_fused *net, int B, int R, const rb_real *rows,
                            rb_real *panel) {
  memset(panel, 0, (size_t)R * (size_t)net->h_blocks * (size_t)net->kernels->lanes * sizeof *rows);
  net->kernels->load_inputs(B, net->H, R, rows, net->H, NULL, panel, 0);
}

static void rows_from_panel(const rb_recurrent_fused *net, int B, int R, const rb_real *panel,
                            rb_real *rows) {
  memset(rows, 0, (size_t)B * (size_t)net->H * sizeof *rows);
  net->kernels->add_inputs(B, net->H, R, panel, NULL, rows, net->H);
}

/* What step s of a batch of R padded rows reads and writes. */
static rb_recurrent_step step_at(const rb_recurrent_fused *net, int R, int64_t s, bool keep) {
  const int64_t panel = (int64_t)R * net->h_blocks * net->kernels->lanes;
  const int64_t now = keep ? s : s % 2, next = keep ? s + 1 : (s + 1) % 2;
  const bool cells = net->type == RB_LSTM;
  return (rb_recurrent_step){.R = R,
                             .x_blocks = net->x_blocks,
                             .h_blocks = net->h_blocks,
                             .kernel = net->kernel,
                             .recurrent_kernel = net->recurrent_kernel,
                             .bias = net->bias,
                             .x = net->x,
                             .h = net->h + now * panel,
                             .c = cells ? net->c + now * panel : NULL,
                             .h_next = net->h + next * panel,
                             .c_next = cells ? net->c + next * panel : NULL,
                             .gates = net->gates + (keep ? s * 4 * panel : 0)};
}

/* Zeros in the padding of the inputs, whose place depends on R. */
static void clear_inputs(const rb_recurrent_fused *net, int R) {
  memset(net->x, 0,
         (size_t)R * (size_t)net->x_blocks * (size_t)net->kernels->lanes * sizeof *net->x);
}

void rb_recurrent_fused_forward(rb_recurrent_fused *net, int B, const rb_real *x,
                                const rb_real *input_mask, bool reverse_time, bool keep,
                                rb_real *h) {
  const rb_recurrent_kernels *kernels = net->kernels;
  const int R = padded_rows(kernels, B);
  const size_t panel = (size_t)R * (size_t)net->h_blocks * (size_t)kernels->lanes * sizeof *h;
  clear_inputs(net, R);
  memset(net->h, 0, panel);
  if (net->type == RB_LSTM) memset(net->c, 0, panel);
  for (int64_t s = 0; s < net->T; ++s) {
    const int64_t t = reverse_time ? net->T - 1 - s : s;
    const rb_recurrent_step step = step_at(net, R, s, keep);
    kernels->load_inputs(B, net->I, R, x + t * net->I, net->T * net->I, input_mask, net->x,
                         reverse_time ? -net->I : net->I);
    kernels->forward[net->type](&step);
  }
  rows_from_panel(net, B, R, step_at(net, R, net->T, keep).h, h);
}

static void backward_step(rb_recurrent_fused *net, const rb_recurrent_step *step, bool want_dx) {
  const rb_recurrent_kernels *kernels = net->kernels;
  const int R = step->R, G = net->G, h_blocks = net->h_blocks;
  const int first = net->type == RB_GRU ? 1 : 0;  // of the gradients the kernel sees
  kernels->gates_backward[net->type](step, net->dh, net->dc, net->gradient, net->dbias);
  kernels->times_transposed(R, h_blocks, G, 0, net->gradient, net->recurrent_transposed, h_blocks,
                            net->dh);
  if (want_dx) {
    kernels->times_transposed(R, h_blocks, G, first, net->gradient, net->kernel_transposed,
                              net->x_blocks, net->dx);
  }
  const int64_t panel = (int64_t)R * h_blocks * kernels->lanes;
  kernels->add_outer(R, h_blocks, G, 0, step->h, h_blocks, net->gradient, net->drecurrent_kernel,
                     step->gates - 4 * panel, 4 * panel);
  kernels->add_outer(R, h_blocks, G, first, net->x, net->x_blocks, net->gradient, net->dkernel,
                     step->h - panel, panel);
}

void rb_recurrent_fused_backward(rb_recurrent_fused *net, int B, const rb_real *x,
                                 const rb_real *input_mask, bool reverse_time, const rb_real *dh,
                                 rb_real *dx, rb_real *dkernel, rb_real *drecurrent_kernel,
                                 rb_real *dbias) {
  const rb_recurrent_kernels *kernels = net->kernels;
  const int R = padded_rows(kernels, B), L = kernels->lanes;
  const size_t inputs = (size_t)net->x_blocks * (size_t)L;
  const size_t units = (size_t)net->h_blocks * (size_t)L;
  const size_t gates = (size_t)net->G * units;
  const int64_t stride = net->T * net->I;
  clear_inputs(net, R);
  panel_from_rows(net, B, R, dh, net->dh);
  memset(net->dc, 0, (size_t)R * units * sizeof *dh);
  memset(net->dkernel, 0, inputs * gates * sizeof *dh);
  memset(net->drecurrent_kernel, 0, units * gates * sizeof *dh);
  memset(net->dbias, 0, 4 * units * sizeof *dh);
  for (int64_t s = net->T - 1; s >= 0; --s) {
    const int64_t t = reverse_time ? net->T - 1 - s : s;
    const rb_recurrent_step step = step_at(net, R, s, true);
    kernels->load_inputs(B, net->I, R, x + t * net->I, stride, input_mask, net->x,
                         reverse_time ? net->I : -net->I);
    memset(net->dx, 0, (size_t)R * inputs * sizeof *dx);
    backward_step(net, &step, dx != NULL);
    if (dx != NULL) {
      kernels->add_inputs(B, net->I, R, net->dx, input_mask, dx + t * net->I, stride);
    }
  }
  add_unpacked_matrix(net, false, net->dkernel, dkernel);
  add_unpacked_matrix(net, true, net->drecurrent_kernel, drecurrent_kernel);
  add_unpacked_bias(net, dbias);
}
