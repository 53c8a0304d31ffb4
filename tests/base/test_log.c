#include <unistd.h>

#include "rb_test.h"
#include "rheobase/base/log.h"

enum { TEXT = 400 };

/* What a warning prints. @param text (TEXT) */
static void show(const char *message, char *text) {
  FILE *file = tmpfile();
  assert_non_null(file);
  (void)fflush(stderr);
  const int saved = dup(STDERR_FILENO);
  assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
  rb_log_warning(&test_context, "%s", message);
  assert_true(dup2(saved, STDERR_FILENO) >= 0);
  (void)close(saved);
  rewind(file);
  text[fread(text, 1, TEXT - 1, file)] = '\0';
  (void)fclose(file);
}

/* Names come from outside: none may break the line, change the terminal, or look like another. */
static void what_cannot_be_seen_is_written_out(void **state) {
  (void)state;
  static const char *const hidden[][2] = {
      {"a\nrheobase: error: b\r", "a\\x0arheobase: error: b\\x0d"},
      {"\x1b[2J\x7f\t", "\\x1b[2J\\x7f\\x09"},
      {"seed\xc2\xa0", "seed\\xc2\\xa0"},
      {"\xef\xbb\xbfseed", "\\xef\\xbb\\xbfseed"},
      {"a\xe2\x80\x8b\xe2\x80\xae\xe2\x81\xa0z\xc2\x85",
       "a\\xe2\\x80\\x8b\\xe2\\x80\\xae\\xe2\\x81\\xa0z\\xc2\\x85"},
      {"cut \xe2", "cut \xe2"},
      {"cut \xc2", "cut \xc2"}};
  static const char *const seen[] = {"\xc3\xa4rmel \xc2\xb5V", "\xe2\x80\x93 \xe2\x82\xac",
                                     "\xef\xbc\xa1"};
  char text[TEXT], expected[TEXT];
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; ++i) {
    show(hidden[i][0], text);
    (void)snprintf(expected, TEXT, "rheobase: warning: %s\n", hidden[i][1]);
    assert_string_equal(text, expected);
  }
  for (size_t i = 0; i < sizeof seen / sizeof *seen; ++i) {
    show(seen[i], text);
    (void)snprintf(expected, TEXT, "rheobase: warning: %s\n", seen[i]);
    assert_string_equal(text, expected);
  }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(what_cannot_be_seen_is_written_out)};
RB_TEST_MAIN(tests)
