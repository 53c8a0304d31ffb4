#include "membrane_grid.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/memory.h"

/* Layout of both buffers: PAD zeros or leftovers, the cells, PAD. */
enum { HALF_TAPS = RB_MEMBRANE_MAX_TAPS / 2, PAD = RB_MEMBRANE_MAX_TAPS + 2 * RB_MEMBRANE_BLOCK };

/* B_{k+1}(1/2) / (k+1) for k = 0 .. RB_MEMBRANE_MAX_ORDER - 1. */
static const long double midpoint_moments[RB_MEMBRANE_MAX_ORDER] = {
    0, -1.0L / 24,     0, 7.0L / 960,      0, -31.0L / 8064,
    0, 127.0L / 30720, 0, -511.0L / 67584, 0, 1414477.0L / 67092480};

/* Solves sum_j c_j (j+1/2)^k = moment_k, k < order, by elimination with row exchanges. */
static void end_correction(int order, double weight[RB_MEMBRANE_MAX_ORDER]) {
  long double m[RB_MEMBRANE_MAX_ORDER][RB_MEMBRANE_MAX_ORDER + 1];
  for (int k = 0; k < order; ++k) {
    for (int j = 0; j < order; ++j) m[k][j] = powl(j + 0.5L, k);
    m[k][order] = midpoint_moments[k];
  }
  for (int c = 0; c < order; ++c) {
    int pivot = c;
    for (int r = c + 1; r < order; ++r) {
      if (fabsl(m[r][c]) > fabsl(m[pivot][c])) pivot = r;
    }
    for (int j = 0; j <= order; ++j) {
      const long double t = m[c][j];
      m[c][j] = m[pivot][j];
      m[pivot][j] = t;
    }
    for (int r = 0; r < order; ++r) {
      if (r == c) continue;
      const long double factor = m[r][c] / m[c][c];
      for (int j = c; j <= order; ++j) m[r][j] -= factor * m[c][j];
    }
  }
  for (int j = 0; j < order; ++j) weight[j] = (double)(1 + m[j][order] / m[j][j]);
}

rb_status rb_membrane_create(rb_context *ctx, rb_lif_accuracy accuracy, rb_membrane_grid *grid) {
  rb_status status = RB_OK;
  memset(grid, 0, sizeof *grid);
  RB_KERNEL_DECLARE(rb_membrane_kernel, rb_membrane_kernel);
  grid->kernel = RB_KERNEL_SELECT(rb_membrane_kernel, ctx->isa);
  grid->accuracy = accuracy;
  end_correction(accuracy.order, grid->correction);
  RB_TRY(RB_ALLOCATE(ctx, grid->f, RB_MEMBRANE_CAPACITY + 2 * PAD));
  RB_TRY(RB_ALLOCATE(ctx, grid->g, RB_MEMBRANE_CAPACITY + 2 * PAD));
cleanup:
  if (status != RB_OK) rb_membrane_destroy(grid);
  return status;
}

void rb_membrane_destroy(rb_membrane_grid *grid) {
  free(grid->f);
  free(grid->g);
  grid->f = grid->g = NULL;
}

bool rb_membrane_set(rb_membrane_grid *grid, double V_th, double a, double q, double sigma) {
  const double reach = grid->accuracy.reach_sd;
  grid->V_th = V_th;
  grid->a = a;
  grid->q = q;
  grid->sigma = sigma;
  grid->h = grid->accuracy.spacing * q * sigma / sqrt(q * q + sigma * sigma);
  grid->eta = grid->h / q;
  const double eta2 = grid->eta * grid->eta;
  grid->curvature_in = exp(0.5 * eta2 * a * (1.0 - a));
  grid->curvature_out = exp(-0.5 * (eta2 * (1.0 - a) + grid->h * grid->h / (sigma * sigma)));
  grid->taps_side = (int64_t)ceil(reach / (grid->eta * sqrt(a)));
  if (!(grid->taps_side < HALF_TAPS / 4)) return false;
  for (int n = 0; n < RB_MEMBRANE_MAX_TAPS; ++n) {
    const double distance = n - HALF_TAPS;
    grid->taps[n] = grid->eta / sqrt(2.0 * M_PI) * exp(-0.5 * eta2 * a * distance * distance);
  }
  grid->log_observation = -log(sigma * sqrt(2.0 * M_PI));
  return true;
}

/* V_th - x_j in units of h. */
static double depth(int64_t cell) { return (double)cell + 0.5; }

/* Cells whose density is below this share of the sum do not count. */
static double negligible(const rb_membrane_grid *grid) {
  const double reach = grid->accuracy.reach_sd + 0.7;
  return 0.05 * exp(-0.5 * reach * reach);
}

