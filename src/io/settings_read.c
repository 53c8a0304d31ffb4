#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"
#include "rheobase/io/nearest.h"
#include "rheobase/parallel/agree.h"
#include "settings_internal.h"

enum { MAX_INPUT_BYTES = 1 << 20 };

/* Where a value comes from, for errors: "input.cfg:12" or "--set training.epochs=x". */
typedef struct source {
  rb_context *ctx;
  const rb_settings_table *table;
  const char *name;
  int line;  // 0: no line
  void *values;
} source;

#define SOURCE_FAIL(s, format, ...)                                                             \
  ((s)->line > 0                                                                                \
       ? RB_FAIL((s)->ctx, RB_ERR_SETTING, "%s:%d: " format, (s)->name, (s)->line, __VA_ARGS__) \
       : RB_FAIL((s)->ctx, RB_ERR_SETTING, "%s: " format, (s)->name, __VA_ARGS__))

static const rb_setting *find(const rb_settings_table *table, const char *path) {
  for (int i = 0; i < table->rows; ++i) {
    const rb_setting *row = &table->row[i];
    if (row->type != RB_SETTING_GROUP && strcmp(row->path, path) == 0) return row;
  }
  return NULL;
}

static bool is_group(const rb_settings_table *table, const char *path) {
  const size_t length = strlen(path);
  for (int i = 0; i < table->rows; ++i) {
    const rb_setting *row = &table->row[i];
    if (strncmp(row->path, path, length) != 0) continue;
    const bool itself = row->path[length] == '\0' && row->type == RB_SETTING_GROUP;
    if (row->path[length] == '.' || itself) return true;
  }
  return false;
}

static rb_status unknown(const source *s, const char *path) {
  const rb_settings_table *table = s->table;
  const char *nearest = rb_nearest(path, &table->row[0].path, sizeof *table->row, table->rows);
  // Perhaps the right name in the wrong group.
  for (int i = 0; nearest == NULL && i < table->rows; ++i) {
    if (rb_edit_distance(rb_setting_name(path), rb_setting_name(table->row[i].path)) <= 1) {
      nearest = table->row[i].path;
    }
  }
  return SOURCE_FAIL(s, "unknown setting %.100s%s%s%s", path,
                     nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "?" : " (rheobase config lists all)");
}

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

static rb_status wrong_type(const source *s, const rb_setting *row) {
  return SOURCE_FAIL(s, "%s must be %s", row->path, wanted(row));
}

static rb_status out_of_range(const source *s, const rb_setting *row, const char *text) {
  return SOURCE_FAIL(s, "%s = %s is out of range %s%s%s", row->path, text,
                     row->range != NULL ? row->range : "(not a finite number)",
                     row->unit != NULL ? " " : "", row->unit != NULL ? row->unit : "");
}

static rb_status integer_out_of_range(const source *s, const rb_setting *row, int64_t value) {
  char text[32];
  (void)snprintf(text, sizeof text, "%lld", (long long)value);
  return out_of_range(s, row, text);
}

