#include <math.h>
#include <stddef.h>

#include "rheobase/plugin.h"

/* A linear-Gaussian simulator of any shape: DIM parameters, CHANNELS channels of LENGTH samples,
 *
 *     theta ~ Normal(0, I),   x[c][t] = sum_d cos((c + 1) (d + 1) (t + 1)) theta_d + Normal(0, 0.5)
 *
 * of which 16 parameters and 8 channels are the most there can be. */

static const double NOISE = 0.5;

#define ROW(name) \
  { name, NULL, "a coefficient", "distribution = 'normal'; mean = 0; sd = 1;" }
static const rheobase_parameter parameter[] = {ROW("a_1"),  ROW("a_2"),  ROW("a_3"),  ROW("a_4"),
                                               ROW("a_5"),  ROW("a_6"),  ROW("a_7"),  ROW("a_8"),
                                               ROW("a_9"),  ROW("a_10"), ROW("a_11"), ROW("a_12"),
                                               ROW("a_13"), ROW("a_14"), ROW("a_15"), ROW("a_16")};
static const rheobase_channel channel[] = {
    {"u", "m", "a sum of waves", 0}, {"v", "m", "a sum of waves", 0},
    {"w", "m", "a sum of waves", 0}, {"x", "m", "a sum of waves", 0},
    {"y", "m", "a sum of waves", 0}, {"z", "m", "a sum of waves", 0},
    {"p", "m", "a sum of waves", 0}, {"q", "m", "a sum of waves", 0}};
static const rheobase_statistic statistic[] = {{"mean", "m", "mean of all samples"}};

static double expectation(const double *theta, int c, int t) {
  double sum = 0;
  for (int d = 0; d < DIM; ++d) sum += cos((c + 1.0) * (d + 1.0) * (t + 1.0)) * theta[d];
  return sum;
}

/* A number in (0, 1) from a state that moves on (splitmix64). */
static double uniform(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return ((double)((z ^ z >> 31) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *state) {
  const double radius = sqrt(-2 * log(uniform(state)));
  return radius * cos(6.283185307179586 * uniform(state));
}

static int simulate(void *state, int64_t count, const uint64_t *seeds, const double *theta,
                    float *x, char *message) {
  (void)state, (void)message;
  for (int64_t i = 0; i < count; ++i) {
    uint64_t random = seeds[i];
    for (int c = 0; c < CHANNELS; ++c) {
      for (int t = 0; t < LENGTH; ++t) {
        *x++ = (float)(expectation(theta + i * DIM, c, t) + NOISE * normal(&random));
      }
    }
  }
  return 0;
}

static int log_likelihood(void *state, const float *x, int64_t count, const double *theta,
                          double *value, char *message) {
  (void)state, (void)message;
  for (int64_t i = 0; i < count; ++i) {
    value[i] = -CHANNELS * LENGTH * (0.9189385332046727 + log(NOISE));
    for (int c = 0; c < CHANNELS; ++c) {
      for (int t = 0; t < LENGTH; ++t) {
        const double z = ((double)x[c * LENGTH + t] - expectation(theta + i * DIM, c, t)) / NOISE;
        value[i] -= 0.5 * z * z;
      }
    }
  }
  return 0;
}

static void summarise(void *state, const float *x, double *value) {
  (void)state;
  value[0] = 0;
  for (int k = 0; k < CHANNELS * LENGTH; ++k) value[0] += (double)x[k] / (CHANNELS * LENGTH);
}

const rheobase_description *rheobase_plugin(void) {
  static const rheobase_description description = {.abi = RHEOBASE_PLUGIN_ABI,
                                                   .title = "Waves with noise",
                                                   .parameters = DIM,
                                                   .parameter = parameter,
                                                   .channels = CHANNELS,
                                                   .channel = channel,
                                                   .samples = {LENGTH, "time", "s", 1.0},
                                                   .simulate = simulate,
                                                   .log_likelihood = log_likelihood,
                                                   .statistics = 1,
                                                   .statistic = statistic,
                                                   .summarise = summarise};
  return &description;
}
