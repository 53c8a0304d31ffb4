#include <stddef.h>
#include <tgmath.h>

#include "factor.h"

/* Durkan et al. (2019), Neural spline flows, in double: bins are narrow. */

static const double LEAST_LOG_SCALE = -9, LARGEST_LOG_SCALE = 4;
static const double REACH = 5, LEAST_SHARE = 1e-3, LEAST_SLOPE = 1e-3;
static const double SHIFT = 0.53974241723695215;  // whose softplus is 1 - LEAST_SLOPE
static const double LOG_SQRT_2PI = 0.91893853320467274178;

static int outputs(int bins) { return 3 * bins + 1; }

static void initialise(int bins, bool centred, rb_real *bias) {
  (void)bins, (void)centred, (void)bias;
}

/* Sizes of the bins from their logits. @param share (bins) softmax of these */
static void sizes(int bins, const rb_real *logit, double *share, double *size) {
  double highest = (double)logit[0], sum = 0;
  for (int k = 1; k < bins; ++k) highest = fmax(highest, (double)logit[k]);
  for (int k = 0; k < bins; ++k) {
    share[k] = exp((double)logit[k] - highest);
    sum += share[k];
  }
  for (int k = 0; k < bins; ++k) {
    share[k] /= sum;
    size[k] = 2 * REACH * (LEAST_SHARE + (1 - bins * LEAST_SHARE) * share[k]);
  }
}

/* Gradient in the logits from those in the sizes; all bins below `bin` were added up to an edge. */
static void sizes_backward(int bins, int bin, const double *share, double dedge, double dsize,
                           double scale, rb_real *dlogit) {
  const double factor = 2 * REACH * (1 - bins * LEAST_SHARE);
  double mean = share[bin] * dsize;
  for (int k = 0; k < bin; ++k) mean += share[k] * dedge;
  for (int k = 0; k < bins; ++k) {
    const double own = k < bin ? dedge : k == bin ? dsize : 0;
    dlogit[k] = (rb_real)(scale * factor * share[k] * (own - mean));
  }
}

static double softplus(double a) { return fmax(a, 0) + log1p(exp(-fabs(a))); }

/* What the outputs say, and the bin a number lies in. */
typedef struct spline {
  double mean, log_scale;
  double width_share[RB_FACTOR_MAX_PARTS], height_share[RB_FACTOR_MAX_PARTS];
  double width[RB_FACTOR_MAX_PARTS], height[RB_FACTOR_MAX_PARTS];
  const rb_real *slope;  // (bins - 1) of the inner knots, before softplus
} spline;

typedef struct bin {
  int index;
  double x, y, width, height;  // lower corner and size
  double left, right;          // slopes at both ends
} bin;

static void read_spline(int bins, const rb_real *output, spline *s) {
  s->mean = (double)output[0];
  s->log_scale = fmin(fmax((double)output[1], LEAST_LOG_SCALE), LARGEST_LOG_SCALE);
  sizes(bins, output + 2, s->width_share, s->width);
  sizes(bins, output + 2 + bins, s->height_share, s->height);
  s->slope = output + 2 + 2 * bins;
}

/* Slope at knot k; it is 1 at both ends, as outside. */
static double slope_at(int bins, const spline *s, int k) {
  return k == 0 || k == bins ? 1 : LEAST_SLOPE + softplus((double)s->slope[k - 1] + SHIFT);
}

/* The bin that holds u of the range; of `size`, widths or heights. */
static bin find_bin(int bins, const spline *s, const double *size, double u) {
  bin b = {.index = 0, .x = -REACH, .y = -REACH};
  double edge = -REACH;
  while (b.index + 1 < bins && edge + size[b.index] <= u) {
    edge += size[b.index];
    b.x += s->width[b.index];
    b.y += s->height[b.index++];
  }
  b.width = s->width[b.index];
  b.height = s->height[b.index];
  b.left = slope_at(bins, s, b.index);
  b.right = slope_at(bins, s, b.index + 1);
  return b;
}

/* The spline at the fraction t of a bin, and the logarithm of its slope. */
static double spline_at(const bin *b, double t, double *log_slope) {
  const double s = b->height / b->width, r = 1 - t;
  const double below = s + (b->left + b->right - 2 * s) * t * r;
  const double slope = b->right * t * t + 2 * s * t * r + b->left * r * r;
  *log_slope = 2 * log(s) + log(slope) - 2 * log(below);
  return b->y + b->height * (s * t * t + b->left * t * r) / below;
}

static double log_normal(double z) { return -z * z / 2 - LOG_SQRT_2PI; }

static double log_density_of(int bins, const spline *s, double x) {
  const double u = (x - s->mean) * exp(-s->log_scale);
  if (!(fabs(u) < REACH)) return log_normal(u) - s->log_scale;
  const bin b = find_bin(bins, s, s->width, u);
  double log_slope = 0;
  const double z = spline_at(&b, (u - b.x) / b.width, &log_slope);
  return log_normal(z) + log_slope - s->log_scale;
}

