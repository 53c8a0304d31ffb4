#ifndef RHEOBASE_STUDY_H
#define RHEOBASE_STUDY_H

#include <stdint.h>
#include <stdio.h>

#include "rheobase/io/hdf5_file.h"

/** @file study.h
 * The folder of a study: who works in it, and what its files were made from. */

enum { RB_STUDY_PATH = 1024, RB_STUDY_WHY = 512 };

typedef struct rb_study {
  char folder[RB_STUDY_PATH];
  int made;         ///< how many folders of the path rb_study_open made
  char owner[512];  ///< what this process wrote into the lock; "" if it holds none
} rb_study;

/** Makes the folder if it is not there and locks it: rheobase.lock names host, process and Slurm
 * job. A lock is stale, and taken over, if its process on this host is gone, or if it is of this
 * Slurm job (which was requeued) or of one that Slurm says has ended. Collective. The caller calls
 * rb_study_close, also after a failure. Fails with RB_ERR_FILE (cannot be made or written) or
 * RB_ERR_STUDY (in use). */
RB_NODISCARD rb_status rb_study_open(rb_context *ctx, const char *folder, rb_study *study);

/** Removes this process's lock, and the folders rb_study_open made if nothing is in them.
 * Collective. */
void rb_study_close(rb_context *ctx, rb_study *study);

/** What a file of the study is made from. */
typedef struct rb_recipe {
  const char *settings;   ///< the settings the stage reads, from rb_settings_lines
  uint64_t sources;       ///< digests of the files the stage reads, combined with rb_hash; 0: none
  const char *made_from;  ///< the same files one by one, lines of rb_recipe_add_file; NULL: none
} rb_recipe;

typedef enum rb_product_state {
  RB_PRODUCT_ABSENT,    ///< there is no such file
  RB_PRODUCT_CURRENT,   ///< it was made from this recipe
  RB_PRODUCT_DIFFERENT  ///< it was made from another one, or is damaged, or not ours
} rb_product_state;

/** Stores the recipe in a file that is being written (root attributes). Collective. */
RB_NODISCARD rb_status rb_recipe_write(rb_context *ctx, rb_file *file, const rb_recipe *recipe);

/** Compares a recipe with the file at @p path. Collective; every rank gets what rank 0 found.
 * @param why (RB_STUDY_WHY) what differs, e.g. "training.epochs was 10 and is 20 now" */
RB_NODISCARD rb_status rb_recipe_check(rb_context *ctx, const char *path, const char *schema,
                                       int version, const rb_recipe *recipe,
                                       rb_product_state *state, char *why);

/** Fails with RB_ERR_STUDY: the file is of another study, or damaged, and would be replaced.
 * @param why as of rb_recipe_check */
RB_NODISCARD rb_status rb_study_refuse(rb_context *ctx, const char *path, const char *why);

/** Adds a line to the list of the files something is made from: digest and name. Local.
 * @param option with which the user gave the file, such as "--data"; NULL for a file of the study
 */
void rb_recipe_add_file(FILE *made_from, uint64_t digest, const char *option, const char *name);

/** A line of such a list. */
typedef struct rb_origin {
  uint64_t digest;
  char option[32];  ///< "" for a file of the study
  char name[RB_STUDY_PATH];
} rb_origin;

/** Reads the first line of a list. Local. @return the lines after it; NULL where there is none */
const char *rb_recipe_next_file(const char *made_from, rb_origin *origin);

/** The list a file of ours carries; NULL for files of earlier versions, which have none. Local. The
 * caller frees it. */
RB_NODISCARD rb_status rb_recipe_read_made_from(rb_context *ctx, const rb_file *file,
                                                char **made_from);

/** Digest of what a file was made from, as a source of other files. Local. */
uint64_t rb_recipe_digest(const rb_recipe *recipe);

/** The digest a file of ours carries. Local. */
RB_NODISCARD rb_status rb_recipe_read_digest(rb_context *ctx, const rb_file *file,
                                             uint64_t *digest);

/** Digest of the bytes of any file. Local. Fails with RB_ERR_FILE. */
RB_NODISCARD rb_status rb_hash_file(rb_context *ctx, const char *path, uint64_t *digest);

/** The same of rank 0's file, for sources that are not ours. Collective. */
RB_NODISCARD rb_status rb_study_hash_file(rb_context *ctx, const char *path, uint64_t *digest);

#endif
