#include "rheobase/parallel/order_statistics.h"

#include <math.h>
#include <string.h>

#include "rheobase/base/clock.h"

enum { KEY_BITS = 64, SORT_BITS = 8, SORT_DIGITS = 1 << SORT_BITS };
enum { DIGIT_BITS = 4, DIGITS = 1 << DIGIT_BITS };
static const uint64_t SIGN = UINT64_C(1) << 63;

uint64_t rb_order_key(double value) {
  uint64_t bits = 0;
  if (isnan(value)) return UINT64_MAX;
  memcpy(&bits, &value, sizeof bits);
  return bits & SIGN ? ~bits : bits | SIGN;
}

double rb_order_value(uint64_t key) {
  const uint64_t bits = key & SIGN ? key & ~SIGN : ~key;
  double value = NAN;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Radix sort, the lowest digit first; digits that all keys share are passed over. */
void rb_order_sort(int64_t n, uint64_t *key, uint64_t *work) {
  uint64_t *from = key, *to = work;
  for (int shift = 0; shift < KEY_BITS; shift += SORT_BITS) {
    int64_t place[SORT_DIGITS] = {0};
    for (int64_t i = 0; i < n; ++i) ++place[from[i] >> shift & (SORT_DIGITS - 1)];
    if (n == 0 || place[from[0] >> shift & (SORT_DIGITS - 1)] == n) continue;
    for (int64_t digit = 0, sum = 0; digit < SORT_DIGITS; ++digit) {
      const int64_t count = place[digit];
      place[digit] = sum;
      sum += count;
    }
    for (int64_t i = 0; i < n; ++i) to[place[from[i] >> shift & (SORT_DIGITS - 1)]++] = from[i];
    uint64_t *const swap = from;
    from = to;
    to = swap;
  }
  if (from != key) memcpy(key, from, (size_t)n * sizeof *key);
}

/* A query on the way: its value's key begins with `prefix`, and so do the keys of this rank from
 * low to high in each group. */
typedef struct search {
  uint64_t prefix;
  int64_t before;  // values of all ranks that precede it among those with the prefix
  int64_t low[RB_ORDER_MAX_GROUPS], high[RB_ORDER_MAX_GROUPS];
} search;

/* First key in low .. high - 1 that is not below the bound. */
static int64_t lower_bound(const uint64_t *key, int64_t low, int64_t high, uint64_t bound) {
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (key[middle] < bound) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* How many keys of this rank go on with a digit below each of 1 .. DIGITS, which are all of them.
 */
static void count_digits(const rb_order_query *q, const search *s, int shift,
                         int64_t below[DIGITS]) {
  memset(below, 0, DIGITS * sizeof *below);
  for (int g = 0; g < q->end - q->first; ++g) {
    int64_t at = s->low[g];
    for (int digit = 1; digit < DIGITS; ++digit) {
      at = lower_bound(q->key, at, s->high[g], s->prefix | (uint64_t)digit << shift);
      below[digit - 1] += at - s->low[g];
    }
    below[DIGITS - 1] += s->high[g] - s->low[g];
  }
}

/* Goes on with the digit that the value has. @param below of all ranks */
static void narrow(const rb_order_query *q, search *s, int shift, const int64_t below[DIGITS]) {
  int digit = 0;
  while (digit < DIGITS - 1 && below[digit] <= s->before) ++digit;
  const uint64_t prefix = s->prefix | (uint64_t)digit << shift;
  for (int g = 0; g < q->end - q->first; ++g) {
    if (digit < DIGITS - 1) {
      const uint64_t next = s->prefix | (uint64_t)(digit + 1) << shift;
      s->high[g] = lower_bound(q->key, s->low[g], s->high[g], next);
    }
    s->low[g] = lower_bound(q->key, s->low[g], s->high[g], prefix);
  }
  s->before -= digit > 0 ? below[digit - 1] : 0;
  s->prefix = prefix;
}

void rb_order_find(const rb_context *ctx, int count, rb_order_query *query) {
  search state[RB_ORDER_MAX_QUERIES];
  int64_t below[RB_ORDER_MAX_QUERIES][DIGITS];
  for (int k = 0; k < count; ++k) {
    const rb_order_query *q = &query[k];
    state[k] = (search){.before = q->index};
    for (int g = q->first; g < q->end; ++g) {
      state[k].low[g - q->first] = q->begin[g];
      state[k].high[g - q->first] = q->begin[g + 1];
    }
  }
  for (int shift = KEY_BITS - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
    for (int k = 0; k < count; ++k) count_digits(&query[k], &state[k], shift, below[k]);
    const rb_time_part outer = rb_clock_enter(ctx, RB_TIME_REDUCE);
    MPI_Allreduce(MPI_IN_PLACE, below, count * DIGITS, MPI_INT64_T, MPI_SUM, ctx->comm);
    rb_clock_leave(ctx, outer);
    for (int k = 0; k < count; ++k) {
      if (query[k].index < 0 || state[k].before >= below[k][DIGITS - 1]) {
        state[k].before = INT64_MAX;  // there is no such value
        continue;
      }
      narrow(&query[k], &state[k], shift, below[k]);
    }
  }
  for (int k = 0; k < count; ++k) {
    query[k].value = state[k].before == INT64_MAX ? NAN : rb_order_value(state[k].prefix);
  }
}

void rb_order_ask_middle(int64_t n, const rb_order_query *like, rb_order_query *query) {
  const int64_t index[RB_ORDER_MIDDLE_QUERIES] = {(n - 1) / 2, n / 2, n - 1};
  for (int k = 0; k < RB_ORDER_MIDDLE_QUERIES; ++k) {
    query[k] = *like;
    query[k].index = index[k];
  }
}

rb_order_middle rb_order_get_middle(const rb_order_query *query) {
  if (isnan(query[2].value)) return (rb_order_middle){NAN, NAN};  // NaN are the last
  return (rb_order_middle){query[0].value, query[1].value};
}
