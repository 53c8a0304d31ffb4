#include "rheobase/model/pieces.h"

int rb_pieces(int64_t length, int channels) {
  if (length * channels <= RB_MOST_PIECES) return (int)length;
  return RB_MOST_PIECES / channels;
}

void rb_pieces_average(int64_t length, const float *x, int pieces, double *mean) {
  if (pieces == length) {
    for (int p = 0; p < pieces; ++p) mean[p] = (double)x[p];
    return;
  }
  for (int p = 0; p < pieces; ++p) {
    const int64_t begin = length * p / pieces, end = length * (p + 1) / pieces;
    double sum = 0;
    for (int64_t t = begin; t < end; ++t) sum += (double)x[t];
    mean[p] = sum / (double)(end - begin);
  }
}
