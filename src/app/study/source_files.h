#ifndef RB_APP_SOURCE_FILES_H
#define RB_APP_SOURCE_FILES_H

#include "job.h"

/** @file source_files.h
 * The files of earlier stages that a stage reads. */

/** Whether they belong together: one that was made from another of them was made from the one that
 * is there. (After `infer --force` the old exact.h5 is of another observation than posterior.h5.)
 * Files of earlier versions, which do not say, are believed. Local. Fails with RB_ERR_STUDY.
 * @param job whose recipe lists what is there (stage_recipe.h)
 * @param products a bit for each rb_product the stage reads; all are there, but for simulations,
 * which are made from no other file and not looked at */
RB_NODISCARD rb_status rb_source_files_agree(rb_context *ctx, const rb_job *job, unsigned products);

#endif
