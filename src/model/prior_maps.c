#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "prior_internal.h"
#include "rheobase/base/memory.h"

// Keeps a value that rounding has put on a bound off infinity.
static const double SMALLEST_SHARE = 1e-15;
static const double LOG_SQRT_2PI = 0.91893853320467274178;

double rb_prior_number_value(const rb_prior_number *number) {
  return number->expression != NULL ? rb_expression_value(number->expression) : number->constant;
}

/* Whether clipping leaves nothing of a distribution but its ends, or is no interval. */
static bool is_all_clipped(const rb_prior_compiled *row, const rb_prior_distribution *it) {
  const double low = rb_prior_number_value(&row->clip_low);
  const double high = rb_prior_number_value(&row->clip_high);
  return !(low < high && low < it->high && high > it->low);
}

bool rb_prior_distribution_of(const rb_prior *prior, int r, rb_prior_distribution *distribution) {
  const rb_prior_compiled *row = &prior->row[r];
  bool valid = true;
  for (int k = 0; k < row->family->arguments; ++k) {
    distribution->a[k] = rb_prior_number_value(&row->argument[k]);
    valid = valid && isfinite(distribution->a[k]) &&
            (!row->family->argument[k].positive || distribution->a[k] > 0);
  }
  const double low = rb_prior_number_value(&row->low), high = rb_prior_number_value(&row->high);
  distribution->low = fmax(low, row->family->low);
  distribution->high = fmin(high, row->family->high);
  if (row->family->open && !(distribution->low > row->family->low)) return false;
  return valid && !is_all_clipped(row, distribution) && !isnan(low) && !isnan(high) &&
         distribution->low < distribution->high;
}

double rb_prior_clipped(const rb_prior *prior, int r, double latent) {
  const rb_prior_compiled *row = &prior->row[r];
  return fmin(fmax(latent, rb_prior_number_value(&row->clip_low)),
              rb_prior_number_value(&row->clip_high));
}

static rb_status no_distribution(rb_context *ctx, const rb_prior *prior, int r, rb_status code,
                                 const rb_prior_distribution *it) {
  const rb_family *family = prior->row[r].family;
  for (int k = 0; k < family->arguments; ++k) {
    const rb_family_argument *argument = &family->argument[k];
    if (isfinite(it->a[k]) && (!argument->positive || it->a[k] > 0)) continue;
    return RB_FAIL(ctx, code, "prior.%s.%s is %g, but has to be %s", prior->text[r].name,
                   argument->name, it->a[k], argument->positive ? "above 0" : "finite");
  }
  const rb_prior_compiled *row = &prior->row[r];
  const bool no_low = isnan(rb_prior_number_value(&row->low));
  if (no_low || isnan(rb_prior_number_value(&row->high))) {  // the family's own bound hides it
    return RB_FAIL(ctx, code, "prior.%s.%s is no number", prior->text[r].name,
                   no_low ? "low" : "high");
  }
  if (family->open && it->low <= family->low) {
    return RB_FAIL(
        ctx, code, "prior.%s.low is %g, but that of a %s distribution has to be above %g",
        prior->text[r].name, rb_prior_number_value(&row->low), family->name, family->low);
  }
  if (it->low < it->high) {
    return RB_FAIL(ctx, code,
                   "prior.%s.clip: nothing of the interval from %g to %g lies between %g and %g",
                   prior->text[r].name, it->low, it->high, rb_prior_number_value(&row->clip_low),
                   rb_prior_number_value(&row->clip_high));
  }
  return RB_FAIL(ctx, code, "prior.%s: nothing lies between low = %g and high = %g",
                 prior->text[r].name, it->low, it->high);
}

static rb_status set_fixed(rb_context *ctx, const rb_prior *prior, int r, rb_status code) {
  const rb_prior_compiled *row = &prior->row[r];
  const double x = rb_prior_number_value(&row->fixed);
  const double low = rb_prior_number_value(&row->low), high = rb_prior_number_value(&row->high);
  prior->value[r] = x;
  if (!isfinite(x)) {
    return RB_FAIL(ctx, code, "prior.%s is fixed at %g, which is no number", prior->text[r].name,
                   x);
  }
  if (x >= low && x <= high) return RB_OK;
  return RB_FAIL(ctx, code, "prior.%s is fixed at %g, outside its range from %g to %g",
                 prior->text[r].name, x, low, high);
}

