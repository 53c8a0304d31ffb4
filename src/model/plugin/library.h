#ifndef RB_MODEL_PLUGIN_LIBRARY_H
#define RB_MODEL_PLUGIN_LIBRARY_H

#include <stdio.h>

#include "rheobase/base/context.h"
#include "rheobase/plugin.h"

/** @file library.h
 * A plugin's shared object. */

enum { RB_PLUGIN_PATH = 1024 };

typedef struct rb_library {
  char path[RB_PLUGIN_PATH];
  void *handle;
  uint64_t hash;  ///< of the file's bytes, the same on all ranks
  const rheobase_description *description;
} rb_library;

/** Loads it, after the ranks have agreed that they have the same file, and asks it what it is.
 * Collective. @param library the caller calls rb_library_close, also after a failure
 * Fails with RB_ERR_FILE (cannot be read), RB_ERR_SETTING: not a shared object, no plugin, of
 * another interface, another file on some rank, a description that is incomplete. */
RB_NODISCARD rb_status rb_library_open(rb_context *ctx, const char *path, rb_library *library);

/** Local. Does nothing to zeros. */
void rb_library_close(rb_library *library);

#endif
