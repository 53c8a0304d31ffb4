#ifndef RB_MODEL_TABLE_STORED_ATTRIBUTES_H
#define RB_MODEL_TABLE_STORED_ATTRIBUTES_H

#include "../described.h"
#include "rheobase/io/hdf5_file.h"

/** @file stored_attributes.h
 * Whether the numbers of a table's arrays are what they are taken for. All functions are local. */

/** Refuses numbers that are not the values themselves: those with a scale_factor, an add_offset, or
 * a number that marks missing values. @param path of the file, for errors */
RB_NODISCARD rb_status rb_stored_check_packing(rb_context *ctx, const rb_file *file,
                                               const char *path, const char *array);

/** Refuses an array of a channel whose attribute `units` says another unit than the channel's. */
RB_NODISCARD rb_status rb_stored_check_unit(rb_context *ctx, const rb_file *file, const char *path,
                                            const char *array, const char *unit);

/** Refuses a coordinate beside the arrays that says another step than the study's, further off than
 * single precision rounds it. @param group "", "training/" or another that rb_stored_open knows */
RB_NODISCARD rb_status rb_stored_check_step(rb_context *ctx, const rb_file *file, const char *path,
                                            const char *group, const rb_described *described);

#endif
