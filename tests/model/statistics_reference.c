#include "statistics_reference.h"

#include <math.h>
#include <stdlib.h>

/* A recording, and for each sample where it is. */
typedef struct recording {
  const reference_layout *at;
  int64_t T, K, all; /* samples of a recording, recordings, and samples in all */
  const double *v;
  const uint8_t *event, *hidden;
  int64_t *since, *until, *stretch; /* -1: no event before, or after; masked */
  int64_t *duration;                /* of each recording, up to what is neither masked nor event */
  int64_t longest;
  double *r;
} recording;

typedef struct output {
  double *to;
  int count;
} output;

static void put(output *out, double value) { out->to[out->count++] = value; }

static double hat(const recording *c, int k, double x) {
  const int last = c->at->knots - 1;
  const double own = (double)c->at->knot[k];
  if (x >= own) {
    if (k == last) return 1;
    return fmax(0, 1 - (x - own) / ((double)c->at->knot[k + 1] - own));
  }
  if (k == 0) return 1;
  return fmax(0, 1 - (own - x) / (own - (double)c->at->knot[k - 1]));
}

typedef enum alignment { SINCE, UNTIL, BEGIN } alignment;

static int64_t time_of(const recording *c, int64_t t) { return t % c->T; }

/* The sample's x in an alignment; -1: it has no part. */
static int64_t place(const recording *c, alignment a, int64_t t) {
  if (c->hidden[t]) return -1;
  if (a == SINCE) return c->since[t];
  if (a == UNTIL) return c->until[t];
  return c->since[t] < 0 ? time_of(c, t) : -1;
}

typedef double (*value_of)(const recording *c, int64_t t);
static double one(const recording *c, int64_t t) { return (void)c, (void)t, 1; }
static double potential(const recording *c, int64_t t) { return c->v[t]; }
static double drifting(const recording *c, int64_t t) {
  return c->v[t] * ((double)time_of(c, t) / (double)c->longest - 0.5);
}
static double residual(const recording *c, int64_t t) { return c->r[t]; }
static double residual_square(const recording *c, int64_t t) { return c->r[t] * c->r[t]; }

static double sum_at(const recording *c, alignment a, int k, value_of value) {
  double sum = 0;
  for (int64_t t = 0; t < c->all; ++t) {
    const int64_t x = place(c, a, t);
    if (x >= 0) sum += hat(c, k, (double)x) * value(c, t);
  }
  return sum;
}

static double mean_at(const recording *c, alignment a, int k) {
  return sum_at(c, a, k, potential) / (sum_at(c, a, k, one) + 1e-3);
}

static double *means_of(const recording *c, alignment a) {
  double *means = calloc((size_t)c->at->knots, sizeof *means);
  for (int k = 0; k < c->at->knots; ++k) means[k] = mean_at(c, a, k);
  return means;
}

static double interpolated(const recording *c, const double *means, int64_t x) {
  double sum = 0;
  for (int k = 0; k < c->at->knots; ++k) sum += hat(c, k, (double)x) * means[k];
  return sum;
}

static void aligned_block(const recording *c, alignment a, output *out) {
  for (int k = 0; k < c->at->knots; ++k) {
    const double M = sum_at(c, a, k, one);
    put(out, mean_at(c, a, k));
    put(out, log(M + 0.3));
    put(out, sum_at(c, a, k, drifting) / (M + 1));
  }
}

static void find_residuals(recording *c) {
  double *since = means_of(c, SINCE), *begin = means_of(c, BEGIN);
  for (int64_t t = 0; t < c->all; ++t) {
    const int64_t s = c->since[t];
    c->r[t] = (double)(float)(c->v[t] - (s >= 0 ? interpolated(c, since, s)
                                                : interpolated(c, begin, time_of(c, t))));
  }
  free(since);
  free(begin);
}

static void residual_block(const recording *c, output *out) {
  double *until = means_of(c, UNTIL);
  for (int k = 0; k < c->at->knots; ++k) {
    const double M_s = sum_at(c, SINCE, k, one), M_u = sum_at(c, UNTIL, k, one);
    double other = 0;
    for (int64_t t = 0; t < c->all; ++t) {
      if (c->until[t] < 0 || c->hidden[t]) continue;
      const double d = c->v[t] - interpolated(c, until, c->until[t]);
      other += hat(c, k, (double)c->until[t]) * d * d;
    }
    put(out, sum_at(c, SINCE, k, residual_square) / (M_s + 1));
    put(out, sum_at(c, UNTIL, k, residual) / (M_u + 0.1));
    put(out, other / (M_u + 1));
  }
  free(until);
}

static bool together(const recording *c, int64_t t, int64_t later) {
  return later < c->all && c->stretch[t] >= 0 && c->stretch[t] == c->stretch[later];
}

