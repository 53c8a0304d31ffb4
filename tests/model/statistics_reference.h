#ifndef RB_TEST_STATISTICS_REFERENCE_H
#define RB_TEST_STATISTICS_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

/* The event statistics of docs/statistics.md, number by number from their definition: every sum
 * goes over all samples, and asks each sample where it is. */

typedef struct reference_layout {
  int knots, lags, ages, widths, lines;
  const int64_t *knot, *lag, *age, *width;
  const int64_t (*line)[2]; /* width, distance */
} reference_layout;

/* @param v (K, T) @param event (K, T) 0 or 1 @param hidden (K, T) 1 where masked @param aligned
 * false: the blocks without events @return how many numbers were written to out */
int reference_statistics(const reference_layout *layout, int64_t T, int64_t K, const double *v,
                         const uint8_t *event, const uint8_t *hidden, bool aligned, double *out);

#endif
