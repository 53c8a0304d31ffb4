#ifndef RB_IO_SETTINGS_INTERNAL_H
#define RB_IO_SETTINGS_INTERNAL_H

#include "rheobase/io/settings.h"

/* libconfig keeps 32 bits of an integer without the suffix L and drops the rest. This copies
 * `text` with an L behind every integer, and with its arrays as lists, which may mix integers and
 * others; refuses integers beyond 64 bits and @include. `name` is
 * the file's name for errors. The caller frees *widened. Local. */
RB_NODISCARD rb_status rb_settings_widen(rb_context *ctx, const char *name, const char *text,
                                         char **widened);

/* Last part of a path: "epochs" of "training.epochs". */
const char *rb_setting_name(const char *path);

/* The index of `word` in "a|b|c", or -1. */
int rb_choice_index(const char *choices, const char *word);

/* Whether a number lies in a range such as "(0, 1]"; NULL holds every finite number. */
bool rb_range_holds(const char *range, long double value);

/* Whether a setting has a value: expressions need not, nor the members of a list of groups. */
bool rb_setting_is_set(const rb_setting *setting, const void *values);

#endif
