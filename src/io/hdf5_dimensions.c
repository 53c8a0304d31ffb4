#include <stdlib.h>
#include <string.h>

#include "hdf5_internal.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Dimensions of a file that is being written. xarray opens each group by itself: so a group gets a
 * copy of the coordinates that its arrays take from a group above, and a dimension that an array
 * has twice gets another name the second time. */

enum { NAME_SIZE = 2 * RB_OBJECT_PATH_SIZE };

static rb_status declare(rb_context *ctx, rb_file *file, const char *path, int64_t length) {
  if (length < 0 || strlen(path) >= RB_OBJECT_PATH_SIZE) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: dimension %s of length %lld cannot be declared",
                   file->path, path, (long long)length);
  }
  rb_dimension *dimension = NULL;
  const rb_status status = RB_ALLOCATE(ctx, dimension, 1);
  if (status != RB_OK) return status;
  dimension->length = length;
  (void)snprintf(dimension->path, sizeof dimension->path, "%s", path);
  dimension->next = file->dimension;
  file->dimension = dimension;
  return RB_OK;
}

rb_status rb_file_dimension(rb_context *ctx, rb_file *file, const char *path, int64_t length) {
  return rb_agree(ctx, declare(ctx, file, path, length));
}

static rb_dimension *find_exact(rb_file *file, const char *path) {
  rb_dimension *dimension = file->dimension;
  while (dimension != NULL && strcmp(dimension->path, path) != 0) dimension = dimension->next;
  return dimension;
}

/* Puts an object's name into the group of `path`. @param full (NAME_SIZE) */
static void in_group_of(const char *path, const char *name, char *full) {
  const char *slash = strrchr(path, '/');
  (void)snprintf(full, NAME_SIZE, "%.*s%.240s", slash != NULL ? (int)(slash - path) + 1 : 0, path,
                 name);
}

// Looks for dimension `name` in the group of `path`, then in the groups above it.
static rb_dimension *find_dimension(rb_file *file, const char *path, const char *name) {
  char folder[RB_OBJECT_PATH_SIZE];
  (void)snprintf(folder, sizeof folder, "%s", path);
  for (;;) {
    char full[NAME_SIZE];
    in_group_of(folder, name, full);
    rb_dimension *dimension = find_exact(file, full);
    char *slash = strrchr(folder, '/');
    if (dimension != NULL || slash == NULL) return dimension;
    *slash = '\0';
  }
}

/* The names in a field's list of dimensions, one after the other. */
typedef struct name_list {
  char dims[RB_OBJECT_PATH_SIZE];
  char *rest;
  int count;
  const char *given[RB_FILE_MAX_RANK + 1];
} name_list;

static void names_begin(name_list *list, const rb_field *field) {
  (void)snprintf(list->dims, sizeof list->dims, "%s", field->dims);
  list->rest = list->dims;
  list->count = 0;
}

/* @param base the next dimension's name: a length without a name, e.g. "128", is called "n128"
 * @param name the same, with "_2" where the field has had it once before. Both (NAME_SIZE).
 * @return the name as it was given; NULL at the end */
static const char *names_next(name_list *list, char *base, char *name) {
  const char *given = strsep(&list->rest, ",");
  if (given == NULL || *given == '\0') return NULL;
  int before = 0;
  for (int i = 0; i < list->count; ++i) before += strcmp(list->given[i], given) == 0;
  if (list->count <= RB_FILE_MAX_RANK) list->given[list->count++] = given;
  const bool digits = *given >= '0' && *given <= '9';
  (void)snprintf(base, NAME_SIZE, "%s%.200s", digits ? "n" : "", given);
  (void)snprintf(name, NAME_SIZE, before > 0 ? "%.250s_%d" : "%.250s", base, before + 1);
  return given;
}

/* Finds the dimension `name`, or declares it: one without a name of its own in the root, the second
 * of a name beside the first. */
