#include "plan.h"

#include <string.h>

#include "rheobase/base/memory.h"

enum { LANES = RB_PLAN_LANES };

static void add(int64_t value, int most, int *count, int64_t *list) {
  if (*count < most && (*count == 0 || value > list[*count - 1])) list[(*count)++] = value;
}

/* Every sample at first, then about a third of an octave apart, and the end. */
static void place_knots(int64_t reach, rb_plan *plan) {
  static const int64_t near[] = {0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 21, 26};
  static const int64_t octave[] = {32, 40, 50};
  const double limit = 0.6 * (double)reach;
  const int most = RB_PLAN_KNOTS - 2;
  for (size_t i = 0; i < sizeof near / sizeof *near; ++i) {
    if ((double)near[i] <= limit) add(near[i], most, &plan->knots, plan->knot);
  }
  for (int64_t scale = 1; (double)(32 * scale) <= limit; scale *= 2) {
    for (int i = 0; i < 3; ++i) {
      if ((double)(octave[i] * scale) > limit) continue;
      add(octave[i] * scale, most, &plan->knots, plan->knot);
    }
  }
  add(reach * 7 / 10, most + 1, &plan->knots, plan->knot);
  add(reach, most + 2, &plan->knots, plan->knot);
}

/* Octaves, and two long ones. */
static void place_lags(int64_t reach, rb_plan *plan) {
  add(1, RB_PLAN_LAGS, &plan->lags, plan->lag);
  for (int64_t lag = 2; 25 * lag <= 2 * reach; lag *= 2) {
    add(lag, RB_PLAN_LAGS - 2, &plan->lags, plan->lag);
  }
  add(reach / 10, RB_PLAN_LAGS - 1, &plan->lags, plan->lag);
  add(reach * 4 / 25, RB_PLAN_LAGS, &plan->lags, plan->lag);
}

/* Ages 12, 40, 120, 400 and so on, half a decade apart. */
static void place_ages(int64_t reach, rb_plan *plan) {
  add(0, RB_PLAN_AGES, &plan->ages, plan->age);
  add(12, RB_PLAN_AGES, &plan->ages, plan->age);
  for (int64_t decade = 40; 10 * decade <= 3 * reach; decade *= 10) {
    add(decade, RB_PLAN_AGES, &plan->ages, plan->age);
    if (10 * 3 * decade <= 3 * reach) add(3 * decade, RB_PLAN_AGES, &plan->ages, plan->age);
  }
}

static void place_widths(int64_t reach, rb_plan *plan) {
  add(1, RB_PLAN_WIDTHS, &plan->widths, plan->width);
  for (int64_t width = 4; 4 * width <= reach; width *= 2) {
    add(width, RB_PLAN_WIDTHS, &plan->widths, plan->width);
  }
}

static void add_lines(int64_t reach, int64_t width, int64_t step, int64_t largest, rb_plan *plan) {
  for (int64_t d = width == 32 ? 128 : width; 10 * d <= 3 * reach && d <= largest; d *= step) {
    if (plan->lines == RB_PLAN_LINES) return;
    plan->line[plan->lines++] = (rb_plan_line){width, d};
  }
}

/* The weights of hat k at ages: a triangle between its neighbours; the last stays 1. */
static double hat(const rb_plan *plan, int k, int64_t age) {
  const int64_t at = plan->knot[k];
  if (age == at || (age > at && k == plan->knots - 1)) return 1;
  const int64_t other = age < at ? (k > 0 ? plan->knot[k - 1] : at) : plan->knot[k + 1];
  const double share = other == at ? 0 : (double)(age - other) / (double)(at - other);
  return share > 0 ? share : 0;
}

static rb_status make_hats(rb_context *ctx, rb_plan *plan) {
  rb_status status = RB_OK;
  const int64_t blocks = (plan->length + LANES - 1) / LANES;
  int64_t total = 0;
  for (int k = 0; k < plan->knots; ++k) {
    const int64_t from = k > 0 ? plan->knot[k - 1] : 0;
    const int64_t to = k + 1 < plan->knots ? plan->knot[k + 1] : plan->length;
    rb_plan_hat *h = &plan->hat[k];
    h->first = from / LANES < blocks ? from / LANES : blocks;
    const int64_t end = (to + LANES - 1) / LANES;
    h->blocks = (end < blocks ? end : blocks) - h->first;
    if (h->blocks < 0) h->blocks = 0;
    total += h->blocks;
  }
  RB_TRY(RB_ALLOCATE(ctx, plan->weights, total * LANES));
  double *weight = plan->weights;
  for (int k = 0; k < plan->knots; ++k) {
    rb_plan_hat *h = &plan->hat[k];
    h->weight = weight;
    for (int64_t i = 0; i < h->blocks * LANES; ++i) {
      *weight++ = hat(plan, k, h->first * LANES + i);
    }
  }
cleanup:
  return status;
}

rb_status rb_plan_create(rb_context *ctx, int64_t length, int64_t recordings, int64_t reach,
                         rb_plan *plan) {
  memset(plan, 0, sizeof *plan);
  plan->length = length;
  plan->recordings = recordings;
  plan->stride = recordings > 1 ? (length + RB_PLAN_LONGEST_DRIVEN) / 64 * 64 + 64 : length;
  plan->places = recordings * plan->stride;
  place_knots(reach, plan);
  place_lags(reach, plan);
  place_ages(reach, plan);
  place_widths(reach, plan);
  add_lines(reach, 2, 4, 32, plan);
  add_lines(reach, 8, 2, reach, plan);
  add_lines(reach, 32, 4, reach, plan);
  while (plan->driven < RB_PLAN_DRIVEN && (INT64_C(2) << plan->driven) < reach) ++plan->driven;
  plan->margin = reach + 64;  // the longest lag or width, and whole vectors
  return make_hats(ctx, plan);
}

void rb_plan_free(rb_plan *plan) {
  free(plan->weights);
  plan->weights = NULL;
}
