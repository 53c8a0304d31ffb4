#ifndef RHEOBASE_SIGNALS_H
#define RHEOBASE_SIGNALS_H

#include <stdbool.h>

#include "rheobase/base/context.h"

/** @file signals.h
 * Requests to stop: SIGUSR1 and SIGTERM are blocked and polled, so no global state is needed.
 * Ctrl-C becomes a SIGTERM where there is a safe point to stop at. */

/** Blocks the two signals; call before MPI_Init so that every thread inherits it. Local. */
void rb_signals_block(void);

/** From now on the first SIGINT (Ctrl-C) is a request to stop, and a second one ends the program at
 * once. For commands that poll; the others end at the first. Local. */
void rb_signals_catch_interrupt(void);

/** @return whether a request to stop has arrived on this rank since the last call. Local. */
bool rb_signals_poll(void);

/** For long work between two exchanges: polls, and lets MPI serve other ranks' requests for this
 * rank's memory (queue.h). Local. @return ctx->stop, which is then true on this rank alone until
 * rb_signals_agree */
bool rb_signals_asked(rb_context *ctx);

/** @return whether a request to stop waits to be polled on this rank, which it still does
 * afterwards. Local. */
bool rb_signals_pending(void);

/** Polls on every rank and sets ctx->stop on all ranks if any of them was asked to stop.
 * Collective. @return ctx->stop. */
bool rb_signals_agree(rb_context *ctx);

#endif
