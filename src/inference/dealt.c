#include "dealt.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/base/signals.h"
#include "rheobase/model/draw.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/parallel/queue.h"

/* What is taken at once lasts this long at least, where nothing is gained by taking more. */
static const double TAKE_S = 0.01;
static const double BY_CHANCE = 1e-12;  // so rare that it is none
static const double GAIN = 0.6;  // of the time of one simulation, that makes twice as many better
static const int64_t NONE = INT64_MAX;
enum { RETRY = 8 };  // times as many simulations later: what made it slow may have been chance

/* What this rank has simulated, in ascending order of items. */
typedef struct store {
  int64_t count, room, row;  // data sets, and numbers of one
  int64_t *item;             // (room)
  float *x;                  // (room, row)
  double *theta;             // (most, D)
  bool *valid;               // (most)
  rb_skipped invalid;        // of the pass
  int64_t doubtful;          // the first invalid item of the round behind the last valid one
  double busy_s, slowest_s;
} store;

/* A run of items that ranks take from. */
typedef struct pass {
  int64_t first, end;  // items; after a failure or a stop the end of those that were simulated
  int64_t done;        // data sets of the round before it, and
  int64_t stored;      // this rank's among them
} pass;

static void store_free(store *s) {
  free(s->item);
  free(s->x);
  free(s->theta);
  free(s->valid);
  rb_skipped_free(&s->invalid);
}

static rb_status store_grow(rb_context *ctx, store *s, int64_t count) {
  if (s->count + count <= s->room) return RB_OK;
  const int64_t room = 2 * (s->count + count);
  int64_t *item = realloc(s->item, (size_t)room * sizeof *item);
  if (item != NULL) s->item = item;
  float *x = realloc(s->x, (size_t)(room * s->row) * sizeof *x);
  if (x != NULL) s->x = x;
  if (item == NULL || x == NULL) {
    return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory for %lld simulations", (long long)room);
  }
  s->room = room;
  return RB_OK;
}

/* The power of two that is not above a count. */
static int size_of(int64_t count) {
  int size = 0;
  while (size + 1 < RB_PACE_SIZES && (count >> (size + 1)) > 0) ++size;
  return size;
}

/* Moves the valid ones of a run, which stand behind what is stored, together. */
static rb_status keep_valid(rb_context *ctx, rb_dealt *d, rb_range run, store *s) {
  rb_status status = RB_OK;
  float *x = s->x + s->count * s->row;
  for (int64_t i = 0; i < run.count; ++i, x += s->row) {
    const int64_t item = run.first + i;
    if (!s->valid[i]) {
      RB_TRY(rb_skipped_add(ctx, &s->invalid, 1, &item));
      if (s->doubtful == NONE) s->doubtful = item;
      ++d->invalid_run;
      continue;
    }
    d->invalid_run = 0;
    s->doubtful = NONE;
    float *to = s->x + s->count * s->row;
    if (to != x) memmove(to, x, (size_t)s->row * sizeof *x);
    s->item[s->count++] = item;
  }
cleanup:
  return status;
}

/* A simulator that has broken for good would use up what may be invalid, and leave items out that
 * it can simulate when it is mended. So many invalid ones after each other do not come by chance.
 */
static rb_status check_run(rb_context *ctx, const rb_dealt *d) {
  const double limit = d->model->skip_limit;
  if (limit <= 0 || (double)d->invalid_run * log(limit) >= log(BY_CHANCE)) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_SIMULATOR,
                 "the last %" PRId64 " simulations of rank %d are all invalid " RB_INVALID_MEANS
                 ", which is no chance where simulation.invalid_limit allows %.3g%%: mend the "
                 "simulator, and the same command goes on; or raise the limit",
                 d->invalid_run, ctx->rank, 100 * limit);
}

static void note_time(rb_dealt *d, int64_t count, double seconds, store *s) {
  const int size = size_of(count);
  s->busy_s += seconds;
  d->pace.seconds[size] += seconds;
  d->pace.count[size] += count;
  if (d->warm) {
    s->slowest_s = fmax(s->slowest_s, seconds / (double)count);
    d->timed_s += seconds;
    d->timed += count;
  }
  d->warm = true;
}

static rb_status simulate_run(rb_context *ctx, rb_dealt *d, rb_range run, store *s) {
  rb_status status = RB_OK;
  const rb_model *model = d->model;
  const double began = MPI_Wtime();
  RB_TRY(store_grow(ctx, s, run.count));
  RB_TRY(model->draw_prior(model, ctx, d->seed, d->purpose, run.first, run.count, s->theta, NULL));
  RB_TRY(rb_model_attempt(model, ctx, d->seed, d->purpose, run.first, run.count, s->theta, NULL,
                          s->x + s->count * s->row, s->valid));
  RB_TRY(keep_valid(ctx, d, run, s));
  RB_TRY(check_run(ctx, d));
  note_time(d, run.count, MPI_Wtime() - began, s);
cleanup:
  return status;
}

