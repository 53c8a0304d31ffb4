#include "bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/input_file.h"

rb_status rb_bytes_read(rb_context *ctx, const char *path, rb_bytes *bytes) {
  rb_status status = RB_OK;
  FILE *stream = NULL;
  uint8_t *data = NULL;
  struct stat about = {0};
  *bytes = (rb_bytes){0};
  RB_TRY(rb_input_open(ctx, path, &stream));
  if (fstat(fileno(stream), &about) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno)));
  }
  RB_TRY(RB_ALLOCATE(ctx, data, about.st_size));
  bytes->size = (int64_t)fread(data, 1, (size_t)about.st_size, stream);
  if (ferror(stream) != 0) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno)));
  }
  bytes->data = data;
  data = NULL;
cleanup:
  if (stream != NULL) (void)fclose(stream);
  free(data);
  return status;
}

bool rb_bytes_hold(const rb_bytes *bytes, int64_t at, int64_t count, int64_t size) {
  int64_t length = 0, end = 0;
  return at >= 0 && count >= 0 && !__builtin_mul_overflow(count, size, &length) &&
         !__builtin_add_overflow(at, length, &end) && end <= bytes->size;
}

/* Copies a number of `size` bytes in this machine's order, which is little-endian. */
static void take(rb_bytes *bytes, int64_t at, int size, void *number) {
  uint8_t *to = number;
  if (!rb_bytes_hold(bytes, at, 1, size)) {
    bytes->outside = true;
    memset(number, 0, (size_t)size);
    return;
  }
  for (int i = 0; i < size; ++i) to[i] = bytes->data[at + (bytes->big_endian ? size - 1 - i : i)];
}

#define TAKE(name, type)                          \
  type name(rb_bytes *bytes, int64_t at) {        \
    type number;                                  \
    take(bytes, at, (int)sizeof number, &number); \
    return number;                                \
  }
TAKE(rb_bytes_i16, int16_t)
TAKE(rb_bytes_u16, uint16_t)
TAKE(rb_bytes_i32, int32_t)
TAKE(rb_bytes_u32, uint32_t)
TAKE(rb_bytes_i64, int64_t)
TAKE(rb_bytes_f32, float)
TAKE(rb_bytes_f64, double)

/* Takes a character that is not ASCII: of UTF-8 if the next byte fits, else of Latin-1.
 * @return bytes taken */
static int take_letter(const uint8_t *from, int64_t left, char *to) {
  const bool utf8 =
      left > 1 && from[0] >= 0xc2 && from[0] <= 0xdf && from[1] >= 0x80 && from[1] <= 0xbf;
  to[0] = (char)(utf8 ? from[0] : 0xc0 | from[0] >> 6);
  to[1] = (char)(utf8 ? from[1] : 0x80 | (from[0] & 0x3f));
  return utf8 ? 2 : 1;
}

void rb_bytes_text(rb_bytes *bytes, int64_t at, int64_t length, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  if (!rb_bytes_hold(bytes, at, length, 1)) {
    bytes->outside = true;
    return;
  }
  const uint8_t *from = bytes->data + at;
  for (int64_t i = 0; i < length && from[i] != 0 && used + 2 < size;) {
    if (from[i] >= 0x80) {
      i += take_letter(from + i, length - i, text + used);
      used += 2;
    } else {
      const char c = (char)(from[i] < ' ' ? ' ' : from[i]);
      if (used > 0 || c != ' ') text[used++] = c;
      ++i;
    }
  }
  while (used > 0 && text[used - 1] == ' ') --used;
  text[used] = '\0';
}

static const int8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 8};

int64_t rb_number_size(rb_number type) { return sizes[type]; }

void rb_bytes_numbers(rb_bytes *bytes, int64_t at, rb_number type, int64_t count, int64_t every,
                      double *value) {
  for (int64_t i = 0; i < count; ++i, at += every) {
    switch (type) {
      case RB_NUMBER_I8:
      case RB_NUMBER_U8: {
        uint8_t byte = 0;
        take(bytes, at, 1, &byte);
        value[i] = type == RB_NUMBER_I8 ? (int8_t)byte : byte;
        break;
      }
      case RB_NUMBER_I16:
        value[i] = rb_bytes_i16(bytes, at);
        break;
      case RB_NUMBER_U16:
        value[i] = rb_bytes_u16(bytes, at);
        break;
      case RB_NUMBER_I32:
        value[i] = rb_bytes_i32(bytes, at);
        break;
      case RB_NUMBER_U32:
        value[i] = rb_bytes_u32(bytes, at);
        break;
      case RB_NUMBER_F32:
        value[i] = rb_bytes_f32(bytes, at);
        break;
      case RB_NUMBER_F64:
        value[i] = rb_bytes_f64(bytes, at);
        break;
    }
  }
}
