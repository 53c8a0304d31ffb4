#ifndef RHEOBASE_PREDICTOR_H
#define RHEOBASE_PREDICTOR_H

#include "rheobase/model/model.h"

/** @file predictor.h
 * What a model says of a recording of any length, made with a stimulus of its own: its events
 * before it has seen any, and those to come given all so far. All functions are local. */

/** A recording that is predicted. Nothing is owned. */
typedef struct rb_stimulated {
  int64_t length;          ///< samples, the model's axis_step apart
  const double *stimulus;  ///< (length) in the unit of the predictor's stimulus
  const double *response;  ///< (length) recorded: a prediction begins where it does
  const uint8_t *event;    ///< (length) recorded, 0 or 1
} rb_stimulated;

/** Recordings that were made together. Owned. */
typedef struct rb_recordings {
  int64_t count;
  rb_stimulated *recording;  ///< (count) which point into the following, in units of the predictor
  double *stimulus;          ///< each begins where it does in the data set
  double *response;          ///< likewise; the first may be NaN: it was masked
  uint8_t *event;            ///< likewise
} rb_recordings;

/** What a type of models brings; its functions take all parameters, also fixed ones. */
typedef struct rb_predictor {
  /** What it needs of a recording, and predicts, whether they are channels of the model or not. */
  rb_channel stimulus, response, event;
  double masked;  ///< samples after an event's own on which the response is not used
  bool drawn;     ///< whether events are random where the response is known

  /** As rb_predictor_run. */
  rb_status (*run)(const rb_model *core, rb_context *ctx, const rb_stimulated *given, uint64_t seed,
                   int64_t first, int64_t count, const double *theta, const double *level,
                   double *response, uint8_t *event);

  /** As rb_predictor_follow. */
  rb_status (*follow)(const rb_model *core, rb_context *ctx, const rb_stimulated *given,
                      int64_t count, const double *theta, double *response, double *expected);

  /** As rb_predictor_recordings; NULL: a data set does not tell them. */
  rb_status (*recordings)(const rb_model *core, rb_context *ctx, const float *x, rb_recordings *r);
} rb_predictor;

/** Runs under the recorded stimulus, with the recorded beginning and nothing else of the response.
 * @param first number of the first run: random numbers depend on it and seed alone
 * @param theta (count, D), accepted @param level NULL: with noise; else (count), of runs without
 * any: where events are drawn there is one wherever their hazard, per unit of the model's axis, is
 * above that; elsewhere the level is not looked at
 * @param response (count, length) before observation noise @param event (count, length) 0 or 1 */
RB_NODISCARD rb_status rb_predictor_run(const rb_model *model, rb_context *ctx,
                                        const rb_stimulated *given, uint64_t seed, int64_t first,
                                        int64_t count, const double *theta, const double *level,
                                        double *response, uint8_t *event);

/** The response, without noise, where the events are the recorded ones, and how many events are
 * expected on each sample given all recorded before it: there is one with probability
 * 1 - exp(-expected). What a model cannot tell is NaN.
 * @param theta (count, D), accepted @param response (count, length)
 * @param expected (count, length), at most RB_PREDICTOR_SURE */
RB_NODISCARD rb_status rb_predictor_follow(const rb_model *model, rb_context *ctx,
                                           const rb_stimulated *given, int64_t count,
                                           const double *theta, double *response, double *expected);

/** The recordings of a data set, as far as each was observed; none where it does not tell their
 * events. Fails with RB_ERR_MEMORY.
 * @param x (C, L) @param r for rb_recordings_free, also after a failure */
RB_NODISCARD rb_status rb_predictor_recordings(const rb_model *model, rb_context *ctx,
                                               const float *x, rb_recordings *r);
void rb_recordings_free(rb_recordings *r);

/** What is expected of an event of this probability. */
double rb_predictor_expected(double probability);
enum { RB_PREDICTOR_SURE = 50 };

#endif
