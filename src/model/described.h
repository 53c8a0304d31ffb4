#ifndef RB_MODEL_DESCRIBED_H
#define RB_MODEL_DESCRIBED_H

#include "rheobase/model/model_type.h"

/** @file described.h
 * What models that are not compiled in share: parameters and observations that an input, or a file
 * it names, describes. Functions are local unless they say otherwise. */

/** What an observation is, as settings: a member of a type's struct of settings. */
typedef struct rb_observation_settings {
  char channels[1024];  ///< texts "name unit", "name unit binary"
  int64_t length;       ///< 0: not given
  char axis[128];       ///< "name unit"
  double step;
} rb_observation_settings;

/** The rows of such a member in a group of settings, for a type's table. */
#define RB_OBSERVATION_ROWS(group, struct_type, observation)                                 \
  {.path = group ".channels",                                                                \
   .type = RB_SETTING_TEXTS,                                                                 \
   RB_SETTING_MEMBER(struct_type, observation.channels),                                     \
   .standard = "[]",                                                                         \
   .help =                                                                                   \
       "what is observed: name, unit (1 or nothing: none) and, if it is only 0 and 1, "      \
       "`binary` of each channel, as in [\"height m\", \"contact 1 binary\"]"},              \
      {.path = group ".length",                                                              \
       .type = RB_SETTING_INTEGER,                                                           \
       RB_SETTING_MEMBER(struct_type, observation.length),                                   \
       .standard = "0",                                                                      \
       .range = "[0, 100000000]",                                                            \
       .help = "samples per channel"},                                                       \
      {.path = group ".axis",                                                                \
       .type = RB_SETTING_STRING,                                                            \
       RB_SETTING_MEMBER(struct_type, observation.axis),                                     \
       .standard = "\"time ms\"",                                                            \
       .help = "what the samples lie along: name and unit"},                                 \
  {                                                                                          \
    .path = group ".step", .type = RB_SETTING_REAL,                                          \
    RB_SETTING_MEMBER(struct_type, observation.step), .standard = "1", .range = "(0, 1e12]", \
    .help = "distance of two samples, in the axis' unit"                                     \
  }

/** What an observation is, with the texts it consists of. */
typedef struct rb_described {
  int channels;
  rb_channel channel[RB_MAX_CHANNELS];
  int64_t length;
  rb_quantity axis;  ///< its name ends in the unit: "time_ms"
  double step;
  char name[RB_MAX_CHANNELS + 1][32], unit[RB_MAX_CHANNELS + 1][32];  ///< the last are the axis'
  char axis_name[64];
} rb_described;

/** Reads what the settings say. @param group of settings, for errors @param described points into
 * itself: it stays where it is
 * Fails with RB_ERR_SETTING: something missing, a bad, repeated or reserved name, too many. */
RB_NODISCARD rb_status rb_described_read(rb_context *ctx, const char *group,
                                         const rb_observation_settings *settings,
                                         rb_described *described);

/** Adds one channel, or sets axis, length and step; rb_described_read consists of them.
 * @param described zeros at the beginning. Fail as it does. @{ */
RB_NODISCARD rb_status rb_described_add_channel(rb_context *ctx, const char *group,
                                                const char *name, const char *unit, bool binary,
                                                rb_described *described);
RB_NODISCARD rb_status rb_described_set_axis(rb_context *ctx, const char *group, const char *name,
                                             const char *unit, int64_t length, double step,
                                             rb_described *described);
/** @} */

/** For rb_model.accepts: whether all parameters are finite. */
bool rb_described_accepts(const rb_model *model, const double *theta, const char **reason);

/** Sets channels, length and axis of a model, which point into @p described. */
void rb_described_fill(const rb_described *described, rb_model *model);

/** For rb_model_type.describe: a row without a distribution for each parameter that the input's
 * group `prior` names, in its order. Collective. Fails with RB_ERR_SETTING: too many, a bad name.
 */
RB_NODISCARD rb_status rb_described_prior(rb_context *ctx, const rb_settings_source *source,
                                          rb_model_rows *rows);

/** Sets a row of the prior but for its distribution. Fails with RB_ERR_SETTING: a name that is too
 * long. @param unit NULL or "": none */
RB_NODISCARD rb_status rb_described_row(rb_context *ctx, const char *name, const char *unit,
                                        rb_prior_row *row);

/** Reads the numbers of a row as an input file has them: "distribution = 'normal'; mean = 1; sd =
 * 2;", where single quotes stand for double ones too. @param path what it is read from, for errors
 * Fails with RB_ERR_SETTING. */
RB_NODISCARD rb_status rb_described_parse_prior(rb_context *ctx, const char *path, const char *text,
                                                rb_prior_row *row);

/** The seed a simulator that draws its own random numbers gets for an item: a function of these
 * three alone, so that results do not depend on the ranks. */
uint64_t rb_described_seed(uint64_t seed, rb_purpose purpose, int64_t item);

#endif
