#ifndef RB_INFERENCE_DEALT_H
#define RB_INFERENCE_DEALT_H

#include "rheobase/base/progress.h"
#include "rheobase/model/model.h"
#include "rheobase/parallel/partition.h"
#include "skipped.h"

/** @file dealt.h
 * Simulations that take long, some much longer than others: dealt to whichever rank is free, a few
 * at a time where they are quick, and then sent to the rank that has to write them. What is
 * simulated does not depend on who does it. */

/** How long simulations take where 1, 2, 4, ... are taken at once: a program that simulates many as
 * fast as one is asked for many, another for one. */
enum { RB_PACE_SIZES = 17 };
typedef struct rb_pace {
  double seconds[RB_PACE_SIZES];
  int64_t count[RB_PACE_SIZES];  ///< simulations
} rb_pace;

/** The data sets of one round and how their simulation went. */
typedef struct rb_dealt {
  const rb_model *model;
  uint64_t seed;
  rb_purpose purpose;
  int64_t most;              ///< simulations taken at once
  rb_range all;              ///< the round's data sets
  int64_t rows;              ///< rank r gets those from all.first + r rows on
  int64_t there;             ///< the first of all, which need not be simulated
  const char *group;         ///< what they are, for the progress
  rb_progress *progress;     ///< of all rounds
  rb_pace pace;              ///< of this rank, in all rounds so far
  rb_skipped *skipped;       ///< items that are left out before the round; its own are added. NULL:
                             ///< a data set is the item of its number
  int64_t invalid_run;       ///< of this rank's simulations the last ones that were invalid
  double busy_s, elapsed_s;  ///< summed over ranks, in all rounds so far
  bool warm;                 ///< this rank has simulated before: its first time, which may have
                             ///< started a program, is not counted below
  double slowest_s;          ///< longest simulation of any rank, in all rounds so far
  double timed_s;            ///< of this rank's simulations, in all rounds so far, and
  int64_t timed;             ///< how many
} rb_dealt;

/** Simulates the data sets of a round; where invalid ones are skipped, until there are enough; when
 * a signal asks to stop, as many as there is time for. Collective. Also after a failure of the
 * simulator, all.count is then of those that were simulated, without a gap.
 * @param x (rows, C, L) those of this rank; of what is there already left alone
 * Fails with RB_ERR_SIMULATOR also when too many were skipped (draw.h), or so many of a rank after
 * each other that its simulator must be broken. What ranks left out in the round since their last
 * valid simulation is then not left out. */
RB_NODISCARD rb_status rb_dealt_simulate(rb_context *ctx, rb_dealt *dealt, float *x);

#endif
