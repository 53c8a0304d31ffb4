#include "network_config.h"

#include <stdlib.h>
#include <string.h>

/* One flat object of the JSON text: everything between its braces. */
typedef struct config_object {
  rb_context *ctx;
  const char *path, *name;
  const char *begin, *end;
} config_object;

static const char *skip_space(const char *text) {
  while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r') ++text;
  return text;
}

/* The text after `"key":` between begin and end; NULL if there is none. */
static const char *find_key(const char *begin, const char *end, const char *key) {
  const size_t length = strlen(key);
  for (const char *c = begin; c + length + 2 < end; ++c) {
    if (c[0] != '"' || strncmp(c + 1, key, length) != 0 || c[length + 1] != '"') continue;
    const char *after = skip_space(c + length + 2);
    if (after < end && *after == ':') return skip_space(after + 1);
  }
  return NULL;
}

static rb_status find_object(const char *json, config_object *object) {
  const char *begin = find_key(json, json + strlen(json), object->name);
  const char *end = begin != NULL && *begin == '{' ? strchr(begin, '}') : NULL;
  if (end == NULL) {
    return RB_FAIL(object->ctx, RB_ERR_FORMAT, "%s: attribute config has no object \"%s\"",
                   object->path, object->name);
  }
  object->begin = begin;
  object->end = end;
  return RB_OK;
}

static rb_status wrong(const config_object *object, const char *key, const char *what) {
  return RB_FAIL(object->ctx, RB_ERR_FORMAT, "%s: config, %s, \"%s\": %s", object->path,
                 object->name, key, what);
}

/* A list of integers, or one integer for a list of one, or null for none. */
static rb_status read_list(const config_object *object, const char *key, int values[RB_MAX_LAYERS],
                           int *count) {
  const char *text = find_key(object->begin, object->end, key);
  if (text == NULL) return wrong(object, key, "is missing");
  *count = 0;
  if (strncmp(text, "null", 4) == 0) return RB_OK;
  const bool list = *text == '[';
  if (list) text = skip_space(text + 1);
  do {
    char *after = NULL;
    const long value = strtol(text, &after, 10);
    if (after == text || value < 0 || value > 1000000 || *count == RB_MAX_LAYERS) {
      return wrong(object, key, "is not a list of a few counts");
    }
    values[(*count)++] = (int)value;
    text = skip_space(after);
  } while (list && *text == ',' && (text = skip_space(text + 1)) != NULL);
  return !list || *text == ']' ? RB_OK : wrong(object, key, "is not a list of a few counts");
}

static rb_status read_int(const config_object *object, const char *key, int *value) {
  int values[RB_MAX_LAYERS], count = 0;
  const rb_status status = read_list(object, key, values, &count);
  if (status != RB_OK) return status;
  if (count > 1) return wrong(object, key, "is not one number");
  *value = count == 1 ? values[0] : 0;
  return RB_OK;
}

static rb_status read_bool(const config_object *object, const char *key, bool *value) {
  const char *text = find_key(object->begin, object->end, key);
  if (text == NULL) return wrong(object, key, "is missing");
  *value = strncmp(text, "true", 4) == 0;
  if (!*value && strncmp(text, "false", 5) != 0) return wrong(object, key, "is not true or false");
  return RB_OK;
}

/* One of `choices` (ended by NULL). */
static rb_status read_choice(const config_object *object, const char *key,
                             const char *const *choices, int *choice) {
  const char *text = find_key(object->begin, object->end, key);
  for (int i = 0; text != NULL && *text == '"' && choices[i] != NULL; ++i) {
    const size_t length = strlen(choices[i]);
    if (strncmp(text + 1, choices[i], length) == 0 && text[length + 1] == '"') {
      *choice = i;
      return RB_OK;
    }
  }
  return wrong(object, key, "is missing or names something this program does not have");
}

static rb_status read_summary(const config_object *object, rb_summary_settings *s) {
  static const char *const nets[] = {[RB_GRU] = "gru", [RB_LSTM] = "lstm", NULL};
  static const char *const mish[] = {"mish", NULL};
  rb_status status = RB_OK;
  int choice = 0;
  s->type = &rb_summary_recurrent;
  RB_TRY(read_int(object, "summary_dim", &s->summary_dim));
  RB_TRY(read_list(object, "filters", s->filters, &s->conv_layers));
  RB_TRY(read_list(object, "kernel_sizes", s->kernel_sizes, &s->kernel_size_count));
  RB_TRY(read_list(object, "strides", s->strides, &s->stride_count));
  if (s->kernel_size_count != s->conv_layers || s->stride_count != s->conv_layers) {
    RB_TRY(wrong(object, "filters", "kernel_sizes and strides have another length"));
  }
  RB_TRY(read_int(object, "groups", &s->groups));
  RB_TRY(read_choice(object, "activation", mish, &choice));
  RB_TRY(read_choice(object, "recurrent_type", nets, &choice));
  s->recurrent_type = (rb_recurrent_type)choice;
  RB_TRY(read_int(object, "recurrent_dim", &s->recurrent_dim));
  RB_TRY(read_bool(object, "bidirectional", &s->bidirectional));
  RB_TRY(read_int(object, "skip_steps", &s->skip_steps));
cleanup:
  return status;
}

static rb_status read_flow(const config_object *object, rb_flow_settings *s) {
  static const char *const activations[] = {
      [RB_HARD_SILU] = "hard_silu", [RB_SILU] = "silu", [RB_RELU] = "relu",
      [RB_TANH] = "tanh",           [RB_MISH] = "mish", NULL};
  static const char *const affine[] = {"affine", NULL};
  rb_status status = RB_OK;
  int choice = 0;
  RB_TRY(read_int(object, "depth", &s->depth));
  RB_TRY(read_bool(object, "use_actnorm", &s->actnorm));
  RB_TRY(read_choice(object, "transform", affine, &choice));
  RB_TRY(read_list(object, "mlp_widths", s->mlp_widths, &s->mlp_layers));
  RB_TRY(read_choice(object, "mlp_activation", activations, &choice));
  s->mlp_activation = (rb_activation)choice;
cleanup:
  return status;
}

rb_status rb_network_config_parse(rb_context *ctx, const char *path, const char *json,
                                  rb_network_settings *settings) {
  rb_status status = RB_OK;
  config_object summary = {.ctx = ctx, .path = path, .name = "summary"};
  config_object flow = {.ctx = ctx, .path = path, .name = "flow"};
  memset(settings, 0, sizeof *settings);
  RB_TRY(find_object(json, &summary));
  RB_TRY(find_object(json, &flow));
  RB_TRY(read_summary(&summary, &settings->summary));
  RB_TRY(read_flow(&flow, &settings->flow));
  settings->density = &rb_density_coupling;
cleanup:
  return status;
}
