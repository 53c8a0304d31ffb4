#ifndef RHEOBASE_SETTINGS_H
#define RHEOBASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rheobase/base/context.h"

/** @file settings.h
 * Settings of a program as one table, from which come reading (libconfig syntax), checking,
 * overriding on the command line, printing, documentation and digests. A row says where in a plain
 * struct the value lives. */

typedef enum rb_setting_type {
  RB_SETTING_GROUP,    ///< no value: path and help of a group
  RB_SETTING_BOOL,     ///< bool
  RB_SETTING_INTEGER,  ///< int or int64_t (by its size)
  RB_SETTING_REAL,     ///< double
  RB_SETTING_RANGE,    ///< double[2], a number (twice) or [low, high]; "" is none: NaN
  RB_SETTING_STRING,   ///< char[size], size <= 1024; no control characters
  RB_SETTING_CHOICE,   ///< an enum or a bool (by its size); the value is the index in `choices`
  RB_SETTING_LIST,     ///< int[], its used length in an int of its own
  RB_SETTING_TEXTS,    ///< a list of texts, char[size], size <= 4096: each, not empty and without
                       ///< control characters, ended by a line feed; see rb_settings_next_text
  /** A number or a formula as text, char[RB_EXPRESSION_TEXT], or a list of them, char[n][...], by
   * its size; not printed where it is "" and has no default */
  RB_SETTING_EXPRESSION,
  /** A list of groups of settings: an array of structs, its used length in an int of its own. In an
   * entry, numbers and ranges that are not given and have no default are NaN, choices (ints) -1 */
  RB_SETTING_GROUPS
} rb_setting_type;

typedef struct rb_setting {
  const char *path;  ///< e.g. "training.epochs"
  rb_setting_type type;
  size_t offset, size;   ///< of the member of the struct; see RB_SETTING_MEMBER
  size_t length_offset;  ///< RB_SETTING_LIST, _GROUPS: of the int that holds its length
  const struct rb_setting
      *member;  ///< RB_SETTING_GROUPS: (members) rows of an entry, offsets in it
  int members;
  size_t entry_size;
  const char *standard;  ///< the default, written as in an input file
  const char *range;     ///< of a number or a list's entries: "[1, 100]", "(0, 1]", "[0, inf)"
  const char *choices;   ///< RB_SETTING_CHOICE: "gru|lstm"
  const char *unit;      ///< NULL where there is none
  const char *help;      ///< one line
} rb_setting;

/** Initialises offset and size of a row. */
#define RB_SETTING_MEMBER(type, member) \
  .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

typedef struct rb_settings_table {
  const rb_setting *row;
  int rows;
} rb_settings_table;

enum { RB_SETTING_TEXT = 16384, RB_EXPRESSION_TEXT = 128, RB_SETTING_NAME = 32 };

/** Where settings are given: an input file (NULL: none), then overrides "path=value". */
typedef struct rb_settings_source {
  const char *path;
  int count;
  const char *const *sets;  ///< (count)
} rb_settings_source;

/** Sets all defaults. Local. @param values the struct the table describes */
RB_NODISCARD rb_status rb_settings_defaults(rb_context *ctx, const rb_settings_table *table,
                                            void *values);

/** Sets all defaults, then what the input file says, then the overrides, in order. Collective:
 * rank 0 reads the file. @param path input file, or NULL for none @param sets (count) of
 * "path=value" @param values the struct the table describes
 * Fails with RB_ERR_FILE, or RB_ERR_SETTING naming file, line, setting, what is wrong and, for an
 * unknown setting, the nearest known one. */
RB_NODISCARD rb_status rb_settings_read(rb_context *ctx, const rb_settings_table *table,
                                        const char *path, int count, const char *const *sets,
                                        void *values);

/** Looks up the text of one setting before the table is known that describes the others: in the
 * input file, then in the overrides. Collective. @param value (size) left alone where it is not
 * given; the texts of a list as RB_SETTING_TEXTS has them. Fails as rb_settings_read does, but for
 * the settings themselves. */
RB_NODISCARD rb_status rb_settings_peek(rb_context *ctx, const rb_settings_source *source,
                                        const char *setting, size_t size, char *value);

/** Looks up, likewise, the names of what an input file's group holds, in the file's order.
 * Collective. @param names (most) @param count how many there are, which may be more than most
 * Fails as rb_settings_peek does, or if a name has RB_SETTING_NAME letters or more. */
RB_NODISCARD rb_status rb_settings_peek_names(rb_context *ctx, const rb_settings_source *source,
                                              const char *group, int most,
                                              char (*names)[RB_SETTING_NAME], int *count);

/** rb_settings_read from text; @p name stands for the file in errors. Local. */
RB_NODISCARD rb_status rb_settings_parse(rb_context *ctx, const rb_settings_table *table,
                                         const char *name, const char *text, void *values);

/** Copies the next text of an RB_SETTING_TEXTS member. Local. @param at where it begins; NULL: none
 * is left @param text (size), cut off if it is longer @return where the one after it begins */
const char *rb_settings_next_text(const char *at, size_t size, char *text);

/** The value of one setting as an input file would write it (numbers so that they read back as
 * the same bits). Local. @param text (RB_SETTING_TEXT) */
void rb_setting_format(const rb_setting *setting, const void *values, char *text);

/** Writes all settings as an input file, with comments if @p documented. Local. */
void rb_settings_print(const rb_settings_table *table, const void *values, bool documented,
                       FILE *stream);

/** Writes the table as a Markdown page. Local. */
void rb_settings_markdown(const rb_settings_table *table, const void *values, FILE *stream);

/** The settings a stage depends on, as lines "path = value", in the table's order: all whose path
 * is in @p groups, a list such as "seed simulator training -training.epochs", which leaves the last
 * one out. Local.
 * @param lines allocated; the caller frees it */
RB_NODISCARD rb_status rb_settings_lines(rb_context *ctx, const rb_settings_table *table,
                                         const void *values, const char *groups, char **lines);

/** Says how two results of rb_settings_lines differ: "training.epochs was 10 and is 20 now". A line
 * x_hash stands for the content of the file that setting x names: "the content of x has changed".
 * Local.
 * @param groups those that `now` is of: settings of these that only `before` has differ as well,
 * others do not; NULL: all differ that only `before` has @return number of differing settings */
int rb_settings_difference(const char *before, const char *now, const char *groups, char *text,
                           size_t size);

/** 64-bit FNV-1a hash, continued from @p hash (RB_HASH_START to begin). Local. */
uint64_t rb_hash(uint64_t hash, const void *data, size_t size);
#define RB_HASH_START UINT64_C(0xcbf29ce484222325)

/** Shortest decimal text that reads back as the same double. Local. @param text (32) */
void rb_format_real(double value, char *text);

#endif
