#include "worker.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "exchange.h"
#include "rheobase/base/log.h"
#include "rheobase/base/memory.h"

/* A program that writes other numbers than float32 does so from the first: for the first batch it
 * is given time to write the rest. */
static const double FIRST_LINGER_S = 0.05;

enum { PROBLEM = 320 };

struct rb_worker {
  rb_worker_settings settings;
  rb_supervised process;
  rb_exchange exchange;
  rb_said said;
  bool answered;        // since it was started
  bool works;           // has answered ever
  int failures;         // in a row
  const double *theta;  // (count, D) asked for
  int64_t failed_first, failed_count;
  char problem[PROBLEM];  // the last failure: what the worker did
};

rb_status rb_worker_create(rb_context *ctx, const rb_worker_settings *settings,
                           rb_worker **worker) {
  rb_status status = RB_OK;
  RB_TRY(RB_ALLOCATE(ctx, *worker, 1));
  (*worker)->settings = *settings;
  (*worker)->said.rank = settings->rank;
  (*worker)->exchange.timeout_s = settings->timeout_s;
cleanup:
  return status;
}

static void append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...) {
  const size_t used = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text + used, size - used, format, arguments);
  va_end(arguments);
}

static void describe_end(int code, char *text) {
  enum { SIGNALS = 64 };
  if (code < 0) {
    append(text, PROBLEM, "closed its descriptor 4");
  } else if (code > 128 && code <= 128 + SIGNALS) {
    append(text, PROBLEM, "was ended by signal %d (%s)", code - 128, strsignal(code - 128));
  } else {
    append(text, PROBLEM, "ended with exit code %d", code);
  }
}

/* What the worker did instead of answering. */
static void describe(rb_worker *w, rb_outcome outcome, size_t bytes) {
  const rb_exchange *e = &w->exchange;
  char *text = w->problem;
  text[0] = '\0';
  if (outcome == RB_ENDED) describe_end(e->code, text);
  if (outcome == RB_SILENT) {
    append(text, PROBLEM, "did not answer within %g s (timeout_s)", e->timeout_s);
  }
  if (outcome == RB_TOO_MANY) append(text, PROBLEM, "wrote more than it was asked for");
  if (outcome == RB_TOO_SOON) append(text, PROBLEM, "answered before it had read its batch");
  if (e->received > 0) append(text, PROBLEM, ", %zu of %zu bytes came", e->received, bytes);
  if (outcome == RB_TOO_MANY) append(text, PROBLEM, " and others after them");
  if (w->said.last[0] != '\0') append(text, PROBLEM, "; its last line: %.160s", w->said.last);
}

/* @param theta (count, D) */
static rb_status fail(rb_context *ctx, rb_worker *w, int64_t count, const double *theta) {
  w->failed_first = (theta - w->theta) / w->settings.dim;
  w->failed_count = count;
  char values[RB_MESSAGE_SIZE / 2] = "", several[64] = "";
  for (int d = 0; d < w->settings.dim; ++d) {
    append(values, sizeof values, "%s%s = %.9g", d > 0 ? ", " : "", w->settings.parameters[d].name,
           theta[d]);
  }
  if (count > 1) (void)snprintf(several, sizeof several, "%" PRId64 " simulations, first ", count);
  return RB_FAIL(ctx, RB_ERR_SIMULATOR, "the worker of rank %d %s; it was to simulate %s%s",
                 w->said.rank, w->problem, several, values);
}

static rb_status start(rb_context *ctx, rb_worker *w) {
  if (w->process.group != 0) return RB_OK;
  const int error = rb_supervised_start(w->settings.command, &w->process);
  if (error != 0) {
    return RB_FAIL(ctx, RB_ERR_SIMULATOR, "rank %d cannot start its worker: %s", w->said.rank,
                   strerror(error));
  }
  w->answered = false;
  return RB_OK;
}

