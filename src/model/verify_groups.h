#ifndef RB_MODEL_VERIFY_GROUPS_H
#define RB_MODEL_VERIFY_GROUPS_H

#include "rheobase/base/verify_report.h"
#include "rheobase/io/hdf5_file.h"

/** @file verify_groups.h
 * Reference files that hold a case in each group of the top. */

/** Verifies every group of a file by @p verify, in their order. Local. Fails as that does, and
 * where the file cannot be read. */
RB_NODISCARD rb_status rb_verify_groups(rb_context *ctx, const char *path,
                                        rb_status (*verify)(rb_context *ctx, const rb_file *file,
                                                            const char *group,
                                                            rb_verify_report *report),
                                        rb_verify_report *report);

#endif
