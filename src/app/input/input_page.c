#include "input_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rheobase/random/family.h"

static const char *const opening =
    "# Input files\n\n"
    "<!-- Written by `rheobase config --markdown`; a test checks that it is current. -->\n\n"
    "An input file says what differs from the defaults below. `rheobase config` prints all\n"
    "defaults as an input file with comments, `rheobase config --model NAME` those of another\n"
    "model, `rheobase config FILE` what a file amounts to. Any setting can be overridden on the\n"
    "command line: `--set training.epochs=10`.\n\n"
    "The syntax is libconfig's: `name = value;` or `name : value`, groups in braces, lists in\n"
    "brackets, texts in double quotes, `true` and `false`, comments after `#` or `//` or within\n"
    "`/* */`. Paths of files are relative to the folder the program is started in. An unknown or\n"
    "repeated setting, a value of the wrong type or out of range is an error that names file,\n"
    "line and, for an unknown name, the nearest known one.\n\n"
    "The settings of groups `simulator` and `prior` depend on `model`; they follow behind those "
    "of\n"
    "every study.\n";

static const char *const prior_rows =
    "\n## How a prior is written\n\n"
    "Group `prior` has one group for each parameter of the model, such as\n\n"
    "    prior = {\n"
    "      height = { mean = 1.5; };\n"
    "      width  = { distribution = \"uniform\"; low = 0.1; high = \"min(2 * height, 3)\"; };\n"
    "      mass   = { distribution = \"lognormal\"; median = 10.0; sd_log = 0.2; clip = (5, 20); "
    "};\n"
    "      drag   = { fixed = 10.0; };\n"
    "    };\n\n"
    "A parameter that is not named keeps its default. One that names neither a distribution nor a\n"
    "fixed value changes only what it gives; one that names either stands for itself, and nothing "
    "of\n"
    "the default is left but the unit. On the command line: `--set prior.height.mean=1.5`.\n\n"
    "| setting | meaning |\n|---|---|\n"
    "| `distribution` | one of the table below |\n";

static const char *const prior_rules =
    "| `unit` | text in files, tables and figures; nothing is converted |\n\n"
    "- A number may be an expression, in double quotes, of the model's other parameters, with the\n"
    "  operators and functions of muParser (`min`, `max`, `exp`, `log`, `sqrt`, `abs`, ...).\n"
    "  Parameters that refer to each other in a circle are an error.\n"
    "- `low` and `high` truncate: the density within is scaled up to integrate to 1. Bounds "
    "between\n"
    "  which nothing lies, also for rare values of the parameters they refer to, are an error.\n"
    "- `clip` moves draws that lie outside onto the nearer end, which gets a point mass.\n"
    "- A `fixed` parameter is not inferred; `low` and `high`, if given, are checked. At least one\n"
    "  parameter has to be left.\n"
    "- `training.parameters = \"centred\"` knows the default prior only; with another one choose\n"
    "  `\"support\"`.\n\n"
    "| distribution | its numbers | values |\n|---|---|---|\n";

static void print_families(FILE *stream) {
  for (const rb_family *family = rb_families; family->name != NULL; ++family) {
    (void)fprintf(stream, "| `%s` | ", family->name);
    for (int k = 0; k < family->arguments; ++k) {
      const rb_family_argument *argument = &family->argument[k];
      (void)fprintf(stream, "%s`%s`%s", k > 0 ? ", " : "", argument->name,
                    argument->positive ? " > 0" : "");
    }
    (void)fprintf(stream, "%s | ", family->bounded ? "`low` and `high`, both needed" : "");
    const bool line = isinf(family->low);
    if (line) (void)fprintf(stream, "all");
    if (!line && isinf(family->high)) (void)fprintf(stream, "from %g on", family->low);
    if (!line && !isinf(family->high)) {
      (void)fprintf(stream, "from %g to %g", family->low, family->high);
    }
    (void)fprintf(stream, " |\n");
  }
}

static void print_prior_rules(FILE *stream) {
  (void)fputs(prior_rows, stream);
  for (const rb_prior_key *key = rb_prior_keys; key->name != NULL; ++key) {
    (void)fprintf(stream, "| `%s` | %s |\n", key->name, key->help);
  }
  (void)fputs(prior_rules, stream);
  print_families(stream);
}

static void print_code(const char *text, FILE *stream) {
  (void)fprintf(stream, text[0] != '\0' ? " `%s` |" : "  |", text);
}

static void print_prior_row(const rb_prior_row *row, FILE *stream) {
  const rb_family *family = rb_family_find(row->distribution);
  (void)fprintf(stream, "| `%s` | %s | %s | %s", row->name, row->description, row->unit,
                family != NULL ? family->name : "fixed");
  if (family == NULL) (void)fprintf(stream, " `%s`", row->fixed);
  for (int k = 0; family != NULL && k < family->arguments; ++k) {
    const char *name = family->argument[k].name;
    (void)fprintf(stream, "%s %s = `%s`", k > 0 ? "," : ":", name, rb_prior_argument(row, name));
  }
  (void)fprintf(stream, " |");
  print_code(row->low, stream);
  print_code(row->high, stream);
  if (row->clip[0][0] == '\0') {
    (void)fprintf(stream, "  |\n");
  } else {
    (void)fprintf(stream, " `%s` to `%s` |\n", row->clip[0], row->clip[1]);
  }
}

/* A model's own settings and its default prior. */
static rb_status print_model(rb_context *ctx, const rb_model_type *type, FILE *stream) {
  rb_status status = RB_OK;
  _Alignas(16) unsigned char values[RB_MODEL_SETTINGS] = {0};
  const rb_settings_table table = {type->setting, type->settings};
  RB_TRY(rb_settings_defaults(ctx, &table, values));
  (void)fprintf(stream, "\n## Model `%s`\n\n%s (%s).\n", type->name, type->title, type->source);
  rb_settings_markdown(&table, values, stream);
  if (type->describe != NULL) {
    (void)fprintf(stream, "\nParameters %s.\n", type->parameters_from);
    goto cleanup;
  }
  (void)fprintf(stream,
                "\nDefault prior:\n\n"
                "| parameter | meaning | unit | distribution | low | high | clip |\n"
                "|---|---|---|---|---|---|---|\n");
  for (int r = 0; r < type->parameters; ++r) print_prior_row(&type->prior[r], stream);
cleanup:
  return status;
}

rb_status rb_input_page(rb_context *ctx, const rb_input *input, char **text) {
  rb_status status = RB_OK;
  size_t size = 0;
  *text = NULL;
  FILE *stream = open_memstream(text, &size);
  if (stream == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  (void)fputs(opening, stream);
  rb_settings_markdown(rb_input_common_table(), input, stream);
  print_prior_rules(stream);
  for (const rb_model_type *const *type = rb_model_types; *type != NULL; ++type) {
    RB_TRY(print_model(ctx, *type, stream));
  }
cleanup:
  if (fclose(stream) != 0 && status == RB_OK) {
    status = RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory");
  }
  return status;
}