static rb_real log_density(int bins, const rb_real *output, rb_real x) {
  spline s = {0};
  read_spline(bins, output, &s);
  return (rb_real)log_density_of(bins, &s, (double)x);
}

/* Gradient of log N(z) + log dz/du. */
typedef struct bin_gradient {
  double u, x, y, width, height, left, right;
} bin_gradient;

/* z = y + height n / below and dz/du = s^2 slope / below^2, as in spline_at. */
static bin_gradient bin_backward(const bin *b, double t) {
  const double s = b->height / b->width, r = 1 - t, tr = t * r, bend = b->left + b->right - 2 * s;
  const double n = s * t * t + b->left * tr, below = s + bend * tr;
  const double slope = b->right * t * t + 2 * s * tr + b->left * r * r;
  const double dz = -(b->y + b->height * n / below);
  const double dn = dz * b->height / below, dslope = 1 / slope;
  const double dbelow = -dz * b->height * n / (below * below) - 2 / below;
  const double ds = 2 / s + dn * t * t + dbelow * (1 - 2 * tr) + dslope * 2 * tr;
  const double dt = dn * (2 * s * t + b->left * (1 - 2 * t)) + dbelow * bend * (1 - 2 * t) +
                    dslope * (2 * b->right * t + 2 * s * (1 - 2 * t) - 2 * b->left * r);
  return (bin_gradient){.u = dt / b->width,
                        .x = -dt / b->width,
                        .y = dz,
                        .width = -(ds * s + dt * t) / b->width,
                        .height = dz * n / below + ds / b->width,
                        .left = dn * tr + dbelow * tr + dslope * r * r,
                        .right = dbelow * tr + dslope * t * t};
}

/* Adds to the gradient in the output behind the slope at knot k. */
static void slope_backward(int bins, const spline *s, int k, double dslope, double scale,
                           rb_real *dsoft) {
  if (k == 0 || k == bins) return;
  const double steepness = 1 / (1 + exp(-((double)s->slope[k - 1] + SHIFT)));
  dsoft[k - 1] = (rb_real)(scale * dslope * steepness);
}

static rb_real backward(int bins, const rb_real *output, rb_real x, rb_real scale,
                        rb_real *doutput) {
  spline s = {0};
  read_spline(bins, output, &s);
  const double by = (double)scale, shrink = exp(-s.log_scale), u = ((double)x - s.mean) * shrink;
  for (int i = 0; i < outputs(bins); ++i) doutput[i] = 0;
  double du = -u;
  if (fabs(u) < REACH) {
    const bin b = find_bin(bins, &s, s.width, u);
    const bin_gradient g = bin_backward(&b, (u - b.x) / b.width);
    rb_real *dsoft = doutput + 2 + 2 * bins;
    du = g.u;
    sizes_backward(bins, b.index, s.width_share, g.x, g.width, by, doutput + 2);
    sizes_backward(bins, b.index, s.height_share, g.y, g.height, by, doutput + 2 + bins);
    slope_backward(bins, &s, b.index, g.left, by, dsoft);
    slope_backward(bins, &s, b.index + 1, g.right, by, dsoft);
  }
  const double raw = (double)output[1];
  const bool inside = raw > LEAST_LOG_SCALE && raw < LARGEST_LOG_SCALE;
  doutput[0] = (rb_real)(-by * du * shrink);
  doutput[1] = inside ? (rb_real)(by * (-du * u - 1)) : 0;
  return (rb_real)(by * du * shrink);
}

/* The fraction t of its bin at which the spline is z: a quadratic equation. */
static double spline_inverse(const bin *b, double z) {
  const double s = b->height / b->width, y = z - b->y, bend = b->left + b->right - 2 * s;
  const double square = b->height * (s - b->left) + y * bend;
  const double linear = b->height * b->left - y * bend, constant = -s * y;
  const double root = sqrt(fmax(linear * linear - 4 * square * constant, 0));
  return fmin(fmax(-2 * constant / (linear + root), 0), 1);
}

static rb_real draw(int bins, const rb_real *output, rb_real z, rb_real *log_density) {
  spline s = {0};
  read_spline(bins, output, &s);
  double u = (double)z;
  if (fabs(u) < REACH) {
    const bin b = find_bin(bins, &s, s.height, u);
    u = b.x + b.width * spline_inverse(&b, u);
  }
  const rb_real x = (rb_real)(s.mean + u * exp(s.log_scale));
  if (log_density != NULL) *log_density += (rb_real)log_density_of(bins, &s, (double)x);
  return x;
}

const rb_factor rb_spline_factor = {.name = "spline",
                                    .parts = "bins",
                                    .outputs = outputs,
                                    .initialise = initialise,
                                    .log_density = log_density,
                                    .backward = backward,
                                    .draw = draw};
