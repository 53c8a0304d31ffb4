#include <gsl/gsl_sort.h>

#include "model/lif/lif.h"
#include "rb_test.h"
#include "rheobase/analysis/refinement.h"
#include "rheobase/base/memory.h"

/* Simulation-based calibration of the exact sampler itself, on data sets of the neuron: if
 * likelihood, prior, simulator and sampler belong together, the ranks of the true parameters are
 * uniform. The same data sets give what no estimator can beat: the floor of the training loss and
 * the ceilings of contraction and recovery. The default number of data sets is for every day: it
 * finds gross errors only (tolerances follow from the number). RB_EXACT_DATASETS sets another one;
 * docs/exact.md records a large study. */

enum { D = RB_LIF_DIM, COLUMNS = sizeof(rb_refined) / sizeof(double) };
static const char *const names[D] = {"V_th", "tau_m", "g_L", "V_reset", "V_init", "E_L"};

/* sqrt(n) times the largest distance of a column's distribution from the uniform one. */
static double kolmogorov(const rb_refined *refined, int64_t n, const double *first_entry) {
  const int64_t offset = first_entry - (const double *)refined;
  double *sorted = calloc((size_t)n, sizeof *sorted), distance = 0.0;
  assert_non_null(sorted);
  for (int64_t i = 0; i < n; ++i) sorted[i] = ((const double *)&refined[i])[offset];
  gsl_sort(sorted, 1, (size_t)n);
  for (int64_t i = 0; i < n; ++i) {
    distance = fmax(distance, fabs((double)(i + 1) / (double)n - sorted[i]));
    distance = fmax(distance, fabs((double)i / (double)n - sorted[i]));
  }
  free(sorted);
  return distance * sqrt((double)n);
}

static void print_by_activity(const rb_refined *refined, int64_t n) {
  static const double edge[] = {0, 1, 9, 14, 1e9};
  for (int k = 0; k < 4; ++k) {
    double sum = 0.0, count = 0.0;
    for (int64_t i = 0; i < n; ++i) {
      if (refined[i].activity < edge[k] || refined[i].activity >= edge[k + 1]) continue;
      sum += refined[i].exact_entropy;
      count += 1.0;
    }
    print_message("floor with %g spikes or more: %.2f (%.0f data sets)\n", edge[k], sum / count,
                  count);
  }
}

static void print_summary(const rb_refinement_summary *s) {
  print_message("%d data sets, %d reliable, %d by MCMC, median efficiency %.2f\n", (int)s->datasets,
                (int)s->reliable, (int)s->methods[RB_EXACT_MCMC], s->efficiency);
  print_message("loss floor %.3f +- %.3f; at the true parameters, unclipped ones, %.3f\n", s->floor,
                s->floor_se, s->exact_loss);
  for (int d = 0; d < D; ++d) {
    print_message("%-8s contraction %.4f +- %.4f   r %.3f +- %.3f\n", names[d],
                  s->exact_contraction[d], s->exact_contraction_se[d], s->exact_r[d],
                  s->exact_r_se[d]);
  }
}

/* An independent measurement on 251 data sets. */
static const double floor_there = -4.54, floor_there_se = 0.03;
static const double contraction_there[D] = {.9970, .956, .883, .9977, .966, .683};
static const double contraction_there_se[D] = {.0005, .003, .006, .0005, .001, .015};
static const double r_there[D] = {.975, .968, .929, .973, .985, .800};
static const double r_there_se[D] = {.009, .004, .011, .011, .002, .025};

static void check_summary(const rb_refinement_summary *s) {
  assert_true((double)s->reliable > 0.9 * (double)s->datasets);
  assert_near(s->floor, floor_there, 5.0 * hypot(s->floor_se, floor_there_se));
  for (int d = 0; d < D; ++d) {
    assert_near(s->exact_contraction[d], contraction_there[d],
                5.0 * hypot(s->exact_contraction_se[d], contraction_there_se[d]));
    assert_near(s->exact_r[d], r_there[d], 5.0 * hypot(s->exact_r_se[d], r_there_se[d]));
  }
}

static void study(void **state) {
  (void)state;
  const char *setting = getenv("RB_EXACT_DATASETS");
  const int64_t n = setting != NULL ? strtoll(setting, NULL, 10) : 80;
  const rb_lif_settings lif = rb_lif_defaults();
  rb_exact_settings settings = rb_exact_defaults();
  settings.draws = 500;
  settings.walkers = 24;
  settings.short_steps = 80;
  rb_model model;
  rb_refined *refined = NULL;
  rb_refinement_summary summary;
  assert_true(n >= 20 && n <= 10000);
  assert_all_ok(rb_lif_model(&test_context, &lif, &model));
  rb_status status = RB_ALLOCATE(&test_context, refined, n);
  for (int64_t i = test_context.rank; i < n && status == RB_OK; i += test_context.size) {
    status = rb_refine_item(&test_context, &model, NULL, &settings, 45, RB_FOR_SBC, i, &refined[i]);
  }
  assert_all_ok(status);
  MPI_Allreduce(MPI_IN_PLACE, refined, (int)(n * COLUMNS), MPI_DOUBLE, MPI_SUM, test_context.comm);
  assert_all_ok(
      rb_refinement_summarise(&test_context, &model, settings.draws, n, refined, &summary));
  double statistic[D + 2];
  for (int d = 0; d < D; ++d) statistic[d] = kolmogorov(refined, n, &refined->exact_below[d]);
  statistic[D] = kolmogorov(refined, n, &refined->exact_below_log_posterior);
  statistic[D + 1] = kolmogorov(refined, n, &refined->exact_below_log_likelihood);
  if (test_context.rank == 0) {
    print_summary(&summary);
    print_by_activity(refined, n);
    for (int k = 0; k < D + 2; ++k) {
      print_message("%-14s Kolmogorov statistic of the ranks %.2f\n",
                    k < D    ? names[k]
                    : k == D ? "log posterior"
                             : "log likelihood",
                    statistic[k]);
    }
  }
  check_summary(&summary);
  // A false alarm has probability 2 exp(-2 2.9^2) = 1e-7 for each.
  for (int k = 0; k < D + 2; ++k) assert_true(statistic[k] < 2.9);
  model.destroy(&model);
  free(refined);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(study)};
RB_TEST_MAIN(tests)
