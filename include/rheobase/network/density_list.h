/* The densities, one line each: RB_DENSITY(name) stands for rb_density_<name>, which
 * `network.density = "name"` chooses. */
RB_DENSITY(coupling)
RB_DENSITY(autoregressive)
RB_DENSITY(spline)
