#ifndef RB_APP_INPUT_PAGE_H
#define RB_APP_INPUT_PAGE_H

#include "settings.h"

/** @file input_page.h
 * docs/input.md: the settings of every study, how a prior is written, and all models. */

/** The page, with the values of an input as defaults of the common settings. Local. The caller
 * frees *text. */
RB_NODISCARD rb_status rb_input_page(rb_context *ctx, const rb_input *input, char **text);

#endif
