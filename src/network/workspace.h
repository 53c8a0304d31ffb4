#ifndef RB_NETWORK_WORKSPACE_H
#define RB_NETWORK_WORKSPACE_H

#include <stddef.h>
#include <stdint.h>

#include "rheobase/base/real.h"

/** @file workspace.h
 * One allocation cut into arrays. The code that lays out arrays runs twice: with base NULL to count
 * the elements, and again after the allocation. Local. */

/** Start from {0} to count. */
typedef struct rb_workspace {
  rb_real *base;  ///< NULL while counting
  int64_t used;   ///< elements handed out
} rb_workspace;

/** @return the next @p count elements, aligned to 64 bytes; NULL while counting. */
static inline rb_real *rb_workspace_take(rb_workspace *workspace, int64_t count) {
  const int64_t line = 64 / (int64_t)sizeof(rb_real);
  rb_real *array = workspace->base == NULL ? NULL : workspace->base + workspace->used;
  workspace->used += (count + line - 1) / line * line;
  return array;
}

#endif
