#include "stale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rheobase/inference/checkpoint.h"
#include "rheobase/io/settings.h"
#include "rheobase/io/study.h"

enum { WHY = RB_STUDY_WHY + 200, OPTIONS = 2 * RB_STUDY_PATH };

/* The command that writes each file; `input` where it needs to be told an input of its own: the
 * study's folder gives the one the network was trained with, which is then too old. */
static const struct {
  const char *stage;
  bool input;
} renewal[RB_PRODUCTS] = {[RB_PRODUCT_SIMULATIONS] = {"simulate", true},
                          [RB_PRODUCT_CHECKPOINT] = {"train", true},
                          [RB_PRODUCT_BASELINE] = {"baseline", false},
                          [RB_PRODUCT_CALIBRATION] = {"calibrate", false},
                          [RB_PRODUCT_BASELINE_CALIBRATION] = {"baseline", false},
                          [RB_PRODUCT_POSTERIOR] = {"infer", false},
                          [RB_PRODUCT_CELLS] = {"infer", false},
                          [RB_PRODUCT_PREDICTIVE] = {"predict", false},
                          [RB_PRODUCT_PREDICTION] = {"predict", false},
                          [RB_PRODUCT_EXACT] = {"refine", false},
                          [RB_PRODUCT_SCALING] = {"scale", true}};

/* What is known about one file. */
typedef struct verdict {
  bool out;               // it does not belong to the others
  char why[WHY];          // "" where all is well
  char options[OPTIONS];  // with which the user gave it files, for the command
} verdict;

/* A word as a shell takes it: in quotes, unless it is plain. */
static void add_word(FILE *out, const char *word) {
  static const char plain[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./=,:@%+-";
  const bool quote = *word == '\0' || word[strspn(word, plain)] != '\0';
  if (quote) (void)fputc('\'', out);
  for (; *word != '\0'; ++word) (void)fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, out);
  if (quote) (void)fputc('\'', out);
}

/* The remark: why, and what to do about it. The caller frees it. */
static rb_status write_remark(const rb_study_data *study, rb_product s, const verdict *v,
                              char **remark) {
  size_t size = 0;
  FILE *out = open_memstream(remark, &size);
  if (out == NULL) return RB_FAIL(study->ctx, RB_ERR_MEMORY, "out of memory");
  (void)fprintf(out, "%s %s%s; renew it with: rheobase %s ", rb_products[s].file,
                v->out ? "is left out: " : "", v->why, renewal[s].stage);
  if (renewal[s].input) (void)fputs("INPUT -o ", out);
  add_word(out, study->folder);
  (void)fprintf(out, "%s --force", v->options);
  if (fclose(out) != 0) return RB_FAIL(study->ctx, RB_ERR_MEMORY, "out of memory");
  return RB_OK;
}

static int find_source(const char *name) {
  int s = 0;
  while (s < RB_PRODUCTS && strcmp(rb_products[s].file, name) != 0) ++s;
  return s;
}

/* The digest of a further member's network, if it is there. */
static rb_status read_member(const rb_study_data *study, const char *name, bool *there,
                             uint64_t *digest) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  char path[RB_PATH];
  *there = false;
  if (strchr(name, '/') != NULL ||
      snprintf(path, sizeof path, "%s/%s", study->folder, name) >= RB_PATH ||
      access(path, F_OK) != 0) {
    return RB_OK;
  }
  RB_TRY(rb_product_open_one(study->ctx, RB_PRODUCT_CHECKPOINT, path, &file));
  RB_TRY(rb_recipe_read_digest(study->ctx, file, digest));
  *there = true;
cleanup:
  rb_file_close(&file);
  return status;
}

/* Whether a line of settings is one of the model and its prior: the other file has it too, and it
 * is not one of random numbers or training. */
static bool is_of_model(const char *line, const char *others) {
  static const char *const besides[] = {"seed ", "training."};
  const size_t name = strcspn(line, "=\n");
  for (size_t k = 0; k < sizeof besides / sizeof *besides; ++k) {
    if (strncmp(line, besides[k], strlen(besides[k])) == 0) return false;
  }
  for (const char *other = others; *other != '\0'; other += strcspn(other, "\n") + 1) {
    if (strncmp(line, other, name + 1) == 0) return true;
    if (other[strcspn(other, "\n")] == '\0') break;
  }
  return false;
}

/* Settings that two files have in common: those that begin with the prefix, or, if it is NULL,
 * those of the model. @return whether they differ, and then how */
static rb_status differ(const rb_study_data *study, rb_product s, rb_product other,
                        const char *prefix, bool *differs, char *how) {
  rb_status status = RB_OK;
  char *mine = NULL, *others = NULL, *out;
  RB_TRY(rb_file_get_string(study->ctx, study->file[s], "", "settings", &mine));
  RB_TRY(rb_file_get_string(study->ctx, study->file[other], "", "settings", &others));
  out = mine;  // keeps the lines that count
  for (const char *line = mine; *line != '\0';) {
    const size_t length = strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n');
    if (prefix != NULL ? strncmp(line, prefix, strlen(prefix)) == 0 : is_of_model(line, others)) {
      memmove(out, line, length);
      out += length;
    }
    line += length;
  }
  *out = '\0';
  *differs = rb_settings_difference(others, mine, "", how, RB_STUDY_WHY) > 0;
cleanup:
  free(mine);
  free(others);
  return status;
}

