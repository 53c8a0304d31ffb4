/* A plugin whose simulations are invalid, by value or by seed, unless its setting `faults` is 0:
 * NaN, and a status that is not 0. A simulation takes 1 to 50 times `sleep_us`. */
#define _GNU_SOURCE
#include <math.h>
#include <rheobase/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { L = 4 };

static const rheobase_parameter parameter[] = {
    {"a", "mV", NULL, "distribution = 'normal'; mean = 0; sd = 1;"},
    {"b", NULL, NULL, "distribution = 'uniform'; low = 0; high = 1;"}};
static const rheobase_channel channel[] = {{"level", "mV", NULL, 0}};
static const rheobase_setting setting[] = {{"faults", "1", "whether some are invalid"},
                                           {"sleep_us", "0", "microseconds of the shortest"}};

static struct { int faults, sleep_us; } own;

static int create(const char *const *value, rheobase_samples *samples, void **state,
                  char *message) {
  (void)samples, (void)state, (void)message;
  own.faults = atoi(value[0]);
  own.sleep_us = atoi(value[1]);
  return 0;
}

static int simulate(void *state, int64_t count, const uint64_t *seeds, const double *theta,
                    float *x, char *message) {
  (void)state;
  for (int64_t i = 0; i < count; ++i, theta += 2, x += L) {
    if (own.sleep_us > 0) (void)usleep((unsigned)own.sleep_us * (1 + seeds[i] % 50));
    for (int t = 0; t < L; ++t) {
      x[t] = (float)(theta[0] + theta[1] * t + (double)(seeds[i] >> 8 & 0xffff) / 65536.0);
    }
    if (own.faults && theta[0] > 1) x[2] = NAN;
    if (own.faults && seeds[i] % 16 == 5) {
      (void)snprintf(message, RHEOBASE_MESSAGE, "this seed does not do");
      return 3;
    }
  }
  return 0;
}

static const rheobase_description description = {.abi = RHEOBASE_PLUGIN_ABI,
                                                 .title = "Invalid now and then",
                                                 .parameters = 2,
                                                 .parameter = parameter,
                                                 .channels = 1,
                                                 .channel = channel,
                                                 .samples = {L, "time", "ms", 1},
                                                 .settings = 2,
                                                 .setting = setting,
                                                 .create = create,
                                                 .simulate = simulate};

const rheobase_description *rheobase_plugin(void) { return &description; }
