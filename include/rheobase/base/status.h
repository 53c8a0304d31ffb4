#ifndef RHEOBASE_STATUS_H
#define RHEOBASE_STATUS_H

/** @file status.h
 * Result codes of every function that can fail, and the macros that raise and pass them on.
 *
 * A function that fails records what happened once, in the context's error record, with RB_FAIL,
 * and returns the code. Callers pass it on with RB_TRY, which jumps to the function's one
 * `cleanup:` label with the local variable `status` set. Nothing below `main` prints errors. */

/** One line per code: name, exit code of the program, meaning. */
#define RB_STATUS_LIST(X)                                                            \
  X(RB_OK, 0, "success")                                                             \
  X(RB_CHECK_FAILED, 1, "a verification found values outside their tolerance")       \
  X(RB_ERR_USAGE, 2, "the command line is wrong")                                    \
  X(RB_ERR_SETTING, 3, "the input file or a setting is wrong")                       \
  X(RB_ERR_FILE, 4, "a file or folder cannot be read, written or created")           \
  X(RB_ERR_FORMAT, 5, "a file's content is not what it should be")                   \
  X(RB_ERR_STUDY, 6, "the output folder belongs to another study or job")            \
  X(RB_ERR_NUMERIC, 7, "a computation gave no finite or no usable number")           \
  X(RB_ERR_MEMORY, 8, "memory could not be allocated or a limit would be exceeded")  \
  X(RB_ERR_UNSUPPORTED, 9, "a library or the machine does not offer what is needed") \
  X(RB_ERR_SIMULATOR, 10, "the user's simulator failed")                             \
  X(RB_ERR_INTERNAL, 70, "a defect of the program")                                  \
  X(RB_STOPPED, 85, "stopped by a signal after writing a checkpoint; start again to go on")

#define RB_STATUS_ENUM(name, exit_code, text) name,
typedef enum rb_status { RB_STATUS_LIST(RB_STATUS_ENUM) RB_STATUS_COUNT } rb_status;
#undef RB_STATUS_ENUM

/** Marks a function whose result must not be ignored. */
#define RB_NODISCARD __attribute__((warn_unused_result))

/** @return the exit code of the program for @p status. Local. */
int rb_status_exit_code(rb_status status);

/** @return what @p status means, such as "the command line is wrong". Local. */
const char *rb_status_meaning(rb_status status);

/** @return the name of @p status, such as "RB_ERR_FILE". Local. */
const char *rb_status_name(rb_status status);

/** Passes a failure on: sets the local variable `status` and jumps to `cleanup`. */
#define RB_TRY(expression)                  \
  do {                                      \
    const rb_status rb_try_ = (expression); \
    if (rb_try_ != RB_OK) {                 \
      status = rb_try_;                     \
      goto cleanup;                         \
    }                                       \
  } while (0)

/** Records a failure in the context (code, rank, file, line, sentence) and evaluates to the code.
 * The first record wins: a function that tidies up after a failure does not overwrite it. */
#define RB_FAIL(ctx, code, ...) rb_fail((ctx), (code), __FILE__, __LINE__, __VA_ARGS__)

#endif
