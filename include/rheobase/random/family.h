#ifndef RHEOBASE_FAMILY_H
#define RHEOBASE_FAMILY_H

#include "rheobase/base/status.h"

/** @file family.h
 * The families of distributions a prior is made of, each truncated to an interval [low, high] that
 * may be infinite on either side. All functions are local. */

enum { RB_FAMILY_ARGUMENTS = 3 };

/** One argument of a family, such as a mean. */
typedef struct rb_family_argument {
  const char *name;
  int positive;  ///< 1: has to be above 0
} rb_family_argument;

typedef struct rb_family rb_family;

/** One family. @p a are its arguments; low < high, both within the family's own range. */
struct rb_family {
  const char *name;
  int arguments;
  rb_family_argument argument[RB_FAMILY_ARGUMENTS];
  double low, high;  ///< the range of its values, ends included where finite
  int bounded;       ///< 1: exists on a finite interval alone,
  int open;          ///< 1: which may not begin at `low`

  /** The value below which the share @p u (0 < u < 1) of the truncated distribution lies; NaN where
   * the interval lies so far out that its probability underflows. */
  double (*quantile)(const double *a, double low, double high, double u);

  /** Log density of the truncated distribution at a point of [low, high], all constants included;
   * -inf outside. */
  double (*log_density)(const double *a, double low, double high, double x);
};

/** The families, ended by one without a name. */
extern const rb_family rb_families[];

/** How many they are. */
int rb_family_count(void);

/** The family of that name, or NULL. */
const rb_family *rb_family_find(const char *name);

#endif
