#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "settings_internal.h"

void rb_format_real(double value, char *text) {
  for (int digits = 15; digits <= 17; ++digits) {
    (void)snprintf(text, 32, "%.*g", digits, value);
    if (strtod(text, NULL) == value) return;
  }
}

uint64_t rb_hash(uint64_t hash, const void *data, size_t size) {
  const unsigned char *byte = data;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
  return hash;
}

const char *rb_setting_name(const char *path) {
  const char *point = strrchr(path, '.');
  return point != NULL ? point + 1 : path;
}

int rb_choice_index(const char *choices, const char *word) {
  const size_t length = strlen(word);
  for (int index = 0;; ++index) {
    const size_t span = strcspn(choices, "|");
    if (span == length && strncmp(choices, word, length) == 0) return index;
    if (choices[span] == '\0') return -1;
    choices += span + 1;
  }
}

bool rb_range_holds(const char *range, long double value) {
  if (!isfinite(value)) return false;
  if (range == NULL) return true;
  char *end = NULL;
  const double low = strtod(range + 1, &end);
  const double high = strtod(end + 1, &end);
  const bool above = *range == '[' ? value >= low : value > low;
  const bool below = *end == ']' ? value <= high : value < high;
  return above && below;
}

static void format_text(const char *value, char *text) {
  size_t at = 0;
  text[at++] = '"';
  for (; *value != '\0' && at < RB_SETTING_TEXT - 3; ++value) {
    if (*value == '"' || *value == '\\') text[at++] = '\\';
    text[at++] = *value;
  }
  text[at++] = '"';
  text[at] = '\0';
}

static void format_choice(const rb_setting *setting, const void *member, char *text) {
  int index = setting->size == sizeof(bool) ? *(const bool *)member : *(const int *)member;
  const char *choice = setting->choices;
  for (; index > 0; --index) choice += strcspn(choice, "|") + 1;
  (void)snprintf(text, RB_SETTING_TEXT, "\"%.*s\"", (int)strcspn(choice, "|"), choice);
}

static void format_list(const rb_setting *setting, const void *values, char *text) {
  const int *entry = (const int *)(const void *)((const char *)values + setting->offset);
  const int length = *(const int *)(const void *)((const char *)values + setting->length_offset);
  size_t at = (size_t)snprintf(text, RB_SETTING_TEXT, "[");
  for (int i = 0; i < length && at < RB_SETTING_TEXT - 16; ++i) {
    at += (size_t)snprintf(text + at, RB_SETTING_TEXT - at, "%s%d", i > 0 ? ", " : "", entry[i]);
  }
  (void)snprintf(text + at, RB_SETTING_TEXT - at, "]");
}

const char *rb_settings_next_text(const char *at, size_t size, char *text) {
  if (at == NULL || *at == '\0') return NULL;
  const size_t length = strcspn(at, "\n");
  (void)snprintf(text, size, "%.*s", (int)length, at);
  return at + length + (at[length] == '\n');
}

/* As a number that is no integer: an array of libconfig has one type. @param text (32) */
static void format_end(double value, char *text) {
  rb_format_real(value, text);
  const size_t length = strlen(text);
  if (strpbrk(text, ".e") == NULL) (void)snprintf(text + length, 32 - length, ".0");
}

static void format_range(const double *ends, char *text) {
  char low[32], high[32];
  format_end(ends[0], low);
  format_end(ends[1], high);
  if (isnan(ends[0])) {
    (void)snprintf(text, RB_SETTING_TEXT, "\"\"");
  } else if (ends[0] == ends[1]) {
    rb_format_real(ends[0], text);
  } else {
    (void)snprintf(text, RB_SETTING_TEXT, "[%s, %s]", low, high);
  }
}

