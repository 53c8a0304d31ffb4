#ifndef RHEOBASE_AGREE_H
#define RHEOBASE_AGREE_H

#include "rheobase/base/context.h"

/** @file agree.h
 * Collective errors: after local work that may fail on one rank alone and before the next
 * collective call, all ranks learn of it. */

/** Collective. If any rank passes a failure, every rank gets the record of the lowest failing rank
 * and returns its code; else RB_OK. */
RB_NODISCARD rb_status rb_agree(rb_context *ctx, rb_status status);

#endif
