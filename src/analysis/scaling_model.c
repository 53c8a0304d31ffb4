#include "rheobase/analysis/scaling_model.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "rheobase/base/quantile.h"
#include "rheobase/parallel/partition.h"

const char *rb_scaling_work_name(rb_scaling_work work) {
  static const char *const names[RB_SCALE_WORKS] = {"simulate", "train", "calibrate", "io",
                                                    "baseline"};
  return names[work];
}

const char *rb_scaling_kind_name(rb_scaling_kind kind) {
  static const char *const names[] = {"strong", "weak", "half", "unseen"};
  return names[kind];
}

double rb_scaling_largest_normal(int ranks) {
  if (ranks < 2) return 0;
  // Blom (1958): the expected largest of n lies near the quantile (n - 3/8) / (n + 1/4); for two it
  // is 1 / sqrt(pi) exactly.
  if (ranks == 2) return 1 / sqrt(M_PI);
  return gsl_cdf_ugaussian_Pinv((ranks - 0.375) / (ranks + 0.25));
}

enum { MOST_TERMS = 3 };

/* Sums of a least-squares fit of y = sum over terms of c x with errors relative to y. */
typedef struct terms_fit {
  int terms, rows;
  double products[MOST_TERMS][MOST_TERMS], sum[MOST_TERMS];
} terms_fit;

static void add_row(terms_fit *fit, const double *x, double y) {
  if (!(y > 0)) return;
  fit->rows += 1;
  for (int i = 0; i < fit->terms; ++i) {
    fit->sum[i] += x[i] / y;
    for (int j = 0; j < fit->terms; ++j) fit->products[i][j] += x[i] / y * (x[j] / y);
  }
}

/* Coefficients of the terms in a set, 0 for the others, by elimination.
 * @return false if the rows cannot tell these terms apart */
static bool solve_set(const terms_fit *fit, unsigned set, double *c) {
  double m[MOST_TERMS][MOST_TERMS + 1] = {{0}};
  for (int i = 0; i < fit->terms; ++i) {
    for (int j = 0; j < fit->terms; ++j) {
      const bool in = (set >> i & 1) && (set >> j & 1);
      m[i][j] = in ? fit->products[i][j] : i == j;
    }
    m[i][fit->terms] = set >> i & 1 ? fit->sum[i] : 0;
  }
  for (int k = 0; k < fit->terms; ++k) {
    if (!(m[k][k] > 1e-9 * ((set >> k & 1) ? fit->products[k][k] : 1))) return false;
    for (int i = 0; i < fit->terms; ++i) {
      const double factor = i != k ? m[i][k] / m[k][k] : 0;
      for (int j = k; j <= fit->terms; ++j) m[i][j] -= factor * m[k][j];
    }
  }
  for (int k = 0; k < fit->terms; ++k) c[k] = m[k][fit->terms] / m[k][k];
  return true;
}

/* The coefficients that leave the least error, none of them negative; with as few terms as do.
 * @param c (MOST_TERMS) @return the sum of squared errors */
static double solve(const terms_fit *fit, double *c) {
  double least = fit->rows;  // of no terms
  for (int k = 0; k < MOST_TERMS; ++k) c[k] = 0;
  for (unsigned set = 1; set < 1U << fit->terms; ++set) {
    double other[MOST_TERMS] = {0}, error = fit->rows;
    if (!solve_set(fit, set, other)) continue;
    bool allowed = true;
    for (int k = 0; k < fit->terms; ++k) {
      allowed = allowed && other[k] >= 0;
      error -= other[k] * fit->sum[k];
    }
    if (!allowed || !(error < least - 1e-12 * fit->rows)) continue;
    least = error;
    for (int k = 0; k < fit->terms; ++k) c[k] = other[k];
  }
  return fmax(least, 0);
}

/* As solve, but leaves the last term out unless the fit is better for it than chance makes it (F
 * test at 5%, times being believed to 0.1%). */
