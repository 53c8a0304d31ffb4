#ifndef RB_REPORT_BLOCK_SCORES_H
#define RB_REPORT_BLOCK_SCORES_H

#include "rheobase/io/hdf5_file.h"
#include "rheobase/model/feature_source.h"

/** @file block_scores.h
 * What a network says without each block of its features (analysis/block_worth.h), read from
 * calibration.h5, and as it is told on the terminal. Local. */

typedef struct rb_block_score {
  char name[32];
  int64_t features;
  double loss, worse_by, worse_by_se;   ///< with the block replaced
  char parameter[64];                   ///< that loses most of its contraction
  double contraction, contraction_all;  ///< its own, with the block replaced and with all
} rb_block_score;

typedef struct rb_block_scores {
  int count;        ///< of blocks; 0: the file has none
  double loss_all;  ///< nats
  int64_t datasets;
  rb_block_score block[RB_MAX_BLOCKS];  ///< (count)
} rb_block_scores;

/** Reads them. Fails as rb_file_read_new does. @param file a calibration.h5 */
RB_NODISCARD rb_status rb_block_scores_read(rb_context *ctx, const rb_file *file,
                                            rb_block_scores *scores);

/** Prints them; nothing if the file has none. Fails as rb_block_scores_read. */
RB_NODISCARD rb_status rb_print_blocks(rb_context *ctx, const rb_file *file);

#endif
