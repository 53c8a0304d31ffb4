#include "rheobase/io/nearest.h"

#include <ctype.h>
#include <string.h>

enum { MAX_WORD = 128 };

static int smallest(int a, int b) { return a < b ? a : b; }

// Optimal string alignment distance, three rows at a time.
int rb_edit_distance(const char *a, const char *b) {
  int row[3][MAX_WORD];
  int *before = row[0];
  int *above = row[1];
  int *now = row[2];
  const int length_a = (int)strnlen(a, MAX_WORD - 1);
  const int length_b = (int)strnlen(b, MAX_WORD - 1);
  memset(row, 0, sizeof row);
  for (int j = 0; j <= length_b; ++j) above[j] = j;
  for (int i = 1; i <= length_a; ++i) {
    now[0] = i;
    for (int j = 1; j <= length_b; ++j) {
      const int x = tolower((unsigned char)a[i - 1]);
      const int y = tolower((unsigned char)b[j - 1]);
      now[j] = smallest(above[j - 1] + (x != y), 1 + smallest(above[j], now[j - 1]));
      if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
          y == tolower((unsigned char)a[i - 2])) {
        now[j] = smallest(now[j], before[j - 2] + 1);
      }
    }
    int *free_row = before;
    before = above;
    above = now;
    now = free_row;
  }
  return above[length_b];
}

const char *rb_nearest(const char *word, const char *const *first, size_t stride, int count) {
  const char *best = NULL;
  int distance = 1 + (int)(strlen(word) / 3);
  for (int i = 0; i < count; ++i) {
    const char *name = *(const char *const *)((const char *)first + (size_t)i * stride);
    if (name == NULL) continue;
    const int d = rb_edit_distance(word, name);
    if (d >= (int)strlen(name)) continue;  // no letter is right
    if (d <= distance && (best == NULL || d < distance)) {
      best = name;
      distance = d;
    }
  }
  return best;
}