static void solve_unless_chance(const terms_fit *fit, double *c) {
  terms_fit fewer = *fit;
  fewer.terms -= 1;
  double with[MOST_TERMS];
  const int freedom = fit->rows - fit->terms;
  const double least_error = 1e-6 * fit->rows;
  const double error = solve(&fewer, c);
  if (freedom < 1) return;
  const double error_with = fmax(solve(fit, with), least_error);
  const double ratio = (error - error_with) / (error_with / freedom);
  if (ratio > 0 && gsl_cdf_fdist_Q(ratio, 1, freedom) < 0.05) memcpy(c, with, sizeof with);
}

static double steps(int ranks) { return ceil(log2(ranks)); }

static double sent_share(int ranks) { return 2.0 * (ranks - 1) / ranks; }

rb_scaling_network rb_scaling_fit_network(int count, const rb_scaling_exchange *exchanges) {
  terms_fit fit = {.terms = 2};
  for (int i = 0; i < count; ++i) {
    const rb_scaling_exchange *e = &exchanges[i];
    if (e->ranks < 2 || e->oversubscribed) continue;
    add_row(&fit, (double[]){steps(e->ranks), sent_share(e->ranks) * e->bytes}, e->seconds);
  }
  double c[MOST_TERMS];
  (void)solve(&fit, c);
  return (rb_scaling_network){c[0], c[1] > 0 ? 1 / c[1] : INFINITY};
}

/* Pieces a chunk is cut into on so many ranks. */
static int64_t pieces_of(const rb_scaling_load *load, int ranks) {
  const int64_t most = load->divisible;
  return most / rb_partition_fit(load->chunks * most, most, 1, ranks);
}

static double rounds_of(const rb_scaling_load *load, int ranks) {
  return ceil((double)(load->chunks * pieces_of(load, ranks)) / ranks);
}

/* Chunks, or parts of them, that the busiest rank gets. */
static double most_chunks(const rb_scaling_load *load, int ranks) {
  return rounds_of(load, ranks) / (double)pieces_of(load, ranks);
}

static double mean_chunks(const rb_scaling_load *load, int ranks) {
  return (double)load->chunks / ranks;
}

/* Seconds of what every rank does alike. */
static double alike_s(const rb_scaling_rates *rates, const rb_scaling_load *load) {
  return load->serial_cost * rates->serial_s +
         (double)load->chunks * load->chunk_cost * rates->growing_s;
}

enum { MAX_SPREADS = 256 };

/* How much of the waiting is not from uneven shares, in units of what a rank computes. */
static double spread_of(const rb_scaling_rates *rates, const rb_scaling_point *p) {
  const rb_scaling_load *load = &p->load;
  const double chunk_s = load->chunk_cost * rates->chunk_s;
  const double most = most_chunks(load, p->ranks);
  const double uneven = (most - mean_chunks(load, p->ranks)) * chunk_s;
  const double busiest = most * chunk_s + alike_s(rates, load);
  return fmax(0, p->waiting - uneven) / (rb_scaling_largest_normal(p->ranks) * busiest);
}

rb_scaling_rates rb_scaling_fit(int count, const rb_scaling_point *points, rb_scaling_work work) {
  rb_scaling_rates rates = {0};
  terms_fit compute = {.terms = 3}, exchanges = {.terms = 2}, files = {.terms = 2};
  for (int i = 0; i < count; ++i) {
    const rb_scaling_point *p = &points[i];
    if (p->work != work || p->kind == RB_SCALE_UNSEEN || p->oversubscribed) continue;
    const double rounds = rounds_of(&p->load, p->ranks);
    rates.points += 1;
    const double mine = mean_chunks(&p->load, p->ranks) * p->load.chunk_cost;
    add_row(&compute, (double[]){mine, p->load.serial_cost, mine * p->ranks},
            p->part[RB_TIME_COMPUTE]);
    add_row(&exchanges, (double[]){1, rounds}, p->exchanges);
    add_row(&files, (double[]){1, p->load.written_bytes}, p->part[RB_TIME_FILE]);
  }
  double c[MOST_TERMS];
  solve_unless_chance(&compute, c);
  rates.chunk_s = c[0];
  rates.serial_s = c[1];
  rates.growing_s = c[2];
  (void)solve(&exchanges, c);
  rates.exchanges = c[0];
  rates.exchanges_per_round = c[1];
  (void)solve(&files, c);
  rates.file_s = c[0];
  rates.file_byte_s = c[1];
  double spread[MAX_SPREADS];
  int parallel = 0;
  for (int i = 0; i < count; ++i) {
    const rb_scaling_point *p = &points[i];
    if (p->work != work || p->kind == RB_SCALE_UNSEEN || p->oversubscribed || p->ranks < 2)
      continue;
    if (parallel < MAX_SPREADS) spread[parallel++] = spread_of(&rates, p);
  }
  // The median: other users of a machine disturb single points.
  rates.spread = parallel > 0 ? rb_median(parallel, spread) : 0;
  return rates;
}

