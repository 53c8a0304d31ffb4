#ifndef RHEOBASE_NEAREST_H
#define RHEOBASE_NEAREST_H

#include <stddef.h>

/** @file nearest.h
 * Finds what a user may have meant. Local. */

/** Number of single-character insertions, deletions, replacements and swaps of neighbours that turn
 * @p a into @p b, ignoring case; of texts longer than 127 only the beginning counts. */
int rb_edit_distance(const char *a, const char *b);

/** The nearest of @p count names to @p word, or NULL if none is near: more than a third of the
 * letters wrong, and more than one, or all. Name i is the string to which the pointer i times
 * @p stride bytes after @p first points, so that a member of an array of structs can be searched;
 * NULL names are passed over. */
const char *rb_nearest(const char *word, const char *const *first, size_t stride, int count);

#endif
