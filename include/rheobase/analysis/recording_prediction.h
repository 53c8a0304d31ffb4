#ifndef RHEOBASE_RECORDING_PREDICTION_H
#define RHEOBASE_RECORDING_PREDICTION_H

#include "rheobase/io/recording_file.h"
#include "rheobase/model/predictor.h"

/** @file recording_prediction.h
 * What posterior draws predict of a sweep that was recorded, and how well. All functions are local.
 */

/** Scores of a draw. */
typedef enum rb_prediction_score {
  RB_SCORE_RATE,             ///< spikes of a run, per second
  RB_SCORE_GAMMA,            ///< coincidence factor of a run
  RB_SCORE_GAMMA_NOISELESS,  ///< of the run without noise, at rb_prediction_level's
  RB_SCORE_BITS,             ///< bits per spike
  RB_SCORE_RMSE,             ///< of the potential between the recorded spikes
  RB_SCORE_EXPLAINED,        ///< share of its variance
  RB_SCORE_CV,               ///< of the intervals of a run
  RB_SCORE_SHORTEST,         ///< a tenth of the intervals of a run are shorter
  RB_SCORE_AFTER,            ///< recorded minus predicted potential, 10 to 50 ms after spikes
  RB_SCORES
} rb_prediction_score;
extern const rb_quantity rb_prediction_scores[RB_SCORES];

enum { RB_PREDICTION_BANDS = 3 };  ///< 5%, 50% and 95% quantiles of the draws

/** What is predicted of a sweep. Arrays are owned. */
typedef struct rb_prediction {
  int64_t draws, steps;
  int64_t first;               ///< step that is scored first: before, the beginning is forgotten
  double *score;               ///< (RB_SCORES, draws) NaN where one is not defined
  double observed[RB_SCORES];  ///< rate, CV and shortest intervals of the recording; NaN: no such
  float *band[RB_PREDICTION_BANDS];  ///< (steps) of the potential with the recorded spikes
  uint8_t *spike;                    ///< (draws, steps) of the runs
} rb_prediction;

/** Where events are drawn, a run without noise has one wherever the hazard is above a level: of 32
 * levels that whose runs coincide best, on average over draws and recordings, with the data set the
 * posterior is of. NaN where that does not tell its events, or has no recording of two samples; 0
 * where events are not drawn. Fails with RB_ERR_MEMORY.
 * @param x (C, L) the data set @param theta (draws, D), accepted @param level out, one number */
RB_NODISCARD rb_status rb_prediction_level(rb_context *ctx, const rb_model *model, const float *x,
                                           int64_t draws, const double *theta, double *level);

/** Memory, in bytes, that rb_prediction_level needs for a while, at most. Local. */
double rb_prediction_level_bytes(const rb_model *model);

/** @param theta (draws, D), accepted @param level of rb_prediction_level
 * @param number of the sweep: random numbers depend on it
 * The caller calls rb_prediction_free, also after a failure. */
RB_NODISCARD rb_status rb_prediction_create(rb_context *ctx, const rb_model *model, uint64_t seed,
                                            int64_t number, const rb_recorded_sweep *sweep,
                                            int64_t draws, const double *theta, double level,
                                            rb_prediction *prediction);
void rb_prediction_free(rb_prediction *prediction);

/** Memory, in bytes, of the predictions of sweeps that are kept together. Local.
 * @param total steps of all sweeps @param longest of one */
double rb_prediction_bytes(int64_t draws, int64_t total, int64_t longest);

/** What the repeats of a sweep tell: those sweeps of the recording that were given the same
 * current, but for a difference of at most a tenth of its variance. */
typedef struct rb_repeats {
  int64_t count;       ///< the sweep among them
  double reliability;  ///< mean coincidence factor of one with another; NaN without another
  double md_star;      ///< Md* of the runs and the repeats; NaN likewise
} rb_repeats;

/** Fails with RB_ERR_MEMORY. @param prediction of the sweep */
RB_NODISCARD rb_status rb_prediction_repeats(rb_context *ctx, const rb_recorded *recording,
                                             int64_t sweep, const rb_prediction *prediction,
                                             rb_repeats *repeats);

/** Mean of a score over the draws that have one, and quantiles; all NaN without any.
 * @param value (draws) @param defined (draws) for those that are, may be value
 * @param number mean, 2.5% and 97.5% quantile */
enum { RB_SCORE_NUMBERS = 3 };
void rb_score_summary(int64_t draws, const double *value, double *defined,
                      double number[RB_SCORE_NUMBERS]);

/** The same of a prediction's score. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_prediction_summary(rb_context *ctx, const rb_prediction *prediction,
                                             rb_prediction_score score,
                                             double number[RB_SCORE_NUMBERS]);

enum { RB_FINDING = 400, RB_FINDINGS = 8 };
/** What the scores say against the model, in sentences for whoever made the recording. Fails with
 * RB_ERR_MEMORY. @param text (RB_FINDINGS, RB_FINDING) @param count of the sentences */
RB_NODISCARD rb_status rb_prediction_findings(rb_context *ctx, const rb_prediction *prediction,
                                              const rb_repeats *repeats, char (*text)[RB_FINDING],
                                              int *count);

#endif