static rb_status set_integer(const source *s, const rb_setting *row, int64_t value) {
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

static rb_status check_characters(const source *s, const rb_setting *row, const char *value) {
  for (const char *c = value; *c != '\0'; ++c) {
    if (iscntrl((unsigned char)*c)) {
      return SOURCE_FAIL(s, "%s holds a control character", row->path);
    }
  }
  return RB_OK;
}

static rb_status set_text(const source *s, const rb_setting *row, const char *value) {
  char *member = (char *)s->values + row->offset;
  if (row->type == RB_SETTING_STRING) {
    if (strlen(value) >= row->size) return SOURCE_FAIL(s, "%s is too long", row->path);
    const rb_status status = check_characters(s, row, value);
    if (status != RB_OK) return status;
    memset(member, 0, row->size);
    (void)snprintf(member, row->size, "%s", value);
    return RB_OK;
  }
  const int index = rb_choice_index(row->choices, value);
  if (index < 0) {
    return SOURCE_FAIL(s, "%s = \"%.60s\" is unknown; choose one of %s", row->path, value,
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

static rb_status set_real(const source *s, const rb_setting *row, const config_setting_t *value,
                          double *member) {
  if (!is_integer(value) && config_setting_type(value) != CONFIG_TYPE_FLOAT) {
    return wrong_type(s, row);
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

static rb_status set_range(const source *s, const rb_setting *row, const config_setting_t *value) {
  rb_status status = RB_OK;
  double *ends = (double *)(void *)((char *)s->values + row->offset);
  const char *text = config_setting_get_string(value);
  if (text != NULL && *text == '\0') {
    ends[0] = ends[1] = NAN;
  } else if (!config_setting_is_aggregate(value)) {
    RB_TRY(set_real(s, row, value, ends));
    ends[1] = ends[0];
  } else if (config_setting_length(value) != 2) {
    RB_TRY(wrong_type(s, row));
  } else {
    for (unsigned i = 0; i < 2; ++i) {
      RB_TRY(set_real(s, row, config_setting_get_elem(value, i), &ends[i]));
    }
    if (ends[0] > ends[1]) {
      RB_TRY(SOURCE_FAIL(s, "%s = [%g, %g]: the first end must not be above the second", row->path,
                         ends[0], ends[1]));
    }
  }
cleanup:
  return status;
}

static rb_status set_list(const source *s, const rb_setting *row, const config_setting_t *value) {
  int *entry = (int *)(void *)((char *)s->values + row->offset);
  const int length = config_setting_length(value);
  const int capacity = (int)(row->size / sizeof *entry);
  if (length < 1 || length > capacity) {
    return SOURCE_FAIL(s, "%s has %d entries; it takes 1 to %d", row->path, length, capacity);
  }
  for (int i = 0; i < length; ++i) {
    const config_setting_t *element = config_setting_get_elem(value, (unsigned)i);
    if (!is_integer(element)) return wrong_type(s, row);
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

static rb_status set_texts(const source *s, const rb_setting *row, const config_setting_t *value) {
  rb_status status = RB_OK;
  char *member = (char *)s->values + row->offset;
  size_t at = 0;
  memset(member, 0, row->size);
  for (int i = 0; i < config_setting_length(value); ++i) {
    const char *text = config_setting_get_string_elem(value, i);
    if (text == NULL) return wrong_type(s, row);
    RB_TRY(check_characters(s, row, text));
    if (*text == '\0') RB_TRY(SOURCE_FAIL(s, "%s has an empty entry", row->path));
    if (at + strlen(text) + 1 >= row->size) RB_TRY(SOURCE_FAIL(s, "%s is too long", row->path));
    at += (size_t)snprintf(member + at, row->size - at, "%s\n", text);
  }
cleanup:
  return status;
}

/* Numbers are kept as the shortest text that reads back as the same. */
static rb_status set_formula(const source *s, const rb_setting *row, const char *value,
                             char *member) {
  char *end = NULL;
  const double number = strtod(value, &end);
  if (strlen(value) >= RB_EXPRESSION_TEXT) {
    return SOURCE_FAIL(s, "%s is longer than %d letters", row->path, RB_EXPRESSION_TEXT - 1);
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

static rb_status set_expression(const source *s, const rb_setting *row,
                                const config_setting_t *value, char *member) {
  char text[32];
  switch (config_setting_type(value)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
      rb_format_real((double)config_setting_get_int64(value), text);
      return set_formula(s, row, text, member);
    case CONFIG_TYPE_FLOAT:
      rb_format_real(config_setting_get_float(value), text);
      return set_formula(s, row, text, member);
    case CONFIG_TYPE_STRING:
      return set_formula(s, row, config_setting_get_string(value), member);
    default:
      return wrong_type(s, row);
  }
}

static rb_status set_expressions(const source *s, const rb_setting *row,
                                 const config_setting_t *value) {
  rb_status status = RB_OK;
  char *member = (char *)s->values + row->offset;
  const int count = (int)(row->size / RB_EXPRESSION_TEXT);
  if (count == 1) return set_expression(s, row, value, member);
  if (!config_setting_is_aggregate(value) || config_setting_length(value) != count) {
    return wrong_type(s, row);
  }
  for (int i = 0; status == RB_OK && i < count; ++i) {
    status = set_expression(s, row, config_setting_get_elem(value, (unsigned)i),
                            member + (size_t)i * RB_EXPRESSION_TEXT);
  }
  return status;
}

static rb_status set_groups(const source *s, const rb_setting *row, const config_setting_t *value);

static rb_status set_value(const source *s, const rb_setting *row, const config_setting_t *value) {
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
      return set_text(s, row, config_setting_get_string(value));
    case RB_SETTING_LIST:
      if (type != CONFIG_TYPE_LIST) break;
      return set_list(s, row, value);
    case RB_SETTING_TEXTS:
      if (type != CONFIG_TYPE_LIST) break;
      return set_texts(s, row, value);
    case RB_SETTING_EXPRESSION:
      return set_expressions(s, row, value);
    case RB_SETTING_GROUPS:
      if (type != CONFIG_TYPE_LIST) break;
      return set_groups(s, row, value);
    case RB_SETTING_GROUP:
      break;
  }
  return wrong_type(s, row);
}

// Groups nest as deep as the table's paths; deeper ones are unknown before they are entered.
static rb_status walk(const source *at, const char *prefix, const config_setting_t *group) {
  rb_status status = RB_OK;
  for (int i = 0; status == RB_OK && i < config_setting_length(group); ++i) {
    const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
    source s = *at;
    s.line = (int)config_setting_source_line(member);
    char path[256];
    const int n = snprintf(path, sizeof path, "%s%s%.200s", prefix, *prefix != '\0' ? "." : "",
                           config_setting_name(member));
    const rb_setting *row = find(s.table, path);
    if (row != NULL) {
      status = set_value(&s, row, member);
    } else if (n >= (int)sizeof path || !is_group(s.table, path)) {
      status = unknown(&s, path);
    } else if (config_setting_type(member) != CONFIG_TYPE_GROUP) {
      status = SOURCE_FAIL(&s, "%s is a group: write %s = { ... };", path, rb_setting_name(path));
    } else {
      status = walk(at, path, member);
    }
  }
  return status;
}

// What an entry is before anything of it is given.
static rb_status clear_entry(const source *s) {
  for (int i = 0; i < s->table->rows; ++i) {
    const rb_setting *row = &s->table->row[i];
    void *member = (char *)s->values + row->offset;
    if (row->type == RB_SETTING_REAL) *(double *)member = NAN;
    if (row->type == RB_SETTING_RANGE) ((double *)member)[0] = ((double *)member)[1] = NAN;
    if (row->type == RB_SETTING_CHOICE) *(int *)member = -1;
  }
  return rb_settings_defaults(s->ctx, s->table, s->values);
}

static rb_status set_groups(const source *s, const rb_setting *row, const config_setting_t *value) {
  rb_status status = RB_OK;
  char *entry = (char *)s->values + row->offset;
  const rb_settings_table table = {row->member, row->members};
  const int length = config_setting_length(value);
  if ((size_t)length > row->size / row->entry_size) {
    return SOURCE_FAIL(s, "%s has %d entries; it takes %zu at most", row->path, length,
                       row->size / row->entry_size);
  }
  memset(entry, 0, row->size);
  for (int i = 0; i < length; ++i, entry += row->entry_size) {
    const config_setting_t *group = config_setting_get_elem(value, (unsigned)i);
    const source at = {s->ctx, &table, s->name, s->line, entry};
    if (config_setting_type(group) != CONFIG_TYPE_GROUP) RB_TRY(wrong_type(s, row));
    RB_TRY(clear_entry(&at));
    RB_TRY(walk(&at, "", group));
  }
  *(int *)(void *)((char *)s->values + row->length_offset) = length;
cleanup:
  return status;
}

// What libconfig finds wrong, with the line itself.
static rb_status syntax_error(const source *s, const config_t *config, const char *text) {
  const int number = config_error_line(config);
  for (int i = 1; i < number && *text != '\0'; ++i) text += strcspn(text, "\n") + 1;
  char line[80];
  (void)snprintf(line, sizeof line, "%s", text + strspn(text, " \t"));
  source at = *s;
  at.line = number > 0 ? number : 1;
  const bool twice = strstr(config_error_text(config), "duplicate") != NULL;
  return SOURCE_FAIL(&at, "%s: %.*s", twice ? "this setting is given twice" : "syntax error",
                     (int)strcspn(line, "\r\n"), line);
}

static rb_status parse(const source *s, const char *text) {
  rb_status status = RB_OK;
  char *widened = NULL;
  config_t config;
  config_init(&config);
  RB_TRY(rb_settings_widen(s->ctx, s->name, text, &widened));
  if (config_read_string(&config, widened) != CONFIG_TRUE) RB_TRY(syntax_error(s, &config, text));
  RB_TRY(walk(s, "", config_root_setting(&config)));
cleanup:
  config_destroy(&config);
  free(widened);
  return status;
}

rb_status rb_settings_parse(rb_context *ctx, const rb_settings_table *table, const char *name,
                            const char *text, void *values) {
  const source s = {ctx, table, name, 0, values};
  return parse(&s, text);
}

// The value of an override goes through the parser of input files, alone.
static rb_status set_parsed(const source *s, const rb_setting *row, const char *text) {
  rb_status status = RB_OK;
  char *widened = NULL;
  char *assignment = NULL;
  config_t config;
  config_init(&config);
  const int64_t size = (int64_t)strlen(text) + 16;
  RB_TRY(RB_ALLOCATE(s->ctx, assignment, size));
  (void)snprintf(assignment, (size_t)size, "value = %s", text);
  RB_TRY(rb_settings_widen(s->ctx, s->name, assignment, &widened));
  if (config_read_string(&config, widened) != CONFIG_TRUE ||
      config_setting_length(config_root_setting(&config)) != 1) {
    RB_TRY(wrong_type(s, row));
  }
  RB_TRY(set_value(s, row, config_setting_get_elem(config_root_setting(&config), 0)));
cleanup:
  config_destroy(&config);
  free(assignment);
  free(widened);
  return status;
}

// Copies a text without the blanks around it.
static void copy_trimmed(const char *text, size_t length, char *copy, size_t size) {
  while (length > 0 && isspace((unsigned char)*text)) ++text, --length;
  while (length > 0 && isspace((unsigned char)text[length - 1])) --length;
  (void)snprintf(copy, size, "%.*s", (int)length, text);
}

static rb_status override(const source *given, const char *assignment) {
  char name[128];
  char path[256];
  char value[RB_SETTING_TEXT];
  source s = *given;
  s.name = name;
  (void)snprintf(name, sizeof name, "--set %.100s", assignment);
  const char *equals = strchr(assignment, '=');
  if (equals == NULL) return SOURCE_FAIL(&s, "%s", "write it as path=value");
  copy_trimmed(assignment, (size_t)(equals - assignment), path, sizeof path);
  const rb_setting *row = find(s.table, path);
  if (row == NULL && is_group(s.table, path)) {
    return SOURCE_FAIL(&s, "%s is a group: write --set %s.name=value", path, path);
  }
  if (row == NULL) return unknown(&s, path);
  copy_trimmed(equals + 1, strlen(equals + 1), value, sizeof value);
  const bool text = row->type == RB_SETTING_STRING || row->type == RB_SETTING_CHOICE;
  if (text && *value != '"') return set_text(&s, row, value);  // shells eat quotes
  const bool formula = row->type == RB_SETTING_EXPRESSION && row->size == RB_EXPRESSION_TEXT;
  if (formula && *value != '"') return set_formula(&s, row, value, (char *)s.values + row->offset);
  return set_parsed(&s, row, equals + 1);
}

static rb_status read_text(rb_context *ctx, const char *path, char *text, int64_t *size) {
  rb_status status = RB_OK;
  FILE *stream = NULL;
  RB_TRY(rb_input_open(ctx, path, &stream));  // read several times: from a pipe it would be empty
  errno = 0;
  *size = (int64_t)fread(text, 1, MAX_INPUT_BYTES, stream);
  const bool failed = ferror(stream) != 0;
  const int reason = errno;
  const bool whole = fgetc(stream) == EOF;
  (void)fclose(stream);
  if (failed) return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(reason));
  if (!whole || memchr(text, '\0', (size_t)*size) != NULL) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s: is not an input file (not text, or above 1 MB)", path);
  }
  if (strncmp(text, "\xef\xbb\xbf", 3) == 0) memset(text, ' ', 3);  // a byte order mark
cleanup:
  return status;
}

/* The text of an input file, read by rank 0. Collective. The caller frees *text. */
static rb_status read_file(rb_context *ctx, const char *path, char **text) {
  rb_status status = RB_OK;
  int64_t size = 0;
  status = RB_ALLOCATE(ctx, *text, MAX_INPUT_BYTES + 1);
  if (status == RB_OK && ctx->rank == 0) status = read_text(ctx, path, *text, &size);
  RB_TRY(rb_agree(ctx, status));
  MPI_Bcast(&size, 1, MPI_INT64_T, 0, ctx->comm);
  MPI_Bcast(*text, (int)size, MPI_BYTE, 0, ctx->comm);
cleanup:
  return status;
}

rb_status rb_settings_defaults(rb_context *ctx, const rb_settings_table *table, void *values) {
  rb_status status = RB_OK;
  const source s = {ctx, table, "default", 0, values};
  for (int i = 0; i < table->rows; ++i) {
    const rb_setting *row = &table->row[i];
    if (row->standard != NULL) RB_TRY(set_parsed(&s, row, row->standard));
  }
cleanup:
  return status;
}

rb_status rb_settings_read(rb_context *ctx, const rb_settings_table *table, const char *path,
                           int count, const char *const *sets, void *values) {
  rb_status status = RB_OK;
  char *text = NULL;
  const source s = {ctx, table, path, 0, values};
  RB_TRY(rb_agree(ctx, rb_settings_defaults(ctx, table, values)));
  if (path != NULL) RB_TRY(read_file(ctx, path, &text));
  if (path != NULL) status = parse(&s, text);
  for (int i = 0; status == RB_OK && i < count; ++i) status = override(&s, sets[i]);
  RB_TRY(rb_agree(ctx, status));
cleanup:
  free(text);
  return status;
}

/* What is looked up in an input file before its table is known: a text, or a group's names. */
typedef struct looked_up {
  const char *path;
  size_t size;
  char *value;  // (size)
  int most, count;
  char (*names)[RB_SETTING_NAME];  // (most); NULL: a text is looked up
} looked_up;

static rb_status take_names(const source *s, const config_setting_t *group, looked_up *sought) {
  sought->count = group != NULL ? config_setting_length(group) : 0;
  for (int i = 0; i < sought->count; ++i) {
    const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
    const char *name = config_setting_name(member);
    source at = *s;
    at.line = (int)config_setting_source_line(member);
    if (strlen(name) >= RB_SETTING_NAME) {
      return SOURCE_FAIL(&at, "%s.%.100s: a name may have %d letters", sought->path, name,
                         RB_SETTING_NAME - 1);
    }
    if (i < sought->most) (void)snprintf(sought->names[i], RB_SETTING_NAME, "%s", name);
  }
  return RB_OK;
}

/* A text, or those of a list as RB_SETTING_TEXTS keeps them; others are no business of looking up.
 */
static void take_text(const config_setting_t *setting, looked_up *sought) {
  size_t at = 0;
  if (setting == NULL) return;
  if (config_setting_type(setting) == CONFIG_TYPE_STRING) {
    (void)snprintf(sought->value, sought->size, "%s", config_setting_get_string(setting));
  }
  if (config_setting_type(setting) != CONFIG_TYPE_LIST) return;
  sought->value[0] = '\0';
  for (int i = 0; i < config_setting_length(setting) && at < sought->size; ++i) {
    const char *text = config_setting_get_string_elem(setting, i);
    if (text == NULL) continue;
    at += (size_t)snprintf(sought->value + at, sought->size - at, "%s\n", text);
  }
}

static rb_status look_up(const source *s, const char *text, looked_up *sought) {
  rb_status status = RB_OK;
  char *widened = NULL;
  config_t config;
  config_init(&config);
  RB_TRY(rb_settings_widen(s->ctx, s->name, text, &widened));
  if (config_read_string(&config, widened) != CONFIG_TRUE) RB_TRY(syntax_error(s, &config, text));
  if (sought->names != NULL) {
    const config_setting_t *group = config_lookup(&config, sought->path);
    const bool is = group != NULL && config_setting_type(group) == CONFIG_TYPE_GROUP;
    RB_TRY(take_names(s, is ? group : NULL, sought));
  } else {
    take_text(config_lookup(&config, sought->path), sought);
  }
cleanup:
  config_destroy(&config);
  free(widened);
  return status;
}

/* Looks up in an input file, if there is one. Collective. */
static rb_status look_up_in_file(rb_context *ctx, const char *path, looked_up *sought) {
  rb_status status = RB_OK;
  char *text = NULL;
  const source s = {ctx, NULL, path, 0, NULL};
  if (path == NULL) return RB_OK;
  RB_TRY(read_file(ctx, path, &text));
  RB_TRY(rb_agree(ctx, look_up(&s, text, sought)));
cleanup:
  free(text);
  return status;
}

rb_status rb_settings_peek(rb_context *ctx, const rb_settings_source *source_of,
                           const char *setting, size_t size, char *value) {
  rb_status status = RB_OK;
  looked_up text = {.path = setting, .size = size, .value = value};
  RB_TRY(look_up_in_file(ctx, source_of->path, &text));
  for (int i = 0; i < source_of->count; ++i) {
    const char *set = source_of->sets[i], *equals = strchr(set, '=');
    char name[RB_SETTING_TEXT];
    if (equals == NULL) continue;
    copy_trimmed(set, (size_t)(equals - set), name, sizeof name);
    if (strcmp(name, setting) != 0) continue;
    copy_trimmed(equals + 1, strlen(equals + 1), name, sizeof name);
    if (strchr("\"[(", name[0]) == NULL) {  // shells eat quotes
      (void)snprintf(value, size, "%s", name);
      continue;
    }
    looked_up assigned = {.path = "value", .size = size, .value = value};
    char assignment[RB_SETTING_TEXT + 16];
    (void)snprintf(assignment, sizeof assignment, "value = %s;", name);
    RB_TRY(look_up(&(source){ctx, NULL, set, 0, NULL}, assignment, &assigned));
  }
cleanup:
  return status;
}

rb_status rb_settings_peek_names(rb_context *ctx, const rb_settings_source *source_of,
                                 const char *group, int most, char (*names)[RB_SETTING_NAME],
                                 int *count) {
  looked_up sought = {.path = group, .most = most, .names = names};
  const rb_status status = look_up_in_file(ctx, source_of->path, &sought);
  *count = sought.count;
  return status;
}
