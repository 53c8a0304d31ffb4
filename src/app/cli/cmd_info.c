#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../commands.h"
#include "rheobase/base/log.h"
#include "rheobase/io/hdf5_file.h"
#include "rheobase/parallel/agree.h"
#include "rheobase/report/overview.h"

/* `rheobase info FILE...`: what our files, any HDF5 files, or a study's folder hold. --markdown
 * prints the tables of docs/files.md. */

enum { MAX_DEPTH = 16, MAX_PATH = 256, MAX_VALUE = 200 };

/* What is done with each array of a file; `group` is the last group of tensors that was told of. */
typedef rb_status (*visitor)(rb_context *ctx, const rb_file *file, const char *path,
                             const rb_array_info *info, char *group);

/* Whether the array repeats the coordinates of a group above for its own group. */
static bool is_repeated(const rb_file *file, const char *group, const char *name,
                        const rb_array_info *info) {
  char above[2 * MAX_PATH];
  if (*group == '\0' || strcmp(info->dims, name) != 0) return false;
  if (rb_file_has(file, name)) return true;
  for (const char *slash = strchr(group, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    (void)snprintf(above, sizeof above, "%.*s/%s", (int)(slash - group), group, name);
    if (rb_file_has(file, above)) return true;
  }
  return false;
}

static rb_status walk(rb_context *ctx, const rb_file *file, const char *group, int depth,
                      visitor visit, char *told) {
  rb_status status = RB_OK;
  int64_t count = 0;
  char **names = NULL;
  RB_TRY(rb_file_list(ctx, file, group, &count, &names));
  for (int64_t i = 0; i < count; ++i) {
    char path[MAX_PATH];
    if (snprintf(path, sizeof path, "%s%s%s", group, *group != '\0' ? "/" : "", names[i]) >=
            (int)sizeof path ||
        depth == MAX_DEPTH) {
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT, "%.200s: groups are nested too deeply", group));
    }
    if (rb_file_is_group(file, path)) {
      RB_TRY(walk(ctx, file, path, depth + 1, visit, told));
    } else {
      rb_array_info info;
      RB_TRY(rb_file_describe(ctx, file, path, &info));
      if (!info.dimension && !is_repeated(file, group, names[i], &info)) {
        RB_TRY(visit(ctx, file, path, &info, told));
      }
    }
  }
cleanup:
  free(names);
  return status;
}

// The value of a scalar, "" of others.
static rb_status format_value(rb_context *ctx, const rb_file *file, const char *path,
                              const rb_array_info *info, char *text) {
  rb_status status = RB_OK;
  char *string = NULL;
  *text = '\0';
  if (info->rank != 0 || strcmp(info->type, "other") == 0) return RB_OK;
  if (strcmp(info->type, "string") == 0) {
    RB_TRY(rb_file_read_text(ctx, file, path, &string));
    const size_t line = strcspn(string, "\n");
    (void)snprintf(text, MAX_VALUE, " = \"%.*s\"%s", line < 150 ? (int)line : 150, string,
                   string[line] != '\0' || line > 150 ? " ..." : "");
  } else if (strstr(info->type, "int") != NULL) {
    int64_t value = 0;
    RB_TRY(rb_file_read(ctx, file, path, RB_I64, false, 0, NULL, &value));
    (void)snprintf(text, MAX_VALUE, " = %" PRId64, value);
  } else {
    double value = 0;
    RB_TRY(rb_file_read(ctx, file, path, RB_F64, false, 0, NULL, &value));
    (void)snprintf(text, MAX_VALUE, " = %.9g", value);
  }
cleanup:
  free(string);
  return status;
}

static void format_shape(const rb_array_info *info, char *text, size_t size) {
  size_t at = 0;
  const char *name = info->dims;
  text[0] = '\0';
  for (int i = 0; i < info->rank && at < size; ++i) {
    const int length = (int)strcspn(name, ",");
    const bool named = length > 0 && (*name < '0' || *name > '9');
    at += (size_t)snprintf(text + at, size - at, "%s%.*s%s%" PRId64 "%s", i == 0 ? " (" : ", ",
                           named ? length : 0, name, named ? " " : "", info->shape[i],
                           i == info->rank - 1 ? ")" : "");
    name += length + (name[length] == ',');
  }
}

static rb_status print_array(rb_context *ctx, const rb_file *file, const char *path,
                             const rb_array_info *info, char *group) {
  char value[MAX_VALUE];
  char shape[400];
  (void)group;
  const rb_status status = format_value(ctx, file, path, info, value);
  if (status != RB_OK) return status;
  format_shape(info, shape, sizeof shape);
  const bool unit = info->unit[0] != '\0' && strcmp(info->unit, "1") != 0;
  char line[MAX_PATH + MAX_VALUE + sizeof shape + sizeof *info];
  (void)snprintf(line, sizeof line, "%s: %s%s%s%s%s%s%s", path, info->type, shape, value,
                 unit ? " " : "", unit ? info->unit : "", info->description[0] != '\0' ? "; " : "",
                 info->description);
  rb_log_text(stdout, "  ", line);
  return RB_OK;
}

