#ifndef RHEOBASE_SIGNALS_H
#define RHEOBASE_SIGNALS_H

#include <stdbool.h>

#include "rheobase/context.h"

/** @file signals.h
 * Requests to stop: SIGUSR1 and SIGTERM are blocked and polled, so no handler and no global state
 * is needed. */

/** Blocks the two signals; call before MPI_Init so that every thread inherits it. Local. */
void rb_signals_block(void);

/** @return whether a request to stop has arrived on this rank since the last call. Local. */
bool rb_signals_poll(void);

/** Polls on every rank and sets ctx->stop on all ranks if any of them was asked to stop.
 * Collective. @return ctx->stop. */
bool rb_signals_agree(rb_context *ctx);

#endif