rb_status rb_prior_draw_one(rb_context *ctx, const rb_prior *prior, const double *u, rb_status code,
                            double *latent) {
  rb_status status = RB_OK;
  for (int k = 0; k < prior->rows; ++k) {
    const int r = prior->order[k];
    const rb_family *family = prior->row[r].family;
    rb_prior_distribution it;
    if (family == NULL) {
      RB_TRY(set_fixed(ctx, prior, r, code));
      continue;
    }
    if (!rb_prior_distribution_of(prior, r, &it)) {
      RB_TRY(no_distribution(ctx, prior, r, code, &it));
    }
    const double x = family->quantile(it.a, it.low, it.high, u[r]);
    if (!isfinite(x)) {
      RB_TRY(RB_FAIL(ctx, code, "prior.%s: between low = %g and high = %g lies no probability",
                     prior->text[r].name, it.low, it.high));
    }
    latent[prior->place[r]] = x;
    prior->value[r] = rb_prior_clipped(prior, r, x);
  }
cleanup:
  return status;
}

rb_status rb_prior_draw(rb_context *ctx, const rb_prior *prior, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, double *theta, double *latent) {
  rb_status status = RB_OK;
  const int D = prior->dim;
  for (int64_t i = 0; i < count; ++i) {
    const rb_stream stream =
        rb_stream_make(seed, purpose, RB_RANDOM_PRIOR, 0, (uint64_t)(first + i));
    double u[RB_PRIOR_ROWS], row[RB_PRIOR_ROWS];
    for (int r = 0; r < prior->rows; ++r) u[r] = rb_stream_uniform(stream, (uint32_t)r);
    RB_TRY(rb_prior_draw_one(ctx, prior, u, RB_ERR_NUMERIC, row));
    if (latent != NULL) memcpy(&latent[i * D], row, (size_t)D * sizeof *row);
    for (int d = 0; d < D; ++d) theta[i * D + d] = prior->value[prior->free[d]];
  }
cleanup:
  return status;
}

/* Sets the fixed parameters among the values; those they refer to are there. */
static void set_value(const rb_prior *prior, int r, double latent) {
  prior->value[r] = prior->place[r] < 0 ? rb_prior_number_value(&prior->row[r].fixed)
                                        : rb_prior_clipped(prior, r, latent);
}

void rb_prior_complete(const rb_prior *prior, int64_t count, const double *theta, double *all) {
  const int rows = prior->rows;
  for (int64_t i = 0; i < count; ++i) {
    for (int d = 0; d < prior->dim; ++d) prior->value[prior->free[d]] = theta[i * prior->dim + d];
    for (int k = 0; k < rows; ++k) {
      const int r = prior->order[k];
      if (prior->place[r] < 0) set_value(prior, r, 0);
    }
    memcpy(&all[i * rows], prior->value, (size_t)rows * sizeof *all);
  }
}

rb_status rb_prior_complete_new(rb_context *ctx, const rb_prior *prior, int64_t count,
                                const double *theta, double **all) {
  rb_status status = RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, *all, count * prior->rows));
  rb_prior_complete(prior, count, theta, *all);
cleanup:
  return status;
}

static double log_density_of(const rb_prior *prior, const double *latent) {
  double sum = 0;
  for (int k = 0; k < prior->rows; ++k) {
    const int r = prior->order[k], d = prior->place[r];
    rb_prior_distribution it;
    if (d >= 0) {
      // Beyond its parents' support an interval may be empty: do not ask for its density there.
      if (!rb_prior_distribution_of(prior, r, &it)) return -INFINITY;
      sum += prior->row[r].family->log_density(it.a, it.low, it.high, latent[d]);
      if (!isfinite(sum)) return -INFINITY;
    }
    set_value(prior, r, d >= 0 ? latent[d] : 0);
  }
  return sum;
}

void rb_prior_log_density(const rb_prior *prior, int64_t count, const double *latent,
                          double *log_density) {
  for (int64_t i = 0; i < count; ++i) {
    log_density[i] = log_density_of(prior, &latent[i * prior->dim]);
  }
}

uint32_t rb_prior_outside(const rb_prior *prior, const double *theta) {
  uint32_t outside = 0;
  for (int d = 0; d < prior->dim; ++d) prior->value[prior->free[d]] = theta[d];
  for (int k = 0; k < prior->rows; ++k) {
    const int r = prior->order[k], d = prior->place[r];
    rb_prior_distribution it;
    if (d < 0) {
      set_value(prior, r, 0);
      continue;
    }
    const bool valid = rb_prior_distribution_of(prior, r, &it);
    const double low = fmax(it.low, rb_prior_number_value(&prior->row[r].clip_low));
    const double high = fmin(it.high, rb_prior_number_value(&prior->row[r].clip_high));
    if (!(valid && theta[d] >= low && theta[d] <= high)) outside |= UINT32_C(1) << d;
  }
  return outside;
}

void rb_prior_from_latent(const rb_prior *prior, int64_t count, const double *latent,
                          double *theta) {
  for (int64_t i = 0; i < count * prior->dim; i += prior->dim) {
    for (int k = 0; k < prior->rows; ++k) {
      const int r = prior->order[k], d = prior->place[r];
      set_value(prior, r, d >= 0 ? latent[i + d] : 0);
    }
    for (int d = 0; d < prior->dim; ++d) theta[i + d] = prior->value[prior->free[d]];
  }
}

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

