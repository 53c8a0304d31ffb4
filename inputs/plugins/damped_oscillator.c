/* A damped oscillator, x'' + 2 gamma x' + omega^2 x = 0, let go at x = 1 and observed with noise:
 * an example of a plugin. The Makefile beside it builds it, damped_oscillator.cfg is a study of it.
 */
#include <math.h>
#include <rheobase/plugin.h>
#include <stdio.h>
#include <stdlib.h>

/* Columns of theta. */
enum { OMEGA, GAMMA, PARAMETERS };

static const rheobase_parameter parameter[PARAMETERS] = {
    {"omega", "1/s", "angular frequency without damping",
     "distribution = 'uniform'; low = 2; high = 8;"},
    {"gamma", "1/s", "damping",
     "distribution = 'lognormal'; median = 0.5; sd_log = 0.5; high = 'omega';"}};
static const rheobase_channel channel[] = {{"position", "cm", "position with noise", 0}};
static const rheobase_statistic statistic[] = {{"crossings", NULL, "changes of sign"}};

/* Settings of the input file's group plugin.settings. */
enum { LENGTH, NOISE, SETTINGS };
static const rheobase_setting setting[SETTINGS] = {{"length", "100", "samples, over 5 s"},
                                                   {"noise", "0.1", "sd of the noise, cm"}};

typedef struct oscillator {
  int64_t length;
  double step, noise;
} oscillator;

static int create(const char *const *value, rheobase_samples *samples, void **state,
                  char *message) {
  oscillator *o = malloc(sizeof *o);
  if (o == NULL) return 1;
  *state = o; /* destroy frees it, also after a failure */
  o->length = atoll(value[LENGTH]);
  o->noise = atof(value[NOISE]);
  if (o->length < 2 || !(o->noise > 0)) {
    (void)snprintf(message, RHEOBASE_MESSAGE, "length has to be 2 or more, noise above 0");
    return 1;
  }
  o->step = 5.0 / (double)o->length;
  samples->length = o->length;
  samples->step = o->step;
  return 0;
}

static void destroy(void *state) { free(state); }

static double position(const double *theta, double t) {
  const double rate = sqrt(theta[OMEGA] * theta[OMEGA] - theta[GAMMA] * theta[GAMMA]);
  return exp(-theta[GAMMA] * t) * (cos(rate * t) + theta[GAMMA] / rate * sin(rate * t));
}

/* A uniform number in (0, 1), from a generator of 64 bits (splitmix64). */
static double uniform(uint64_t *generator) {
  uint64_t z = *generator += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return ((double)((z ^ z >> 31) >> 12) + 0.5) * 0x1p-52;
}

static double normal(uint64_t *generator) {
  const double radius = sqrt(-2 * log(uniform(generator)));
  return radius * cos(2 * 3.14159265358979323846 * uniform(generator));
}

static int simulate(void *state, int64_t count, const uint64_t *seeds, const double *theta,
                    float *x, char *message) {
  const oscillator *o = state;
  (void)message;
  for (int64_t i = 0; i < count; ++i) {
    uint64_t generator = seeds[i];
    for (int64_t t = 0; t < o->length; ++t) {
      x[i * o->length + t] = (float)(position(&theta[i * PARAMETERS], (double)t * o->step) +
                                     o->noise * normal(&generator));
    }
  }
  return 0;
}

/* Not needed; with it `rheobase refine` can say how good the network is. */
static int log_likelihood(void *state, const float *x, int64_t count, const double *theta,
                          double *value, char *message) {
  const oscillator *o = state;
  (void)message;
  for (int64_t i = 0; i < count; ++i) {
    value[i] = -(double)o->length * (0.91893853320467274178 + log(o->noise));
    for (int64_t t = 0; t < o->length; ++t) {
      const double expected = position(&theta[i * PARAMETERS], (double)t * o->step);
      const double z = ((double)x[t] - expected) / o->noise;
      value[i] -= 0.5 * z * z;
    }
  }
  return 0;
}

static void summarise(void *state, const float *x, double *value) {
  const oscillator *o = state;
  value[0] = 0;
  for (int64_t t = 1; t < o->length; ++t) value[0] += (x[t] > 0) != (x[t - 1] > 0);
}

static const rheobase_description description = {.abi = RHEOBASE_PLUGIN_ABI,
                                                 .title = "A damped oscillator, seen with noise",
                                                 .parameters = PARAMETERS,
                                                 .parameter = parameter,
                                                 .channels = 1,
                                                 .channel = channel,
                                                 .samples = {100, "time", "s", 0.05},
                                                 .settings = SETTINGS,
                                                 .setting = setting,
                                                 .create = create,
                                                 .simulate = simulate,
                                                 .destroy = destroy,
                                                 .log_likelihood = log_likelihood,
                                                 .statistics = 1,
                                                 .statistic = statistic,
                                                 .summarise = summarise};

const rheobase_description *rheobase_plugin(void) { return &description; }
