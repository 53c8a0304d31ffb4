#include "library.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <string.h>

#include "crash.h"
#include "rheobase/io/study.h"
#include "rheobase/parallel/agree.h"

enum { MOST_PARAMETERS = 32, MOST_SETTINGS = 32, MOST_STATISTICS = 64 };

/* Whether this rank's file is rank 0's. Collective. */
static rb_status agree_on_file(rb_context *ctx, rb_library *library) {
  rb_status status = RB_OK;
  uint64_t first = 0;
  RB_TRY(rb_agree(ctx, rb_hash_file(ctx, library->path, &library->hash)));
  first = library->hash;
  MPI_Bcast(&first, 1, MPI_UINT64_T, 0, ctx->comm);
  if (library->hash != first) {
    status = RB_FAIL(ctx, RB_ERR_SETTING,
                     "plugin.path = \"%s\": rank %d finds another file there than rank 0; put the "
                     "same file on all nodes",
                     library->path, ctx->rank);
  }
  RB_TRY(rb_agree(ctx, status));
cleanup:
  return status;
}

/* What it exports. Local. */
static rb_status load(rb_context *ctx, rb_library *library) {
  char text[RB_CRASH_TEXT];
  (void)snprintf(text, sizeof text, "plugin.path = \"%.600s\": it crashed when it was loaded",
                 library->path);
  // Without a slash dlopen would look through the system's folders.
  char path[RB_PLUGIN_PATH + 2];
  (void)snprintf(path, sizeof path, "%s%s", strchr(library->path, '/') == NULL ? "./" : "",
                 library->path);
  rb_crash_watch(text);
  library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const char *reason = library->handle == NULL ? dlerror() : NULL;
  // ISO C has no conversion of an object's address to a function's.
  const rheobase_description *(*entry)(void) = NULL;
  if (library->handle != NULL) *(void **)&entry = dlsym(library->handle, "rheobase_plugin");
  if (entry != NULL) library->description = entry();
  rb_crash_unwatch();
  if (library->handle == NULL) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "plugin.path = \"%s\" cannot be loaded: %s", library->path,
                   reason != NULL ? reason : "unknown reason");
  }
  if (entry == NULL) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "plugin.path = \"%s\" is no plugin: it exports no function rheobase_plugin",
                   library->path);
  }
  return RB_OK;
}

static bool out_of(int64_t count, int64_t least, int64_t most, const void *array) {
  return count < least || count > most || (count > 0 && array == NULL);
}

/* What of the description cannot be; NULL: nothing. */
static const char *find_fault(const rheobase_description *d) {
  if (d->simulate == NULL) return "it has no function simulate";
  if (out_of(d->parameters, 1, MOST_PARAMETERS, d->parameter))
    return "it has not 1 to 32 parameters";
  if (out_of(d->channels, 1, 8, d->channel)) return "it has not 1 to 8 channels";
  if (out_of(d->settings, 0, MOST_SETTINGS, d->setting)) return "it has not 0 to 32 settings";
  if (out_of(d->statistics, 0, MOST_STATISTICS, d->statistic)) {
    return "it has not 0 to 64 statistics";
  }
  if (d->samples.axis == NULL) return "the samples' axis has no name";
  for (int i = 0; i < d->parameters; ++i) {
    if (d->parameter[i].name == NULL) return "a parameter has no name";
  }
  for (int i = 0; i < d->channels; ++i) {
    if (d->channel[i].name == NULL) return "a channel has no name";
  }
  for (int i = 0; i < d->statistics; ++i) {
    if (d->statistic[i].name == NULL) return "a statistic has no name";
  }
  for (int i = 0; i < d->settings; ++i) {
    const rheobase_setting *setting = &d->setting[i];
    if (setting->name == NULL || setting->standard == NULL)
      return "a setting has no name or default";
    if (strlen(setting->name) > 31 || strlen(setting->standard) > 100) {
      return "a setting's name or default is too long";
    }
  }
  return NULL;
}

/* Local. */
static rb_status check(rb_context *ctx, const rb_library *library) {
  const rheobase_description *d = library->description;
  if (d != NULL && d->abi != RHEOBASE_PLUGIN_ABI) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "plugin.path = \"%s\" is of version %" PRIu32
                   " of the plugin interface, and this program has %d; build it again with "
                   "rheobase/plugin.h of this program",
                   library->path, d->abi, RHEOBASE_PLUGIN_ABI);
  }
  const char *fault = d != NULL ? find_fault(d) : "rheobase_plugin returns no description";
  if (fault == NULL) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_SETTING, "plugin.path = \"%s\": %s", library->path, fault);
}

rb_status rb_library_open(rb_context *ctx, const char *path, rb_library *library) {
  rb_status status = RB_OK;
  *library = (rb_library){0};
  (void)snprintf(library->path, sizeof library->path, "%s", path);
  RB_TRY(agree_on_file(ctx, library));
  status = load(ctx, library);
  if (status == RB_OK) status = check(ctx, library);
  RB_TRY(rb_agree(ctx, status));
cleanup:
  return status;
}

void rb_library_close(rb_library *library) {
  if (library->handle != NULL) (void)dlclose(library->handle);
  *library = (rb_library){0};
}
