#ifndef RB_MODEL_PLUGIN_CRASH_H
#define RB_MODEL_PLUGIN_CRASH_H

/** @file crash.h
 * A crash (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT) in code of others, or its call of exit, ends
 * the process with one line that names it and the exit code of RB_ERR_SIMULATOR. The handlers are
 * there while such code runs, and no longer. Functions are local. */

enum { RB_CRASH_TEXT = 768 };

/** From here on a crash prints @p text (at most RB_CRASH_TEXT letters, copied) behind
 * "rheobase: error: ", and the signal's name. */
void rb_crash_watch(const char *text);

/** The handlers of before. */
void rb_crash_unwatch(void);

#endif
