#include <gsl/gsl_math.h>

#include "rheobase/random/distributions.h"
#include "task.h"

/* A thin crescent, shifted by the parameters so that its posterior is two of them. */

enum { D = 2 };
static const double RADIUS = 0.1, RADIUS_SD = 0.01, OFFSET = 0.25;

#define UNIFORM(number)                                                                    \
  {                                                                                        \
    .name = "theta_" #number, .unit = "1", .description = "part " #number " of the shift", \
    .distribution = "uniform", .low = "-1", .high = "1"                                    \
  }
static const rb_prior_row prior[D] = {UNIFORM(1), UNIFORM(2)};

/* By which the parameters move the crescent. */
static void shift(const double *theta, double *by) {
  by[0] = -fabs(theta[0] + theta[1]) / M_SQRT2;
  by[1] = (theta[1] - theta[0]) / M_SQRT2;
}

static bool simulate(const void *constants, rb_task_streams streams, const double *theta,
                     double *x) {
  (void)constants;
  double normal = 0, by[D];
  rb_stream_normals(streams.normal, 0, 1, &normal);
  const double angle = M_PI * (rb_stream_uniform(streams.uniform, 0) - 0.5);
  const double radius = RADIUS + RADIUS_SD * normal;
  shift(theta, by);
  x[0] = radius * cos(angle) + OFFSET + by[0];
  x[1] = radius * sin(angle) + by[1];
  return true;
}

/* The density of radius and angle, over the area they take: 1 / (pi r). */
static double log_likelihood(const void *constants, const double *theta, const float *x) {
  (void)constants;
  double by[D];
  shift(theta, by);
  const double u = (double)x[0] - by[0] - OFFSET, v = (double)x[1] - by[1];
  if (!(u > 0)) return -INFINITY;
  const double radius = hypot(u, v);
  return rb_normal_log_density(radius - RADIUS, RADIUS_SD) - log(M_PI * radius);
}

static const rb_task task = {
    .name = "sbibm_two_moons", .length = D, .simulate = simulate, .log_likelihood = log_likelihood};

RB_TASK_TYPE(sbibm_two_moons, task, "Two thin crescents in two parameters", prior)
