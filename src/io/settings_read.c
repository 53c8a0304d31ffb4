#include <libconfig.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/nearest.h"
#include "rheobase/parallel/agree.h"
#include "settings_internal.h"
#include "settings_text.h"
#include "settings_value.h"

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

static rb_status unknown(const rb_settings_place *s, const char *path) {
  const rb_settings_table *table = s->table;
  const char *nearest = rb_nearest(path, &table->row[0].path, sizeof *table->row, table->rows);
  // Perhaps the right name in the wrong group.
  const char *name = rb_setting_name(path);
  const int wrong = strlen(name) > 2 ? 1 : 0;
  for (int i = 0; nearest == NULL && i < table->rows; ++i) {
    if (rb_edit_distance(name, rb_setting_name(table->row[i].path)) <= wrong) {
      nearest = table->row[i].path;
    }
  }
  return RB_PLACE_FAIL(s, "unknown setting %.100s%s%s%s", path,
                       nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "?" : " (rheobase config lists all)");
}

static rb_status set_groups(const rb_settings_place *s, const rb_setting *row,
                            const config_setting_t *value);

static rb_status set_row(const rb_settings_place *s, const rb_setting *row,
                         const config_setting_t *value) {
  return row->type == RB_SETTING_GROUPS ? set_groups(s, row, value) : rb_setting_set(s, row, value);
}

// Groups nest as deep as the table's paths; deeper ones are unknown before they are entered.
static rb_status walk(const rb_settings_place *at, const char *prefix,
                      const config_setting_t *group) {
  rb_status status = RB_OK;
  for (int i = 0; status == RB_OK && i < config_setting_length(group); ++i) {
    const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
    rb_settings_place s = *at;
    s.line = (int)config_setting_source_line(member);
    char path[256];
    const int n = snprintf(path, sizeof path, "%s%s%.200s", prefix, *prefix != '\0' ? "." : "",
                           config_setting_name(member));
    const rb_setting *row = find(s.table, path);
    if (row != NULL) {
      status = set_row(&s, row, member);
    } else if (n >= (int)sizeof path || !is_group(s.table, path)) {
      status = unknown(&s, path);
    } else if (config_setting_type(member) != CONFIG_TYPE_GROUP) {
      status = RB_PLACE_FAIL(&s, "%s is a group: write %s = { ... };", path, rb_setting_name(path));
    } else {
      status = walk(at, path, member);
    }
  }
  return status;
}

// What an entry is before anything of it is given.
static rb_status clear_entry(const rb_settings_place *s) {
  for (int i = 0; i < s->table->rows; ++i) {
    const rb_setting *row = &s->table->row[i];
    void *member = (char *)s->values + row->offset;
    if (row->type == RB_SETTING_REAL) *(double *)member = NAN;
    if (row->type == RB_SETTING_RANGE) ((double *)member)[0] = ((double *)member)[1] = NAN;
    if (row->type == RB_SETTING_CHOICE) *(int *)member = -1;
  }
  return rb_settings_defaults(s->ctx, s->table, s->values);
}

static rb_status set_groups(const rb_settings_place *s, const rb_setting *row,
                            const config_setting_t *value) {
  rb_status status = RB_OK;
  char *entry = (char *)s->values + row->offset;
  const rb_settings_table table = {row->member, row->members};
  const int length = config_setting_length(value);
  if (config_setting_type(value) != CONFIG_TYPE_LIST) return rb_setting_wrong_type(s, row);
  if ((size_t)length > row->size / row->entry_size) {
    return RB_PLACE_FAIL(s, "%s has %d entries; it takes %zu at most", row->path, length,
                         row->size / row->entry_size);
  }
  memset(entry, 0, row->size);
  for (int i = 0; i < length; ++i, entry += row->entry_size) {
    const config_setting_t *group = config_setting_get_elem(value, (unsigned)i);
    const rb_settings_place at = {s->ctx, &table, s->name, s->line, entry};
    if (config_setting_type(group) != CONFIG_TYPE_GROUP) RB_TRY(rb_setting_wrong_type(s, row));
    RB_TRY(clear_entry(&at));
    RB_TRY(walk(&at, "", group));
  }
  *(int *)(void *)((char *)s->values + row->length_offset) = length;
cleanup:
  return status;
}

static rb_status parse(const rb_settings_place *s, const char *text) {
  rb_status status = RB_OK;
  config_t config;
  config_init(&config);
  RB_TRY(rb_settings_parse_text(s, text, &config));
  RB_TRY(walk(s, "", config_root_setting(&config)));
cleanup:
  config_destroy(&config);
  return status;
}

rb_status rb_settings_parse(rb_context *ctx, const rb_settings_table *table, const char *name,
                            const char *text, void *values) {
  const rb_settings_place s = {ctx, table, name, 0, values};
  return parse(&s, text);
}

// The value of an override goes through the parser of input files, alone.
static rb_status set_parsed(const rb_settings_place *s, const rb_setting *row, const char *text) {
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
    RB_TRY(rb_setting_wrong_type(s, row));
  }
  RB_TRY(set_row(s, row, config_setting_get_elem(config_root_setting(&config), 0)));
cleanup:
  config_destroy(&config);
  free(assignment);
  free(widened);
  return status;
}

static rb_status override(const rb_settings_place *given, const char *assignment) {
  char name[128];
  char path[256];
  char value[RB_SETTING_TEXT];
  rb_settings_place s = *given;
  s.name = name;
  (void)snprintf(name, sizeof name, "--set %.100s", assignment);
  const char *equals = strchr(assignment, '=');
  if (equals != NULL) {
    rb_settings_trim(assignment, (size_t)(equals - assignment), path, sizeof path);
  }
  if (equals == NULL || *path == '\0') return RB_PLACE_FAIL(&s, "%s", "write it as path=value");
  const rb_setting *row = find(s.table, path);
  if (row == NULL && is_group(s.table, path)) {
    return RB_PLACE_FAIL(&s, "%s is a group: write --set %s.name=value", path, path);
  }
  if (row == NULL) return unknown(&s, path);
  rb_settings_trim(equals + 1, strlen(equals + 1), value, sizeof value);
  const bool text = row->type == RB_SETTING_STRING || row->type == RB_SETTING_CHOICE;
  if (text && *value != '"') return rb_setting_set_text(&s, row, value);  // shells eat quotes
  const bool formula = row->type == RB_SETTING_EXPRESSION && row->size == RB_EXPRESSION_TEXT;
  if (formula && *value != '"') {
    return rb_setting_set_formula(&s, row, value, (char *)s.values + row->offset);
  }
  return set_parsed(&s, row, equals + 1);
}

rb_status rb_settings_defaults(rb_context *ctx, const rb_settings_table *table, void *values) {
  rb_status status = RB_OK;
  const rb_settings_place s = {ctx, table, "default", 0, values};
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
  const rb_settings_place s = {ctx, table, path, 0, values};
  RB_TRY(rb_agree(ctx, rb_settings_defaults(ctx, table, values)));
  if (path != NULL) RB_TRY(rb_settings_read_file(ctx, path, &text));
  if (path != NULL) status = parse(&s, text);
  for (int i = 0; status == RB_OK && i < count; ++i) status = override(&s, sets[i]);
  RB_TRY(rb_agree(ctx, status));
cleanup:
  free(text);
  return status;
}
