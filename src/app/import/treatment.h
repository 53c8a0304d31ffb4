#ifndef RB_APP_TREATMENT_H
#define RB_APP_TREATMENT_H

#include "../input/arguments.h"
#include "rheobase/io/recording_file.h"

/** @file treatment.h
 * What the command line says of recordings, as numbers. Local. */

/** What to do with recordings. */
typedef struct rb_import_choice {
  rb_recording_choice files;
  rb_treatment treatment;
  bool estimate;  ///< the series resistance
} rb_import_choice;

/** Reads it from the arguments, over the defaults. Fails with RB_ERR_USAGE. */
RB_NODISCARD rb_status rb_import_choice_read(rb_context *ctx, const rb_arguments *arguments,
                                             rb_import_choice *choice);

#endif
