#ifndef RHEOBASE_TEST_SET_H
#define RHEOBASE_TEST_SET_H

#include "rheobase/analysis/records.h"
#include "rheobase/inference/posterior.h"

/** @file test_set.h
 * The streaming loop of calibration: fresh data sets are simulated, sampled and reduced to records
 * in chunks of a fixed size, which ranks take in rounds. */

/** A test set. */
typedef struct rb_test_set {
  const char *name;  ///< e.g. "sbc": its group in files
  rb_purpose purpose;
  int64_t datasets, draws;  ///< N >= 2, S >= 2
} rb_test_set;

typedef struct rb_test_loop rb_test_loop;

/** Prepares the loop. Collective. The caller calls rb_test_loop_destroy.
 * @param posterior and its model, borrowed @param chunk data sets per chunk */
RB_NODISCARD rb_status rb_test_loop_create(rb_context *ctx, rb_posterior *posterior, uint64_t seed,
                                           const rb_test_set *set, int64_t chunk,
                                           rb_test_loop **loop);
void rb_test_loop_destroy(rb_test_loop *loop);

enum { RB_MAX_QUANTITIES = RB_MAX_PARAMETERS + 8 };

/** The ranked quantities: the model's parameters, then joint ones (joint_quantities.h). Local.
 * @param quantity (RB_MAX_QUANTITIES) @return Q, their number */
int rb_test_quantities(const rb_posterior *posterior, rb_quantity *quantity);

/** Allocates the records of the set. Local. */
RB_NODISCARD rb_status rb_test_loop_records(rb_context *ctx, const rb_test_loop *loop,
                                            bool store_draws, rb_records *records);

/** Works on the next round, which begins at the first chunk not yet done (records->done), and
 * advances records->done. Chunks that were finished before a resume are left alone. A data set that
 * meets a numerical error, such as a draw that is not finite, is recorded as failed
 * (rb_records_failed). Collective. */
RB_NODISCARD rb_status rb_test_loop_round(rb_context *ctx, rb_test_loop *loop, rb_records *records);

/** Warns how many data sets failed in the rounds since the last warning, and why the first did.
 * Collective. */
void rb_test_loop_warn(const rb_context *ctx, rb_test_loop *loop);

#endif