static void lag_block(const recording *c, output *out) {
  for (int a = 0; a < c->at->ages; ++a) {
    const int64_t from = c->at->age[a], to = a + 1 < c->at->ages ? c->at->age[a + 1] : INT64_MAX;
    double samples = 0;
    for (int k = 0; k < c->at->lags; ++k) {
      const int64_t l = c->at->lag[k];
      double sum = 0, n = 0;
      samples = 0;
      for (int64_t t = 0; t < c->all; ++t) {
        const int64_t age = c->since[t] >= 0 ? c->since[t] : time_of(c, t);
        if (c->hidden[t] || age < from || age >= to) continue;
        samples += 1;
        if (!together(c, t, t + l)) continue;
        sum += c->r[t] * c->r[t + l];
        n += 1;
      }
      put(out, sum / (n + 20));
    }
    put(out, log(samples + 1));
  }
}

static double mean_of(const recording *c) {
  double sum = 0, n = 0;
  for (int64_t t = 0; t < c->all; ++t) {
    if (c->hidden[t]) continue;
    sum += c->v[t];
    n += 1;
  }
  return n > 0 ? sum / n : 0;
}

static void increment_block(const recording *c, output *out) {
  const double mean = mean_of(c);
  for (int k = 0; k < c->at->lags; ++k) {
    const int64_t l = c->at->lag[k];
    double sum = 0, n = 0;
    for (int64_t t = 0; t < c->all; ++t) {
      if (!together(c, t, t + l)) continue;
      sum += (c->v[t] - mean) * (c->v[t + l] - c->v[t]);
      n += 1;
    }
    put(out, sum / (n + 1));
  }
}

/* Log intervals of a recording. @return how many events it has */
static int64_t intervals_of(const recording *c, int64_t r, double *x, int64_t *first,
                            int64_t *last) {
  int64_t N = 0;
  *first = *last = -1;
  for (int64_t t = 0; t < c->T; ++t) {
    if (!c->event[r * c->T + t]) continue;
    if (*last >= 0) x[N - 1] = log((double)(t - *last));
    if (*first < 0) *first = t;
    *last = t;
    ++N;
  }
  return N;
}

static void interval_block(const recording *c, output *out) {
  double *x = calloc((size_t)c->T, sizeof *x), events = 0, n = 0, m = 0, squares = 0, least = 8;
  double largest = 0, pairs = 0, trend = 0, made = 0, begin = 0, end = 0, ends[16] = {0};
  int64_t first, last;
  for (int64_t r = 0; r < c->K; ++r) {
    const int64_t N = intervals_of(c, r, x, &first, &last), T = c->duration[r];
    events += (double)N;
    for (int64_t i = 0; i + 1 < N; ++i) m += x[i];
    n += N > 0 ? (double)N - 1 : 0;
    if (T == 0) continue;
    made += 1;
    begin += log(1 + (double)(N > 0 ? first : T));
    end += log(1 + (double)(N > 0 ? T - last : T));
    for (int64_t i = 0; i < 8; ++i) {
      if (i % 4 + 1 >= N) continue;
      ends[2 * i] += i < 4 ? x[i] : x[N - 2 - (i - 4)];
      ends[2 * i + 1] += 1;
    }
  }
  m = n > 0 ? m / n : 8;
  for (int64_t r = 0; r < c->K; ++r) {
    const int64_t own = intervals_of(c, r, x, &first, &last) - 1;
    for (int64_t i = 0; i < own; ++i) {
      squares += (x[i] - m) * (x[i] - m);
      least = fmin(least, x[i]);
      largest = fmax(largest, x[i]);
      if (i + 1 < own) pairs += (x[i] - m) * (x[i + 1] - m);
      trend += (x[i] - m) * ((double)i - (double)(own - 1) / 2);
    }
  }
  made = made > 0 ? made : 1;
  put(out, events);
  put(out, log(events + 0.5));
  put(out, m);
  put(out, n > 0 ? sqrt(squares / n) : 0);
  put(out, least);
  put(out, largest);
  put(out, pairs / (n + 1));
  put(out, trend / ((n + 1) * (n + 1)));
  put(out, begin / made);
  put(out, end / made);
  for (int64_t i = 0; i < 8; ++i) {
    put(out, ends[2 * i + 1] > 0 ? ends[2 * i] / ends[2 * i + 1] : 0);
    put(out, ends[2 * i + 1] / made);
  }
  free(x);
}

static double average(const recording *c, int64_t t, int64_t w) {
  double sum = 0;
  for (int64_t i = 0; i < w; ++i) sum += c->v[t + i];
  return sum / (double)w;
}

