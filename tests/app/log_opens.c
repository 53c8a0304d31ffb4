// Preloaded, notes which rank opens which file for reading: a line "RANK PATH" in the file
// RB_OPENS.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

static void note(const char *path) {
  const char *log = getenv("RB_OPENS"), *rank = getenv("OMPI_COMM_WORLD_RANK");
  if (log == NULL || path == NULL) return;
  int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))next("open");
  char line[4200];
  const int length = snprintf(line, sizeof line, "%s %.4096s\n", rank != NULL ? rank : "0", path);
  const int file = real(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  if (write(file, line, (size_t)length) != length) abort();
  (void)close(file);
}

static mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                      \
  int name(const char *path, int flags, ...) {                                          \
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))next(#name); \
    va_list arguments;                                                                  \
    va_start(arguments, flags);                                                         \
    const mode_t mode = mode_of(flags, arguments);                                      \
    va_end(arguments);                                                                  \
    if ((flags & O_ACCMODE) == O_RDONLY) note(path);                                    \
    return real(path, flags, mode);                                                     \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                              \
  int name(int folder, const char *path, int flags, ...) {                                        \
    int (*real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))next(#name); \
    va_list arguments;                                                                            \
    va_start(arguments, flags);                                                                   \
    const mode_t mode = mode_of(flags, arguments);                                                \
    va_end(arguments);                                                                            \
    if ((flags & O_ACCMODE) == O_RDONLY) note(path);                                              \
    return real(folder, path, flags, mode);                                                       \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                           \
  FILE *name(const char *path, const char *mode) {            \
    FILE *(*real)(const char *, const char *) =               \
        (FILE * (*)(const char *, const char *)) next(#name); \
    if (mode[0] == 'r') note(path);                           \
    return real(path, mode);                                  \
  }
FOPEN(fopen)
FOPEN(fopen64)
