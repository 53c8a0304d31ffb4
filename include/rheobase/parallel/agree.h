#ifndef RHEOBASE_AGREE_H
#define RHEOBASE_AGREE_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file agree.h
 * Collective errors: after local work that may fail on one rank alone and before the next
 * collective call, all ranks learn of it. */

/** Collective. If any rank passes a failure, every rank gets the record of the lowest failing rank
 * and returns its code; else RB_OK. */
RB_NODISCARD rb_status rb_agree(rb_context *ctx, rb_status status);

/** As rb_agree, after work that is dealt to whoever is free: the record is that of the lowest item
 * that failed, so that what is told does not depend on who did it or how fast. Collective.
 * @param item at which this rank failed, below INT64_MAX; of no matter where it did not */
RB_NODISCARD rb_status rb_agree_first(rb_context *ctx, rb_status status, int64_t item);

#endif
