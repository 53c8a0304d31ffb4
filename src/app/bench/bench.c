#include "bench.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdio.h>

#include "rheobase/base/log.h"
#include "rheobase/base/signals.h"
#include "rheobase/parallel/agree.h"

enum { MIN_REPEATS = 5 };

rb_status rb_bench_time(rb_context *ctx, rb_bench_function function, void *work, double seconds,
                        rb_bench_times *times) {
  rb_status status = RB_OK;
  double total = 0;
  times->repeats = 0;
  RB_TRY(rb_agree(ctx, function(ctx, work)));
  while (times->repeats < RB_BENCH_MAX_REPEATS &&
         (times->repeats < MIN_REPEATS || total < seconds)) {
    MPI_Barrier(ctx->comm);
    const double began = MPI_Wtime();
    RB_TRY(rb_agree(ctx, function(ctx, work)));
    double elapsed = MPI_Wtime() - began;
    MPI_Allreduce(MPI_IN_PLACE, &elapsed, 1, MPI_DOUBLE, MPI_MAX, ctx->comm);
    times->seconds[times->repeats++] = elapsed;
    total += elapsed;
    if (rb_signals_agree(ctx)) RB_TRY(RB_FAIL(ctx, RB_STOPPED, "stopped by a signal"));
  }
  gsl_sort(times->seconds, 1, (size_t)times->repeats);
  times->minimum = times->seconds[0];
  times->median = gsl_stats_median_from_sorted_data(times->seconds, 1, (size_t)times->repeats);
cleanup:
  return status;
}

void rb_bench_print_head(const rb_context *ctx, bool json, double peak_gflops) {
  if (ctx->rank != 0) return;
  if (json) {
    (void)printf("[{\"what\": \"fma_peak\", \"ranks\": %d, \"kernel\": \"%s\", \"gflops\": %.1f}",
                 ctx->size, rb_isa_name(ctx->isa), peak_gflops);
    return;
  }
  (void)printf("%d rank%s, kernel %s, FMA peak %.1f GFLOP/s over all ranks\n", ctx->size,
               rb_plural(ctx->size), rb_isa_name(ctx->isa), peak_gflops);
  (void)printf("%-14s %7s %12s %12s %14s %-10s %8s %6s\n", "what", "repeats", "min s", "median s",
               "per second", "", "GFLOP/s", "peak");
}

void rb_bench_print(const rb_context *ctx, bool json, const rb_bench_result *result,
                    const rb_bench_times *times) {
  if (ctx->rank != 0) return;
  const double rate = result->amount / times->minimum;
  const double gflops = result->gflop / times->minimum;
  const double share = result->peak_gflops > 0 ? gflops / result->peak_gflops : 0;
  if (json) {
    (void)printf(
        ",\n {\"what\": \"%s\", \"ranks\": %d, \"kernel\": \"%s\", \"repeats\": %d, "
        "\"seconds_min\": %.6g, \"seconds_median\": %.6g, \"per_second\": %.6g, "
        "\"unit\": \"%s\"",
        result->what, ctx->size, rb_isa_name(ctx->isa), times->repeats, times->minimum,
        times->median, rate, result->unit);
    if (result->gflop > 0) (void)printf(", \"gflops\": %.4g, \"share\": %.4g", gflops, share);
    (void)printf("}");
  } else {
    (void)printf("%-14s %7d %12.6f %12.6f %14.6g %-10s", result->what, times->repeats,
                 times->minimum, times->median, rate, result->unit);
    if (result->gflop > 0) (void)printf(" %8.1f %5.1f%%", gflops, 100 * share);
    (void)printf("\n");
  }
  (void)fflush(stdout);
}

void rb_bench_print_end(const rb_context *ctx, bool json) {
  if (ctx->rank == 0 && json) (void)printf("]\n");
}
