#ifndef RB_APP_STAGE_RECIPE_H
#define RB_APP_STAGE_RECIPE_H

#include "stage_table.h"

/** @file stage_recipe.h
 * What a stage's file is to be made from: settings, files of earlier stages, files of the user's.
 */

/** Puts it into job->recipe. Collective; the caller calls rb_stage_recipe_free, also after a
 * failure.
 * @param planned (RB_PRODUCTS) digests the recipes of earlier stages' files will have, where these
 * are still to be made; NULL: they are there */
RB_NODISCARD rb_status rb_stage_recipe_make(rb_context *ctx, rb_job *job, const rb_stage *stage,
                                            const uint64_t *planned);

/** Frees job->recipe. Local. */
void rb_stage_recipe_free(rb_job *job);

#endif
