#ifndef RHEOBASE_ORDER_STATISTICS_H
#define RHEOBASE_ORDER_STATISTICS_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file order_statistics.h
 * Order statistics of values that are spread over the ranks: each rank sorts its own, and all count
 * together which of them lie below a bound, four bits of the value at a time. Nothing is gathered,
 * and the result is the value itself, whatever the ranks.
 *
 * Values are kept as keys: integers in their order, with NaN above all numbers. */

/** Key of a value. -0 comes before 0. Local. */
uint64_t rb_order_key(double value);

/** The value of a key; NaN for any NaN. Local. */
double rb_order_value(uint64_t key);

/** Sorts keys ascending, in time proportional to their number. Local. @param key (n)
 * @param work (n) */
void rb_order_sort(int64_t n, uint64_t *key, uint64_t *work);

enum { RB_ORDER_MAX_GROUPS = 4, RB_ORDER_MAX_QUERIES = 64 };

/** One order statistic. */
typedef struct rb_order_query {
  const uint64_t *key;   ///< this rank's keys: groups one after the other, each ascending
  const int64_t *begin;  ///< (groups + 1) first key of each group
  int first, end;        ///< the groups looked at: first .. end - 1, at most RB_ORDER_MAX_GROUPS
  int64_t index;         ///< how many of the values of all ranks in these groups precede it
  double value;          ///< set by rb_order_find; NaN if there is no such value
} rb_order_query;

/** The two values in the middle of n, or the one that is both; NaN if any of them all is. */
typedef struct rb_order_middle {
  double low, high;
} rb_order_middle;

enum { RB_ORDER_MIDDLE_QUERIES = 3 };

/** The queries that the middle of @p n values takes. Local. @param like what they have in common
 * @param query (RB_ORDER_MIDDLE_QUERIES) */
void rb_order_ask_middle(int64_t n, const rb_order_query *like, rb_order_query *query);

/** The middle, from these queries answered. Local. */
rb_order_middle rb_order_get_middle(const rb_order_query *query);

/** Answers up to RB_ORDER_MAX_QUERIES queries. Collective: all ranks ask for the same groups and
 * indices, each of its own keys. */
void rb_order_find(const rb_context *ctx, int count, rb_order_query *query);

#endif
