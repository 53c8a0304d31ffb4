#ifndef RB_APP_STAGE_TABLE_H
#define RB_APP_STAGE_TABLE_H

#include "job.h"

/** @file stage_table.h
 * The stages of a study: what each writes, which settings and files it is made from, what does it.
 */

typedef struct rb_stage {
  rb_product product;
  const char *settings;
  unsigned sources;  ///< files of earlier stages, a bit for each product
  bool takes_data, takes_observation;
  /** Of stages with one name that is done whose range holds the number of --recording FILE. */
  int least_recordings, most_recordings;
  /** Writes its files; collective. @param path of the first */
  rb_status (*run)(rb_context *ctx, rb_job *job, const char *path);
  /** Where its file may hold unfinished work: how far it is, of how much. Local. */
  rb_status (*position)(rb_context *ctx, const rb_file *file, int64_t *done, int64_t *total);
  bool predicts;    ///< recordings, from what rb_stage_predicts_from says
  bool not_in_run;  ///< done only when asked for by name
  /** Of an ensemble it writes files <member_kind>_member_<number>.h5 too, from this number on. */
  const char *member_kind;
  int first_member;
  /** What can be checked before any stage runs; collective. NULL: nothing. */
  rb_status (*check)(rb_context *ctx, const rb_job *job);
  /** Whether its file, made from another recipe, is a beginning of what is asked for; collective.
   * NULL: never. @param why (RB_STUDY_WHY) */
  rb_status (*extends)(rb_context *ctx, const rb_job *job, const char *path, bool *extends,
                       char *why);
  bool needs_simulator;  ///< for parameters that stored simulations do not have
} rb_stage;

/** In order: what a stage reads is written by one before it. */
extern const rb_stage rb_stages[];
extern const int rb_stage_count;

/** The stage that writes a product; NULL if that is written beside another one. Local. */
const rb_stage *rb_stage_that_writes(rb_product product);

/** How many files the stage writes: of an ensemble one for each member, too. Local. */
int rb_stage_file_count(const rb_job *job, const rb_stage *stage);

/** Path of the stage's file k. Local. @param path (RB_JOB_PATH) */
void rb_stage_file_path(const rb_job *job, const rb_stage *stage, int k, char *path);

/** The files of earlier stages that the stage reads, a bit for each product. Local. */
unsigned rb_stage_sources(const rb_job *job, const rb_stage *stage);

#endif