static void format_texts(const char *member, char *text) {
  char entry[RB_SETTING_TEXT], quoted[RB_SETTING_TEXT];
  size_t at = (size_t)snprintf(text, RB_SETTING_TEXT, "[");
  const char *next = rb_settings_next_text(member, sizeof entry, entry);
  for (int i = 0; next != NULL && at < RB_SETTING_TEXT - 1; ++i) {
    format_text(entry, quoted);
    at += (size_t)snprintf(text + at, RB_SETTING_TEXT - at, "%s%s", i > 0 ? ", " : "", quoted);
    next = rb_settings_next_text(next, sizeof entry, entry);
  }
  if (at < RB_SETTING_TEXT - 1) (void)snprintf(text + at, RB_SETTING_TEXT - at, "]");
}

static void format_expressions(const rb_setting *setting, const char *member, char *text) {
  const size_t count = setting->size / RB_EXPRESSION_TEXT;
  size_t at = 0;
  text[0] = '\0';
  for (size_t i = 0; i < count; ++i, member += RB_EXPRESSION_TEXT) {
    char formula[RB_SETTING_TEXT], *end = NULL;
    (void)strtod(member, &end);
    if (end > member && *end == '\0') {
      (void)snprintf(formula, sizeof formula, "%s", member);
    } else {
      format_text(member, formula);
    }
    at += (size_t)snprintf(text + at, RB_SETTING_TEXT - at, "%s%.300s",
                           i > 0       ? ", "
                           : count > 1 ? "("
                                       : "",
                           formula);
  }
  if (count > 1) (void)snprintf(text + at, RB_SETTING_TEXT - at, ")");
}

bool rb_setting_is_set(const rb_setting *setting, const void *values) {
  const void *member = (const char *)values + setting->offset;
  if (setting->standard != NULL) return true;
  switch (setting->type) {
    case RB_SETTING_EXPRESSION:
      return *(const char *)member != '\0';
    case RB_SETTING_REAL:
    case RB_SETTING_RANGE:
      return !isnan(*(const double *)member);
    case RB_SETTING_CHOICE:
      return setting->size != sizeof(int) || *(const int *)member >= 0;
    default:
      return true;
  }
}

/* Entries as they are written, in one line: without what has its default. */
static void format_groups(const rb_setting *setting, const void *values, char *text) {
  const char *entry = (const char *)values + setting->offset;
  const int length = *(const int *)(const void *)((const char *)values + setting->length_offset);
  char value[RB_SETTING_TEXT];
  size_t at = (size_t)snprintf(text, RB_SETTING_TEXT, "(");
  for (int i = 0; i < length; ++i, entry += setting->entry_size) {
    at += (size_t)snprintf(text + at, RB_SETTING_TEXT - at, "%s{", i > 0 ? ", " : "");
    for (int m = 0; m < setting->members; ++m) {
      const rb_setting *row = &setting->member[m];
      if (!rb_setting_is_set(row, entry)) continue;
      rb_setting_format(row, entry, value);
      if (row->standard != NULL && strcmp(value, row->standard) == 0) continue;
      if (at + strlen(row->path) + strlen(value) + 16 > RB_SETTING_TEXT) break;
      at += (size_t)snprintf(text + at, RB_SETTING_TEXT - at, " %s = %s;", row->path, value);
    }
    at += (size_t)snprintf(text + at, RB_SETTING_TEXT - at, " }");
  }
  (void)snprintf(text + at, RB_SETTING_TEXT - at, ")");
}

void rb_setting_format(const rb_setting *setting, const void *values, char *text) {
  const void *member = (const char *)values + setting->offset;
  switch (setting->type) {
    case RB_SETTING_BOOL:
      (void)snprintf(text, RB_SETTING_TEXT, "%s", *(const bool *)member ? "true" : "false");
      break;
    case RB_SETTING_INTEGER:
      (void)snprintf(text, RB_SETTING_TEXT, "%lld",
                     setting->size == sizeof(int64_t) ? (long long)*(const int64_t *)member
                                                      : (long long)*(const int *)member);
      break;
    case RB_SETTING_REAL:
      rb_format_real(*(const double *)member, text);
      break;
    case RB_SETTING_RANGE:
      format_range(member, text);
      break;
    case RB_SETTING_STRING:
      format_text(member, text);
      break;
    case RB_SETTING_CHOICE:
      format_choice(setting, member, text);
      break;
    case RB_SETTING_LIST:
      format_list(setting, values, text);
      break;
    case RB_SETTING_TEXTS:
      format_texts(member, text);
      break;
    case RB_SETTING_EXPRESSION:
      format_expressions(setting, member, text);
      break;
    case RB_SETTING_GROUPS:
      format_groups(setting, values, text);
      break;
    case RB_SETTING_GROUP:
      *text = '\0';
      break;
  }
}

