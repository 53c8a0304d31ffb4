#include "rheobase/scaling_model.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "rheobase/partition.h"
#include "rheobase/quantile.h"

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

/* Sums of a least-squares fit of y = u x1 + v x2 with errors relative to y. */
typedef struct two_terms {
  int rows;
  double s11, s12, s22, s1, s2;
} two_terms;

static void add_row(two_terms *fit, double x1, double x2, double y) {
  if (!(y > 0)) return;
  x1 /= y;
  x2 /= y;
  fit->rows += 1;
  fit->s11 += x1 * x1;
  fit->s12 += x1 * x2;
  fit->s22 += x2 * x2;
  fit->s1 += x1;
  fit->s2 += x2;
}

/* The coefficients, not negative. Where the rows cannot tell the terms apart, the first takes all.
 */
static void solve(const two_terms *fit, double *u, double *v) {
  const double determinant = fit->s11 * fit->s22 - fit->s12 * fit->s12;
  *u = fit->s11 > 0 ? fit->s1 / fit->s11 : 0;
  *v = 0;
  if (!(determinant > 1e-9 * fit->s11 * fit->s22)) return;
  const double both_u = (fit->s1 * fit->s22 - fit->s2 * fit->s12) / determinant;
  const double both_v = (fit->s2 * fit->s11 - fit->s1 * fit->s12) / determinant;
  if (both_u < 0) {
    *u = 0;
    *v = fit->s2 / fit->s22;
  } else if (both_v >= 0) {
    *u = both_u;
    *v = both_v;
  }
}

static double steps(int ranks) { return ceil(log2(ranks)); }

static double sent_share(int ranks) { return 2.0 * (ranks - 1) / ranks; }

rb_scaling_network rb_scaling_fit_network(int count, const rb_scaling_exchange *exchanges) {
  two_terms fit = {0};
  for (int i = 0; i < count; ++i) {
    const rb_scaling_exchange *e = &exchanges[i];
    if (e->ranks < 2 || e->oversubscribed) continue;
    add_row(&fit, steps(e->ranks), sent_share(e->ranks) * e->bytes, e->seconds);
  }
  double latency = 0, per_byte = 0;
  solve(&fit, &latency, &per_byte);
  return (rb_scaling_network){latency, per_byte > 0 ? 1 / per_byte : INFINITY};
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

enum { MAX_SPREADS = 256 };

/* How much of the waiting is not from uneven shares, in units of what a rank computes. */
static double spread_of(const rb_scaling_rates *rates, const rb_scaling_point *p) {
  const rb_scaling_load *load = &p->load;
  const double chunk_s = load->chunk_cost * rates->chunk_s;
  const double most = most_chunks(load, p->ranks);
  const double uneven = (most - mean_chunks(load, p->ranks)) * chunk_s;
  const double busiest = most * chunk_s + load->serial_cost * rates->serial_s;
  return fmax(0, p->waiting - uneven) / (rb_scaling_largest_normal(p->ranks) * busiest);
}

rb_scaling_rates rb_scaling_fit(int count, const rb_scaling_point *points, rb_scaling_work work) {
  rb_scaling_rates rates = {0};
  two_terms compute = {0}, exchanges = {0}, files = {0};
  for (int i = 0; i < count; ++i) {
    const rb_scaling_point *p = &points[i];
    if (p->work != work || p->kind == RB_SCALE_UNSEEN || p->oversubscribed) continue;
    const double rounds = rounds_of(&p->load, p->ranks);
    rates.points += 1;
    add_row(&compute, mean_chunks(&p->load, p->ranks) * p->load.chunk_cost, p->load.serial_cost,
            p->part[RB_TIME_COMPUTE]);
    add_row(&exchanges, 1, rounds, p->exchanges);
    add_row(&files, 1, p->load.written_bytes, p->part[RB_TIME_FILE]);
  }
  solve(&compute, &rates.chunk_s, &rates.serial_s);
  solve(&exchanges, &rates.exchanges, &rates.exchanges_per_round);
  solve(&files, &rates.file_s, &rates.file_byte_s);
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
  const double serial_s = load->serial_cost * rates->serial_s;
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
