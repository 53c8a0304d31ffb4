#ifndef RB_MODEL_STATISTICS_NUMBERS_H
#define RB_MODEL_STATISTICS_NUMBERS_H

#include "rheobase/model/statistics.h"
#include "sums.h"

/** @file numbers.h
 * From sums to the numbers of each block, and their names. All functions are local. */

/** Numbers of a block, of one channel and one source of events. */
int rb_numbers_count(const rb_plan *plan, rb_statistics_block block);

/** Writes them; not for RB_STATISTICS_INTERVALS. @param out (rb_numbers_count) */
void rb_numbers_put(const rb_plan *plan, rb_statistics_block block, const rb_events *events,
                    const rb_statistics_sums *sums, float *out);

/** The numbers of RB_STATISTICS_INTERVALS. @param log_of (T + 2) logarithms of 0, 1, ...; that of 0
 * is not looked at @param out (rb_numbers_count) */
void rb_numbers_put_intervals(const rb_events *events, const double *log_of, float *out);

/** Writes name and description of number @p i of a block. @param size of each text */
void rb_numbers_name(const rb_plan *plan, rb_statistics_block block, int i, size_t size, char *name,
                     char *description);

#endif
