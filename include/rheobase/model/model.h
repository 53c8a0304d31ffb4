#ifndef RHEOBASE_MODEL_H
#define RHEOBASE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"
#include "rheobase/base/quantity.h"
#include "rheobase/random/philox.h"

/** @file model.h
 * What a simulator is to the rest of the program: one table of functions and names. Everything
 * after the model layer works with any model that fills it. All functions are local, and bitwise
 * independent of how items are grouped into calls. */

enum {
  RB_MAX_PARAMETERS = 16,
  RB_MAX_CHANNELS = 8,
  RB_MAX_FEATURES = 4096,
  RB_MAX_ALTERNATIVES = 8,
  RB_MAX_CHECKS = 8,
  RB_MAX_ODDITIES = 8
};

/** What a channel tells. */
typedef enum rb_channel_role {
  RB_CHANNEL_OBSERVED,  ///< what the parameters bring about
  RB_CHANNEL_STIMULUS,  ///< known input: drawn with each data set, or recorded beside the response
  RB_CHANNEL_MASK       ///< binary: 1 where nothing was observed, e.g. beyond a recording's end
} rb_channel_role;

/** One channel of an observation. */
typedef struct rb_channel {
  rb_quantity quantity;
  rb_channel_role role;
  bool binary;         ///< only 0 and 1: stored as bytes in files
  bool counts;         ///< how many events a sample holds: statistics see one where it is not 0
  double least, most;  ///< between which the largest size of a recording's values lies; beyond,
                       ///< it may be in another unit and is refused; most = 0: anywhere
} rb_channel;

/** Whether a channel is a course that was observed, as bands and statistics are about. */
static inline bool rb_channel_is_course(const rb_channel *channel) {
  return channel->role == RB_CHANNEL_OBSERVED && !channel->binary;
}

/** Whether a channel says where events were observed. */
static inline bool rb_channel_is_event(const rb_channel *channel) {
  return channel->role == RB_CHANNEL_OBSERVED && channel->binary;
}

/** How many simulations a rank has made where they are drawn as they are needed (draw.h). */
typedef struct rb_tally {
  int64_t tried, invalid;
} rb_tally;

typedef struct rb_model rb_model;
struct rb_model_type;  // model_type.h
struct rb_prior;       // prior.h
struct rb_statistics;  // statistics.h
struct rb_predictor;   // predictor.h

/** How statistics of a model's recordings are wanted (statistics.h). */
typedef struct rb_statistics_options {
  bool crossings;    ///< where no channel is binary, upward crossings of a level by the first
  double level;      ///< continuous channel, in its unit, are events
  uint32_t without;  ///< bits of blocks that are left out
  uint32_t with;     ///< bits of blocks that are taken although a stimulus is known
} rb_statistics_options;

/** Features of a data set that know the model, for a network to start from, and coordinates in
 * which its posterior lies near the origin and has unit size. */
typedef struct rb_features {
  int count;                   ///< at most RB_MAX_FEATURES
  const rb_quantity *feature;  ///< (count)
  int centring;                ///< numbers that describe the coordinates of a data set; 0: none

  /** @param x (count, C, L) @param out (count, features), finite @param centring (count, centring)
   */
  rb_status (*compute)(const rb_model *model, rb_context *ctx, int64_t count, const float *x,
                       float *out, double *centring);

  /** To and from the coordinates psi of one data set: a bijection of R^D and the inside of the
   * prior's support; works in place. @param centring of the data set @param latent (count, D)
   * @param psi (count, D) @param log_det (count) log |d latent / d psi|; may be NULL
   * @{ */
  void (*centre)(const rb_model *model, const double *centring, int64_t count, const double *latent,
                 double *psi, double *log_det);
  void (*uncentre)(const rb_model *model, const double *centring, int64_t count, const double *psi,
                   double *latent, double *log_det);
  /** @} */
} rb_features;

