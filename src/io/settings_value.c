#include "settings_value.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "settings_internal.h"

static const char *wanted(const rb_setting *row) {
  switch (row->type) {
    case RB_SETTING_BOOL:
      return "true or false";
    case RB_SETTING_INTEGER:
      return "a whole number";
    case RB_SETTING_REAL:
      return "a number";
    case RB_SETTING_RANGE:
      return "a number or a range such as [0.5, 2.0]";
    case RB_SETTING_STRING:
    case RB_SETTING_CHOICE:
      return "a text in quotes";
    case RB_SETTING_LIST:
      return "a list of whole numbers such as [16, 32]";
    case RB_SETTING_TEXTS:
      return "a list of texts such as [\"height m\", \"mass kg\"]";
    case RB_SETTING_EXPRESSION:
      return row->size > RB_EXPRESSION_TEXT
                 ? "a list of numbers or formulas such as (1.5, \"2 * x\")"
                 : "a number, or a formula in quotes";
    case RB_SETTING_GROUPS:
      return "a list of groups such as ( { type = \"step\"; onset = 50.0; } )";
    case RB_SETTING_GROUP:
      break;
  }
  return "a group";
}

rb_status rb_setting_wrong_type(const rb_settings_place *s, const rb_setting *row) {
  return RB_PLACE_FAIL(s, "%s must be %s", row->path, wanted(row));
}

static rb_status out_of_range(const rb_settings_place *s, const rb_setting *row, const char *text) {
  return RB_PLACE_FAIL(s, "%s = %s is out of range %s%s%s", row->path, text,
                       row->range != NULL ? row->range : "(not a finite number)",
                       row->unit != NULL ? " " : "", row->unit != NULL ? row->unit : "");
}

static rb_status integer_out_of_range(const rb_settings_place *s, const rb_setting *row,
                                      int64_t value) {
  char text[32];
  (void)snprintf(text, sizeof text, "%lld", (long long)value);
  return out_of_range(s, row, text);
}

static rb_status set_integer(const rb_settings_place *s, const rb_setting *row, int64_t value) {
  const bool fits = row->size == sizeof(int64_t) || (value >= INT_MIN && value <= INT_MAX);
  if (!fits || !rb_range_holds(row->range, value)) return integer_out_of_range(s, row, value);
  char *member = (char *)s->values + row->offset;
  if (row->size == sizeof(int64_t)) {
    *(int64_t *)(void *)member = value;
  } else {
    *(int *)(void *)member = (int)value;
  }
  return RB_OK;
}

static rb_status check_characters(const rb_settings_place *s, const rb_setting *row,
                                  const char *value) {
  for (const char *c = value; *c != '\0'; ++c) {
    if (iscntrl((unsigned char)*c)) {
      return RB_PLACE_FAIL(s, "%s holds a control character", row->path);
    }
  }
  return RB_OK;
}

rb_status rb_setting_set_text(const rb_settings_place *s, const rb_setting *row,
                              const char *value) {
  char *member = (char *)s->values + row->offset;
  if (row->type == RB_SETTING_STRING) {
    if (strlen(value) >= row->size) return RB_PLACE_FAIL(s, "%s is too long", row->path);
    const rb_status status = check_characters(s, row, value);
    if (status != RB_OK) return status;
    memset(member, 0, row->size);
    (void)snprintf(member, row->size, "%s", value);
    return RB_OK;
  }
  const int index = rb_choice_index(row->choices, value);
  if (index < 0) {
    return RB_PLACE_FAIL(s, "%s = \"%.60s\" is unknown; choose one of %s", row->path, value,
                         row->choices);
  }
  if (row->size == sizeof(bool)) {
    *(bool *)member = index != 0;
  } else {
    *(int *)(void *)member = index;
  }
  return RB_OK;
}

static bool is_integer(const config_setting_t *value) {
  return config_setting_type(value) == CONFIG_TYPE_INT ||
         config_setting_type(value) == CONFIG_TYPE_INT64;
}

static rb_status set_real(const rb_settings_place *s, const rb_setting *row,
                          const config_setting_t *value, double *member) {
  if (!is_integer(value) && config_setting_type(value) != CONFIG_TYPE_FLOAT) {
    return rb_setting_wrong_type(s, row);
  }
  const double number =
      is_integer(value) ? (double)config_setting_get_int64(value) : config_setting_get_float(value);
  if (!rb_range_holds(row->range, number)) {
    char text[32];
    rb_format_real(number, text);
    return out_of_range(s, row, text);
  }
  *member = number;
  return RB_OK;
}

static rb_status set_range(const rb_settings_place *s, const rb_setting *row,
                           const config_setting_t *value) {
  rb_status status = RB_OK;
  double *ends = (double *)(void *)((char *)s->values + row->offset);
  const char *text = config_setting_get_string(value);
  if (text != NULL && *text == '\0') {
    ends[0] = ends[1] = NAN;
  } else if (!config_setting_is_aggregate(value)) {
    RB_TRY(set_real(s, row, value, ends));
    ends[1] = ends[0];
  } else if (config_setting_length(value) != 2) {
    RB_TRY(rb_setting_wrong_type(s, row));
  } else {
    for (unsigned i = 0; i < 2; ++i) {
      RB_TRY(set_real(s, row, config_setting_get_elem(value, i), &ends[i]));
    }
    if (ends[0] > ends[1]) {
      RB_TRY(RB_PLACE_FAIL(s, "%s = [%g, %g]: the first end must not be above the second",
                           row->path, ends[0], ends[1]));
    }
  }
cleanup:
  return status;
}

