#ifndef RHEOBASE_PRODUCTS_H
#define RHEOBASE_PRODUCTS_H

/** @file products.h
 * Schema names and versions of those files of a study that the stages compose themselves, for the
 * layers that read them. */

#define RB_CALIBRATION_SCHEMA "calibration"
#define RB_POSTERIOR_SCHEMA "posterior"
#define RB_PREDICTIVE_SCHEMA "predictive"
#define RB_EXACT_SCHEMA "exact"
enum {
  RB_CALIBRATION_VERSION = 2,
  RB_POSTERIOR_VERSION = 1,
  RB_PREDICTIVE_VERSION = 2,
  RB_EXACT_VERSION = 2
};

#endif
