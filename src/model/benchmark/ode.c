#include "ode.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <string.h>

enum { MAX_STEPS = 100000 };  // between two times
static const double FIRST_STEP = 1e-3;

typedef struct equations {
  rb_ode_slope *slope;
  const double *parameters;
} equations;

static int evaluate(double time, const double *u, double *slope, void *context) {
  (void)time;
  const equations *e = context;
  e->slope(e->parameters, u, slope);
  for (int i = 0; i < RB_ODE_UNKNOWNS; ++i) {
    if (!isfinite(slope[i])) return GSL_EBADFUNC;
  }
  return GSL_SUCCESS;
}

bool rb_ode_solve(rb_ode_slope *slope, const double *parameters, const double *start,
                  double tolerance, int count, const double *time, double *out) {
  equations e = {slope, parameters};
  gsl_odeiv2_system system = {evaluate, NULL, RB_ODE_UNKNOWNS, &e};
  gsl_odeiv2_driver *driver =
      gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rk8pd, FIRST_STEP, tolerance, 0);
  if (driver == NULL) return false;
  (void)gsl_odeiv2_driver_set_nmax(driver, MAX_STEPS);
  double now = 0, u[RB_ODE_UNKNOWNS];
  int solved = 0;
  memcpy(u, start, sizeof u);
  for (; solved < count; ++solved) {
    if (time[solved] > now &&
        gsl_odeiv2_driver_apply(driver, &now, time[solved], u) != GSL_SUCCESS) {
      break;
    }
    memcpy(&out[(long)solved * RB_ODE_UNKNOWNS], u, sizeof u);
  }
  gsl_odeiv2_driver_free(driver);
  return solved == count;
}
