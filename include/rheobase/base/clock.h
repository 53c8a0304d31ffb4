#ifndef RHEOBASE_CLOCK_H
#define RHEOBASE_CLOCK_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file clock.h
 * Where the time of parallel work goes, on this rank: computing, waiting for other ranks,
 * exchanging data with them, files. A context without a clock (the ordinary case) is not timed.
 * With one, there is a barrier before every exchange, so that waiting is told apart from
 * exchanging. Time counts for one part only: that of the innermost rb_clock_enter, except that all
 * that happens inside file operations counts for files. */

typedef enum rb_time_part {
  RB_TIME_COMPUTE,
  RB_TIME_WAIT,    ///< for slower ranks
  RB_TIME_REDUCE,  ///< exchanging data, all ranks being there
  RB_TIME_FILE,
  RB_TIME_PARTS
} rb_time_part;

/** "compute", "waiting", "reduction", "files". */
const char *rb_time_part_name(rb_time_part part);

struct rb_clock {
  rb_time_part part;              ///< that time counts for now
  double since;                   ///< when that began
  double seconds[RB_TIME_PARTS];  ///< up to then
  int64_t exchanges;              ///< how many there were
};

/** Starts the clock of @p ctx, in RB_TIME_COMPUTE. Local; @p clock is borrowed until rb_clock_stop.
 */
void rb_clock_start(rb_context *ctx, struct rb_clock *clock);

/** Stops it when all ranks have got here, which counts as waiting. Collective. */
void rb_clock_stop(rb_context *ctx);

/** What follows counts for @p part: RB_TIME_REDUCE before an exchange among all ranks of ctx->comm,
 * RB_TIME_FILE before a file operation. Collective for RB_TIME_REDUCE.
 * @return what rb_clock_leave wants */
rb_time_part rb_clock_enter(const rb_context *ctx, rb_time_part part);

/** Goes back to the part before. Local. */
void rb_clock_leave(const rb_context *ctx, rb_time_part outer);

#endif
