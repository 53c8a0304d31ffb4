#include "skipped.h"

#include <stdlib.h>
#include <string.h>

void rb_skipped_free(rb_skipped *skipped) {
  free(skipped->item);
  *skipped = (rb_skipped){0};
}

static int compare(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

rb_status rb_skipped_add(rb_context *ctx, rb_skipped *s, int64_t count, const int64_t *item) {
  if (s->count + count > s->room) {
    const int64_t room = 2 * (s->count + count);
    int64_t *grown = realloc(s->item, (size_t)room * sizeof *grown);
    if (grown == NULL) return RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory for skipped items");
    s->item = grown;
    s->room = room;
  }
  const int64_t last = s->count > 0 ? s->item[s->count - 1] : -1, before = s->count;
  for (int64_t i = 0; i < count; ++i) {
    if (item[i] > last) s->item[s->count++] = item[i];
  }
  if (s->count == before) return RB_OK;  // there may be no array yet
  qsort(s->item + before, (size_t)(s->count - before), sizeof *s->item, compare);
  return RB_OK;
}

int64_t rb_skipped_before(const rb_skipped *s, int64_t item) {
  int64_t low = 0, high = s->count;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (s->item[middle] < item) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* The k-th that is left out stands behind item[k] - k data sets, which never falls with k. */
int64_t rb_skipped_item(const rb_skipped *s, int64_t dataset) {
  int64_t low = 0, high = s->count;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (s->item[middle] - middle <= dataset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return dataset + low;
}

void rb_skipped_cut(rb_skipped *s, int64_t datasets) {
  while (s->count > 0 && s->item[s->count - 1] - (s->count - 1) >= datasets) --s->count;
}