static void trim(rb_membrane_grid *grid, double sum, bool to_threshold) {
  const double floor = negligible(grid) * sum;
  const double *f = grid->f + PAD;
  int64_t first = 0, end = grid->count;
  while (end > 1 && f[end - 1] < floor) --end;
  if (!to_threshold) {
    while (first < end - 1 && f[first] < floor) ++first;
    if (grid->lo == 0 && first < 4 * RB_MEMBRANE_MAX_ORDER) first = 0;
  }
  if (first > 0) memmove(grid->f + PAD, f + first, (size_t)(end - first) * sizeof *f);
  grid->lo += first;
  grid->count = end - first;
}

bool rb_membrane_from_gaussian(rb_membrane_grid *grid, double m, double sd, double log_weight,
                               bool to_threshold) {
  const double reach = grid->accuracy.reach_sd + 1.0, h = grid->h;
  const double k = (grid->V_th - m) / sd;  // negative: only the tail below threshold is left
  const double lo = to_threshold ? 0.0 : fmax(0.0, floor((k - reach) * sd / h));
  const double below = k > 0.0 ? k + reach : sqrt(k * k + reach * reach) + k;
  const double end = ceil(below * sd / h) + 4 * RB_MEMBRANE_MAX_ORDER;
  if (!(end - lo < RB_MEMBRANE_CAPACITY)) return false;
  grid->lo = (int64_t)lo;
  grid->count = (int64_t)(end - lo);
  // exponent -((V_th - h d) - m)^2 / (2 sd^2) relative to its largest value
  const double scale = h / sd, start = k - scale * depth(grid->lo);
  const double peak = k > 0.0 ? 0.0 : -0.5 * k * k;
  const rb_membrane_quadratic e = {-0.5 * start * start - peak, start * scale,
                                   exp(-0.5 * scale * scale)};
  for (int64_t i = 0; i < grid->count; ++i) grid->g[PAD + i] = 1.0;
  grid->kernel->scale(grid->count, grid->g + PAD, e, grid->f + PAD);
  grid->log_scale = log_weight + peak - log(sd * sqrt(2.0 * M_PI));
  return true;
}

/* The cell of the output that lies where the dynamics without noise take the middle of the input,
 * and the remaining offset in units of q. */
typedef struct centring {
  int64_t in, out;
  double offset;
} centring;

static centring centre(const rb_membrane_grid *grid, double b) {
  const double drift = ((1.0 - grid->a) * grid->V_th - b) / grid->q;  // at threshold, units of q
  centring c = {.in = grid->lo + grid->count / 2};
  const double target = grid->a * depth(c.in) + drift / grid->eta;
  c.out = (int64_t)floor(target);
  c.offset = grid->eta * (target - depth(c.out));
  return c;
}

/* One step: which output cells are computed, from how many inputs each, and where those begin. */
typedef struct span {
  int64_t first, count;  // output cells
  int64_t taps, below;   // inputs per output, and how many of them before the central one
  int64_t from;          // first input of the first output, relative to cell lo
} span;

/* Outputs that may matter: the input's range shifted by the dynamics, widened by the noise, and
 * towards the observation. */
static bool plan(const rb_membrane_grid *grid, const centring *c, double pull, bool to_threshold,
                 span *s) {
  const int64_t shift = c->out - c->in, grow = 1 + grid->taps_side / 2;
  const int64_t pulled = (int64_t)fmin(ceil(fabs(pull) / grid->h), 0.5 * HALF_TAPS);
  int64_t first = grid->lo + shift - grow - (pull > 0.0 ? pulled : 0);
  int64_t end = grid->lo + grid->count + shift + grow + (pull < 0.0 ? pulled : 0);
  // Where the density rises steeply away from the threshold, its supply comes from far below.
  const int64_t steep = to_threshold ? grid->taps_side : 0;
  if (to_threshold) first -= grid->taps_side + steep;
  if (first < 0) first = 0;
  // However hard the density is squeezed against the threshold, enough cells are left.
  if (end < first + 4 * RB_MEMBRANE_MAX_ORDER) end = first + 4 * RB_MEMBRANE_MAX_ORDER;
  // The supply of the output at distance y of the centre is centred on y / a, not on y.
  const double away = fmax(fabs((double)(first - c->out)), fabs((double)(end - c->out)));
  const double skew = ceil(away * (1.0 - grid->a) / grid->a);
  if (!(skew + (double)(grid->taps_side + steep) < HALF_TAPS)) return false;
  s->first = first;
  s->count = end - first;
  s->below = grid->taps_side + (int64_t)skew;
  s->taps = 2 * s->below + steep + 1;
  s->from = first - shift - s->below - grid->lo;
  const int64_t read_end = s->from + s->count + s->taps + RB_MEMBRANE_BLOCK;
  return s->count <= RB_MEMBRANE_CAPACITY && s->from >= -PAD && read_end <= grid->count + PAD;
}

