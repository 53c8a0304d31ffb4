#include <stdlib.h>
#include <string.h>

#include "hdf5_internal.h"
#include "rheobase/base/memory.h"
#include "rheobase/parallel/agree.h"

/* Arrays of texts, which rank 0 writes alone after the parallel file is closed. */

hid_t rb_hdf5_text_type(void) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

rb_status rb_pending_add(rb_context *ctx, rb_file *file, const char *path, int64_t count,
                         const char *const *texts) {
  rb_status status = RB_OK;
  rb_pending_texts *entry = NULL;
  int64_t bytes = 0;
  if (ctx->rank == 0) {
    status = RB_ALLOCATE(ctx, entry, 1);
    if (status == RB_OK) {
      status = rb_hdf5_copy_texts(ctx, count, (char *const *)texts, &entry->texts);
    }
    for (int64_t i = 0; status == RB_OK && i < count; ++i) bytes += (int64_t)strlen(texts[i]) + 32;
  }
  RB_TRY(rb_agree(ctx, status));
  RB_TRY(rb_file_reserve(ctx, file, bytes));
  if (entry != NULL) {
    (void)snprintf(entry->path, sizeof entry->path, "%s", path);
    entry->next = file->pending;
    file->pending = entry;
    entry = NULL;
  }
cleanup:
  if (entry != NULL) free(entry->texts);
  free(entry);
  return status;
}

static rb_status write_texts(rb_context *ctx, rb_file *file, const rb_pending_texts *entry) {
  rb_status status = RB_OK;
  const hid_t type = rb_hdf5_text_type();
  const hid_t id = H5Dopen2(file->id, entry->path, H5P_DEFAULT);
  if (id < 0 || H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, entry->texts) < 0) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, entry->path, "cannot be written");
  }
  if (id >= 0) H5Dclose(id);
  H5Tclose(type);
  return status;
}

rb_status rb_pending_write(rb_context *ctx, rb_file *file) {
  rb_status status = RB_OK;
  if (file->pending == NULL) return RB_OK;
  const hid_t list = rb_hdf5_access_list(NULL, true);
  file->id = H5Fopen(file->temporary, H5F_ACC_RDWR, list);
  if (file->id < 0) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, "", "cannot be opened again");
  }
  for (const rb_pending_texts *e = file->pending; status == RB_OK && e != NULL; e = e->next) {
    status = write_texts(ctx, file, e);
  }
  if (file->id >= 0 && H5Fclose(file->id) < 0 && status == RB_OK) {
    status = RB_HDF5_FAIL(ctx, RB_ERR_FILE, file, "", "cannot be closed");
  }
  file->id = H5I_INVALID_HID;
  H5Pclose(list);
  return status;
}

void rb_pending_free(rb_file *file) {
  while (file->pending != NULL) {
    rb_pending_texts *entry = file->pending;
    file->pending = entry->next;
    free(entry->texts);
    free(entry);
  }
}
