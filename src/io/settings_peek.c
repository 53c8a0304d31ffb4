#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/parallel/agree.h"
#include "settings_internal.h"
#include "settings_text.h"
#include "settings_value.h"

/* What is looked up in an input file before its table is known: a text, or a group's names. */
typedef struct looked_up {
  const char *path;
  size_t size;
  char *value;  // (size)
  int most, count;
  char (*names)[RB_SETTING_NAME];  // (most); NULL: a text is looked up
} looked_up;

static rb_status take_names(const rb_settings_place *s, const config_setting_t *group,
                            looked_up *sought) {
  sought->count = group != NULL ? config_setting_length(group) : 0;
  for (int i = 0; i < sought->count; ++i) {
    const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
    const char *name = config_setting_name(member);
    rb_settings_place at = *s;
    at.line = (int)config_setting_source_line(member);
    if (strlen(name) >= RB_SETTING_NAME) {
      return RB_PLACE_FAIL(&at, "%s.%.100s: a name may have %d letters", sought->path, name,
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

static rb_status look_up(const rb_settings_place *s, const char *text, looked_up *sought) {
  rb_status status = RB_OK;
  config_t config;
  config_init(&config);
  RB_TRY(rb_settings_parse_text(s, text, &config));
  if (sought->names != NULL) {
    const config_setting_t *group = config_lookup(&config, sought->path);
    const bool is = group != NULL && config_setting_type(group) == CONFIG_TYPE_GROUP;
    RB_TRY(take_names(s, is ? group : NULL, sought));
  } else {
    take_text(config_lookup(&config, sought->path), sought);
  }
cleanup:
  config_destroy(&config);
  return status;
}

/* Looks up in an input file, if there is one. Collective. */
static rb_status look_up_in_file(rb_context *ctx, const char *path, looked_up *sought) {
  rb_status status = RB_OK;
  char *text = NULL;
  const rb_settings_place s = {ctx, NULL, path, 0, NULL};
  if (path == NULL) return RB_OK;
  RB_TRY(rb_settings_read_file(ctx, path, &text));
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
    rb_settings_trim(set, (size_t)(equals - set), name, sizeof name);
    if (strcmp(name, setting) != 0) continue;
    rb_settings_trim(equals + 1, strlen(equals + 1), name, sizeof name);
    if (strchr("\"[(", name[0]) == NULL) {  // shells eat quotes
      (void)snprintf(value, size, "%s", name);
      continue;
    }
    looked_up assigned = {.path = "value", .size = size, .value = value};
    char assignment[RB_SETTING_TEXT + 16];
    (void)snprintf(assignment, sizeof assignment, "value = %s;", name);
    RB_TRY(look_up(&(rb_settings_place){ctx, NULL, set, 0, NULL}, assignment, &assigned));
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
