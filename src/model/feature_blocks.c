#include <string.h>

#include "rheobase/model/feature_source.h"

/* The block of that name, which is added if it is new; -1 where there is no room for it. */
static int16_t place_of(rb_feature_blocks *blocks, const char *name) {
  int b = 0;
  while (b < blocks->count && strcmp(blocks->name[b], name) != 0) ++b;
  if (b == RB_MAX_BLOCKS) return -1;
  if (b == blocks->count) blocks->name[blocks->count++] = name;
  return (int16_t)b;
}

void rb_feature_blocks_find(const rb_feature_source *source, const rb_model *model,
                            rb_feature_blocks *blocks) {
  *blocks = (rb_feature_blocks){0};
  if (source == NULL || source->block == NULL) return;
  const int features = source->count(model);
  for (int f = 0; f < features; ++f) {
    const char *name = source->block(model, f);
    blocks->of[f] = name != NULL ? place_of(blocks, name) : -1;
    if (blocks->of[f] >= 0) ++blocks->features[blocks->of[f]];
  }
}
