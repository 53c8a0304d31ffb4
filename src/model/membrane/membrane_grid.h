#ifndef RB_MODEL_MEMBRANE_GRID_H
#define RB_MODEL_MEMBRANE_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "membrane_kernel.h"
#include "rheobase/base/context.h"

/** @file membrane_grid.h
 * A density of the membrane potential below threshold on a grid anchored at the threshold,
 * x_j = V_th - (j + 1/2) h, j = 0, 1, ..., and its passage through one step of the dynamics,
 * x' = a x + b + q N(0, 1) with x' < V_th, and one observation, y = x' + sigma N(0, 1).
 *
 * The integrands are smooth up to the threshold and end there, so the midpoint rule gets
 * end-corrected weights w_j = 1 + c_j, sum_j c_j (j+1/2)^k = B_{k+1}(1/2)/(k+1): its error is then
 * of order h^p for p corrected weights, and beyond that as good as zero for Gaussian kernels.
 *
 * The transition kernel is no convolution, a being below 1. But
 * (a i - j)^2 = a (i - j)^2 - a (1-a) i^2 + (1-a) j^2, so it is one between two diagonal scalings,
 * and the scaling after it merges with the observation's Gaussian. Local. */

enum { RB_MEMBRANE_MAX_ORDER = 12, RB_MEMBRANE_MAX_TAPS = 1024, RB_MEMBRANE_CAPACITY = 8192 };

/** The resolution of the filter; see rb_lif_accuracy_default for the choice. */
typedef struct rb_lif_accuracy {
  double spacing;       ///< h over the sd of the narrowest density, q sigma / sqrt(q^2 + sigma^2)
  double reach_sd;      ///< how many sd of a Gaussian count
  double switch_sd;     ///< the threshold's distance below which the density is put on the grid
  double nearly_gauss;  ///< skewness and excess kurtosis below which it is taken off again
  int order;            ///< p: number of end-corrected weights
} rb_lif_accuracy;

typedef struct rb_membrane_grid {
  const rb_membrane_kernel *kernel;
  rb_lif_accuracy accuracy;
  double correction[RB_MEMBRANE_MAX_ORDER];  ///< 1 + c_j
  double *f, *g;                             ///< work space with padding, owned
  // Constants of a parameter vector.
  double V_th, a, q, sigma;
  double h, eta;  ///< spacing in mV and in units of q
  double curvature_in, curvature_out;
  double log_observation;             ///< log of the observation density's constant
  int64_t taps_side;                  ///< taps on either side that make up the kernel's width
  double taps[RB_MEMBRANE_MAX_TAPS];  ///< for n = -RB_MEMBRANE_MAX_TAPS/2 ..
  // The density at cells lo .. lo + count - 1; density = f * exp(log_scale).
  int64_t lo, count;
  double log_scale;
} rb_membrane_grid;

/** Allocates the work space and computes the end corrections. */
RB_NODISCARD rb_status rb_membrane_create(rb_context *ctx, rb_lif_accuracy accuracy,
                                          rb_membrane_grid *grid);
void rb_membrane_destroy(rb_membrane_grid *grid);

/** Sets the constants of a parameter vector. @return false if the grid cannot resolve it. */
bool rb_membrane_set(rb_membrane_grid *grid, double V_th, double a, double q, double sigma);

/** The Gaussian with mean @p m and standard deviation @p sd times exp(@p log_weight), truncated at
 * the threshold. @param to_threshold keep all cells up to the threshold, however improbable
 * @return false if it needs more cells than there are */
bool rb_membrane_from_gaussian(rb_membrane_grid *grid, double m, double sd, double log_weight,
                               bool to_threshold);

/** One step and the observation @p y. @param gain about the share of a surprise in y by which the
 * mean moves. @return false if nothing is left. */
bool rb_membrane_step(rb_membrane_grid *grid, double b, double y, double gain, bool to_threshold);

/** log of the integral of the density times P(a x + b + q N(0,1) >= V_th). */
double rb_membrane_log_spike(const rb_membrane_grid *grid, double b);

/** log of the integral of the density times N(y; a x + b, q^2 + sigma^2). */
double rb_membrane_log_last(const rb_membrane_grid *grid, double b, double y);

/** Log mass and standardised moments. */
typedef struct rb_membrane_moments {
  double log_mass, mean, sd, skewness, excess_kurtosis;
} rb_membrane_moments;
rb_membrane_moments rb_membrane_take_moments(const rb_membrane_grid *grid);

#endif
