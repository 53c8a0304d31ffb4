#include <fcntl.h>
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
      {"seed\xe3\x80\x80", "seed\\xe3\\x80\\x80"},
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

/* Other ranks write into the same pipe: a line goes there in one piece. */
static void a_line_is_written_at_once(void **state) {
  (void)state;
  int end[2];
  char text[TEXT];
  assert_int_equal(pipe2(end, O_DIRECT), 0);  // reads end where a write did
  FILE *stream = fdopen(end[1], "w");
  assert_non_null(stream);
  (void)setvbuf(stream, NULL, _IONBF, 0);
  rb_log_text(stream, "rank 3: ", "a\tb");
  const ssize_t length = read(end[0], text, TEXT);
  assert_int_equal(length, strlen("rank 3: a\\x09b\n"));
  assert_memory_equal(text, "rank 3: a\\x09b\n", (size_t)length);
  (void)fclose(stream);
  (void)close(end[0]);
}

/* Longer ones than are held at once lose nothing. */
static void a_long_line_is_whole(void **state) {
  (void)state;
  enum { LONG = 20000 };
  static char text[LONG + 1], read[5 * LONG];
  for (int i = 0; i < LONG; ++i) text[i] = i % 3 == 0 ? '\t' : 'a';
  FILE *file = tmpfile();
  assert_non_null(file);
  rb_log_text(file, "", text);
  rewind(file);
  const size_t length = fread(read, 1, sizeof read, file), tabs = (LONG + 2) / 3;
  assert_int_equal(length, LONG + 3 * tabs + 1);
  for (size_t i = 0, at = 0; i < LONG; ++i) {
    const bool tab = i % 3 == 0;
    assert_memory_equal(read + at, tab ? "\\x09" : "a", tab ? 4 : 1);
    at += tab ? 4 : 1;
  }
  (void)fclose(file);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(what_cannot_be_seen_is_written_out),
                                          cmocka_unit_test(a_line_is_written_at_once),
                                          cmocka_unit_test(a_long_line_is_whole)};
RB_TEST_MAIN(tests)
