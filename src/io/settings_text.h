#ifndef RB_IO_SETTINGS_TEXT_H
#define RB_IO_SETTINGS_TEXT_H

#include "settings_value.h"

/** @file settings_text.h
 * An input file's text, before anything of it is taken. */

/** The text of an input file, read by rank 0. Collective. @param text freed by the caller */
RB_NODISCARD rb_status rb_settings_read_file(rb_context *ctx, const char *path, char **text);

/** Parses a text; an error names its line and shows it. Local. @param config initialised, and
 * destroyed by the caller in any case */
RB_NODISCARD rb_status rb_settings_parse_text(const rb_settings_place *s, const char *text,
                                              config_t *config);

/** Copies a text without the blanks around it. Local. @param copy (size) cut off if too small */
void rb_settings_trim(const char *text, size_t length, char *copy, size_t size);

#endif
