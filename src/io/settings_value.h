#ifndef RB_IO_SETTINGS_VALUE_H
#define RB_IO_SETTINGS_VALUE_H

#include <libconfig.h>

#include "rheobase/io/settings.h"

/** @file settings_value.h
 * One value that libconfig read, checked against its row and stored. All functions are local. */

/** Where values come from and go to: "input.cfg:12" or "--set training.epochs=x" in errors. */
typedef struct rb_settings_place {
  rb_context *ctx;
  const rb_settings_table *table;
  const char *name;
  int line;      ///< 0: no line
  void *values;  ///< the struct the table describes
} rb_settings_place;

/** Records RB_ERR_SETTING with the place before the message. */
#define RB_PLACE_FAIL(s, format, ...)                                                           \
  ((s)->line > 0                                                                                \
       ? RB_FAIL((s)->ctx, RB_ERR_SETTING, "%s:%d: " format, (s)->name, (s)->line, __VA_ARGS__) \
       : RB_FAIL((s)->ctx, RB_ERR_SETTING, "%s: " format, (s)->name, __VA_ARGS__))

/** Stores a value of any type but RB_SETTING_GROUPS. */
RB_NODISCARD rb_status rb_setting_set(const rb_settings_place *s, const rb_setting *row,
                                      const config_setting_t *value);

/** Stores a text without quotes: of RB_SETTING_STRING or RB_SETTING_CHOICE. */
RB_NODISCARD rb_status rb_setting_set_text(const rb_settings_place *s, const rb_setting *row,
                                           const char *value);

/** Stores a number or a formula. Numbers are kept as the shortest text that reads back as the same.
 * @param member (RB_EXPRESSION_TEXT) */
RB_NODISCARD rb_status rb_setting_set_formula(const rb_settings_place *s, const rb_setting *row,
                                              const char *value, char *member);

/** Says what the row takes. */
RB_NODISCARD rb_status rb_setting_wrong_type(const rb_settings_place *s, const rb_setting *row);

#endif
