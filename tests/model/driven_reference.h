#ifndef RB_TEST_DRIVEN_REFERENCE_H
#define RB_TEST_DRIVEN_REFERENCE_H

#include <stdint.h>

/* The statistics of a potential and a known stimulus (docs/statistics.md), number by number from
 * their definition: windows are gathered one by one, and means are taken before deviations. */

typedef struct driven_recordings {
  int64_t T, K;          /* samples of a recording, and recordings, one after the other */
  const double *v, *I;   /* (K, T) */
  const uint8_t *event;  /* (K, T) */
  const uint8_t *hidden; /* (K, T) masked */
} driven_recordings;

/* Regressions, around events, correlations, history, left over. @return how many were written */
int reference_driven(const driven_recordings *recordings, double *out);

#endif