static void extreme_block(const recording *c, output *out) {
  for (int k = 0; k < c->at->widths; ++k) {
    const int64_t w = c->at->width[k];
    double least = INFINITY, largest = -INFINITY;
    for (int64_t t = 0; t < c->all; ++t) {
      if (!together(c, t, t + w - 1)) continue;
      least = fmin(least, average(c, t, w));
      largest = fmax(largest, average(c, t, w));
    }
    put(out, isfinite(least) ? least : 0);
    put(out, isfinite(largest) ? largest : 0);
  }
}

static void line_block(const recording *c, output *out) {
  for (int k = 0; k < c->at->lines; ++k) {
    const int64_t w = c->at->line[k][0], d = c->at->line[k][1];
    double n = 0, x = 0, y = 0, v_x = 0, v_y = 0, xy = 0;
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t t = 0; t + d + w <= c->all; ++t) {
        if (time_of(c, t) % (w / 2) != 0 || !together(c, t, t + d + w - 1)) continue;
        const double a = average(c, t, w), b = average(c, t + d, w);
        if (pass == 0) {
          n += 1;
          x += a;
          y += b;
        } else {
          v_x += (a - x) * (a - x) / n;
          v_y += (b - y) * (b - y) / n;
          xy += (a - x) * (b - y) / n;
        }
      }
      if (pass == 0 && n > 0) {
        x /= n;
        y /= n;
      }
    }
    const double slope = xy / (v_x + 1e-3), intercept = y - slope * x;
    const double numbers[6] = {slope,
                               intercept,
                               log(fmax(v_y - slope * xy, 0) + 1e-4),
                               log(v_x + 1e-3),
                               intercept / fmax(1 - slope, 0.05),
                               y - x};
    for (int i = 0; i < 6; ++i) put(out, n < 4 ? 0 : numbers[i]);
    put(out, log(n + 1));
  }
}

static void moment_block(const recording *c, output *out) {
  double m[5] = {0}, n = 0;
  const double mean = mean_of(c);
  for (int64_t t = 0; t < c->all; ++t) {
    if (c->hidden[t]) continue;
    for (int p = 2; p <= 4; ++p) m[p] += pow(c->v[t] - mean, p);
    n += 1;
  }
  for (int p = 2; p <= 4 && n > 0; ++p) m[p] /= n;
  put(out, mean);
  put(out, sqrt(m[2]));
  put(out, m[3] / pow(m[2] + 1e-6, 1.5));
  put(out, m[4] / pow(m[2] + 1e-6, 2) - 3);
}

static void place_samples(recording *c) {
  int64_t stretch = 0;
  c->longest = 1;
  for (int64_t r = 0; r < c->K; ++r) {
    int64_t last = -1, next = -1;
    ++stretch;
    c->duration[r] = 0;
    for (int64_t t = r * c->T; t < (r + 1) * c->T; ++t) {
      if (c->event[t]) last = t;
      if (c->event[t] || c->hidden[t]) ++stretch;
      c->stretch[t] = c->hidden[t] ? -1 : stretch;
      c->since[t] = last >= 0 ? t - last : -1;
      if (c->event[t] || !c->hidden[t]) c->duration[r] = t - r * c->T + 1;
    }
    for (int64_t t = (r + 1) * c->T - 1; t >= r * c->T; --t) {
      if (c->event[t]) next = t;
      c->until[t] = next >= 0 ? next - t : -1;
    }
    if (c->duration[r] > c->longest) c->longest = c->duration[r];
  }
}

int reference_statistics(const reference_layout *layout, int64_t T, int64_t K, const double *v,
                         const uint8_t *event, const uint8_t *hidden, bool aligned, double *to) {
  const size_t n = (size_t)(K * T);
  recording c = {.at = layout,
                 .T = T,
                 .K = K,
                 .all = K * T,
                 .v = v,
                 .event = event,
                 .hidden = hidden,
                 .since = calloc(n, sizeof(int64_t)),
                 .until = calloc(n, sizeof(int64_t)),
                 .stretch = calloc(n, sizeof(int64_t)),
                 .duration = calloc((size_t)K, sizeof(int64_t)),
                 .r = calloc(n, sizeof(double))};
  output out = {to, 0};
  place_samples(&c);
  find_residuals(&c);
  if (!aligned) moment_block(&c, &out);
  if (aligned) aligned_block(&c, SINCE, &out);
  if (aligned) aligned_block(&c, UNTIL, &out);
  aligned_block(&c, BEGIN, &out);
  if (aligned) residual_block(&c, &out);
  lag_block(&c, &out);
  increment_block(&c, &out);
  if (aligned) interval_block(&c, &out);
  extreme_block(&c, &out);
  line_block(&c, &out);
  free(c.since);
  free(c.until);
  free(c.stretch);
  free(c.duration);
  free(c.r);
  return out.count;
}
