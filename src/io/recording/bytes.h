#ifndef RB_IO_RECORDING_BYTES_H
#define RB_IO_RECORDING_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "rheobase/base/context.h"

/* A file's bytes, and numbers in them. Sizes and offsets from files are hostile: what lies outside
 * is read as 0 and remembered, so that a reader asks once, after all it took. Local. */

typedef struct rb_bytes {
  uint8_t *data;
  int64_t size;
  bool big_endian;
  bool outside;  // something beyond the ends was asked for
} rb_bytes;

/* Reads a whole file. The caller frees data. */
RB_NODISCARD rb_status rb_bytes_read(rb_context *ctx, const char *path, rb_bytes *bytes);

/* Whether `count` elements of `size` bytes lie within, from an offset on. */
bool rb_bytes_hold(const rb_bytes *bytes, int64_t at, int64_t count, int64_t size);

int16_t rb_bytes_i16(rb_bytes *bytes, int64_t at);
uint16_t rb_bytes_u16(rb_bytes *bytes, int64_t at);
int32_t rb_bytes_i32(rb_bytes *bytes, int64_t at);
uint32_t rb_bytes_u32(rb_bytes *bytes, int64_t at);
int64_t rb_bytes_i64(rb_bytes *bytes, int64_t at);
float rb_bytes_f32(rb_bytes *bytes, int64_t at);
double rb_bytes_f64(rb_bytes *bytes, int64_t at);

/* Copies up to `length` bytes as a text: it ends at a 0 byte, without blanks at its ends.
 * @param text (size) */
void rb_bytes_text(rb_bytes *bytes, int64_t at, int64_t length, char *text, size_t size);

/* Widens `count` numbers of a type. @param every from one number to the next, in bytes
 * @param value (count) */
typedef enum rb_number {
  RB_NUMBER_I8,
  RB_NUMBER_U8,
  RB_NUMBER_I16,
  RB_NUMBER_U16,
  RB_NUMBER_I32,
  RB_NUMBER_U32,
  RB_NUMBER_F32,
  RB_NUMBER_F64
} rb_number;
int64_t rb_number_size(rb_number type);
void rb_bytes_numbers(rb_bytes *bytes, int64_t at, rb_number type, int64_t count, int64_t every,
                      double *value);

#endif