/* Asks for a batch once. @return RB_OK also where the worker failed and may be started anew */
static rb_status attempt(rb_context *ctx, rb_worker *w, const rb_batch *batch, bool *done) {
  rb_status status = RB_OK;
  *done = false;
  RB_TRY(start(ctx, w));
  w->exchange.linger_s = w->answered ? 0 : FIRST_LINGER_S;
  const rb_outcome outcome = rb_exchange_batch(ctx, &w->process, batch, &w->exchange, &w->said);
  if (outcome == RB_ANSWERED) {
    w->answered = w->works = *done = true;
    w->failures = 0;
    return RB_OK;
  }
  rb_said_end(&w->said);
  rb_supervised_end(&w->process);
  if (outcome == RB_GIVEN_UP) {
    RB_TRY(RB_FAIL(ctx, RB_STOPPED,
                   "stopped by a signal while the worker simulated; the same command goes on from "
                   "what is finished"));
  }
  describe(w, outcome, batch->bytes);
  w->failures += 1;
  const bool hopeless = outcome == RB_TOO_MANY || outcome == RB_TOO_SOON;
  const bool skipped = w->settings.skips && (w->works || batch->count > 1);
  if (hopeless || (!skipped && w->failures > w->settings.restarts)) {
    RB_TRY(fail(ctx, w, batch->count, batch->theta));
  }
  if (skipped) {
    rb_log_rank(w->said.rank, "the worker %s; starting it anew", w->problem);
  } else {
    rb_log_rank(w->said.rank, "the worker %s; starting it anew (%d of %d)", w->problem, w->failures,
                w->settings.restarts);
  }
cleanup:
  return status;
}

/* Simulations first .. first + count - 1 of many. */
static rb_batch part_of(const rb_worker *w, const rb_batch *all, int64_t first, int64_t count) {
  const int64_t row = w->settings.row;
  return (rb_batch){.count = count,
                    .dim = all->dim,
                    .theta = all->theta + first * all->dim,
                    .seeds = all->seeds + first,
                    .x = all->x + first * row,
                    .bytes = (size_t)(count * row) * sizeof(float)};
}

/* Asks for one simulation until it is there, or once where one at fault is skipped. */
static rb_status ask_one(rb_context *ctx, rb_worker *w, const rb_batch *one, bool failed) {
  rb_status status = RB_OK;
  for (bool there = false; !there;) {
    if (failed && w->settings.skips) {
      one->x[0] = NAN;
      rb_log_rank(w->said.rank, "the simulation it was to make is left out (simulation.invalid)");
      return RB_OK;
    }
    RB_TRY(attempt(ctx, w, one, &there));
    failed = true;
  }
cleanup:
  return status;
}

/* Asks for a batch; for each of its simulations by itself if that fails. */
static rb_status ask(rb_context *ctx, rb_worker *w, const rb_batch *batch) {
  rb_status status = RB_OK;
  bool done = false;
  RB_TRY(attempt(ctx, w, batch, &done));
  for (int64_t i = 0; i < batch->count && !done; ++i) {
    const rb_batch one = part_of(w, batch, i, 1);
    RB_TRY(ask_one(ctx, w, &one, batch->count == 1));
  }
cleanup:
  return status;
}

rb_status rb_worker_simulate(rb_context *ctx, rb_worker *worker, int64_t count, const double *theta,
                             const uint64_t *seeds, float *x) {
  rb_status status = RB_OK;
  const rb_worker_settings *s = &worker->settings;
  worker->theta = theta;
  worker->failed_count = 0;
  const rb_batch all = {.count = count, .dim = s->dim, .theta = theta, .seeds = seeds, .x = x};
  for (int64_t first = 0; first < count; first += s->batch) {
    const int64_t left = count - first;
    const rb_batch batch = part_of(worker, &all, first, left < s->batch ? left : s->batch);
    RB_TRY(ask(ctx, worker, &batch));
  }
cleanup:
  return status;
}

int64_t rb_worker_failed(const rb_worker *worker, int64_t *first) {
  *first = worker->failed_first;
  return worker->failed_count;
}

void rb_worker_destroy(rb_worker *worker) {
  if (worker == NULL) return;
  if (!rb_exchange_finish(&worker->process, &worker->said)) {
    rb_log_rank(worker->said.rank,
                "the worker has not ended at the end of its input and is killed");
  }
  rb_supervised_end(&worker->process);
  free(worker);
}
