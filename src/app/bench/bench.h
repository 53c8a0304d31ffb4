#ifndef RB_APP_BENCH_H
#define RB_APP_BENCH_H

#include "rheobase/base/context.h"

/** @file bench.h
 * Timing of repeated work on all ranks, and the lines that report it. */

enum { RB_BENCH_MAX_REPEATS = 200 };

/** Seconds of each repeat: the slowest rank's, the same on all ranks. */
typedef struct rb_bench_times {
  int repeats;
  double seconds[RB_BENCH_MAX_REPEATS];
  double minimum, median;
} rb_bench_times;

/** What is timed. @return a status agreed by all ranks or local (it is agreed after it) */
typedef rb_status (*rb_bench_function)(rb_context *ctx, void *work);

/** Repeats @p function after one run that is not counted, at least 5 times and until @p seconds
 * have passed. Collective. Fails with RB_STOPPED after a signal. */
RB_NODISCARD rb_status rb_bench_time(rb_context *ctx, rb_bench_function function, void *work,
                                     double seconds, rb_bench_times *times);

/** One result. */
typedef struct rb_bench_result {
  const char *what;    ///< e.g. "train_step"
  double amount;       ///< of unit, done in one repeat by all ranks
  const char *unit;    ///< e.g. "data sets"
  double gflop;        ///< of matrix products in one repeat by all ranks; 0: not counted
  double peak_gflops;  ///< FMA peak measured beside it, all ranks; 0: not measured
} rb_bench_result;

/** Prints a result as a line of the table, or as an object of a JSON array. Local; rank 0 prints.
 */
void rb_bench_print(const rb_context *ctx, bool json, const rb_bench_result *result,
                    const rb_bench_times *times);

/** Prints the head of the table, or begins the array. Local; rank 0 prints. */
void rb_bench_print_head(const rb_context *ctx, bool json, double peak_gflops);

/** Ends the array: what is printed is one JSON document, also after a failure. Local; rank 0
 * prints. */
void rb_bench_print_end(const rb_context *ctx, bool json);

#endif
