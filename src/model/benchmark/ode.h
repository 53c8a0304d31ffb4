#ifndef RB_MODEL_BENCHMARK_ODE_H
#define RB_MODEL_BENCHMARK_ODE_H

#include <stdbool.h>

/** @file ode.h
 * Ordinary differential equations of the benchmark, by GSL's Runge-Kutta method of Prince and
 * Dormand of order 8 with steps that follow the error. Local; the result depends on the arguments
 * alone. */

enum { RB_ODE_UNKNOWNS = 2 };

/** Right-hand side. @param parameters of the equations @param u (RB_ODE_UNKNOWNS) the unknowns
 * @param slope (RB_ODE_UNKNOWNS) out */
typedef void rb_ode_slope(const double *parameters, const double *u, double *slope);

/** Solves from time 0. @param u (RB_ODE_UNKNOWNS) start
 * @param time (count), at least 0 and rising @param out (count, RB_ODE_UNKNOWNS)
 * @param tolerance absolute, of each unknown in each step
 * @return false where it takes too many steps, or numbers overflow */
bool rb_ode_solve(rb_ode_slope *slope, const double *parameters, const double *u, double tolerance,
                  int count, const double *time, double *out);

#endif
