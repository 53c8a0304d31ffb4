#ifndef RB_PARALLEL_BLOCK_CYCLIC_INTERNAL_H
#define RB_PARALLEL_BLOCK_CYCLIC_INTERNAL_H

#include "rheobase/parallel/block_cyclic.h"

/** @file block_cyclic_internal.h
 * What the factorisations of block_cyclic.h share. */

/** Turns the size ScaLAPACK asks for (which must be an int) into one with room to spare: some
 * versions ask for too little. Local. Fails with RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_matrix_work_size(rb_context *ctx, const rb_matrix *matrix, double asked,
                                           int *size);

/** Between two pieces of a long factorisation: fails with RB_STOPPED on all ranks if one is asked
 * to stop. Collective. */
RB_NODISCARD rb_status rb_matrix_stop_if_asked(rb_context *ctx, const rb_matrix *matrix);

#endif