/* An interval with both ends, and where it begins in the one that the parents' medians give it, of
 * which it is so many widths. */
typedef struct interval {
  double low, high, begin, widths;
} interval;

/* A map of an interval to the line. */
typedef struct interval_map {
  double (*to)(const interval *of, double share);  // of a point with that share of the interval
  double (*from)(const interval *of, double phi);
  double (*log_slope)(const interval *of, double phi);  // of `from`
} interval_map;

static double log_width(const interval *of) { return log(of->high - of->low); }

static double logit_of(double share) { return log(share) - log1p(-share); }
static double logit(const interval *of, double share) {
  (void)of;
  return logit_of(share);
}
static double from_logit(const interval *of, double phi) {
  return of->low + (of->high - of->low) / (1 + exp(-phi));
}
static double logit_slope(const interval *of, double phi) {
  return log_width(of) - softplus(phi) - softplus(-phi);
}

/* Points beyond the last that can be told from the end, a share of 1e-12 away, are put there. */
static double within_probits(double phi) {
  const double last = 7;
  return fmin(fmax(phi, -last), last);
}
static double probit(const interval *of, double share) {
  (void)of;
  return within_probits(gsl_cdf_ugaussian_Pinv(share));
}
/* From the nearer end, so that small distances from it remain. */
static double from_probit(const interval *of, double phi) {
  phi = within_probits(phi);
  return phi < 0 ? of->low + (of->high - of->low) * gsl_cdf_ugaussian_P(phi)
                 : of->high - (of->high - of->low) * gsl_cdf_ugaussian_Q(phi);
}
static double probit_slope(const interval *of, double phi) {
  phi = within_probits(phi);
  return log_width(of) - 0.5 * phi * phi - LOG_SQRT_2PI;
}

/* A multiple of the share of the interval that the parents' medians give, so that a point's place
 * does not depend on parents, and the logit of the share of its own, which bends it to infinity at
 * the ends. Points beyond the last logit are put there. */
static const double STRAIGHT = 100;
static double straight_part(const interval *of, double share) {
  return STRAIGHT * (of->begin + of->widths * share - 0.5);
}
static double straight(const interval *of, double share) {
  return straight_part(of, share) + logit_of(share);
}
/* The logit of the share with this coordinate: Newton's steps in a bracket that shrinks. */
static double logit_of_straight(const interval *of, double phi) {
  const double last = 34.5;
  double low = -last, high = last, y = 0;
  for (int i = 0; i < 100; ++i) {
    const double share = 1 / (1 + exp(-y)), error = straight_part(of, share) + y - phi;
    if (error > 0) high = y;
    if (error < 0) low = y;
    double next = y - error / (STRAIGHT * of->widths * share * (1 - share) + 1);
    if (!(next >= low && next <= high)) next = 0.5 * (low + high);
    if (fabs(next - y) <= 1e-15 * fmax(1, fabs(y))) break;
    y = next;
  }
  return y;
}
static double from_straight(const interval *of, double phi) {
  return from_logit(of, logit_of_straight(of, phi));
}
static double straight_slope(const interval *of, double phi) {
  const double y = logit_of_straight(of, phi), log_logistic = -softplus(y) - softplus(-y);
  return log_width(of) + log_logistic - log1p(STRAIGHT * of->widths * exp(log_logistic));
}

static const interval_map logit_map = {logit, from_logit, logit_slope};
static const interval_map probit_map = {probit, from_probit, probit_slope};
static const interval_map straight_map = {straight, from_straight, straight_slope};

/* One coordinate of the support, given the interval; its log determinant is of phi -> latent. */
static double to_line(const interval_map *map, const interval *of, double x) {
  const double low = of->low, high = of->high, tiny = SMALLEST_SHARE;
  if (isinf(low) && isinf(high)) return x;
  if (isinf(high)) return log(fmax(x - low, fmax(tiny * fabs(low), DBL_MIN)));
  if (isinf(low)) return -log(fmax(high - x, fmax(tiny * fabs(high), DBL_MIN)));
  return map->to(of, fmin(fmax((x - low) / (high - low), tiny), 1 - tiny));
}

static double from_line(const interval_map *map, const interval *of, double phi) {
  if (isinf(of->low) && isinf(of->high)) return phi;
  if (isinf(of->high)) return of->low + exp(phi);
  if (isinf(of->low)) return of->high - exp(-phi);
  return map->from(of, phi);
}

static double line_log_det(const interval_map *map, const interval *of, double phi) {
  if (isinf(of->low) && isinf(of->high)) return 0;
  if (isinf(of->high)) return phi;
  if (isinf(of->low)) return -phi;
  return map->log_slope(of, phi);
}

