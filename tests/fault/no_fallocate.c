#include <errno.h>
#include <sys/types.h>

/* For LD_PRELOAD: a file system that cannot claim space, as NFS before version 4.2. */

int fallocate(int file, int mode, off_t offset, off_t length);
int fallocate(int file, int mode, off_t offset, off_t length) {
  (void)file;
  (void)mode;
  (void)offset;
  (void)length;
  errno = EOPNOTSUPP;
  return -1;
}

int fallocate64(int file, int mode, off_t offset, off_t length);
int fallocate64(int file, int mode, off_t offset, off_t length) {
  return fallocate(file, mode, offset, length);
}