// Number of groups around the first `length` letters of a path.
static int depth_of(const char *path, size_t length) {
  int depth = 0;
  for (size_t i = 0; i < length; ++i) depth += path[i] == '.';
  return depth;
}

static void indent(int depth, FILE *stream) { (void)fprintf(stream, "%*s", 2 * depth, ""); }

static void print_help(const rb_setting *row, int depth, FILE *stream) {
  indent(depth, stream);
  (void)fprintf(stream, "# %s", row->help);
  if (row->unit != NULL) (void)fprintf(stream, ", %s", row->unit);
  if (row->range != NULL) (void)fprintf(stream, "; in %s", row->range);
  if (row->choices != NULL) (void)fprintf(stream, "; one of %s", row->choices);
  if (row->standard != NULL) (void)fprintf(stream, "; default %s", row->standard);
  (void)fprintf(stream, "\n");
}

// Whether `path` lies in the group that is the first `length` letters of `group`.
static bool in_group(const char *path, const char *group, size_t length) {
  return strncmp(path, group, length) == 0 && path[length] == '.';
}

void rb_settings_print(const rb_settings_table *table, const void *values, bool documented,
                       FILE *stream) {
  const char *open = "";  // the innermost open group is its first `length` letters
  size_t length = 0;
  for (int i = 0; i <= table->rows; ++i) {
    const rb_setting *row = i < table->rows ? &table->row[i] : NULL;
    while (length > 0 && (row == NULL || !in_group(row->path, open, length))) {
      indent(depth_of(open, length), stream);
      (void)fprintf(stream, "};\n");
      const char *point = memrchr(open, '.', length);
      length = point != NULL ? (size_t)(point - open) : 0;
    }
    if (row == NULL) break;
    if (!rb_setting_is_set(row, values)) continue;
    const int depth = depth_of(row->path, strlen(row->path));
    if (documented) {
      if (row->type == RB_SETTING_GROUP) (void)fprintf(stream, "\n");
      print_help(row, depth, stream);
    }
    indent(depth, stream);
    if (row->type == RB_SETTING_GROUP) {
      (void)fprintf(stream, "%s = {\n", rb_setting_name(row->path));
      open = row->path;
      length = strlen(open);
    } else {
      char text[RB_SETTING_TEXT];
      rb_setting_format(row, values, text);
      (void)fprintf(stream, "%s = %s;\n", rb_setting_name(row->path), text);
    }
  }
}

static void print_cell(const char *text, FILE *stream) {
  for (; text != NULL && *text != '\0'; ++text) {
    if (*text == '|') (void)fputc('\\', stream);
    (void)fputc(*text, stream);
  }
}

void rb_settings_markdown(const rb_settings_table *table, const void *values, FILE *stream) {
  static const char *const head =
      "\n| setting | default | unit | range | meaning |\n|---|---|---|---|---|\n";
  for (int i = 0; i < table->rows; ++i) {
    const rb_setting *row = &table->row[i];
    if (row->type == RB_SETTING_GROUP) {
      (void)fprintf(stream, "\n## `%s`\n\n%s.\n", row->path, row->help);
      const bool outer = i + 1 == table->rows || row[1].type == RB_SETTING_GROUP;
      if (!outer) (void)fprintf(stream, "%s", head);
      continue;
    }
    if (i == 0) (void)fprintf(stream, "%s", head);
    if (!rb_setting_is_set(row, values)) continue;
    char text[RB_SETTING_TEXT];
    rb_setting_format(row, values, text);
    (void)fprintf(stream, "| `%s` | `%s` | %s | ", row->path, text,
                  row->unit != NULL ? row->unit : "");
    print_cell(row->range != NULL ? row->range : row->choices, stream);
    (void)fprintf(stream, " | ");
    print_cell(row->help, stream);
    (void)fprintf(stream, " |\n");
  }
}