// Tensors of a network, whose dimensions have no names, make one row per group.
static rb_status print_row(rb_context *ctx, const rb_file *file, const char *path,
                           const rb_array_info *info, char *group) {
  (void)ctx;
  (void)file;
  const bool tensor = info->rank > 0 && info->dims[0] >= '0' && info->dims[0] <= '9';
  const int length = (int)strcspn(path, "/");
  char row[MAX_PATH + sizeof *info + 100];
  if (tensor && path[length] == '/') {
    if (strncmp(group, path, (size_t)length) == 0 && group[length] == '\0') return RB_OK;
    (void)snprintf(group, MAX_PATH, "%.*s", length, path);
    (void)snprintf(row, sizeof row, "| `%s/<layer>/<tensor>` | %s | of the tensor | %s | %s |",
                   group, info->type, info->unit, info->description);
  } else {
    (void)snprintf(row, sizeof row, "| `%s` | %s | %s | %s | %s |", path, info->type,
                   info->rank == 0 ? "scalar" : info->dims, info->unit, info->description);
  }
  rb_log_text(stdout, "", row);
  return RB_OK;
}

/* The last part of a path. */
static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

static rb_status print_head(rb_context *ctx, const rb_file *file, const char *path, bool markdown) {
  rb_status status = RB_OK;
  char *schema = NULL;
  char *settings = NULL;
  char head[PATH_MAX + 200];
  int64_t version = 0;
  if (!rb_file_has_attribute(file, "", "schema")) {
    (void)snprintf(head, sizeof head, markdown ? "## `%s`" : "%s: not a file of rheobase",
                   markdown ? base_name(path) : path);
    rb_log_text(stdout, markdown ? "\n" : "", head);
    goto cleanup;
  }
  RB_TRY(rb_file_get_string(ctx, file, "", "schema", &schema));
  RB_TRY(rb_file_get_int(ctx, file, "", "schema_version", &version));
  if (markdown) {
    (void)snprintf(head, sizeof head, "## `%s`", base_name(path));
    rb_log_text(stdout, "\n", head);
    (void)snprintf(head, sizeof head, "Schema `%.100s`, version %" PRId64 ".", schema, version);
    rb_log_text(stdout, "\n", head);
    goto cleanup;
  }
  (void)snprintf(head, sizeof head, "%s: %.100s, version %" PRId64, path, schema, version);
  rb_log_text(stdout, "", head);
  if (rb_file_has_attribute(file, "", "settings")) {
    RB_TRY(rb_file_get_string(ctx, file, "", "settings", &settings));
    (void)printf("made with\n");
    for (char *rest = settings, *line = strsep(&rest, "\n"); line != NULL && *line != '\0';
         line = strsep(&rest, "\n")) {
      rb_log_text(stdout, "  ", line);
    }
  }
  (void)printf("arrays\n");
cleanup:
  free(schema);
  free(settings);
  return status;
}

static rb_status describe(rb_context *ctx, const char *path, bool markdown) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  struct stat about;
  char told[MAX_PATH] = "";
  if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) return rb_overview_print(ctx, path);
  RB_TRY(rb_file_open_foreign(ctx, path, &file));
  RB_TRY(print_head(ctx, file, path, markdown));
  if (markdown)
    (void)printf("\n| array | type | dimensions | unit | meaning |\n|---|---|---|---|---|\n");
  RB_TRY(walk(ctx, file, "", 0, markdown ? print_row : print_array, told));
cleanup:
  rb_file_close(&file);
  return status;
}

static const char *const page =
    "# Files\n\n"
    "<!-- Written by `rheobase info --markdown` from the files of `inputs/tiny.cfg`; a test checks "
    "that it is current. -->\n\n"
    "HDF5, written as `x.tmp` and renamed when complete and on disk. Arrays are chunked and\n"
    "checksummed; units and descriptions are the attributes `units` and `long_name`, dimensions\n"
    "have names and carry dimension scales, so that\n"
    "`xarray.open_dataset(file, engine=\"h5netcdf\", group=...)` and `h5py` open the files as "
    "they\n"
    "are. A dimension that is a number below is one without a name of its own (stored as `n128`).\n"
    "Each group repeats the coordinates of its dimensions (not listed), so that it can be opened\n"
    "by itself and selected from by name: `.sel(parameter=\"level\")`. A dimension that an array\n"
    "has twice is called `parameter_2` the second time. Labels are texts of any length in UTF-8,\n"
    "repeated in the checksummed headers (attribute `labels`) if they are not too many.\n"
    "Root attributes: `schema`, `schema_version`, and what the file was made from: `settings` "
    "(the\n"
    "settings its stage read), `sources` (digest of the files it read), `digest` (of both), "
    "`made_from`\n"
    "(those files one by one: digest, `-` or the option that gave it, name).\n"
    "Outside `/provenance` two equal runs give equal files: `h5diff --exclude-path /provenance`.\n";

rb_status rb_cmd_info(rb_context *ctx, const rb_arguments *arguments) {
  rb_status status = RB_OK;
  if (ctx->rank == 0) {
    if (arguments->markdown) (void)fputs(page, stdout);
    for (int i = 0; status == RB_OK && i < arguments->inputs; ++i) {
      status = describe(ctx, arguments->input[i], arguments->markdown);
    }
    (void)fflush(stdout);
  }
  return rb_agree(ctx, status);
}