static rb_status set_list(const rb_settings_place *s, const rb_setting *row,
                          const config_setting_t *value) {
  int *entry = (int *)(void *)((char *)s->values + row->offset);
  const int length = config_setting_length(value);
  const int capacity = (int)(row->size / sizeof *entry);
  if (length < 1 || length > capacity) {
    return RB_PLACE_FAIL(s, "%s has %d entries; it takes 1 to %d", row->path, length, capacity);
  }
  for (int i = 0; i < length; ++i) {
    const config_setting_t *element = config_setting_get_elem(value, (unsigned)i);
    if (!is_integer(element)) return rb_setting_wrong_type(s, row);
    const long long number = config_setting_get_int64(element);
    if (number < INT_MIN || number > INT_MAX || !rb_range_holds(row->range, number)) {
      return integer_out_of_range(s, row, number);
    }
    entry[i] = (int)number;
  }
  for (int i = length; i < capacity; ++i) entry[i] = 0;
  *(int *)(void *)((char *)s->values + row->length_offset) = length;
  return RB_OK;
}

static rb_status set_texts(const rb_settings_place *s, const rb_setting *row,
                           const config_setting_t *value) {
  rb_status status = RB_OK;
  char *member = (char *)s->values + row->offset;
  size_t at = 0;
  memset(member, 0, row->size);
  for (int i = 0; i < config_setting_length(value); ++i) {
    const char *text = config_setting_get_string_elem(value, i);
    if (text == NULL) return rb_setting_wrong_type(s, row);
    RB_TRY(check_characters(s, row, text));
    if (*text == '\0') RB_TRY(RB_PLACE_FAIL(s, "%s has an empty entry", row->path));
    if (at + strlen(text) + 1 >= row->size) RB_TRY(RB_PLACE_FAIL(s, "%s is too long", row->path));
    at += (size_t)snprintf(member + at, row->size - at, "%s\n", text);
  }
cleanup:
  return status;
}

rb_status rb_setting_set_formula(const rb_settings_place *s, const rb_setting *row,
                                 const char *value, char *member) {
  char *end = NULL;
  const double number = strtod(value, &end);
  if (strlen(value) >= RB_EXPRESSION_TEXT) {
    return RB_PLACE_FAIL(s, "%s is longer than %d letters", row->path, RB_EXPRESSION_TEXT - 1);
  }
  const rb_status status = check_characters(s, row, value);
  if (status != RB_OK) return status;
  memset(member, 0, RB_EXPRESSION_TEXT);
  if (end > value && *end == '\0' && isfinite(number)) {
    rb_format_real(number, member);
  } else {
    (void)snprintf(member, RB_EXPRESSION_TEXT, "%s", value);
  }
  return RB_OK;
}

static rb_status set_expression(const rb_settings_place *s, const rb_setting *row,
                                const config_setting_t *value, char *member) {
  char text[32];
  switch (config_setting_type(value)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
      rb_format_real((double)config_setting_get_int64(value), text);
      return rb_setting_set_formula(s, row, text, member);
    case CONFIG_TYPE_FLOAT:
      rb_format_real(config_setting_get_float(value), text);
      return rb_setting_set_formula(s, row, text, member);
    case CONFIG_TYPE_STRING:
      return rb_setting_set_formula(s, row, config_setting_get_string(value), member);
    default:
      return rb_setting_wrong_type(s, row);
  }
}

static rb_status set_expressions(const rb_settings_place *s, const rb_setting *row,
                                 const config_setting_t *value) {
  rb_status status = RB_OK;
  char *member = (char *)s->values + row->offset;
  const int count = (int)(row->size / RB_EXPRESSION_TEXT);
  if (count == 1) return set_expression(s, row, value, member);
  if (!config_setting_is_aggregate(value) || config_setting_length(value) != count) {
    return rb_setting_wrong_type(s, row);
  }
  for (int i = 0; status == RB_OK && i < count; ++i) {
    status = set_expression(s, row, config_setting_get_elem(value, (unsigned)i),
                            member + (size_t)i * RB_EXPRESSION_TEXT);
  }
  return status;
}

rb_status rb_setting_set(const rb_settings_place *s, const rb_setting *row,
                         const config_setting_t *value) {
  const int type = config_setting_type(value);
  switch (row->type) {
    case RB_SETTING_BOOL:
      if (type != CONFIG_TYPE_BOOL) break;
      *(bool *)((char *)s->values + row->offset) = config_setting_get_bool(value) != 0;
      return RB_OK;
    case RB_SETTING_INTEGER:
      if (!is_integer(value)) break;
      return set_integer(s, row, config_setting_get_int64(value));
    case RB_SETTING_REAL:
      return set_real(s, row, value, (double *)(void *)((char *)s->values + row->offset));
    case RB_SETTING_RANGE:
      return set_range(s, row, value);
    case RB_SETTING_STRING:
    case RB_SETTING_CHOICE:
      if (type != CONFIG_TYPE_STRING) break;
      return rb_setting_set_text(s, row, config_setting_get_string(value));
    case RB_SETTING_LIST:
      if (type != CONFIG_TYPE_LIST) break;
      return set_list(s, row, value);
    case RB_SETTING_TEXTS:
      if (type != CONFIG_TYPE_LIST) break;
      return set_texts(s, row, value);
    case RB_SETTING_EXPRESSION:
      return set_expressions(s, row, value);
    case RB_SETTING_GROUPS:
    case RB_SETTING_GROUP:
      break;
  }
  return rb_setting_wrong_type(s, row);
}
