#include <string.h>

#include "formats.h"

/* Text from files, which goes to a terminal and into attributes that are UTF-8. */

/* Bytes of the character at c; 0: it is none that can be seen. */
static int letter(const unsigned char *c) {
  const int bytes = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
  if (bytes == 1) return c[0] >= ' ' && c[0] != 0x7f;
  if (bytes == 0 || c[0] > 0xf4) return 0;
  for (int k = 1; k < bytes; ++k) {
    if ((c[k] & 0xc0) != 0x80) return 0;
  }
  const bool control = c[0] == 0xc2 && c[1] < 0xa0;
  const bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
  const bool beyond = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
  return control || overlong || beyond ? 0 : bytes;
}

void rb_text_clean(char *text) {
  for (unsigned char *c = (unsigned char *)text; *c != '\0';) {
    const int bytes = letter(c);
    if (bytes == 0) *c = *c < 0x80 ? ' ' : '?';
    c += bytes > 0 ? bytes : 1;
  }
}
