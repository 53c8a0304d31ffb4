#ifndef RB_TESTS_EXPECT_H
#define RB_TESTS_EXPECT_H

#include "rb_test.h"

/* Asserts that a call fails with a code and a message that holds some words. One rank, or the same
 * on all. */
#define EXPECT_FAILURE(call, code, words)                                                         \
  do {                                                                                            \
    const rb_status expected_ = (call);                                                           \
    if (expected_ != (code) || !strstr(test_context.error.message, (words))) {                    \
      print_error("%s: '%s' lacks '%s'\n", rb_status_name(expected_), test_context.error.message, \
                  (words));                                                                       \
      fail();                                                                                     \
    }                                                                                             \
    rb_error_clear(&test_context);                                                                \
  } while (0)

static inline void write_text(const char *path, const char *text) {
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  (void)fputs(text, stream);
  assert_int_equal(fclose(stream), 0);
}

#endif
