#ifndef RHEOBASE_DROPOUT_SOURCE_H
#define RHEOBASE_DROPOUT_SOURCE_H

#include <stdint.h>

/** @file dropout_source.h
 * Where the dropout masks of a micro-batch come from. */

/** Numbers come from stream (RB_FOR_TRAINING, RB_RANDOM_DROPOUT, member, item = first_item + row).
 */
typedef struct rb_dropout_source {
  uint64_t seed;
  uint16_t member;
  uint64_t first_item;  ///< samples seen before this micro-batch
} rb_dropout_source;

#endif
