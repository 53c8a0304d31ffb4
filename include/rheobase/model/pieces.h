#ifndef RHEOBASE_PIECES_H
#define RHEOBASE_PIECES_H

#include <stdint.h>

/** @file pieces.h
 * Means of consecutive samples: what is left of a recording where a method holds a matrix with a
 * row and a column for each number of a data set. Both functions are local. */

/** Most numbers of a data set, all its channels together, in such a matrix (134 MB). */
enum { RB_MOST_PIECES = 4096 };

/** Pieces that each of @p channels channels of @p length samples is cut into: as many as there are
 * samples, unless they are more than RB_MOST_PIECES together. */
int rb_pieces(int64_t length, int channels);

/** @param x (length) @param mean (pieces) of each piece; the samples themselves where every piece
 * is one. Pieces differ in length by one sample at most. */
void rb_pieces_average(int64_t length, const float *x, int pieces, double *mean);

#endif