/* Weights and scales the density into g, between zeros. */
static void scale_input(rb_membrane_grid *grid, const centring *c) {
  double *f = grid->f + PAD, *g = grid->g + PAD;
  if (grid->lo == 0) {
    for (int j = 0; j < grid->accuracy.order && j < grid->count; ++j) f[j] *= grid->correction[j];
  }
  const double eta = grid->eta, a = grid->a, i0 = (double)(grid->lo - c->in);
  const double c1 = -c->offset * eta * a, c2 = 0.5 * eta * eta * a * (1.0 - a);
  grid->kernel->scale(
      grid->count, f,
      (rb_membrane_quadratic){(c1 + c2 * i0) * i0, c1 + 2.0 * c2 * i0, grid->curvature_in}, g);
  memset(grid->g, 0, PAD * sizeof *g);
  memset(g + grid->count, 0, PAD * sizeof *g);
}

bool rb_membrane_step(rb_membrane_grid *grid, double b, double y, double gain, bool to_threshold) {
  const centring c = centre(grid, b);
  const double h = grid->h, eta = grid->eta, sigma2 = grid->sigma * grid->sigma;
  const double surprise = y - (grid->V_th - h * depth(c.out));
  span s;
  if (!plan(grid, &c, gain * surprise, to_threshold, &s)) return false;
  scale_input(grid, &c);
  const double y0 = (double)(s.first - c.out);
  const double c1 = c.offset * eta - surprise * h / sigma2;
  const double c2 = -0.5 * (eta * eta * (1.0 - grid->a) + h * h / sigma2);
  const rb_membrane_quadratic e = {(c1 + c2 * y0) * y0, c1 + 2.0 * c2 * y0, grid->curvature_out};
  const double sum = grid->kernel->convolve(s.count, s.taps, grid->taps + HALF_TAPS - s.below,
                                            grid->g + PAD + s.from, e, grid->f + PAD);
  if (!(sum > 0.0 && sum < INFINITY)) return false;
  grid->lo = s.first;
  grid->count = s.count;
  grid->log_scale +=
      grid->log_observation - 0.5 * (c.offset * c.offset + surprise * surprise / sigma2);
  trim(grid, sum, to_threshold);
  if (sum < 1e-60 || sum > 1e60) {
    for (int64_t i = 0; i < grid->count; ++i) grid->f[PAD + i] /= sum;
    grid->log_scale += log(sum);
  }
  return true;
}

static double weight(const rb_membrane_grid *grid, int64_t i) {
  return grid->lo == 0 && i < grid->accuracy.order ? grid->correction[i] : 1.0;
}

double rb_membrane_log_spike(const rb_membrane_grid *grid, double b) {
  const double drift = ((1.0 - grid->a) * grid->V_th - b) / grid->q;
  const double enough = fmax(drift, 0.0) + 20.0;  // z-score beyond which a crossing adds nothing
  double sum = 0.0;
  for (int64_t i = 0; i < grid->count; ++i) {
    const double z = drift + grid->eta * grid->a * depth(grid->lo + i);
    if (z > enough) break;
    sum += weight(grid, i) * grid->f[PAD + i] * 0.5 * erfc(z * M_SQRT1_2);
  }
  return log(sum * grid->h) + grid->log_scale;
}

double rb_membrane_log_last(const rb_membrane_grid *grid, double b, double y) {
  const double variance = grid->q * grid->q + grid->sigma * grid->sigma;
  const double scale = sqrt(0.5 / variance);
  double nearest = INFINITY, sum = 0.0;
  for (int pass = 0; pass < 2; ++pass) {
    for (int64_t i = 0; i < grid->count; ++i) {
      const double x = grid->V_th - grid->h * depth(grid->lo + i);
      const double z = (y - grid->a * x - b) * scale;
      if (pass == 0) {
        nearest = fmin(nearest, z * z);
      } else {
        sum += weight(grid, i) * grid->f[PAD + i] * exp(nearest - z * z);
      }
    }
  }
  return log(sum * grid->h) - nearest + grid->log_scale - 0.5 * log(2.0 * M_PI * variance);
}

rb_membrane_moments rb_membrane_take_moments(const rb_membrane_grid *grid) {
  double s[5] = {0};
  const int64_t half = grid->count / 2;
  const double middle = (double)half;
  for (int64_t i = 0; i < grid->count; ++i) {
    const double d = (double)i - middle, w = weight(grid, i) * grid->f[PAD + i];
    s[0] += w;
    s[1] += w * d;
    s[2] += w * d * d;
    s[3] += w * d * d * d;
    s[4] += w * d * d * d * d;
  }
  const double m = s[1] / s[0], m2 = s[2] / s[0], m3 = s[3] / s[0], m4 = s[4] / s[0];
  const double variance = m2 - m * m;
  const double third = m3 - 3.0 * m * m2 + 2.0 * m * m * m;
  const double fourth = m4 - 4.0 * m * m3 + 6.0 * m * m * m2 - 3.0 * m * m * m * m;
  return (rb_membrane_moments){
      .log_mass = log(s[0] * grid->h) + grid->log_scale,
      .mean = grid->V_th - grid->h * (depth(grid->lo) + middle + m),
      .sd = grid->h * sqrt(variance),
      .skewness = -third / (variance * sqrt(variance)),
      .excess_kurtosis = fourth / (variance * variance) - 3.0,
  };
}
