#include <math.h>
#include <stddef.h>

#include "numpy_random.h"
#include "rheobase/base/memory.h"
#include "task.h"

/* Spikes of a linear filter: in each of 100 bins one or none. The data are the spikes themselves,
 * or what suffices: their number and the spike-triggered sums of the stimulus. */

enum { D = 10, BINS = 100 };

typedef struct glm_constants {
  double stimulus[BINS];
  double design[BINS][D];  // ones, then the stimulus j bins earlier
} glm_constants;

/* F f is standard normal for the filter f = theta_2 .. theta_10, with F = A A + diag(sqrt(i / 9)),
 * where A takes differences of neighbours: each value of the filter, given the two before. */
#define FILTER(number, i, expectation)                                                \
  {                                                                                   \
    .name = "theta_" #number, .unit = "1", .description = "filter at lag " #i,        \
    .distribution = "normal", .mean = expectation, .sd = "1 / (1 + sqrt(" #i " / 9))" \
  }
#define SMOOTH(number, i, one, two) \
  FILTER(number, i, "(2 * theta_" #one " - theta_" #two ") / (1 + sqrt(" #i " / 9))")

static const rb_prior_row prior[D] = {{.name = "theta_1",
                                       .unit = "1",
                                       .description = "offset",
                                       .distribution = "normal",
                                       .mean = "0",
                                       .sd = "sqrt(2)"},
                                      FILTER(2, 0, "0"),
                                      FILTER(3, 1, "2 * theta_2 / (1 + sqrt(1 / 9))"),
                                      SMOOTH(4, 2, 3, 2),
                                      SMOOTH(5, 3, 4, 3),
                                      SMOOTH(6, 4, 5, 4),
                                      SMOOTH(7, 5, 6, 5),
                                      SMOOTH(8, 6, 7, 6),
                                      SMOOTH(9, 7, 8, 7),
                                      SMOOTH(10, 8, 9, 8)};

/* The stimulus follows from numpy's legacy generator with seed 42, rounded to float. */
static rb_status prepare(rb_context *ctx, void **constants) {
  rb_status status = RB_OK;
  glm_constants *glm = NULL;
  rb_numpy_random random = {0};
  RB_TRY(RB_ALLOCATE(ctx, glm, 1));
  RB_TRY(rb_numpy_random_create(ctx, 42, &random));
  for (int t = 0; t < BINS; ++t) glm->stimulus[t] = (double)(float)rb_numpy_normal(&random);
  for (int t = 0; t < BINS; ++t) {
    glm->design[t][0] = 1;
    for (int j = 0; j + 1 < D; ++j) glm->design[t][j + 1] = t >= j ? glm->stimulus[t - j] : 0;
  }
  *constants = glm;
cleanup:
  rb_numpy_random_free(&random);
  return status;
}

/* The log odds of a spike in bin t. */
static double log_odds(const glm_constants *glm, const double *theta, int t) {
  double sum = 0;
  for (int d = 0; d < D; ++d) sum += glm->design[t][d] * theta[d];
  return sum;
}

static bool simulate_spikes(const void *constants, rb_task_streams streams, const double *theta,
                            double *x) {
  for (int t = 0; t < BINS; ++t) {
    const double rate = 1 / (1 + exp(-log_odds(constants, theta, t)));
    x[t] = rb_stream_uniform(streams.uniform, (uint32_t)t) < rate;
  }
  return true;
}

static bool simulate_sums(const void *constants, rb_task_streams streams, const double *theta,
                          double *x) {
  const glm_constants *glm = constants;
  double spikes[BINS];
  (void)simulate_spikes(constants, streams, theta, spikes);
  for (int d = 0; d < D; ++d) {
    x[d] = 0;
    for (int t = 0; t < BINS; ++t) x[d] += spikes[t] * glm->design[t][d];
  }
  return true;
}

/* Log probability of the spikes with these sums, which are nearly always those of one train. */
static double log_likelihood_sums(const void *constants, const double *theta, const float *x) {
  double sum = 0;
  for (int d = 0; d < D; ++d) sum += theta[d] * (double)x[d];
  for (int t = 0; t < BINS; ++t) sum -= rb_log_add(0, log_odds(constants, theta, t));
  return sum;
}

static double log_likelihood_spikes(const void *constants, const double *theta, const float *x) {
  double sum = 0;
  for (int t = 0; t < BINS; ++t) {
    const double odds = log_odds(constants, theta, t);
    sum -= rb_log_add(0, x[t] > 0 ? -odds : odds);
  }
  return sum;
}

static bool is_spike(float datum) { return datum == 0 || datum == 1; }

static const rb_task_constant constants_of_glm[] = {
    {"constants/stimulus", offsetof(glm_constants, stimulus), BINS},
    {"constants/design", offsetof(glm_constants, design), BINS *D},
    {0}};

static const rb_task sums = {.name = "sbibm_bernoulli_glm",
                             .length = D,
                             .prepare = prepare,
                             .constant = constants_of_glm,
                             .simulate = simulate_sums,
                             .log_likelihood = log_likelihood_sums};
static const rb_task raw = {.name = "sbibm_bernoulli_glm_raw",
                            .length = BINS,
                            .prepare = prepare,
                            .constant = constants_of_glm,
                            .simulate = simulate_spikes,
                            .log_likelihood = log_likelihood_spikes,
                            .is_possible = is_spike,
                            .impossible = "a datum is neither 0 nor 1"};

RB_TASK_TYPE(sbibm_bernoulli_glm, sums, "Spikes of a linear filter, by sufficient statistics",
             prior)
RB_TASK_TYPE(sbibm_bernoulli_glm_raw, raw, "Spikes of a linear filter, bin by bin", prior)
