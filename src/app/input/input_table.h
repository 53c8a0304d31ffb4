#ifndef RB_APP_INPUT_TABLE_H
#define RB_APP_INPUT_TABLE_H

#include "settings.h"

/** @file input_table.h
 * The table of an input's settings: those of every study, and for the chosen model its simulator's
 * and a group for each parameter's prior. All functions are local. */

/** Makes input->table for input->type. @param core (cores) settings of every study; the model's
 * stand behind the first `leading` of them. Freed by rb_input_table_free. */
RB_NODISCARD rb_status rb_input_table_create(rb_context *ctx, const rb_setting *core, int cores,
                                             int leading, rb_input *input);
void rb_input_table_free(rb_input *input);

/** Completes what was read of the prior by the model's default: a row that names a distribution or
 * a fixed value stands for itself, of others only what is given differs from the default. */
void rb_input_complete_prior(rb_input *input);

#endif
