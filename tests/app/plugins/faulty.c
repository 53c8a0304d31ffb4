/* A plugin of one parameter and two channels that does what FAULT says. */
#include <math.h>
#include <rheobase/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NO_ENTRY 1
#define ABI 2
#define NO_DESCRIPTION 3
#define NO_SIMULATE 4
#define BAD_PRIOR 5
#define NO_PRIOR 6
#define BAD_CHANNEL 7
#define CREATE 8
#define STATUS 9
#define NOT_A_NUMBER 10
#define NOT_BINARY 11
#define SEGFAULT 12
#define OVERFLOW 13
#define ABORT 14
#define CRASH_AT_LOAD 15
#define UNRESOLVED 16
#define LATE 17 /* not a number once there is a file fails_now */
#define LEAVES_OUT 18
#define CALLS_EXIT 19
#define CRASH_AT_END 20
#define EXIT_AT_LOAD 21

static const rheobase_parameter parameter[] = {{"mean", "mV", NULL,
#if FAULT == BAD_PRIOR
                                                "distribution = 'normal'; mean = 0;"
#elif FAULT != NO_PRIOR
                                                "distribution = 'normal'; mean = 0; sd = 1;"
#else
                                                NULL
#endif
}};
static const rheobase_channel channel[] = {
    {FAULT == BAD_CHANNEL ? "theta" : "level", "mV", NULL, 0}, {"sign", NULL, NULL, 1}};

static int state_of_all;

static int create(const char *const *value, rheobase_samples *samples, void **state,
                  char *message) {
  (void)value, (void)samples;
  if (FAULT == CRASH_AT_END) *state = &state_of_all;
  if (FAULT != CREATE) return 0;
  (void)snprintf(message, RHEOBASE_MESSAGE, "no\nlicence");
  return 7;
}

static int deeper(volatile char *outer) {
  volatile char inner[4096];
  inner[0] = outer[0];
  return deeper(inner) + inner[0];
}

#if FAULT == UNRESOLVED
double nobody_has_this(double x);
#else
#define nobody_has_this(x) (x)
#endif

static int simulate(void *state, int64_t count, const uint64_t *seeds, const double *theta,
                    float *x, char *message) {
  (void)state, (void)message;
  volatile char first = 0;
  if (FAULT == STATUS) return 3;
  if (FAULT == SEGFAULT) *(volatile int *)(uintptr_t)(count > 0 ? 8 : 16) = 1;
  if (FAULT == OVERFLOW) return deeper(&first);
  if (FAULT == ABORT) abort();
  if (FAULT == CALLS_EXIT) exit(0);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t t = 0; t < (FAULT == LEAVES_OUT && theta[i] > 1 ? 7 : 10); ++t) {
      x[i * 20 + t] = (float)(nobody_has_this(theta[i]) + (double)(seeds[i] >> t & 1));
      x[i * 20 + 10 + t] = x[i * 20 + t] > 0 ? 1 : 0;
    }
    if (FAULT == NOT_A_NUMBER && theta[i] > 1) x[i * 20 + 4] = NAN;
    if (FAULT == LATE && access("fails_now", F_OK) == 0) x[i * 20 + 4] = NAN;
    if (FAULT == NOT_BINARY && theta[i] > 1) x[i * 20 + 15] = 2;
  }
  return 0;
}

#if FAULT != NO_ENTRY
#if FAULT == CRASH_AT_LOAD
static void __attribute__((constructor)) loaded(void) { abort(); }
#elif FAULT == EXIT_AT_LOAD
static void __attribute__((constructor)) loaded(void) { exit(0); }
#endif
static void destroy(void *state) {
  if (state == &state_of_all) abort();
}
const rheobase_description *rheobase_plugin(void) {
  static rheobase_description d;
  d.abi = RHEOBASE_PLUGIN_ABI + (FAULT == ABI ? 6 : 0);
  d.title = "Faults";
  d.parameters = 1;
  d.parameter = parameter;
  d.channels = 2;
  d.channel = channel;
  d.samples = (rheobase_samples){10, "time", "ms", 0.5};
  d.create = create;
  d.destroy = destroy;
  d.simulate = FAULT == NO_SIMULATE ? NULL : simulate;
  return FAULT == NO_DESCRIPTION ? NULL : &d;
}
#endif
