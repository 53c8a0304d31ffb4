/* A plugin that does nothing: simulations of zeros, 1000 samples of two channels. */
#include <rheobase/plugin.h>
#include <string.h>

enum { CHANNELS = 2, LENGTH = 1000 };

static const rheobase_parameter parameter[] = {
    {"omega", NULL, NULL, "distribution = 'uniform'; low = 2; high = 8;"},
    {"gamma", NULL, NULL, "distribution = 'uniform'; low = 0; high = 2;"}};
static const rheobase_channel channel[CHANNELS] = {{"a", NULL, NULL, 0}, {"b", NULL, NULL, 0}};

static int simulate(void *state, int64_t count, const uint64_t *seeds, const double *theta,
                    float *x, char *message) {
  (void)state, (void)seeds, (void)theta, (void)message;
  memset(x, 0, (size_t)(count * CHANNELS * LENGTH) * sizeof *x);
  return 0;
}

static const rheobase_description description = {.abi = RHEOBASE_PLUGIN_ABI,
                                                 .title = "Zeros",
                                                 .parameters = 2,
                                                 .parameter = parameter,
                                                 .channels = CHANNELS,
                                                 .channel = channel,
                                                 .samples = {LENGTH, "time", "s", 0.05},
                                                 .simulate = simulate};

const rheobase_description *rheobase_plugin(void) { return &description; }
