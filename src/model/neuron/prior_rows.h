#ifndef RB_MODEL_NEURON_PRIOR_ROWS_H
#define RB_MODEL_NEURON_PRIOR_ROWS_H

#include "rheobase/model/prior.h"

/** @file prior_rows.h
 * Rows of the neurons' default priors: texts, truncated to [least, most]. @{ */

#define RB_NORMAL_ROW(parameter, what, text, centre, deviation, least, most)        \
  {                                                                                 \
    .name = parameter, .unit = what, .description = text, .distribution = "normal", \
    .mean = centre, .sd = deviation, .low = least, .high = most                     \
  }

#define RB_LOGNORMAL_ROW(parameter, what, text, centre, deviation, least, most)        \
  {                                                                                    \
    .name = parameter, .unit = what, .description = text, .distribution = "lognormal", \
    .median = centre, .sd_log = deviation, .low = least, .high = most                  \
  }

#define RB_UNIFORM_ROW(parameter, what, text, least, most)                                         \
  {                                                                                                \
    .name = parameter, .unit = what, .description = text, .distribution = "uniform", .low = least, \
    .high = most                                                                                   \
  }

#define RB_LOGUNIFORM_ROW(parameter, what, text, least, most)                           \
  {                                                                                     \
    .name = parameter, .unit = what, .description = text, .distribution = "loguniform", \
    .low = least, .high = most                                                          \
  }
/** @} */

#endif
