#ifndef RB_NETWORK_FACTOR_H
#define RB_NETWORK_FACTOR_H

#include <stdbool.h>

#include "rheobase/base/real.h"

/** @file factor.h
 * Densities of one number, whose shape are the outputs of an MLP: the factors an autoregressive
 * density is made of (autoregressive.h), as a table. Local; none allocates or fails. */

enum { RB_FACTOR_MAX_PARTS = 64 };

typedef struct rb_factor {
  const char *name;           ///< of the group of settings and of the tensors
  const char *parts;          ///< what there is a number of, as the setting is called
  int (*outputs)(int parts);  ///< numbers that tell the density

  /** Initial biases of these numbers. @param centred x comes centred @param bias (outputs), 0 on
   * entry */
  void (*initialise)(int parts, bool centred, rb_real *bias);

  /** log q(x). @param output (outputs) */
  rb_real (*log_density)(int parts, const rb_real *output, rb_real x);

  /** Its gradient, times @p scale. @param doutput (outputs)
   * @return that in x */
  rb_real (*backward)(int parts, const rb_real *output, rb_real x, rb_real scale, rb_real *doutput);

  /** A draw from a standard normal number z.
   * @param log_density log q of the draw, added; may be NULL */
  rb_real (*draw)(int parts, const rb_real *output, rb_real z, rb_real *log_density);
} rb_factor;

/** A mixture of Gaussians: logits, means and log scales, parts each; log scales are kept in
 * [-9, 4] (Bishop 1994). A draw takes its component from the probability of z, and from what is
 * left of it, again uniform, the value within. */
extern const rb_factor rb_mixture_factor;

/** A standard normal number z = s((x - m) exp(-l)), where s is a monotonic rational-quadratic
 * spline of so many bins on [-5, 5] and the identity outside (Durkan et al. 2019): m, l, and of the
 * spline logits of widths and heights of the bins and slopes at the parts - 1 inner knots, before
 * softplus. Widths and heights are at least 1e-3 of the range, slopes at least 1e-3; all outputs 0
 * are the standard normal density. l is kept in [-9, 4]. */
extern const rb_factor rb_spline_factor;

#endif
