#include <inttypes.h>
#include <stdio.h>

#include "numbers.h"

/* Name and description of a number: what it is of, and where. */
typedef struct part {
  const char *name, *description;
} part;

static const part ALIGNED[] = {{"mean", "mean"},
                               {"log_mass", "logarithm of the number of samples + 0.3"},
                               {"drift", "mean of value times relative time"}};

static const part RESIDUALS[] = {{"square", "mean square of the residual, since"},
                                 {"mean_until", "mean residual, until"},
                                 {"square_until", "mean square of the residual from until"}};

static const part MOMENTS[] = {{"mean", "mean"},
                               {"sd", "standard deviation"},
                               {"skewness", "skewness"},
                               {"kurtosis", "excess kurtosis"}};

static const part INTERVALS[] = {{"count", "number of events"},
                                 {"log_count", "logarithm of the number of events + 0.5"},
                                 {"mean", "mean log interval"},
                                 {"sd", "standard deviation of log intervals"},
                                 {"least", "smallest log interval"},
                                 {"largest", "largest log interval"},
                                 {"neighbours", "covariance of successive log intervals"},
                                 {"trend", "covariance of log intervals with their number"},
                                 {"first_event", "logarithm of 1 + samples to the first event"},
                                 {"last_event", "logarithm of 1 + samples after the last event"}};

static const part LINES[] = {{"slope", "slope"},
                             {"intercept", "intercept"},
                             {"log_rest", "logarithm of the variance left"},
                             {"log_variance", "logarithm of the variance of x"},
                             {"fixed_point", "fixed point"},
                             {"rise", "mean of y - x"},
                             {"log_count", "logarithm of the number of pairs + 1"}};

typedef struct text {
  size_t size;
  char *name, *description;
} text;

static void at_sample(text t, const part *p, int64_t at, const char *where) {
  (void)snprintf(t.name, t.size, "%" PRId64 "_%s", at, p->name);
  (void)snprintf(t.description, t.size, "%s, %" PRId64 " samples %s", p->description, at, where);
}

static void of_aligned(const rb_plan *plan, rb_statistics_block block, int i, text t) {
  const char *where = block == RB_STATISTICS_SINCE   ? "since the last event"
                      : block == RB_STATISTICS_UNTIL ? "until the next event"
                                                     : "since the beginning";
  at_sample(t, &ALIGNED[i % 3], plan->knot[i / 3], where);
}

static void of_lags(const rb_plan *plan, int i, text t) {
  const int64_t age = plan->age[i / (plan->lags + 1)];
  const int k = i % (plan->lags + 1);
  if (k == plan->lags) {
    (void)snprintf(t.name, t.size, "age_%" PRId64 "_log_count", age);
    (void)snprintf(t.description, t.size,
                   "logarithm of the number of samples + 1, age from %" PRId64 " samples", age);
    return;
  }
  (void)snprintf(t.name, t.size, "age_%" PRId64 "_lag_%" PRId64, age, plan->lag[k]);
  (void)snprintf(t.description, t.size,
                 "product of residuals %" PRId64 " samples apart, age from %" PRId64 " samples",
                 plan->lag[k], age);
}

static void of_intervals(int i, text t) {
  enum { FIRST = sizeof INTERVALS / sizeof *INTERVALS };
  if (i < FIRST) {
    (void)snprintf(t.name, t.size, "%s", INTERVALS[i].name);
    (void)snprintf(t.description, t.size, "%s", INTERVALS[i].description);
    return;
  }
  const int edge = (i - FIRST) / 2;
  const char *side = edge < 4 ? "first" : "last";
  const char *flag = (i - FIRST) % 2 != 0 ? "_there" : "";
  (void)snprintf(t.name, t.size, "%s_%d%s", side, edge % 4 + 1, flag);
  (void)snprintf(t.description, t.size, "%s %d of the %s",
                 *flag ? "whether there is" : "log interval", edge % 4 + 1, side);
}

void rb_numbers_name(const rb_plan *plan, rb_statistics_block block, int i, size_t size, char *name,
                     char *description) {
  const text t = {size, name, description};
  switch (block) {
    case RB_STATISTICS_MOMENTS:
      (void)snprintf(name, size, "%s", MOMENTS[i].name);
      (void)snprintf(description, size, "%s", MOMENTS[i].description);
      break;
    case RB_STATISTICS_RESIDUALS:
      at_sample(t, &RESIDUALS[i % 3], plan->knot[i / 3], "from an event");
      break;
    case RB_STATISTICS_LAGS:
      of_lags(plan, i, t);
      break;
    case RB_STATISTICS_INCREMENTS:
      (void)snprintf(name, size, "%" PRId64, plan->lag[i]);
      (void)snprintf(description, size,
                     "product of value and its increment over %" PRId64 " samples", plan->lag[i]);
      break;
    case RB_STATISTICS_INTERVALS:
      of_intervals(i, t);
      break;
    case RB_STATISTICS_EXTREMES:
      (void)snprintf(name, size, "%" PRId64 "_%s", plan->width[i / 2], i % 2 ? "largest" : "least");
      (void)snprintf(description, size, "%s mean of %" PRId64 " samples",
                     i % 2 ? "largest" : "least", plan->width[i / 2]);
      break;
    case RB_STATISTICS_LINES: {
      const rb_plan_line *line = &plan->line[i / 7];
      (void)snprintf(name, size, "%" PRId64 "_%" PRId64 "_%s", line->width, line->distance,
                     LINES[i % 7].name);
      (void)snprintf(description, size,
                     "%s of means over %" PRId64 " samples, y %" PRId64 " samples after x",
                     LINES[i % 7].description, line->width, line->distance);
      break;
    }
    default:
      of_aligned(plan, block, i, t);
  }
}