/* Row r's interval for the values of now, which stands in for one without an end. */
static interval interval_of(const rb_prior *prior, int r) {
  const rb_prior_bounds median = prior->median[r];
  rb_prior_distribution it;
  (void)rb_prior_distribution_of(prior, r, &it);
  const double width = median.high - median.low;
  if (!isfinite(width)) return (interval){it.low, it.high, 0, 1};
  return (interval){it.low, it.high, (it.low - median.low) / width, (it.high - it.low) / width};
}

static void to_lines(const rb_prior *prior, const interval_map *map, int64_t count,
                     const double *latent, double *phi, double *log_det) {
  const int D = prior->dim;
  for (int64_t i = 0; i < count; ++i) {
    double row[RB_PRIOR_ROWS], *out = &phi[i * D], sum = 0;
    memcpy(row, &latent[i * D], (size_t)D * sizeof *row);
    for (int k = 0; k < prior->rows; ++k) {
      const int r = prior->order[k], d = prior->place[r];
      if (d >= 0) {
        const interval of = interval_of(prior, r);
        out[d] = to_line(map, &of, row[d]);
        sum += line_log_det(map, &of, out[d]);
      }
      set_value(prior, r, d >= 0 ? row[d] : 0);
    }
    if (log_det != NULL) log_det[i] = sum;
  }
}

static void from_lines(const rb_prior *prior, const interval_map *map, int64_t count,
                       const double *phi, double *latent, double *log_det) {
  const int D = prior->dim;
  for (int64_t i = 0; i < count; ++i) {
    double row[RB_PRIOR_ROWS], *out = &latent[i * D], sum = 0;
    memcpy(row, &phi[i * D], (size_t)D * sizeof *row);
    for (int k = 0; k < prior->rows; ++k) {
      const int r = prior->order[k], d = prior->place[r];
      if (d >= 0) {
        const interval of = interval_of(prior, r);
        out[d] = from_line(map, &of, row[d]);
        sum += line_log_det(map, &of, row[d]);
      }
      set_value(prior, r, d >= 0 ? out[d] : 0);
    }
    if (log_det != NULL) log_det[i] = sum;
  }
}

static void to_support(const rb_prior *prior, int64_t count, const double *latent, double *phi,
                       double *log_det) {
  to_lines(prior, &logit_map, count, latent, phi, log_det);
}

static void from_support(const rb_prior *prior, int64_t count, const double *phi, double *latent,
                         double *log_det) {
  from_lines(prior, &logit_map, count, phi, latent, log_det);
}

static void to_probits(const rb_prior *prior, int64_t count, const double *latent, double *phi,
                       double *log_det) {
  to_lines(prior, &probit_map, count, latent, phi, log_det);
}

static void from_probits(const rb_prior *prior, int64_t count, const double *phi, double *latent,
                         double *log_det) {
  from_lines(prior, &probit_map, count, phi, latent, log_det);
}

static void to_straights(const rb_prior *prior, int64_t count, const double *latent, double *phi,
                         double *log_det) {
  to_lines(prior, &straight_map, count, latent, phi, log_det);
}

static void from_straights(const rb_prior *prior, int64_t count, const double *phi, double *latent,
                           double *log_det) {
  from_lines(prior, &straight_map, count, phi, latent, log_det);
}

/* Whether parameter d has a logarithm. */
static bool is_positive(const rb_prior *prior, int d) {
  const rb_family *family = prior->row[prior->free[d]].family;
  return family->low == 0 && isinf(family->high);
}

static void to_logs(const rb_prior *prior, int64_t count, const double *latent, double *phi,
                    double *log_det) {
  const int D = prior->dim;
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int d = 0; d < D; ++d) {
      const bool positive = is_positive(prior, d);
      const double x = latent[i * D + d];
      phi[i * D + d] = positive ? log(fmax(x, DBL_MIN)) : x;
      sum += positive ? phi[i * D + d] : 0;
    }
    if (log_det != NULL) log_det[i] = sum;
  }
}

static void from_logs(const rb_prior *prior, int64_t count, const double *phi, double *latent,
                      double *log_det) {
  const int D = prior->dim;
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int d = 0; d < D; ++d) {
      const bool positive = is_positive(prior, d);
      const double y = phi[i * D + d];
      latent[i * D + d] = positive ? exp(y) : y;
      sum += positive ? y : 0;
    }
    if (log_det != NULL) log_det[i] = sum;
  }
}

const rb_prior_coordinates rb_prior_support = {to_support, from_support};
const rb_prior_coordinates rb_prior_probit = {to_probits, from_probits};
const rb_prior_coordinates rb_prior_straight = {to_straights, from_straights};
const rb_prior_coordinates rb_prior_log = {to_logs, from_logs};
