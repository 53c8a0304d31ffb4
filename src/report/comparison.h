#ifndef RB_REPORT_COMPARISON_H
#define RB_REPORT_COMPARISON_H

#include "study_data.h"

/** @file comparison.h
 * What the network and the linear baseline are compared by, for terminal, page and figure. */

enum { RB_COMPARED_MEASURES = 4, RB_NETWORK = 0, RB_LINEAR = 1 };

/** Per parameter. */
typedef struct rb_compared {
  const char *name;   ///< in tables
  const char *title;  ///< in gnuplot's markup
  const char *path;   ///< in a calibration file
} rb_compared;

extern const rb_compared rb_compared_measures[RB_COMPARED_MEASURES];

typedef struct rb_comparison {
  bool network;                            ///< whether the network has been calibrated
  double *value[RB_COMPARED_MEASURES][2];  ///< (D) network's and baseline's; owned; NaN where
                                           ///< there is no network
  double loss[2], loss_se[2];              ///< likewise
} rb_comparison;

/** Reads both calibration files of a study that has at least the baseline's. Local. The caller
 * calls rb_comparison_free, also after a failure. */
RB_NODISCARD rb_status rb_comparison_read(const rb_study_data *study, rb_comparison *comparison);
void rb_comparison_free(rb_comparison *comparison);

#endif
