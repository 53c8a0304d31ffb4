#include "described.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression.h"
#include "rheobase/base/memory.h"

enum { WORDS = 3, WORD = 128, AXIS = RB_MAX_CHANNELS };

/* Names that our files have beside a channel, and beside the axis; ended by NULL. */
static const char *const beside_channels[] = {
    "theta", "latent", "dataset", "file", "digest", "impossible", "skipped", "skipped_theta", NULL};
static const char *const beside_axis[] = {
    "theta",       "parameter",   "parameter_unit", "training",    "validation",
    "shape_check", "prior_check", "provenance",     "observation", "misspecification",
    "density",     "draws",       "level",          "log_density", "mean",
    "sd",          "quantile",    "truth",          "observed",    "percentile",
    "replicates",  "statistic",   "statistic_unit", "dataset",     NULL};

/* Splits at blanks. @return how many words there are, which may be more than `most` */
static int split(const char *text, int most, char word[][WORD]) {
  int count = 0;
  for (text += strspn(text, " "); *text != '\0'; ++count) {
    const size_t length = strcspn(text, " ");
    if (count < most) (void)snprintf(word[count], WORD, "%.*s", (int)length, text);
    text += length;
    text += strspn(text, " ");
  }
  return count;
}

static rb_status check_free(rb_context *ctx, const char *group, const char *what, const char *name,
                            const char *const *taken) {
  for (; *taken != NULL; ++taken) {
    if (strcmp(name, *taken) != 0) continue;
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "%s.%s: the name %s is taken by another array of the files; choose another",
                   group, what, name);
  }
  return RB_OK;
}

/* @param what "channels" or "axis" of the group, for errors @param name (32) @param unit (32) */
static rb_status set_name(rb_context *ctx, const char *group, const char *what, const char *name,
                          const char *unit, char *name_copy, char *unit_copy) {
  if (!rb_expression_name_is_valid(name) || strlen(name) > 31) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "%s.%s: \"%.40s\" is no name: at most 31 letters, digits and underscores, a "
                   "letter first",
                   group, what, name);
  }
  if (strlen(unit) > 31) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s.%s: the unit \"%.40s\" is longer than 31 letters",
                   group, what, unit);
  }
  (void)snprintf(name_copy, 32, "%s", name);
  (void)snprintf(unit_copy, 32, "%s", *unit != '\0' ? unit : "1");
  return RB_OK;
}

rb_status rb_described_add_channel(rb_context *ctx, const char *group, const char *name,
                                   const char *unit, bool binary, rb_described *described) {
  rb_status status = RB_OK;
  const int c = described->channels;
  if (c == RB_MAX_CHANNELS) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s.channels: more than %d are given", group,
                   RB_MAX_CHANNELS);
  }
  char *own = described->name[c], *own_unit = described->unit[c];
  RB_TRY(set_name(ctx, group, "channels", name, unit, own, own_unit));
  RB_TRY(check_free(ctx, group, "channels", own, beside_channels));
  for (int k = 0; k < c; ++k) {
    if (strcmp(own, described->name[k]) != 0) continue;
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "%s.channels: %s is given twice", group, own));
  }
  described->channel[c] = (rb_channel){.quantity = {own, own_unit, own}, .binary = binary};
  described->channels = c + 1;
cleanup:
  return status;
}

rb_status rb_described_set_axis(rb_context *ctx, const char *group, const char *name,
                                const char *unit, int64_t length, double step,
                                rb_described *described) {
  rb_status status = RB_OK;
  char *own = described->name[AXIS], *own_unit = described->unit[AXIS];
  RB_TRY(set_name(ctx, group, "axis", name, unit, own, own_unit));
  if (length < 1) {
    RB_TRY(
        RB_FAIL(ctx, RB_ERR_SETTING, "%s.length is needed: how many samples a channel has", group));
  }
  if (!(step > 0 && isfinite(step))) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "%s.step = %g has to be above 0", group, step));
  }
  char plain[32];  // of the unit: what can stand in a name
  size_t at = 0;
  for (const char *c = own_unit; *c != '\0'; ++c) {
    const bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
    if (letter || (*c >= '0' && *c <= '9')) plain[at++] = *c;
  }
  plain[at] = '\0';
  const bool pure = strcmp(own_unit, "1") == 0 || at == 0;
  (void)snprintf(described->axis_name, sizeof described->axis_name, "%s%s%s", own, pure ? "" : "_",
                 pure ? "" : plain);
  RB_TRY(check_free(ctx, group, "axis", described->axis_name, beside_axis));
  for (int c = 0; c < described->channels; ++c) {
    if (strcmp(described->name[c], described->axis_name) != 0) continue;
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "%s.channels: %s is the axis' name too", group,
                   described->axis_name));
  }
  described->axis = (rb_quantity){described->axis_name, own_unit, own};
  described->length = length;
  described->step = step;
cleanup:
  return status;
}

