#ifndef RHEOBASE_BLOCK_WORTH_H
#define RHEOBASE_BLOCK_WORTH_H

#include "rheobase/analysis/test_set.h"
#include "rheobase/inference/flow_posterior.h"
#include "rheobase/io/hdf5_file.h"

/** @file block_worth.h
 * Which blocks of its features (feature_source.h) a trained network relies on: what it says of data
 * sets when the numbers of a block are replaced by their mean over the study's simulations. The
 * network is not trained anew. So this is more than a block is worth: another one may tell the same
 * to a network that is trained without it, and this network meets inputs it was not trained on. */

enum { RB_WORTH_DATASETS = 200, RB_WORTH_DRAWS = 100 };  ///< at most

/** Results, the same on all ranks and on any number of them. A number that cannot be had is NaN. */
typedef struct rb_block_worth {
  rb_feature_blocks blocks;              ///< B of them; 0: nothing was measured
  int dim;                               ///< D
  int64_t datasets, draws;               ///< data sets without those that failed, draws of each
  double loss_all, loss[RB_MAX_BLOCKS];  ///< with all features; (B) with a block replaced
  int64_t loss_datasets[RB_MAX_BLOCKS];  ///< (B) data sets with both losses
  double worse_by[RB_MAX_BLOCKS], worse_by_se[RB_MAX_BLOCKS];  ///< (B) mean difference over these
  double contraction_all[RB_MAX_PARAMETERS];                   ///< (D) median over the data sets
  double contraction[RB_MAX_BLOCKS * RB_MAX_PARAMETERS];       ///< (B, D)
} rb_block_worth;

/** Measures on the first data sets of a test set, which are simulated again, but for those that
 * failed. Collective. Fails with RB_STOPPED if a rank is asked to stop, and as the model and
 * posterior->sample do.
 * @param posterior made by rb_flow_posterior_create @param set whose finished records these are */
RB_NODISCARD rb_status rb_block_worth_measure(rb_context *ctx, rb_posterior *posterior,
                                              uint64_t seed, const rb_test_set *set,
                                              const rb_records *records, rb_block_worth *worth);

/** Writes group `blocks` of a file with the dimension `parameter`; nothing if there are none.
 * Collective. */
RB_NODISCARD rb_status rb_block_worth_write(rb_context *ctx, rb_file *file,
                                            const rb_block_worth *worth);

#endif
