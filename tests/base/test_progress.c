#include <unistd.h>

#include "rb_test.h"
#include "rheobase/base/progress.h"

enum { TEXT = 400 };

/* What an update prints, on a terminal that has waited long enough. @param text (TEXT) */
static void show(rb_progress *progress, int64_t done, char *text) {
  FILE *file = tmpfile();
  assert_non_null(file);
  (void)fflush(stdout);
  const int saved = dup(STDOUT_FILENO);
  assert_true(saved >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
  progress->printed_s -= 1;
  rb_progress_update(progress, done, NULL);
  assert_true(dup2(saved, STDOUT_FILENO) >= 0);
  (void)close(saved);
  rewind(file);
  text[fread(text, 1, TEXT - 1, file)] = '\0';
  (void)fclose(file);
}

/* What was done earlier is only copied: no rate is known before the work goes on. */
static void a_resume_shows_no_negative_rate(void **state) {
  (void)state;
  char text[TEXT];
  test_context.terminal = true;
  test_context.quiet = false;
  rb_progress progress = rb_progress_begin(&test_context, "simulate", "data sets", 1101, 100);
  progress.began_s -= 10;
  show(&progress, 50, text);
  assert_non_null(strstr(text, "50/1101 data sets, 0/s, ? left"));
  progress.began_s = MPI_Wtime() - 10000;  // the test's own time, which counts as well, is little
  show(&progress, 1100, text);
  assert_non_null(strstr(text, "1100/1101 data sets, "));
  assert_non_null(strstr(text, "/s, 0:10 left"));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(a_resume_shows_no_negative_rate)};

RB_TEST_MAIN(tests)
