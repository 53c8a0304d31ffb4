#ifndef RB_INFERENCE_RIDGE_H
#define RB_INFERENCE_RIDGE_H

#include "rheobase/parallel/gram.h"

/** @file ridge.h
 * Ridge regression (Hoerl and Kennard 1970) from moments, with a distributed Gram matrix.
 *
 * With features and responses centred and brought to unit variance, S their correlation matrix and
 * b the correlations of features with a response, the coefficients are (S + penalty)^-1 b. From the
 * eigenvalues and -vectors of S follow the solution and the generalised cross-validation score
 * (Golub, Heath and Wahba 1979) for every penalty at once:
 *
 *     gcv = (residual sum of squares / N) / (1 - degrees of freedom / N)^2 */

enum { RB_RIDGE_MAX_RESPONSES = 16, RB_RIDGE_PENALTIES = 111 };

/** Sums over all N rows; the sums of products of features are in the Gram matrix. */
typedef struct rb_ridge_moments {
  int64_t count;  ///< N
  int features, responses;
  double *feature_sum;  ///< (features)
  double *cross;        ///< (features, responses) sums of products
  double response_sum[RB_RIDGE_MAX_RESPONSES], response_square[RB_RIDGE_MAX_RESPONSES];
} rb_ridge_moments;

/** Local. The caller frees them with rb_ridge_moments_destroy. */
RB_NODISCARD rb_status rb_ridge_moments_create(rb_context *ctx, int features, int responses,
                                               rb_ridge_moments *moments);
void rb_ridge_moments_destroy(rb_ridge_moments *moments);

/** Adds rows. Local. @param x (rows, features) @param y (rows, responses) */
void rb_ridge_moments_add(rb_ridge_moments *moments, int64_t rows, const double *x,
                          const double *y);

/** Sums over all ranks, to rounding. Collective. */
void rb_ridge_moments_reduce(const rb_context *ctx, rb_ridge_moments *moments);

/** A fitted regression: response k of features x is
 * mean[k] + sum_j (x[j] - centre[j]) coefficient[j][k]. */
typedef struct rb_ridge {
  int features, responses;
  double mean[RB_RIDGE_MAX_RESPONSES];
  double *centre;       ///< (features)
  double *coefficient;  ///< (features, responses)
  double penalty[RB_RIDGE_MAX_RESPONSES];
  double freedom[RB_RIDGE_MAX_RESPONSES];  ///< degrees of freedom; NaN for a given penalty
  double *spectrum;                        ///< (features) ascending; NULL for a given penalty
  double grid[RB_RIDGE_PENALTIES];         ///< penalties tried; unused for a given one
  double *gcv;                             ///< (RB_RIDGE_PENALTIES, responses) or NULL
  double condition;                        ///< of S + penalty (the smallest, if there are several)
  int weakest;     ///< with a given penalty: the feature most nearly a combination of those
                   ///< before it; else -1
  double solve_s;  ///< seconds in factorisation and solution
} rb_ridge;

/** Fits for @p penalty > 0 (Cholesky), or, if it is 0, for the penalties that generalised
 * cross-validation finds best, one per response (eigenvalues). A feature that never varies gets
 * the coefficient 0. Collective; destroys the contents of the Gram matrix. If S + penalty is not
 * positive definite to working precision, condition is infinite and there are no coefficients.
 * Fails with RB_ERR_MEMORY, RB_ERR_NUMERIC. */
RB_NODISCARD rb_status rb_ridge_fit(rb_context *ctx, rb_gram *gram, const rb_ridge_moments *moments,
                                    double penalty, rb_ridge *ridge);
void rb_ridge_destroy(rb_ridge *ridge);

/** Responses of one row. Local. @param x (features) @param y (responses) */
void rb_ridge_predict(const rb_ridge *ridge, const double *x, double *y);

/** Bytes a rank needs for rb_ridge_fit beside the Gram matrix, at most. Local. */
double rb_ridge_bytes(const rb_context *ctx, int64_t features, double penalty);

#endif
