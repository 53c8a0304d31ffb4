#ifndef RB_IO_RECORDING_SHA256_H
#define RB_IO_RECORDING_SHA256_H

#include "rheobase/io/recording.h"

/* SHA-256 (FIPS 180-4) of a file, in hexadecimal, as `sha256sum` prints it. Local. */
RB_NODISCARD rb_status rb_sha256_file(rb_context *ctx, const char *path, char text[RB_SHA256_TEXT]);

#endif