/** Settings that a recording may have been made with instead of the model's own. Settings are not
 * inferred, so a posterior is wrong where they are; how much more probable the recording is with
 * others tells. */
typedef struct rb_alternatives {
  int count;                       ///< A, at most RB_MAX_ALTERNATIVES
  const rb_quantity *alternative;  ///< (A)

  /** Log of the marginal likelihood with an alternative over that with the model's own settings,
   * for the parameters' prior, exactly or nearly so.
   * @param x (count, C, L) @param log_bayes (count, A), finite */
  rb_status (*compare)(const rb_model *model, rb_context *ctx, int64_t count, const float *x,
                       double *log_bayes);
} rb_alternatives;

struct rb_model {
  const char *name;
  int dim;                        ///< D, number of parameters, at most RB_MAX_PARAMETERS
  const rb_quantity *parameters;  ///< (D)
  int channels;                   ///< C
  const rb_channel *channel;      ///< (C)
  int64_t length;                 ///< L, samples per channel
  int recordings;  ///< of one system, that these samples are, one after the other and all of length
                   ///< L / recordings; 0 counts as 1
  int64_t shortest;  ///< samples a recording has at least, where a mask tells that some are shorter
                     ///< than all; 0: half of them
  const double *injected;  ///< (L / recordings) stimulus that all recordings are given at each
                           ///< sample, without noise, in the unit that recordings of electrodes
                           ///< have it in, where it is no channel; NULL: there is none of that kind
  rb_quantity axis;        ///< of the samples, e.g. time_s in s
  double axis_step;        ///< distance of samples in the axis' unit
  int64_t dealt;  ///< most simulations taken at once where they may take long, and some much longer
                  ///< than others, and so are dealt to whichever rank is free; 0: they are not
  void *state;    ///< owned by the model

  bool skips;         ///< invalid simulations are skipped (draw.h) instead of ending the study; its
                      ///< core leaves NaN in what it cannot simulate
  double skip_limit;  ///< largest share of them
  rb_tally tally;     ///< of a core
  int rank;  ///< of a core: this one among all of the study, whose ensemble may train in groups

  /** Of a core: the study's folder, where parameters that the simulator failed for are written
   * (replay.h); not owned; NULL: nowhere. */
  const char *folder;

  const struct rb_model_type *type;  ///< what made it; NULL where tests fill the table themselves
  struct rb_prior *prior;            ///< the prior's table, owned; of a core: the model's around it
  bool default_prior;                ///< it is the type's default
  rb_model *core;                    ///< the simulator with all parameters, also fixed ones; owned

  /** Draws the parameters of items first .. first+count-1 of a purpose.
   * @param theta (count, D) as the simulator uses them
   * @param latent (count, D) the same before clipping (equal to theta where nothing is clipped);
   * may be NULL */
  rb_status (*draw_prior)(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                          int64_t first, int64_t count, double *theta, double *latent);

  /** Log prior density in latent coordinates, all constants included; -inf outside the support.
   * @param latent (count, D) @param log_density (count) */
  void (*log_prior)(const rb_model *model, int64_t count, const double *latent,
                    double *log_density);

  /** Whether theta (D) lies in the prior's support (ends of clipped ranges included). */
  bool (*in_support)(const rb_model *model, const double *theta);

  /** Bit d is set if parameter d lies outside its range in the prior, given the other parameters; 0
   * if and only if in_support. May be NULL. @param theta (D) */
  uint32_t (*outside_support)(const rb_model *model, const double *theta);

  /** What data sets are grouped by when calibration is looked at locally, such as a number of
   * events; NULL where there is nothing of the kind. @param x (C, L) */
  double (*activity)(const rb_model *model, const float *x);
  rb_quantity activity_quantity;
  const char *const *regime;  ///< (3) names of data sets without activity, with little and with
                              ///< much; NULL: "none", "little", "much"

