#ifndef RHEOBASE_PLUGIN_H
#define RHEOBASE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/** @file plugin.h
 * A simulator of your own, as a shared object that rheobase loads.
 *
 * rheobase infers the parameters of a simulator from what it produces: it draws parameters from a
 * prior, calls the simulator with them some ten thousand times, trains a neural network on the
 * results, and that network then tells which parameters may have produced a recording. All it needs
 * of a simulator is this file, which includes nothing else of rheobase and is plain C, so that any
 * language with a C interface will do.
 *
 * Write one function, `rheobase_plugin`, that returns a description of your simulator, and the
 * functions it points to, of which `simulate` alone is needed:
 *
 *     cc -O2 -shared -fPIC $(pkg-config --cflags rheobase) -o libmy_model.so my_model.c -lm
 *
 * and in the input file of a study:
 *
 *     model = "plugin";
 *     plugin = { path = "./libmy_model.so"; };
 *
 * `rheobase config INPUT` then prints all settings with the plugin's parameters among them,
 * `rheobase run INPUT` does the study. inputs/plugins/damped_oscillator.c is a complete example,
 * docs/own_simulator.md explains more.
 *
 * Rules for all functions:
 *
 * - A function that returns int returns 0 for success. Anything else ends the study with one line,
 *   in which @p message stands, if something was written there (at most RHEOBASE_MESSAGE bytes with
 *   the 0 at the end). So does a value of x that is not finite; the line then names the parameters,
 *   which the prior should not draw. With `simulation = { invalid = "skip"; };` in the input file
 * such simulations are left out instead; where `simulate` fails for several, each is asked for
 * again by itself.
 * - Every MPI rank loads the plugin and calls it from one thread. Do not call MPI, do not change
 *   signal handlers, do not call exit.
 * - Arrays are contiguous, the last index runs fastest: theta (count, D) is
 *   theta[i * D + d]. They belong to rheobase.
 * - Random numbers must come from the seeds that `simulate` gets: then results are the same, bit
 *   for bit, on any number of ranks. Two calls with the same theta and seed give the same x. */

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this interface; a plugin and rheobase have to be of the same. */
#define RHEOBASE_PLUGIN_ABI 1

/** Bytes of a message. */
#define RHEOBASE_MESSAGE 256

/** A parameter, in the order of theta's columns. */
typedef struct rheobase_parameter {
  const char *name;        /**< letters, digits, underscores, a letter first: "omega" */
  const char *unit;        /**< "Hz"; NULL: none */
  const char *description; /**< one line; NULL: none */
  /** The default prior, as in an input file, where single quotes may stand for double ones:
   * "distribution = 'normal'; mean = 10; sd = 2; low = 0;". The input file may change it.
   * docs/input.md lists the distributions. NULL: the input file has to give one. */
  const char *prior;
} rheobase_parameter;

/** A channel: one series of each data set. */
typedef struct rheobase_channel {
  const char *name;        /**< as a parameter's: "height"; also the array's name in files */
  const char *unit;        /**< "m"; NULL: none */
  const char *description; /**< one line; NULL: none */
  int32_t binary;          /**< 1: it is only 0 and 1, such as events; else 0 */
} rheobase_channel;

/** A setting of your own, in the input's group `plugin.settings`. */
typedef struct rheobase_setting {
  const char *name;     /**< letters, digits, underscores, a letter first */
  const char *standard; /**< the default, a number or any text; not NULL */
  const char *help;     /**< one line; NULL: none */
} rheobase_setting;

/** A statistic of a data set, by which observation and simulations are compared. */
typedef struct rheobase_statistic {
  const char *name;        /**< as a parameter's */
  const char *unit;        /**< NULL: none */
  const char *description; /**< one line; NULL: none */
} rheobase_statistic;

/** The samples of a channel; all channels have the same. */
typedef struct rheobase_samples {
  int64_t length;   /**< L, how many */
  const char *axis; /**< what they lie along: "time" */
  const char *unit; /**< of that: "ms"; NULL: none */
  double step;      /**< distance of two, in that unit */
} rheobase_samples;

/** What a plugin is. Members that are not named here are 0. */
typedef struct rheobase_description {
  uint32_t abi;      /**< RHEOBASE_PLUGIN_ABI; the first member in every version */
  const char *title; /**< one line: "A damped oscillator" */

  int32_t parameters; /**< D, at most 32 with those the input file fixes, 16 without */
  const rheobase_parameter *parameter; /**< (D) */

  int32_t channels;                /**< C, at most 8 */
  const rheobase_channel *channel; /**< (C) */
  rheobase_samples samples;        /**< `create` may change them */

  int32_t settings;                /**< how many the plugin has, at most 32; may be 0 */
  const rheobase_setting *setting; /**< (settings) */

  /** Makes what `simulate` needs of the settings. May be NULL.
   * @param value (settings) texts, in the order of `setting`; not kept
   * @param samples as in this description; length and step may be changed, say because they follow
   * from a setting @param state receives what the other functions get, NULL otherwise */
  int (*create)(const char *const *value, rheobase_samples *samples, void **state, char *message);

  /** Simulates @p count data sets, each from its own row of theta and its own seed.
   * Simulations that take long are asked for few at a time.
   * @param theta (count, D) @param seeds (count) @param x (count, C, L) to be filled */
  int (*simulate)(void *state, int64_t count, const uint64_t *seeds, const double *theta, float *x,
                  char *message);

  /** Frees the state. May be NULL. */
  void (*destroy)(void *state);

  /** The exact log likelihood, if it is known: log p(x | theta) for each theta, all constants
   * included, -infinity where x is impossible. Then `rheobase refine` computes exact posteriors.
   * May be NULL. @param x (C, L) @param theta (count, D) @param value (count) */
  int (*log_likelihood)(void *state, const float *x, int64_t count, const double *theta,
                        double *value, char *message);

  int32_t statistics;                  /**< how many numbers `summarise` computes, at most 64 */
  const rheobase_statistic *statistic; /**< (statistics) */
  /** Statistics of one data set, by which posterior predictive simulations are compared with the
   * observation. May be NULL. @param x (C, L) @param value (statistics); one that is not finite
   * counts as 0 */
  void (*summarise)(void *state, const float *x, double *value);
} rheobase_description;

#if defined(_WIN32)
#define RHEOBASE_EXPORT
#else
#define RHEOBASE_EXPORT __attribute__((visibility("default")))
#endif

/** The function a plugin exports. What it returns has to stay where it is. */
RHEOBASE_EXPORT const rheobase_description *rheobase_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