/* How many to take next, at most this rank's share of what is left. */
static int64_t next_count(const rb_context *ctx, const rb_pace *p, int64_t most, int64_t left) {
  int size = 0;
  while (size + 1 < RB_PACE_SIZES && (most >> (size + 1)) > 0 && p->count[size] > 0) {
    const double one = p->seconds[size] / (double)p->count[size];
    const int64_t more = p->count[size + 1];
    const bool gains =
        RETRY * more < p->count[size] || p->seconds[size + 1] < GAIN * one * (double)more;
    if (!gains && one * (double)(INT64_C(1) << size) > TAKE_S) break;
    ++size;
  }
  const int64_t count = INT64_C(1) << size, share = left / ctx->size;
  return count < share ? count : share > 1 ? share : 1;
}

/* Takes and simulates until there is nothing left, or all are to stop. Items are taken in ascending
 * order. @param failed the first item that this rank should have simulated and has not */
static rb_status work(rb_context *ctx, rb_dealt *d, const pass *p, rb_queue *queue, store *s,
                      int64_t *failed) {
  rb_status status = RB_OK;
  char note[128] = "";
  (void)snprintf(note, sizeof note, "%s", d->group);
  for (int64_t count = 1;;) {
    const rb_range taken = rb_queue_take_run(queue, count);
    if (taken.count == 0) break;
    rb_progress_update(d->progress, d->all.first + p->done + taken.first, note);
    const rb_range run = {p->first + taken.first, taken.count};
    status = simulate_run(ctx, d, run, s);
    if (status != RB_OK) *failed = run.first;
    if (status != RB_OK || rb_signals_asked(ctx)) {
      rb_queue_close(queue);
      break;
    }
    (void)snprintf(note, sizeof note, "%s, slowest %.3g s", d->group,
                   fmax(s->slowest_s, d->slowest_s));
    count = next_count(ctx, &d->pace, d->most, p->end - p->first - taken.first);
  }
  const int64_t untaken = p->first + rb_queue_untaken(queue);
  if (untaken < *failed) *failed = untaken;
  return status;
}

/* The place of an item among the round's data sets. */
static int64_t place_of(const rb_dealt *d, int64_t item) {
  const int64_t before = d->skipped != NULL ? rb_skipped_before(d->skipped, item) : 0;
  return item - before - d->all.first;
}

/* Sends every data set to the rank that has it to write. @param x (rows, C, L) */
static rb_status exchange(rb_context *ctx, const rb_dealt *d, const store *s, float *x) {
  rb_status status = RB_OK;
  enum { SENT, SENT_AT, GOT, GOT_AT, LISTS };
  int *list[LISTS] = {NULL};
  int64_t *item = NULL;
  float *rows = NULL;
  rb_status local = RB_OK;
  for (int l = 0; l < LISTS && local == RB_OK; ++l) local = RB_ALLOCATE(ctx, list[l], ctx->size);
  if (local == RB_OK) local = RB_ALLOCATE(ctx, item, d->rows);
  if (local == RB_OK) local = RB_ALLOCATE(ctx, rows, d->rows * s->row);
  RB_TRY(rb_agree(ctx, local));
  for (int64_t i = 0; i < s->count; ++i) ++list[SENT][place_of(d, s->item[i]) / d->rows];
  MPI_Alltoall(list[SENT], 1, MPI_INT, list[GOT], 1, MPI_INT, ctx->comm);
  for (int r = 1; r < ctx->size; ++r) {
    list[SENT_AT][r] = list[SENT_AT][r - 1] + list[SENT][r - 1];
    list[GOT_AT][r] = list[GOT_AT][r - 1] + list[GOT][r - 1];
  }
  MPI_Datatype row;
  MPI_Type_contiguous((int)s->row, MPI_FLOAT, &row);
  MPI_Type_commit(&row);
  MPI_Alltoallv(s->item, list[SENT], list[SENT_AT], MPI_INT64_T, item, list[GOT], list[GOT_AT],
                MPI_INT64_T, ctx->comm);
  MPI_Alltoallv(s->x, list[SENT], list[SENT_AT], row, rows, list[GOT], list[GOT_AT], row,
                ctx->comm);
  MPI_Type_free(&row);
  const int64_t first = ctx->rank * d->rows;
  const int64_t got = list[GOT_AT][ctx->size - 1] + list[GOT][ctx->size - 1];
  for (int64_t i = 0; i < got; ++i) {
    memcpy(x + (place_of(d, item[i]) - first) * s->row, rows + i * s->row,
           (size_t)s->row * sizeof *x);
  }
cleanup:
  for (int l = 0; l < LISTS; ++l) free(list[l]);
  free(item);
  free(rows);
  return status;
}

static void sum_up(const rb_context *ctx, double elapsed_s, const store *s, rb_dealt *d) {
  double sums[2] = {s->busy_s, elapsed_s}, slowest = s->slowest_s;
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, &slowest, 1, MPI_DOUBLE, MPI_MAX, ctx->comm);
  d->busy_s += sums[0];
  d->elapsed_s += sums[1];
  d->slowest_s = fmax(d->slowest_s, slowest);
}

/* Leaves of a pass what was simulated without a gap, where some failed or were not begun.
 * Collective. */