rb_scaling_load rb_scaling_grow(const rb_scaling_load *load, int64_t factor) {
  rb_scaling_load grown = *load;
  grown.chunks *= factor;
  grown.written_bytes *= (double)factor;
  return grown;
}

double rb_scaling_predict(const rb_scaling_rates *rates, const rb_scaling_network *network,
                          const rb_scaling_load *load, int ranks, double *part) {
  const double chunk_s = load->chunk_cost * rates->chunk_s;
  const double serial_s = alike_s(rates, load);
  const double most = most_chunks(load, ranks), mean = mean_chunks(load, ranks);
  const double exchanges = rates->exchanges + rates->exchanges_per_round * rounds_of(load, ranks);
  part[RB_TIME_COMPUTE] = mean * chunk_s + serial_s;
  part[RB_TIME_WAIT] = (most - mean) * chunk_s + rates->spread * rb_scaling_largest_normal(ranks) *
                                                     (most * chunk_s + serial_s);
  part[RB_TIME_REDUCE] = ranks > 1
                             ? exchanges * network->latency_s * steps(ranks) +
                                   sent_share(ranks) * load->reduced_bytes / network->bandwidth
                             : 0;
  part[RB_TIME_FILE] = rates->file_s + load->written_bytes * rates->file_byte_s;
  double total = 0;
  for (int i = 0; i < RB_TIME_PARTS; ++i) total += part[i];
  return total;
}

static double time_of(const rb_scaling_rates *rates, const rb_scaling_network *network,
                      const rb_scaling_load *load, int ranks) {
  double part[RB_TIME_PARTS];
  return rb_scaling_predict(rates, network, load, ranks, part);
}

double rb_scaling_efficiency(const rb_scaling_rates *rates, const rb_scaling_network *network,
                             const rb_scaling_load *load, int ranks) {
  return time_of(rates, network, load, 1) / (ranks * time_of(rates, network, load, ranks));
}

int rb_scaling_end(const rb_scaling_rates *rates, const rb_scaling_network *network,
                   const rb_scaling_load *load, int most) {
  double shortest = INFINITY;
  for (int p = 1; p <= most; ++p) shortest = fmin(shortest, time_of(rates, network, load, p));
  for (int p = 1; p < most; ++p) {
    if (time_of(rates, network, load, p) <= 1.01 * shortest) return p;
  }
  return most;
}

int64_t rb_scaling_pieces_needed(const rb_scaling_rates *rates, const rb_scaling_network *network,
                                 const rb_scaling_load *load, int ranks, double wanted) {
  enum { MOST = 1000000 };
  rb_scaling_load one = *load;  // a single piece
  one.chunks = one.divisible = 1;
  one.chunk_cost /= (double)load->divisible;
  one.written_bytes /= (double)(load->chunks * load->divisible);
  for (int64_t each = 1; each <= MOST; each += 1 + each / 100) {
    const rb_scaling_load grown = rb_scaling_grow(&one, each * ranks);
    if (rb_scaling_efficiency(rates, network, &grown, ranks) >= wanted) return each;
  }
  return 0;
}