/* A file of this study that s was made from. */
static rb_status judge_origin(const rb_study_data *study, rb_product s, const rb_origin *origin,
                              verdict *v) {
  rb_status status = RB_OK;
  const int source = find_source(origin->name);
  bool there = false, differs = false;
  char how[RB_STUDY_WHY];
  uint64_t digest = 0;
  if (source == RB_PRODUCTS) {
    RB_TRY(read_member(study, origin->name, &there, &digest));
  } else if (study->file[source] != NULL) {
    there = true;
    RB_TRY(rb_recipe_read_digest(study->ctx, study->file[source], &digest));
  } else if (study->remark[source] != NULL) {
    v->out = true;
    (void)snprintf(v->why, WHY, "it was made from %.100s, which is left out", origin->name);
  }
  if (!there || v->out) goto cleanup;
  if (digest != origin->digest) {
    v->out = true;
    (void)snprintf(v->why, WHY, "it was made from another %.100s than is there", origin->name);
  } else if (source < RB_PRODUCTS && v->why[0] == '\0') {
    RB_TRY(differ(study, s, (rb_product)source, NULL, &differs, how));
    if (differs) {
      (void)snprintf(v->why, WHY, "was made with other settings than %.100s: %s", origin->name,
                     how);
    }
  }
cleanup:
  return status;
}

static rb_status judge_origins(const rb_study_data *study, rb_product s, verdict *v) {
  rb_status status = RB_OK;
  char *made_from = NULL;
  rb_origin origin;
  FILE *options = fmemopen(v->options, sizeof v->options, "w");
  if (options == NULL) RB_TRY(RB_FAIL(study->ctx, RB_ERR_MEMORY, "out of memory"));
  RB_TRY(rb_recipe_read_made_from(study->ctx, study->file[s], &made_from));
  for (const char *line = made_from;
       line != NULL && (line = rb_recipe_next_file(line, &origin)) != NULL;) {
    if (origin.option[0] != '\0') {
      (void)fprintf(options, " %s ", origin.option);
      add_word(options, origin.name);
    } else if (!v->out) {
      RB_TRY(judge_origin(study, s, &origin, v));
    }
  }
cleanup:
  if (options != NULL) (void)fclose(options);
  free(made_from);
  return status;
}

/* The baseline is compared with the network on the same test sets, or not at all. */
static rb_status judge_baseline(const rb_study_data *study, rb_product s, verdict *v) {
  static const char *const prefixes[] = {"seed ", "simulator.", "calibration."};
  rb_status status = RB_OK;
  char how[RB_STUDY_WHY];
  if (s != RB_PRODUCT_BASELINE_CALIBRATION || study->file[RB_PRODUCT_CALIBRATION] == NULL)
    return RB_OK;
  for (int k = 0; k < 3 && !v->out; ++k) {
    RB_TRY(differ(study, s, RB_PRODUCT_CALIBRATION, prefixes[k], &v->out, how));
    if (v->out) {
      (void)snprintf(v->why, WHY, "it was made with other settings than calibration.h5: %s", how);
    }
  }
cleanup:
  return status;
}

/* Work that is still to be finished. */
static rb_status judge_progress(rb_study_data *study, rb_product s) {
  static const struct {
    rb_product source;
    const char *done, *total, *unit, *stage;
  } unfinished[] = {{RB_PRODUCT_CHECKPOINT, "step", "total_steps", "step", "train"},
                    {RB_PRODUCT_EXACT, "datasets_done", "datasets", "data set", "refine"}};
  rb_status status = RB_OK;
  int64_t done = 0, total = 0;
  for (int k = 0; k < 2; ++k) {
    if (unfinished[k].source != s) continue;
    RB_TRY(rb_file_get_int(study->ctx, study->file[s], "", unfinished[k].done, &done));
    RB_TRY(rb_file_get_int(study->ctx, study->file[s], "", unfinished[k].total, &total));
    study->unfinished[s] = done < total;
    if (study->unfinished[s] && study->remark[s] == NULL &&
        asprintf(&study->remark[s],
                 "%s is unfinished, at %s %" PRId64 " of %" PRId64 "; rheobase %s goes on with it",
                 rb_products[s].file, unfinished[k].unit, done, total, unfinished[k].stage) < 0) {
      study->remark[s] = NULL;
      RB_TRY(RB_FAIL(study->ctx, RB_ERR_MEMORY, "out of memory"));
    }
  }
cleanup:
  return status;
}

rb_status rb_study_judge(rb_study_data *study) {
  rb_status status = RB_OK;
  for (int s = 0; s < RB_PRODUCTS; ++s) {  // what a file is made from comes before it
    verdict v = {0};
    if (study->file[s] == NULL) continue;
    RB_TRY(judge_origins(study, (rb_product)s, &v));
    if (!v.out) RB_TRY(judge_baseline(study, (rb_product)s, &v));
    if (v.why[0] != '\0') RB_TRY(write_remark(study, (rb_product)s, &v, &study->remark[s]));
    if (v.out) {
      rb_file_close(&study->file[s]);
    } else {
      RB_TRY(judge_progress(study, (rb_product)s));
    }
  }
cleanup:
  return status;
}
