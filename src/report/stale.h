#ifndef RB_REPORT_STALE_H
#define RB_REPORT_STALE_H

#include "study_data.h"

/** @file stale.h
 * Which files of a study belong together. Local. */

/** Compares what each opened file says it was made from with the files that are there. Closes those
 * that were made from another version of them, so that nothing of theirs is shown beside what
 * replaced it, and sets study->remark of these and of those to be read with care: why, and which
 * command renews them. Fails with RB_ERR_FORMAT (a damaged file) or RB_ERR_MEMORY. */
RB_NODISCARD rb_status rb_study_judge(rb_study_data *study);

#endif
