#ifndef RHEOBASE_DENSITY_H
#define RHEOBASE_DENSITY_H

#include <stdint.h>

/** @file density.h
 * Gaussian kernel density estimates of a sample. All functions are local. */

enum { RB_DENSITY_POINTS = 200 };

/** Scott's bandwidth: n^(-1/5) times the standard deviation with n - 1; at least 1e-6 of the
 * values' size, so that values which are all the same have a density. @param x (n), n >= 2 */
double rb_scott_bandwidth(int64_t n, const double *x);

/** Points from min - 3 bandwidths to max + 3 bandwidths. @param x (n)
 * @param grid (RB_DENSITY_POINTS) */
void rb_density_grid(int64_t n, const double *x, double bandwidth, double *grid);

/** Density estimate at the points, per unit of x. @param x (n) @param grid (points)
 * @param density (points) */
void rb_density(int64_t n, const double *x, double bandwidth, int64_t points, const double *grid,
                double *density);

#endif
