#ifndef RB_MODEL_STATISTICS_DRIVEN_SUMS_H
#define RB_MODEL_STATISTICS_DRIVEN_SUMS_H

#include "events.h"
#include "plan.h"
#include "rheobase/base/cpu.h"

/** @file driven_sums.h
 * Sums of one channel and one stimulus of a data set, compiled per instruction set. */

/** What a regression of lag l is about: the potential v and the stimulus I around sample t. */
typedef enum rb_variable {
  RB_NOW,               ///< v_t
  RB_RISE,              ///< v_{t+l} - v_t
  RB_MEAN_BEFORE,       ///< mean of v_{t-l} .. v_{t-1}
  RB_MEAN_AFTER,        ///< mean of v_t .. v_{t+l-1}
  RB_DRIVE_AFTER,       ///< mean of I_t .. I_{t+l-1}
  RB_DRIVE_BEFORE,      ///< mean of I_{t-l} .. I_{t-1}
  RB_PLAIN,             ///< so many without the next ones
  RB_TRACE = RB_PLAIN,  ///< traces of past events at t, RB_TRACES of them
  RB_TRACES = 3,
  RB_VARIABLES = RB_PLAIN + RB_TRACES
} rb_variable;

enum { RB_DRIVEN_LAGS = RB_PLAN_DRIVEN };
#define RB_NO_STIMULUS 1e300

/** Lags with regressions on traces, and residuals by age: 4 and 16. */
static inline bool rb_lag_has_history(int k) { return k == 2 || k == 4; }

/** How far apart windows of lag number @p k are: a quarter of it. */
static inline int64_t rb_lag_hop(int k) { return k > 2 ? INT64_C(1) << (k - 2) : 1; }

/** Over the windows of a lag: how many, sums, and sums of products i >= j. Traces are 0 where the
 * lag has no history. */
typedef struct rb_window_sums {
  double count, sum[RB_VARIABLES], product[RB_VARIABLES][RB_VARIABLES];
} rb_window_sums;

/** The lag's linear forecast of RB_RISE. */
typedef struct rb_forecast {
  double intercept, slope[RB_PLAIN];
} rb_forecast;

typedef struct rb_driven_sums {
  rb_window_sums window[RB_DRIVEN_LAGS];
  double known;                      ///< samples of the recordings
  double mean, variance;             ///< of the stimulus
  double least, largest;             ///< RB_NO_STIMULUS and its negative where nothing is known
  double own[RB_DRIVEN_LAGS];        ///< stimulus times itself a lag later, both less the mean
  double later[RB_DRIVEN_LAGS + 1];  ///< stimulus times potential 0 and each lag later, the same
} rb_driven_sums;

/** The windows of a lag: window i begins at place i hop. Sums are those of a lag's samples from a
 * place on. All arrays have a number for every hop-th place. */
typedef struct rb_driven_level {
  int64_t lag, hop, count;
  int64_t apart;  ///< windows by which a lag shifts, lag / hop
  const double *v, *sum_v, *sum_drive, *open;
  const double *trace[RB_TRACES];  ///< where they are wanted
} rb_driven_level;

/** Sets of arrays for levels: two in turn, and one for each lag that has a history. */
enum { RB_LEVEL_SETS = 4 };

/** Arrays of places + margin; zeroed once. */
typedef struct rb_driven_memory {
  double *drive;                    ///< stimulus over its scale; 0 beyond a recording's end
  double *centred;                  ///< minus its mean; 0 beyond a recording's end
  double *open;                     ///< as rb_events.left, but -1 at events
  double *trace[RB_TRACES];         ///< of past events
  double *thinned[RB_TRACES];       ///< some of their values
  double *array[RB_LEVEL_SETS][4];  ///< potential, sums of it and of the stimulus, open, at some
                                    ///< places
  rb_driven_level
      level[RB_DRIVEN_LAGS];  ///< of the data set; arrays are valid where it has history
} rb_driven_memory;

typedef struct rb_driven_kernel {
  /** @param history with traces of events @param v (places) 0 where masked @param d (places) minus
   * the mean, 0 where masked @param memory drive, open and trace filled */
  void (*sum)(const rb_plan *plan, const rb_events *events, bool history, const double *v,
              const double *d, rb_driven_memory *memory, rb_driven_sums *sums);
  /** What the forecast of a lag that has a history leaves of RB_RISE. @param rest (places / hop) 0
   * where there is no window @param there (places / hop) 1 where there is one. Window i begins at
   * place i hop. */
  void (*leave)(const rb_driven_level *level, const rb_forecast *forecast, double *rest,
                double *there);
} rb_driven_kernel;

RB_KERNEL_DECLARE(rb_driven_kernel, rb_driven_kernel);

#endif
