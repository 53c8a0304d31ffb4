#include "sha256.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rheobase/io/input_file.h"

enum { BLOCK = 64, LENGTH_AT = 56 };

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

static void add_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; ++i) {
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
           (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 64; ++i) {
    const uint32_t low = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t high = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + low + w[i - 7] + high;
  }
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; ++i) {
    const uint32_t choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
    const uint32_t most = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    const uint32_t one =
        s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + choose + constants[i] + w[i];
    const uint32_t two = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + most;
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; ++i) state[i] += s[i];
}

/* The last bytes, the mark behind them and the length in bits. */
static void add_end(uint32_t state[8], uint8_t block[BLOCK], size_t used, uint64_t length) {
  block[used++] = 0x80;
  memset(block + used, 0, BLOCK - used);
  if (used > LENGTH_AT) {
    add_block(state, block);
    memset(block, 0, BLOCK);
  }
  for (int i = 0; i < 8; ++i) block[BLOCK - 1 - i] = (uint8_t)(8 * length >> 8 * i);
  add_block(state, block);
}

rb_status rb_sha256_file(rb_context *ctx, const char *path, char text[RB_SHA256_TEXT]) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t block[BLOCK];
  uint64_t length = 0;
  FILE *stream = NULL;
  const rb_status status = rb_input_open(ctx, path, &stream);
  if (status != RB_OK) return status;
  size_t used = fread(block, 1, BLOCK, stream);
  for (; used == BLOCK; used = fread(block, 1, BLOCK, stream)) {
    add_block(state, block);
    length += BLOCK;
  }
  const int error = ferror(stream) != 0 ? errno : 0;
  (void)fclose(stream);
  if (error != 0) {
    return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be read: %s", path, strerror(error));
  }
  add_end(state, block, used, length + used);
  for (int i = 0; i < 8; ++i) (void)snprintf(text + 8 * i, 9, "%08x", state[i]);
  return RB_OK;
}
