#ifndef RHEOBASE_EVENT_SCORES_H
#define RHEOBASE_EVENT_SCORES_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file event_scores.h
 * How well trains of events, and a response between them, are predicted.
 * Times and durations are in one unit, of the user's choice. All functions are local. */

/** A train of events. */
typedef struct rb_train {
  int64_t count;
  const double *time;  ///< (count) increasing; not owned
} rb_train;

/** The train of the events that samples first .. count-1 have, sample n at n * step.
 * @param event (count) 0 or 1 @param time room for the train's times, which it keeps */
rb_train rb_train_of_events(int64_t count, const uint8_t *event, int64_t first, double step,
                            double *time);

/** The same of many runs. Fails with RB_ERR_MEMORY. @param event (runs, count) @param train (runs)
 * @param times theirs, allocated; the caller frees them, also after a failure */
RB_NODISCARD rb_status rb_trains_of_events(rb_context *ctx, int64_t runs, int64_t count,
                                           const uint8_t *event, int64_t first, double step,
                                           rb_train *train, double **times);

/** Events of @p data with one of @p model within +-precision; each is used once, earliest first. */
int64_t rb_coincidences(rb_train data, rb_train model, double precision);

/** Coincidence factor Gamma (Kistler, Gerstner and van Hemmen 1997): 1 where all events coincide, 0
 * for a Poisson train of the model's rate. NaN without any event, and where the model's rate is
 * 1 / (2 precision) or more: such a train coincides with everything. */
double rb_coincidence_factor(rb_train data, rb_train model, double duration, double precision);

/** Mean coincidence factor of all ordered pairs of different repeats: what a model can reach. NaN
 * with fewer than two. @param repeat (count) */
double rb_reliability(int64_t count, const rb_train *repeat, double duration, double precision);

/** Md* (Naud, Gerhard, Mensi and Gerstner 2011): 2 <d,m> / (<d,d> + <m,m>), <a,b> being the mean
 * number of pairs of events within +-window over pairs of trains, without those of a train with
 * itself (of a single model train, with). NaN with fewer than two trains of data.
 * @param data (data_count) @param model (model_count), at least one */
double rb_md_star(int64_t data_count, const rb_train *data, int64_t model_count,
                  const rb_train *model, double window);

/** How near a predicted response is to a recorded one. */
typedef struct rb_response_fit {
  int64_t steps;     ///< that were compared; without any the others are NaN
  double rmse;       ///< in the response's unit
  double explained;  ///< share of the recorded variance
} rb_response_fit;

/** Compares away from events: steps from `before` ahead of one to `after` behind it are left out.
 */
typedef struct rb_response_window {
  double dt, before, after;
  int64_t first;  ///< step that is compared first
} rb_response_window;

/** @param recorded (steps) @param predicted (steps) @param events of the recording, from step 0 */
rb_response_fit rb_response_compare(const rb_response_window *window, int64_t steps,
                                    const double *recorded, const double *predicted,
                                    rb_train events);

/** Bits per event by which a model tells the events of a recording better than a Poisson train of
 * as many does: the difference of log likelihoods. Masked steps, and events inside, are left out of
 * both; the step on which a masked stretch begins counts if it has an event. NaN without an event.
 * @param expected (steps) events the model expects on each step, given all before: there is one
 * with probability 1 - exp(-expected); at least 1e-12 is taken
 * @param event (steps) 0 or 1 @param mask (steps) 0 or 1 @param first step that counts */
double rb_bits_per_event(int64_t steps, const double *expected, const uint8_t *event,
                         const uint8_t *mask, int64_t first);

#endif
