#include "exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "rheobase/base/signals.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "pipes carry little-endian numbers");

enum { LOOK_MS = 2 };                       // between two looks at signals; one takes microseconds
enum { LAST_READS = 64 };                   // of what it printed: more than a pipe holds
static const double STOP_PATIENCE_S = 2.0;  // for the batches under way when asked to stop
static const double END_PATIENCE_S = 2.0;   // for the program to end by itself

typedef struct part {
  const char *data;
  size_t size;
} part;

enum { HEAD, THETA, SEEDS, PARTS };

/* A batch under way. */
typedef struct transfer {
  int to, from;  // -1: closed by the program
  int said;
  part part[PARTS];  // what is left to send
  int sending;       // PARTS: nothing
  char *x;           // what is left to receive goes here
  size_t missing;
} transfer;

static bool send_some(transfer *t) {
  while (t->sending < PARTS) {
    part *p = &t->part[t->sending];
    const ssize_t count = write(t->to, p->data, p->size);
    if (count < 0) {
      if (errno != EAGAIN && errno != EINTR) t->to = -1;  // it may answer all the same
      return false;
    }
    p->data += count;
    p->size -= (size_t)count;
    if (p->size == 0) ++t->sending;
  }
  return true;
}

/* @return whether anything came */
static bool receive_some(transfer *t) {
  if (t->from < 0 || t->missing == 0) return false;
  const ssize_t count = read(t->from, t->x, t->missing);
  if (count == 0) t->from = -1;
  if (count <= 0) return false;
  t->x += count;
  t->missing -= (size_t)count;
  return true;
}

/* Waits until a pipe can be used, or for a moment. */
static void wait_for_pipes(const transfer *t, int milliseconds) {
  struct pollfd pipes[3] = {{.fd = t->from, .events = POLLIN},
                            {.fd = t->said, .events = POLLIN},
                            {.fd = t->sending < PARTS ? t->to : -1, .events = POLLOUT}};
  (void)poll(pipes, 3, milliseconds);
}

static bool readable(int pipe, int milliseconds) {
  struct pollfd fd = {.fd = pipe, .events = POLLIN};
  return poll(&fd, 1, milliseconds) > 0 && (fd.revents & POLLIN) != 0;
}

/* The program's code once it has ended, which may take a moment after its pipes have closed. */
static int wait_for_end(const rb_supervised *process, rb_said *said) {
  const double until = MPI_Wtime() + END_PATIENCE_S;
  int code = -1;
  while (!rb_supervised_has_ended(process, &code) && MPI_Wtime() < until) {
    if (!rb_said_read(said, process->said)) (void)poll(NULL, 0, LOOK_MS);
  }
  for (int i = 0; i < LAST_READS && rb_said_read(said, process->said); ++i) continue;
  rb_said_end(said);
  return code;
}

/* Whether the batch is to be given up because the study stops. */
static bool gives_up(rb_context *ctx, rb_exchange *exchange, double now) {
  if (!rb_signals_asked(ctx)) return false;
  if (exchange->stop_s == 0) exchange->stop_s = now;
  return now - exchange->stop_s > STOP_PATIENCE_S;
}

static rb_outcome run(rb_context *ctx, const rb_supervised *process, transfer *t,
                      rb_exchange *exchange, rb_said *said) {
  const double until = MPI_Wtime() + exchange->timeout_s;
  int code = 0;
  for (;;) {
    (void)send_some(t);
    const bool came = receive_some(t);
    if (t->missing == 0) return t->sending < PARTS ? RB_TOO_SOON : RB_ANSWERED;
    const bool printed = rb_said_read(said, process->said);
    if (t->from < 0) return RB_ENDED;
    const double now = MPI_Wtime();
    if (gives_up(ctx, exchange, now)) return RB_GIVEN_UP;
    if (now > until) return RB_SILENT;
    if (came || printed) continue;
    if (rb_supervised_has_ended(process, &code)) {
      // What it wrote last may have come since.
      while (receive_some(t)) continue;
      if (t->missing > 0) return RB_ENDED;
    } else {
      wait_for_pipes(t, LOOK_MS);
    }
  }
}

rb_outcome rb_exchange_batch(rb_context *ctx, const rb_supervised *process, const rb_batch *batch,
                             rb_exchange *exchange, rb_said *said) {
  char head[64];
  const int length = snprintf(head, sizeof head, "%" PRId64 " %d\n", batch->count, batch->dim);
  const size_t count = (size_t)batch->count;
  transfer t = {
      .to = process->to,
      .from = process->from,
      .said = process->said,
      .part = {[HEAD] = {head, (size_t)length},
               [THETA] = {(const char *)batch->theta, count * (size_t)batch->dim * sizeof(double)},
               [SEEDS] = {(const char *)batch->seeds, count * sizeof(uint64_t)}},
      .x = (char *)batch->x,
      .missing = batch->bytes};
  exchange->received = 0;
  exchange->code = -1;
  // Bytes the batch before did not ask for would be taken for an answer to this one.
  if (readable(process->from, 0)) return RB_TOO_MANY;
  rb_outcome outcome = run(ctx, process, &t, exchange, said);
  exchange->received = batch->bytes - t.missing;
  (void)rb_said_read(said, process->said);
  if (outcome == RB_ANSWERED && readable(process->from, (int)(exchange->linger_s * 1e3))) {
    outcome = RB_TOO_MANY;
  }
  if (outcome == RB_ENDED) exchange->code = wait_for_end(process, said);
  return outcome;
}

bool rb_exchange_finish(rb_supervised *process, rb_said *said) {
  if (process->group == 0) return true;
  (void)close(process->to);
  process->to = -1;
  return wait_for_end(process, said) >= 0;
}