static void keep_first(rb_context *ctx, int64_t failed, pass *p, store *s) {
  int64_t count = s->count - p->stored + s->invalid.count;
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT64_T, MPI_MIN, ctx->comm);
  MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_INT64_T, MPI_SUM, ctx->comm);
  const int64_t end = p->first + count;  // if none failed, there is no gap
  p->end = failed < end ? failed : end;
  while (s->count > p->stored && s->item[s->count - 1] >= p->end) --s->count;
  s->invalid.count = rb_skipped_before(&s->invalid, p->end);
}

/* Lets all ranks know which items of a pass are left out. Collective. */
static rb_status share_invalid(rb_context *ctx, rb_dealt *d, store *s) {
  rb_status status = RB_OK;
  int *counts = NULL, *places = NULL, all = 0;
  int64_t *item = NULL;
  const int mine = (int)s->invalid.count;
  status = RB_ALLOCATE(ctx, counts, ctx->size);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, places, ctx->size);
  RB_TRY(rb_agree(ctx, status));
  MPI_Allgather(&mine, 1, MPI_INT, counts, 1, MPI_INT, ctx->comm);
  for (int r = 0; r < ctx->size; ++r) {
    places[r] = all;
    all += counts[r];
  }
  RB_TRY(rb_agree(ctx, RB_ALLOCATE(ctx, item, all)));
  MPI_Allgatherv(s->invalid.item, mine, MPI_INT64_T, item, counts, places, MPI_INT64_T, ctx->comm);
  RB_TRY(rb_agree(ctx, rb_skipped_add(ctx, d->skipped, all, item)));
  s->invalid.count = 0;
cleanup:
  free(counts);
  free(places);
  free(item);
  return status;
}

/* Simulates the items of a pass. Collective. @param made what came of it: fails only where nothing
 * of the pass can be kept */
static rb_status make_pass(rb_context *ctx, rb_dealt *d, pass *p, store *s, rb_status *made) {
  rb_status status = RB_OK;
  rb_queue queue;
  int64_t failed = p->end;
  RB_TRY(rb_queue_create(ctx, p->end - p->first, &queue));
  const rb_status local = work(ctx, d, p, &queue, s, &failed);
  rb_queue_destroy(&queue);
  *made = rb_agree_first(ctx, local, failed);
  keep_first(ctx, failed, p, s);
  if (d->skipped == NULL) return RB_OK;
  const rb_error reason = ctx->error;
  rb_error_clear(ctx);
  RB_TRY(share_invalid(ctx, d, s));
  ctx->error = reason;
cleanup:
  return status;
}

/* What a simulator at fault has left out since it last made something is tried again: the round is
 * cut there. Collective. */
static void cut_doubtful(rb_context *ctx, rb_dealt *d, pass *p, store *s) {
  if (s->doubtful < p->end) p->end = s->doubtful;
  MPI_Allreduce(MPI_IN_PLACE, &p->end, 1, MPI_INT64_T, MPI_MIN, ctx->comm);
  while (s->count > 0 && s->item[s->count - 1] >= p->end) --s->count;
  if (d->skipped != NULL) d->skipped->count = rb_skipped_before(d->skipped, p->end);
}

/* Makes passes until the round is full. Collective. @param made as of make_pass */
static rb_status make_passes(rb_context *ctx, rb_dealt *d, store *s, rb_status *made) {
  rb_status status = RB_OK;
  const int64_t wanted = d->all.count;
  const rb_skipped none = {0}, *skipped = d->skipped != NULL ? d->skipped : &none;
  *made = RB_OK;
  d->all.count = d->there;
  for (bool whole = true; whole && *made == RB_OK && d->all.count < wanted;) {
    const int64_t first = d->all.first + d->all.count + skipped->count;
    const int64_t end = first + wanted - d->all.count;
    pass p = {.first = first, .end = end, .done = d->all.count, .stored = s->count};
    RB_TRY(make_pass(ctx, d, &p, s, made));
    whole = p.end == end;
    if (*made == RB_OK) {
      *made = rb_model_check_share(ctx, d->model, p.end, skipped->count, false);
    }
    if (*made == RB_ERR_SIMULATOR) cut_doubtful(ctx, d, &p, s);
    d->all.count = place_of(d, p.end);
  }
cleanup:
  return status;
}

rb_status rb_dealt_simulate(rb_context *ctx, rb_dealt *dealt, float *x) {
  rb_status status = RB_OK;
  rb_status made = RB_OK;
  store s = {.row = dealt->model->channels * dealt->model->length, .doubtful = NONE};
  const double began = MPI_Wtime();
  status = RB_ALLOCATE(ctx, s.theta, dealt->most * dealt->model->dim);
  if (status == RB_OK) status = RB_ALLOCATE(ctx, s.valid, dealt->most);
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(make_passes(ctx, dealt, &s, &made));
  sum_up(ctx, MPI_Wtime() - began, &s, dealt);
  const rb_error reason = ctx->error;
  rb_error_clear(ctx);
  RB_TRY(exchange(ctx, dealt, &s, x));
  ctx->error = reason;
  status = made;
cleanup:
  store_free(&s);
  return status;
}