static rb_status read_channel(rb_context *ctx, const char *group, const char *text,
                              rb_described *described) {
  char word[WORDS][WORD] = {"", "", ""};
  int words = split(text, WORDS, word);
  const bool binary = words > 1 && words <= WORDS && strcmp(word[words - 1], "binary") == 0;
  words -= binary;
  if (words < 1 || words > 2) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "%s.channels: \"%.80s\" is not a name, a unit and perhaps the word binary",
                   group, text);
  }
  return rb_described_add_channel(ctx, group, word[0], words == 2 ? word[1] : "", binary,
                                  described);
}

rb_status rb_described_read(rb_context *ctx, const char *group,
                            const rb_observation_settings *settings, rb_described *described) {
  rb_status status = RB_OK;
  char text[sizeof settings->channels], word[WORDS][WORD] = {"", "", ""};
  *described = (rb_described){0};
  const char *next = rb_settings_next_text(settings->channels, sizeof text, text);
  for (; next != NULL; next = rb_settings_next_text(next, sizeof text, text)) {
    RB_TRY(read_channel(ctx, group, text, described));
  }
  if (described->channels == 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING,
                   "%s.channels is needed: what is observed, as in [\"height m\"]", group));
  }
  const int words = split(settings->axis, WORDS, word);
  if (words < 1 || words > 2) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "%s.axis = \"%s\" is not a name and a unit", group,
                   settings->axis));
  }
  RB_TRY(rb_described_set_axis(ctx, group, word[0], word[1], settings->length, settings->step,
                               described));
cleanup:
  return status;
}

bool rb_described_accepts(const rb_model *model, const double *theta, const char **reason) {
  for (int d = 0; d < model->dim; ++d) {
    if (isfinite(theta[d])) continue;
    if (reason != NULL) *reason = "a parameter is not finite";
    return false;
  }
  return true;
}

void rb_described_fill(const rb_described *described, rb_model *model) {
  model->channels = described->channels;
  model->channel = described->channel;
  model->length = described->length;
  model->axis = described->axis;
  model->axis_step = described->step;
}

rb_status rb_described_row(rb_context *ctx, const char *name, const char *unit, rb_prior_row *row) {
  if (strlen(name) >= sizeof row->name || (unit != NULL && strlen(unit) >= sizeof row->unit)) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "prior.%.40s: its name or unit is too long", name);
  }
  (void)snprintf(row->name, sizeof row->name, "%s", name);
  (void)snprintf(row->description, sizeof row->description, "%s", name);
  (void)snprintf(row->unit, sizeof row->unit, "%s", unit != NULL && *unit != '\0' ? unit : "1");
  return RB_OK;
}

rb_status rb_described_prior(rb_context *ctx, const rb_settings_source *source,
                             rb_model_rows *rows) {
  rb_status status = RB_OK;
  char name[RB_PRIOR_ROWS][RB_SETTING_NAME];
  int count = 0;
  RB_TRY(rb_settings_peek_names(ctx, source, "prior", RB_PRIOR_ROWS, name, &count));
  if (count > RB_PRIOR_ROWS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "prior: has %d parameters; %d are possible", count,
                   RB_PRIOR_ROWS));
  }
  for (int r = 0; r < count; ++r) RB_TRY(rb_described_row(ctx, name[r], NULL, &rows->prior[r]));
  rows->parameters = count;
cleanup:
  return status;
}

rb_status rb_described_parse_prior(rb_context *ctx, const char *path, const char *text,
                                   rb_prior_row *row) {
  rb_status status = RB_OK;
  enum { KEYS = 32 };
  rb_setting key[KEYS] = {{.path = "distribution",
                           .type = RB_SETTING_EXPRESSION,
                           RB_SETTING_MEMBER(rb_prior_row, distribution)}};
  rb_settings_table table = {key, 1};
  for (const rb_prior_key *k = rb_prior_keys; k->name != NULL; ++k) {
    key[table.rows++] = (rb_setting){.path = k->name,
                                     .type = RB_SETTING_EXPRESSION,
                                     .offset = k->offset,
                                     .size = (size_t)k->texts * RB_PRIOR_TEXT};
  }
  char *quoted = NULL;
  const size_t length = strlen(text);
  RB_TRY(RB_ALLOCATE(ctx, quoted, (int64_t)length + 1));
  for (size_t i = 0; i < length; ++i) quoted[i] = (char)(text[i] == '\'' ? '"' : text[i]);
  char name[RB_PRIOR_TEXT];
  (void)snprintf(name, sizeof name, "%.60s: prior of %s", path, row->name);
  RB_TRY(rb_settings_parse(ctx, &table, name, quoted, row));
cleanup:
  free(quoted);
  return status;
}

uint64_t rb_described_seed(uint64_t seed, rb_purpose purpose, int64_t item) {
  const rb_stream stream = rb_stream_make(seed, purpose, RB_RANDOM_OUTSIDE, 0, (uint64_t)item);
  uint32_t block[4];
  rb_stream_block(stream, 0, block);
  return (uint64_t)block[1] << 32 | block[0];
}
