#include <stdio.h>

#include "model/program/command.h"
#include "rb_test.h"

/* Which words of a shell command may name files it reads. */

static void finds(const char *command, const char *expected) {
  rb_command_words words = rb_command_words_of(command, "");
  char path[RB_COMMAND_PATH], all[4096] = "";
  size_t length = 0;
  while (rb_command_next(&words, path)) {
    length += (size_t)snprintf(all + length, sizeof all - length, "[%s]", path);
    assert_true(length < sizeof all);
  }
  if (strcmp(all, expected) != 0) fail_msg("%s: %s instead of %s", command, all, expected);
}

static void test_words(void **state) {
  (void)state;
  finds("", "");
  finds("  ;  ", "");
  finds("python3 w.py 1", "[python3][w.py][1]");
  finds("python3 'sub/w x.py' \"a b\"c d\\ e", "[python3][sub/w x.py][a bc][d e]");
  finds("run --model=m.h5 X=y.txt <in.csv", "[run][--model][m.h5][X][y.txt][in.csv]");
  finds("python3 'never ended", "[python3][never ended]");
}

static void test_what_is_written_is_left_out(void **state) {
  (void)state;
  finds("python3 w.py 2>>talk.log", "[python3][w.py][2]");
  finds("python3 w.py >out.txt 2>&1 more.py", "[python3][w.py][2][more.py]");
  finds("python3 w.py &> log.txt", "[python3][w.py]");
  finds("python3 w.py >| log.txt; cat b", "[python3][w.py][cat][b]");
  finds("python3 w.py | tee -a log.txt | cat c", "[python3][w.py][tee][cat][c]");
}

static void test_folders(void **state) {
  (void)state;
  finds("cd sub && exec python3 w.py /abs/x", "[cd][sub/exec][sub/python3][sub/w.py][/abs/x]");
  finds("cd a; (cd b && ./run); ./c", "[cd][a/cd][a/b/./run][a/./c]");
  finds("echo cd there.py", "[echo][cd][there.py]");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(test_words),
                                          cmocka_unit_test(test_what_is_written_is_left_out),
                                          cmocka_unit_test(test_folders)};
RB_TEST_MAIN(tests)
