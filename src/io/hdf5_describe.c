#include <string.h>

#include "hdf5_internal.h"
#include "rheobase/base/memory.h"

/* What a file says about its arrays, for `rheobase info`. */

static void describe_type(hid_t type, char *text, size_t size) {
  const size_t bits = 8 * H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      (void)snprintf(text, size, "float%zu", bits);
      break;
    case H5T_INTEGER:
      (void)snprintf(text, size, "%sint%zu", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
      break;
    case H5T_STRING:
      (void)snprintf(text, size, "string");
      break;
    default:
      (void)snprintf(text, size, "other");
  }
}

// Copies an attribute's text, if there is one.
static rb_status copy_text(rb_context *ctx, const rb_file *file, const char *path, const char *name,
                           char *text, size_t size) {
  char *value = NULL;
  *text = '\0';
  if (!rb_file_has_attribute(file, path, name)) return RB_OK;
  const rb_status status = rb_file_get_string(ctx, file, path, name, &value);
  if (status == RB_OK) (void)snprintf(text, size, "%s", value);
  free(value);
  return status;
}

rb_status rb_file_stored_type(rb_context *ctx, const rb_file *file, const char *path, char *text) {
  const hid_t id = H5Dopen2(file->id, path, H5P_DEFAULT);
  const hid_t type = id >= 0 ? H5Dget_type(id) : H5I_INVALID_HID;
  rb_status status = RB_OK;
  if (type < 0) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_FORMAT, file, path, "cannot be opened");
  } else {
    describe_type(type, text, RB_TYPE_TEXT);
    H5Tclose(type);
  }
  if (id >= 0) H5Dclose(id);
  return status;
}

bool rb_file_fill_value(const rb_file *file, const char *path, double *value) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  const hid_t id = H5Dopen2(file->id, path, H5P_DEFAULT);
  const hid_t list = id >= 0 ? H5Dget_create_plist(id) : H5I_INVALID_HID;
  const bool found = list >= 0 && H5Pfill_value_defined(list, &defined) >= 0 &&
                     defined == H5D_FILL_VALUE_USER_DEFINED &&
                     H5Pget_fill_value(list, H5T_NATIVE_DOUBLE, value) >= 0;
  H5Eclear2(H5E_DEFAULT);
  if (list >= 0) H5Pclose(list);
  if (id >= 0) H5Dclose(id);
  return found;
}

rb_status rb_file_describe(rb_context *ctx, const rb_file *file, const char *path,
                           rb_array_info *info) {
  rb_status status = RB_OK;
  char scale[80];
  *info = (rb_array_info){.rank = -1};
  RB_TRY(rb_file_shape(ctx, file, path, &info->rank, info->shape));
  RB_TRY(rb_file_stored_type(ctx, file, path, info->type));
  RB_TRY(copy_text(ctx, file, path, "dims", info->dims, sizeof info->dims));
  RB_TRY(copy_text(ctx, file, path, "units", info->unit, sizeof info->unit));
  RB_TRY(copy_text(ctx, file, path, "long_name", info->description, sizeof info->description));
  RB_TRY(copy_text(ctx, file, path, "NAME", scale, sizeof scale));
  info->dimension = strncmp(scale, "This is a netCDF dimension", 26) == 0;
cleanup:
  H5Eclear2(H5E_DEFAULT);
  return status;
}