  /** Statistics that one would look at; 0 and NULL where there are none.
   * @param x (C, L) @param out (summaries), always finite */
  int summaries;
  const rb_quantity *summary;  ///< (summaries)
  void (*summarise)(const rb_model *model, const float *x, double *out);

  /** Numbers of the model's own that tell whether posterior predictive replicates are like an
   * observation; 0 and NULL where there are none. @param x (C, L) the observation
   * @param median (C, L) of the replicates, pointwise @param theta (S, D) posterior draws
   * @param out (checks), NaN where one does not apply */
  int checks;                ///< at most RB_MAX_CHECKS
  const rb_quantity *check;  ///< (checks)
  rb_status (*compare)(const rb_model *model, rb_context *ctx, const float *x, const double *median,
                       int64_t S, const double *theta, double *out);

  const rb_features *features;       ///< NULL where there is none
  struct rb_statistics *statistics;  ///< NULL until they are wanted (feature_source.h); owned
  rb_statistics_options statistics_options;  ///< how they are wanted
  const rb_alternatives *alternatives;       ///< NULL where there are none

  /** Whether the simulator accepts theta (D); if not, @p reason (may be NULL) says why. */
  bool (*accepts)(const rb_model *model, const double *theta, const char **reason);

  /** Simulates items first .. first+count-1 of a purpose; the random numbers depend on seed,
   * purpose and item alone. theta must be accepted.
   * @param theta (count, D) @param x (count, C, L) */
  rb_status (*simulate)(const rb_model *model, rb_context *ctx, uint64_t seed, rb_purpose purpose,
                        int64_t first, int64_t count, const double *theta, float *x);

  /** As simulate, but with what an observation was given and how much of it there is: its stimulus,
   * initial state and padding, so that simulations can be compared with it. Only what the model's
   * own purpose, item and theta say is drawn. NULL: simulate gives all data sets the same.
   * @param given (C, L) */
  rb_status (*simulate_given)(const rb_model *model, rb_context *ctx, uint64_t seed,
                              rb_purpose purpose, int64_t first, int64_t count, const double *theta,
                              const float *given, float *x);

  /** What may be out of the ordinary in a simulation, such as that nothing happens in it, for
   * whoever judges a prior; 0 and NULL where nothing is looked for. The items are those that
   * simulate makes. @param found (count, oddities) 0 or 1 */
  int oddities;               ///< at most RB_MAX_ODDITIES
  const rb_quantity *oddity;  ///< (oddities)
  rb_status (*find_oddities)(const rb_model *model, rb_context *ctx, uint64_t seed,
                             rb_purpose purpose, int64_t first, int64_t count, const double *theta,
                             uint8_t *found);

  /** Maps between the ways to write parameters; NULL: identities. Called through support.h, which
   * says what they do. */
  void (*from_latent)(const rb_model *model, int64_t count, const double *latent, double *theta);
  void (*to_support)(const rb_model *model, int64_t count, const double *latent, double *phi,
                     double *log_det);
  void (*from_support)(const rb_model *model, int64_t count, const double *phi, double *latent,
                       double *log_det);

  const double *scale;  ///< (D) reference scales of the parameters, to give losses a unit; NULL: 1

  /** Exact log likelihood of `count` parameter vectors given one data set, all constants included;
   * NULL where there is none. Never NaN.
   * @param x (C, L) @param theta (count, D) as the simulator uses them @param log_likelihood
   * (count)
   * @param reason if no parameter vector can produce x: why (all values are then -inf); else NULL.
   * May be NULL */
  rb_status (*log_likelihood)(const rb_model *model, rb_context *ctx, const float *x, int64_t count,
                              const double *theta, double *log_likelihood, const char **reason);

  /** What it predicts of recordings of any length; NULL: nothing. Called through predictor.h. */
  const struct rb_predictor *predictor;

  void (*destroy)(rb_model *model);  ///< frees state; the struct itself is the caller's
};

/** The first channel of a role, or -1. Local. */
int rb_model_channel(const rb_model *model, rb_channel_role role);

#endif
