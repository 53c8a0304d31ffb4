#ifndef RHEOBASE_QUANTILE_H
#define RHEOBASE_QUANTILE_H

#include <stdint.h>

/** @file quantile.h
 * Sorting and quantiles: numpy's linear interpolation, to the bit. (GSL's function differs in the
 * last bit where neighbours are equal, which would let a truth on the end of an interval fall out
 * of it.) All functions are local. */

/** Sorts ascending. @param x (n) without NaN */
void rb_sort(int64_t n, double *x);

/** Quantile @p q (0..1) of ascending values. @param sorted (n), n > 0 */
double rb_quantile_of_sorted(int64_t n, const double *sorted, double q);

/** The quantile at share @p t (0..1) of the way from one sorted value to the next. */
double rb_quantile_between(double t, double a, double b);

/** Median of values in any order, which are left sorted. NaN if one of them is. @param x (n) */
double rb_median(int64_t n, double *x);

#endif
