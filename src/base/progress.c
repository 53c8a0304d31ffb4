#include "rheobase/base/progress.h"

#include <inttypes.h>
#include <stdio.h>

enum { BAR_WIDTH = 24 };
static const double TERMINAL_INTERVAL_S = 0.1;
static const double PLAIN_INTERVAL_S = 10.0;

rb_progress rb_progress_begin(const rb_context *ctx, const char *stage, const char *unit,
                              int64_t total, int64_t done) {
  const double now = MPI_Wtime();
  return (rb_progress){.ctx = ctx,
                       .stage = stage,
                       .unit = unit,
                       .total = total,
                       .start = done,
                       .began_s = now,
                       .printed_s = now};
}

static void format_time(double seconds, char *text, size_t size) {
  const long s = (long)(seconds + 0.5);
  if (s < 3600) {
    (void)snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
  } else {
    (void)snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  }
}

void rb_progress_update(rb_progress *progress, int64_t done, const char *note) {
  const rb_context *ctx = progress->ctx;
  if (ctx->rank != 0 || ctx->quiet) return;
  const double now = MPI_Wtime();
  if (now - progress->printed_s < (ctx->terminal ? TERMINAL_INTERVAL_S : PLAIN_INTERVAL_S)) return;
  progress->printed_s = now;
  const double elapsed = now - progress->began_s;
  const int64_t made = done > progress->start ? done - progress->start : 0;  // else it is copied
  const double rate = elapsed > 0 ? (double)made / elapsed : 0;
  char left[32] = "?";
  if (rate > 0) format_time((double)(progress->total - done) / rate, left, sizeof left);
  char bar[BAR_WIDTH + 4] = "";
  if (ctx->terminal) {
    const int filled = (int)(BAR_WIDTH * done / (progress->total > 0 ? progress->total : 1));
    int at = 0;
    bar[at++] = ' ';
    bar[at++] = '[';
    for (int i = 0; i < BAR_WIDTH; ++i) bar[at++] = i < filled ? '#' : '.';
    bar[at++] = ']';
    bar[at] = '\0';
  }
  (void)printf("%s%-10s%s %" PRId64 "/%" PRId64 " %s, %.4g/s, %s left%s%s%s",
               ctx->terminal ? "\r\033[K" : "", progress->stage, bar, done, progress->total,
               progress->unit, rate, left, note ? ", " : "", note ? note : "",
               ctx->terminal ? "" : "\n");
  (void)fflush(stdout);
}

void rb_progress_end(rb_progress *progress, const char *note) {
  const rb_context *ctx = progress->ctx;
  if (ctx->rank != 0 || ctx->quiet) return;
  const double elapsed = MPI_Wtime() - progress->began_s;
  const int64_t done = progress->total - progress->start;
  (void)printf("%s%-10s %" PRId64 " %s in %.2f s (%.4g/s)%s%s\n", ctx->terminal ? "\r\033[K" : "",
               progress->stage, done, progress->unit, elapsed,
               elapsed > 0 ? (double)done / elapsed : 0.0, note ? ", " : "", note ? note : "");
  (void)fflush(stdout);
}