static rb_status find_or_declare(rb_context *ctx, rb_file *file, const rb_field *field,
                                 const char *given, const char *base, const char *name,
                                 rb_dimension **dimension) {
  char full[NAME_SIZE];
  *dimension = find_dimension(file, field->path, name);
  if (*dimension != NULL) return RB_OK;
  const rb_dimension *first = find_dimension(file, field->path, base);
  int64_t length = 0;
  if (first != NULL) {
    in_group_of(first->path, name, full);
    length = first->length;
  } else if (*given >= '0' && *given <= '9') {
    (void)snprintf(full, sizeof full, "%s", name);
    length = strtoll(given, NULL, 10);
  } else {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: dimension %s was not declared", field->path, given);
  }
  const rb_status status = declare(ctx, file, full, length);
  if (status == RB_OK) *dimension = file->dimension;
  return status;
}

rb_status rb_field_resolve(rb_context *ctx, rb_file *file, const rb_field *field,
                           rb_field_shape *shape) {
  name_list list;
  char base[NAME_SIZE], name[NAME_SIZE];
  *shape = (rb_field_shape){0};
  names_begin(&list, field);
  for (const char *given = names_next(&list, base, name); given != NULL;
       given = names_next(&list, base, name)) {
    if (shape->rank == RB_FILE_MAX_RANK) {
      return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: too many dimensions", field->path);
    }
    rb_dimension *dimension = NULL;
    const rb_status status = find_or_declare(ctx, file, field, given, base, name, &dimension);
    if (status != RB_OK) return status;
    shape->dimension[shape->rank] = dimension;
    shape->length[shape->rank++] = dimension->length;
  }
  shape->coordinate = shape->rank == 1 && strcmp(shape->dimension[0]->path, field->path) == 0;
  if (shape->coordinate && shape->dimension[0]->exists) {
    return RB_FAIL(ctx, RB_ERR_INTERNAL, "%s: coordinates come before the fields that use them",
                   field->path);
  }
  return RB_OK;
}

/* Declares dimension `path` and writes there the coordinates of another one. Collective. */
static rb_status repeat(rb_context *ctx, rb_file *file, const rb_dimension *of, const char *path) {
  rb_status status = RB_OK;
  const rb_coordinates *c = of->coordinates;
  const char *slash = strrchr(path, '/');
  const rb_field field = {path,    c->type,        slash != NULL ? slash + 1 : path,
                          c->unit, c->description, false};
  RB_TRY(rb_file_dimension(ctx, file, path, of->length));
  RB_TRY(rb_file_write(ctx, file, &field, c->values));
cleanup:
  return status;
}

rb_status rb_field_own_coordinates(rb_context *ctx, rb_file *file, const rb_field *field) {
  rb_status status = RB_OK;
  name_list list;
  char base[NAME_SIZE], name[NAME_SIZE], own[NAME_SIZE];
  names_begin(&list, field);
  while (names_next(&list, base, name) != NULL) {
    const rb_dimension *dimension = find_dimension(file, field->path, base);
    if (dimension == NULL || dimension->coordinates == NULL) continue;
    in_group_of(field->path, name, own);
    if (find_exact(file, own) == NULL) RB_TRY(repeat(ctx, file, dimension, own));
  }
cleanup:
  return status;
}

rb_status rb_dimension_keep_coordinates(rb_context *ctx, rb_dimension *dimension,
                                        const rb_field *field, const void *data) {
  rb_status status = RB_OK;
  rb_coordinates *c = NULL;
  RB_TRY(RB_ALLOCATE(ctx, c, 1));
  c->type = field->type;
  (void)snprintf(c->unit, sizeof c->unit, "%s", field->unit);
  (void)snprintf(c->description, sizeof c->description, "%s", field->description);
  if (ctx->rank == 0 && field->type == RB_STRING) {
    RB_TRY(rb_hdf5_copy_texts(ctx, dimension->length, data, (char ***)&c->values));
  } else if (ctx->rank == 0) {
    const int64_t bytes = dimension->length * rb_type_size(field->type);
    c->values = rb_allocate(ctx, bytes > 0 ? bytes : 1, 1);
    if (c->values == NULL) RB_TRY(RB_ERR_MEMORY);
    memcpy(c->values, data, (size_t)bytes);
  }
  dimension->coordinates = c;
  c = NULL;
cleanup:
  free(c);
  return status;
}

void rb_dimensions_free(rb_file *file) {
  while (file->dimension != NULL) {
    rb_dimension *dimension = file->dimension;
    file->dimension = dimension->next;
    if (dimension->coordinates != NULL) free(dimension->coordinates->values);
    free(dimension->coordinates);
    free(dimension);
  }
}
