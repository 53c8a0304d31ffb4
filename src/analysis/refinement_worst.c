#include <gsl/gsl_sort.h>

#include "refinement_internal.h"
#include "rheobase/base/quantile.h"

/* Where a network is worst: by regime, and along each parameter. */

/* Median activity of the data sets that have any. */
static double middle_activity(const rb_refined_sample *all) {
  int64_t active = 0;
  for (int64_t i = 0; i < all->count; ++i) {
    const double activity = all->refined[all->pick[i]].activity;
    if (activity != 0.0) all->work[active++] = activity;
  }
  return active > 0 ? rb_median(active, all->work) : 0.0;
}

static rb_regime regime_of(double activity, double middle) {
  if (activity == 0.0) return RB_REGIME_NONE;
  return activity > middle ? RB_REGIME_MUCH : RB_REGIME_LITTLE;
}

static void summarise_regime(const rb_refined_sample *s, rb_regime regime,
                             rb_refinement_summary *out) {
  double low = NAN, high = NAN;
  for (int64_t i = 0; i < s->count; ++i) {  // fmin and fmax leave a NaN behind
    low = fmin(low, s->refined[s->pick[i]].activity);
    high = fmax(high, s->refined[s->pick[i]].activity);
  }
  out->regime_datasets[regime] = (double)s->count;
  out->regime_activity_low[regime] = low;
  out->regime_activity_high[regime] = high;
  out->regime_network_efficiency[regime] = rb_refined_median(s, RB_COLUMN(network_efficiency));
  out->regime_kl[regime] = rb_refined_median(s, RB_COLUMN(network_kl));
  out->regime_c2st[regime] = rb_refined_median(s, RB_COLUMN(c2st));
  out->regime_network_loss[regime] = rb_refined_loss(s, RB_COLUMN(network_loss), NULL);
  out->regime_floor[regime] = rb_refined_mean(s, RB_COLUMN(exact_entropy));
}

/* Median KL of the first, second and last third of the data sets in the order of their truths. */
static void summarise_thirds(const rb_refined_sample *all, int d, int64_t *pick,
                             rb_refinement_summary *out) {
  double *const kl[] = {&out->kl_low[d], &out->kl_middle[d], &out->kl_high[d]};
  const int64_t n = all->count;
  size_t *order = (size_t *)(void *)(all->work + n);  // of the same size as a double
  _Static_assert(sizeof *order <= sizeof *all->work, "an index fits a double's place");
  for (int64_t i = 0; i < n; ++i) all->work[i] = all->refined[all->pick[i]].truth[d];
  gsl_sort_index(order, all->work, 1, (size_t)n);
  for (int64_t i = 0; i < n; ++i) pick[i] = all->pick[order[i]];
  for (int third = 0; third < 3; ++third) {
    const int64_t first = third * n / 3, end = (third + 1) * n / 3;
    const rb_refined_sample part = {all->refined, end - first, pick + first, all->work};
    *kl[third] = rb_refined_median(&part, RB_COLUMN(network_kl));
  }
}

void rb_refinement_find_worst(const rb_refined_sample *all, int dim, int64_t *pick,
                              rb_refinement_summary *out) {
  const double middle = middle_activity(all);
  for (int regime = 0; regime < RB_REGIME_COUNT; ++regime) {
    rb_refined_sample part = {all->refined, 0, pick, all->work};
    for (int64_t i = 0; i < all->count; ++i) {
      if (regime_of(all->refined[all->pick[i]].activity, middle) == (rb_regime)regime) {
        pick[part.count++] = all->pick[i];
      }
    }
    summarise_regime(&part, (rb_regime)regime, out);
  }
  for (int d = 0; d < dim; ++d) summarise_thirds(all, d, pick, out);
}