// Whether `path` is in a list such as "seed training -training.epochs": the last word that is about
// it decides.
static bool in_groups(const char *path, const char *groups) {
  bool in = false;
  while (*groups != '\0') {
    const bool leave_out = *groups == '-';
    groups += leave_out;
    const size_t length = strcspn(groups, " ");
    const bool begins = length > 0 && strncmp(path, groups, length) == 0;
    if (begins && (path[length] == '\0' || path[length] == '.')) in = !leave_out;
    groups += length;
    groups += strspn(groups, " ");
  }
  return in;
}

rb_status rb_settings_lines(rb_context *ctx, const rb_settings_table *table, const void *values,
                            const char *groups, char **lines) {
  size_t size = 0;
  *lines = NULL;
  FILE *stream = open_memstream(lines, &size);
  if (stream == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  for (int i = 0; i < table->rows; ++i) {
    const rb_setting *row = &table->row[i];
    if (row->type == RB_SETTING_GROUP || !rb_setting_is_set(row, values)) continue;
    if (!in_groups(row->path, groups)) continue;
    char text[RB_SETTING_TEXT];
    rb_setting_format(row, values, text);
    (void)fprintf(stream, "%s = %s\n", row->path, text);
  }
  if (fclose(stream) != 0) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  return RB_OK;
}

// Finds the line of the setting that the line `line` is about; its value, or NULL.
static const char *value_of(const char *lines, const char *line) {
  const size_t length = strcspn(line, "=") + 2;
  for (; *lines != '\0'; lines += strcspn(lines, "\n"), lines += *lines == '\n') {
    if (strncmp(lines, line, length) == 0) return lines + length;
  }
  return NULL;
}

/* @param line with the setting's name @param old, new its values; NULL: unset */
static void print_change(const char *line, const char *old, const char *new, char *text,
                         size_t size) {
  static const char hash[] = "_hash";
  const int name = (int)strcspn(line, " ");
  const int stem = name - (int)strlen(hash);
  if (stem > 0 && strncmp(line + stem, hash, strlen(hash)) == 0) {
    (void)snprintf(text, size, "the content of %.*s has changed", stem, line);
    return;
  }
  if (old == NULL) old = "unset";
  if (new == NULL) new = "unset";
  (void)snprintf(text, size, "%.*s was %.*s and is %.*s now", name, line, (int)strcspn(old, "\n"),
                 old, (int)strcspn(new, "\n"), new);
}

static const char *next_line(const char *line) {
  line += strcspn(line, "\n");
  return line + (*line == '\n');
}

static bool is_in_groups(const char *line, const char *groups) {
  char path[RB_SETTING_TEXT];
  (void)snprintf(path, sizeof path, "%.*s", (int)strcspn(line, " "), line);
  return groups == NULL || in_groups(path, groups);
}

int rb_settings_difference(const char *before, const char *now, const char *groups, char *text,
                           size_t size) {
  int count = 0;
  *text = '\0';
  for (const char *line = now; *line != '\0'; line = next_line(line)) {
    const char *new = line + strcspn(line, "=") + 2;
    const char *old = value_of(before, line);
    const size_t length = strcspn(new, "\n");
    if (old != NULL && length == strcspn(old, "\n") && strncmp(new, old, length) == 0) continue;
    if (count++ == 0) print_change(line, old, new, text, size);
  }
  for (const char *line = before; *line != '\0'; line = next_line(line)) {
    if (value_of(now, line) != NULL || !is_in_groups(line, groups)) continue;
    if (count++ == 0) print_change(line, line + strcspn(line, "=") + 2, NULL, text, size);
  }
  if (count > 1) {
    const size_t used = strlen(text);
    (void)snprintf(text + used, size - used, " (and %d more)", count - 1);
  }
  return count;
}
