#ifndef RHEOBASE_RANKS_H
#define RHEOBASE_RANKS_H

#include <stdint.h>

/** @file ranks.h
 * Rank statistics of simulation-based calibration (Talts et al. 2018): the rank of a truth is the
 * number of its S posterior draws below it, uniform on 0..S if the posterior is right. All
 * functions are local. */

enum { RB_NOTEBOOK_BINS = 10 };

/** How many data sets have each rank. @param rank (N) @param count (S + 1) */
void rb_rank_counts(int64_t N, const int32_t *rank, int64_t S, int64_t *count);

/** Histogram as numpy and the notebook make it: equal bins between the smallest and the largest
 * rank that occurs, the last one closed. Where S+1 is no multiple of the number of bins, bins hold
 * unequal numbers of ranks, and a uniform distribution looks uneven.
 * @param count (S + 1), not all 0 @param binned (bins) @param edge (bins + 1) */
void rb_rank_histogram(int64_t S, const int64_t *count, int bins, int64_t *binned, double *edge);

/** A number of bins for N ranks 0..S: the largest divisor of S+1 between 5 and 20 that leaves at
 * least five ranks expected per bin; where there is none, 10 or fewer. At least 1. */
int rb_rank_bins(int64_t N, int64_t S);

/** The ranks that bin b of `bins` holds: first_of(b) .. first_of(b+1) - 1; widths differ by at most
 * one, and not at all if bins divides S+1. */
int64_t rb_rank_bin_first(int64_t S, int bins, int b);

/** Sums counts per rank into bins. @param count (S + 1) @param binned (bins) */
void rb_rank_bin(int64_t S, const int64_t *count, int bins, int64_t *binned);

/** p-value of the chi-square test of uniform ranks, bins - 1 degrees of freedom; each bin expects
 * its share of ranks. NaN for fewer than two bins. @param binned (bins) */
double rb_rank_chi_square_p(int64_t S, int bins, const int64_t *binned);

/** p-value of the Kolmogorov-Smirnov test of uniform ranks (asymptotic, with Stephens' correction;
 * conservative, because ranks are discrete). @param count (S + 1) */
double rb_rank_ks_p(int64_t S, const int64_t *count);

/** Central coverage from ranks: the share of truths between the (j+1)-th smallest and largest draw,
 * whose expectation under calibration is exactly (S + 1 - 2 j) / (S + 1) - 0 <= j <= S/2, meaning
 * j <= rank <= S - j. @param count (S + 1) @param width (S/2 + 1) expected shares, falling
 * @param covered (S/2 + 1) numbers of truths */
void rb_rank_coverage(int64_t S, const int64_t *count, double *width, int64_t *covered);

#endif
