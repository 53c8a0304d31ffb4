#include "app/input/arguments.h"
#include "rb_test.h"

static const rb_command commands[] = {
    {"run", "INPUT", "the whole study", RB_OPTION_OUTPUT | RB_OPTION_SET | RB_OPTION_FORCE, 1, 1,
     NULL},
    {"verify", "FILE...", "recomputes reference files", RB_OPTION_JSON, 1, 100, NULL}};

static rb_arguments arguments;
static const rb_command *command;

#define PARSE(...)                           \
  parse((char *[]){"rheobase", __VA_ARGS__}, \
        (int)(sizeof((char *[]){"rheobase", __VA_ARGS__}) / sizeof(char *)))

static rb_status parse(char **argv, int argc) {
  rb_error_clear(&test_context);
  return rb_arguments_parse(&test_context, argc, argv, commands, 2, &arguments, &command);
}

#define EXPECT_USAGE(words, ...)                                             \
  do {                                                                       \
    assert_int_equal(PARSE(__VA_ARGS__), RB_ERR_USAGE);                      \
    if (strstr(test_context.error.message, words) == NULL) {                 \
      print_error("'%s' lacks '%s'\n", test_context.error.message, (words)); \
      fail();                                                                \
    }                                                                        \
    rb_error_clear(&test_context);                                           \
  } while (0)

static void good_command_lines(void **state) {
  (void)state;
  assert_int_equal(
      PARSE("run", "a.cfg", "-o", "out", "--set", "seed=3", "--set=x.y=a=b", "--force"), RB_OK);
  assert_string_equal(command->name, "run");
  assert_int_equal(arguments.inputs, 1);
  assert_string_equal(arguments.input[0], "a.cfg");
  assert_string_equal(arguments.output, "out");
  assert_int_equal(arguments.sets, 2);
  assert_string_equal(arguments.set[0], "seed=3");
  assert_string_equal(arguments.set[1], "x.y=a=b");
  assert_true(arguments.force && !arguments.json && !arguments.quiet);
  assert_int_equal(PARSE("verify", "--json", "a.h5", "-q", "--", "-odd.h5"), RB_OK);
  assert_true(arguments.inputs == 2 && arguments.json && arguments.quiet);
  assert_string_equal(arguments.input[1], "-odd.h5");
  assert_int_equal(PARSE("--version"), RB_OK);
  assert_true(command == NULL && arguments.version);
  assert_int_equal(PARSE("run", "--help"), RB_OK);
  assert_true(command == &commands[0] && arguments.help);
}

static void help_is_asked_for_in_every_usual_way(void **state) {
  (void)state;
  assert_int_equal(parse((char *[]){"rheobase"}, 1), RB_OK);
  assert_true(command == NULL && arguments.help);
  assert_int_equal(PARSE("help"), RB_OK);
  assert_true(command == NULL && arguments.help);
  assert_int_equal(PARSE("help", "verify"), RB_OK);
  assert_true(command == &commands[1] && arguments.help);
  EXPECT_USAGE("unknown command rum; did you mean run?", "help", "rum");
}

static void bad_command_lines(void **state) {
  (void)state;
  EXPECT_USAGE("unknown command rum; did you mean run?", "rum");
  EXPECT_USAGE("unknown command 'run '; did you mean run?", "run ");
  EXPECT_USAGE("unknown command '' (rheobase --help", "");
  EXPECT_USAGE("unknown option '--force '; did you mean --force?", "run", "a", "--force ");
  EXPECT_USAGE("unknown command frobnicate (rheobase --help", "frobnicate");
  EXPECT_USAGE("unknown option --forse; did you mean --force?", "run", "a", "--forse");
  EXPECT_USAGE("verify takes no option --force", "verify", "a", "--force");
  EXPECT_USAGE("rheobase alone takes no option --json", "--json");
  EXPECT_USAGE("--output needs a value: DIR", "run", "a", "-o");
  EXPECT_USAGE("--output needs a value: DIR", "run", "a", "--output=");
  EXPECT_USAGE("--force takes no value", "run", "a", "--force=yes");
  EXPECT_USAGE("given twice: b and c", "run", "a", "-o", "b", "-o", "c");
  EXPECT_USAGE("write it as path=value", "run", "a", "--set", "seed");
  EXPECT_USAGE("something is missing: rheobase run INPUT", "run");
  EXPECT_USAGE("unexpected 'b': rheobase run INPUT", "run", "a", "b");
  EXPECT_USAGE("a command is missing", "--quiet");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(good_command_lines),
                                          cmocka_unit_test(help_is_asked_for_in_every_usual_way),
                                          cmocka_unit_test(bad_command_lines)};
RB_TEST_MAIN(tests)
