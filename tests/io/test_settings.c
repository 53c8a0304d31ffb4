#include "expect.h"
#include "rb_test.h"
#include "rheobase/io/settings.h"

typedef enum { RED, GREEN } color;

typedef struct part {
  int kind;
  double size, weight, span[2];
  char name[8];
} part;

typedef struct example {
  int64_t seed;
  int count;
  double rate;
  bool on;
  char name[16];
  color paint;
  bool exact;
  int list[4];
  int length;
  int deep;
  char formula[RB_EXPRESSION_TEXT], pair[2][RB_EXPRESSION_TEXT];
  char texts[32];
  part parts[3];
  int part_count;
} example;

#define PART(member) RB_SETTING_MEMBER(part, member)
static const rb_setting part_rows[] = {
    {.path = "kind", .type = RB_SETTING_CHOICE, PART(kind), .choices = "step|ramp", .help = "kind"},
    {.path = "size", .type = RB_SETTING_REAL, PART(size), .range = "[0, 9]", .help = "size"},
    {.path = "weight",
     .type = RB_SETTING_REAL,
     PART(weight),
     .standard = "1",
     .help = "has a default"},
    {.path = "span", .type = RB_SETTING_RANGE, PART(span), .range = "[-9, 9]", .help = "range"},
    {.path = "name", .type = RB_SETTING_STRING, PART(name), .standard = "\"\"", .help = "text"}};

#define MEMBER(member) RB_SETTING_MEMBER(example, member)
static const rb_setting rows[] = {
    {.path = "seed",
     .type = RB_SETTING_INTEGER,
     MEMBER(seed),
     .standard = "45",
     .range = "[0, 9e18]",
     .help = "seed of everything"},
    {.path = "net", .type = RB_SETTING_GROUP, .help = "The network"},
    {.path = "net.count",
     .type = RB_SETTING_INTEGER,
     MEMBER(count),
     .standard = "3",
     .range = "[1, 10]",
     .help = "how many"},
    {.path = "net.rate",
     .type = RB_SETTING_REAL,
     MEMBER(rate),
     .standard = "5e-4",
     .range = "(0, 1]",
     .unit = "1/ms",
     .help = "how fast"},
    {.path = "net.inner", .type = RB_SETTING_GROUP, .help = "Deeper"},
    {.path = "net.inner.deep",
     .type = RB_SETTING_INTEGER,
     MEMBER(deep),
     .standard = "1",
     .help = "how deep"},
    {.path = "other", .type = RB_SETTING_GROUP, .help = "The rest"},
    {.path = "other.on",
     .type = RB_SETTING_BOOL,
     MEMBER(on),
     .standard = "true",
     .help = "on or off"},
    {.path = "other.name",
     .type = RB_SETTING_STRING,
     MEMBER(name),
     .standard = "\"\"",
     .help = "a name"},
    {.path = "other.paint",
     .type = RB_SETTING_CHOICE,
     MEMBER(paint),
     .standard = "\"red\"",
     .choices = "red|green",
     .help = "a colour"},
    {.path = "other.exact",
     .type = RB_SETTING_CHOICE,
     MEMBER(exact),
     .standard = "\"no\"",
     .choices = "no|yes",
     .help = "a choice kept in a bool"},
    {.path = "other.list",
     .type = RB_SETTING_LIST,
     MEMBER(list),
     .standard = "[32]",
     .length_offset = offsetof(example, length),
     .range = "[1, 99]",
     .help = "some numbers"},
    {.path = "other.formula",
     .type = RB_SETTING_EXPRESSION,
     MEMBER(formula),
     .help = "a number or a formula"},
    {.path = "other.pair", .type = RB_SETTING_EXPRESSION, MEMBER(pair), .help = "two of them"},
    {.path = "other.texts",
     .type = RB_SETTING_TEXTS,
     MEMBER(texts),
     .standard = "[]",
     .help = "some texts"},
    {.path = "parts",
     .type = RB_SETTING_GROUPS,
     MEMBER(parts),
     .length_offset = offsetof(example, part_count),
     .member = part_rows,
     .members = sizeof part_rows / sizeof *part_rows,
     .entry_size = sizeof(part),
     .standard = "( { kind = \"ramp\"; size = 2; } )",
     .help = "some parts"},
    {.path = "empty", .type = RB_SETTING_GROUP, .help = "A group of nothing"}};
static const rb_settings_table table = {rows, sizeof rows / sizeof *rows};

static example defaults(void) {
  example e;
  memset(&e, 0, sizeof e);
  assert_int_equal(rb_settings_read(&test_context, &table, NULL, 0, NULL, &e), RB_OK);
  return e;
}

static rb_status parse(const char *text) {
  example e = defaults();
  return rb_settings_parse(&test_context, &table, "x.cfg", text, &e);
}

static rb_status override(const char *text) {
  example e;
  return rb_settings_read(&test_context, &table, NULL, 1, &text, &e);
}

static void expressions_are_numbers_or_texts(void **state) {
  (void)state;
  example e = defaults();
  assert_true(e.formula[0] == '\0' && e.pair[0][0] == '\0');
  assert_int_equal(
      rb_settings_parse(&test_context, &table, "x.cfg",
                        "other = { formula = \"min(a, -1)\"; pair = (-55, \"2*a\"); };", &e),
      RB_OK);
  assert_string_equal(e.formula, "min(a, -1)");
  assert_string_equal(e.pair[0], "-55");
  assert_string_equal(e.pair[1], "2*a");
  const char *sets[] = {"other.formula=-50.250"};
  assert_int_equal(rb_settings_read(&test_context, &table, NULL, 1, sets, &e), RB_OK);
  assert_string_equal(e.formula, "-50.25");
  EXPECT_FAILURE(parse("other = { pair = 3; };"), RB_ERR_SETTING, "must be a list of numbers");
  EXPECT_FAILURE(parse("other = { pair = (1, 2, 3); };"), RB_ERR_SETTING, "must be a list");
  EXPECT_FAILURE(parse("other = { formula = true; };"), RB_ERR_SETTING, "must be a number, or a");
  EXPECT_FAILURE(parse("other = { formula = \"a\\nb\"; };"), RB_ERR_SETTING, "control character");
}

static void lists_of_texts(void **state) {
  (void)state;
  example e = defaults();
  char text[RB_SETTING_TEXT], entry[8];
  assert_string_equal(e.texts, "");
  assert_null(rb_settings_next_text(e.texts, sizeof entry, entry));
  assert_int_equal(rb_settings_parse(&test_context, &table, "x.cfg",
                                     "other = { texts = [\"voltage mV\", \"a\\\"b\"]; };", &e),
                   RB_OK);
  const char *next = rb_settings_next_text(e.texts, sizeof entry, entry);
  assert_string_equal(entry, "voltage");  // cut off
  next = rb_settings_next_text(next, sizeof entry, entry);
  assert_string_equal(entry, "a\"b");
  assert_null(rb_settings_next_text(next, sizeof entry, entry));
  rb_setting_format(&rows[sizeof rows / sizeof *rows - 3], &e, text);
  assert_string_equal(text, "[\"voltage mV\", \"a\\\"b\"]");
  EXPECT_FAILURE(parse("other = { texts = \"a\"; };"), RB_ERR_SETTING, "must be a list of texts");
  EXPECT_FAILURE(parse("other = { texts = [1, 2]; };"), RB_ERR_SETTING, "must be a list of texts");
  EXPECT_FAILURE(parse("other = { texts = (\"a\", 2); };"), RB_ERR_SETTING, "must be a list of");
  EXPECT_FAILURE(parse("other = { texts = [\"a\", \"\"]; };"), RB_ERR_SETTING, "an empty entry");
  EXPECT_FAILURE(parse("other = { texts = [\"a\\nb\"]; };"), RB_ERR_SETTING, "control character");
  EXPECT_FAILURE(parse("other = { texts = [\"0123456789012345\", \"01234567890123\"]; };"),
                 RB_ERR_SETTING, "is too long");
  assert_int_equal(parse("other = { texts = [\"0123456789012345\", \"0123456789012\"]; };"), RB_OK);
}

static void lists_of_groups(void **state) {
  (void)state;
  example e = defaults();
  char text[RB_SETTING_TEXT];
  assert_true(e.part_count == 1 && e.parts[0].kind == 1 && e.parts[0].size == 2);
  assert_int_equal(rb_settings_parse(&test_context, &table, "x.cfg",
                                     "parts = ( { weight = 2; name = \"a\"; },"
                                     "          { size = 1.5; kind = \"step\"; } );",
                                     &e),
                   RB_OK);
  assert_true(e.part_count == 2 && e.parts[0].kind == -1 && isnan(e.parts[0].size));
  assert_true(e.parts[1].kind == 0 && e.parts[1].size == 1.5 && e.parts[1].weight == 1);
  rb_setting_format(&rows[sizeof rows / sizeof *rows - 2], &e, text);
  assert_string_equal(text, "({ weight = 2; name = \"a\"; }, { kind = \"step\"; size = 1.5; })");
  const char *sets[] = {"parts=()"};
  assert_int_equal(rb_settings_read(&test_context, &table, NULL, 1, sets, &e), RB_OK);
  assert_int_equal(e.part_count, 0);
  EXPECT_FAILURE(parse("parts = 3;"), RB_ERR_SETTING, "parts must be a list of groups");
  EXPECT_FAILURE(parse("parts = (3);"), RB_ERR_SETTING, "parts must be a list of groups");
  EXPECT_FAILURE(parse("parts = { };"), RB_ERR_SETTING, "parts must be a list of groups");
  EXPECT_FAILURE(parse("parts = (\n{ size = 3; }, \n{ siz = 3; });"), RB_ERR_SETTING,
                 "x.cfg:3: unknown setting siz; did you mean size?");
  EXPECT_FAILURE(parse("parts = ({ size = 10; });"), RB_ERR_SETTING, "size = 10 is out of range");
  EXPECT_FAILURE(parse("parts = ({ size = { }; });"), RB_ERR_SETTING, "size must be a number");
  EXPECT_FAILURE(parse("parts = ({ size = 1; size = 2; });"), RB_ERR_SETTING, "given twice");
  EXPECT_FAILURE(parse("parts = ({ }, { }, { }, { });"), RB_ERR_SETTING,
                 "parts has 4 entries; it takes 3 at most");
}

static void ranges(void **state) {
  (void)state;
  example e = defaults();
  char text[RB_SETTING_TEXT];
  assert_int_equal(rb_settings_parse(&test_context, &table, "x.cfg",
                                     "parts = ( { span = 2; }, { span = [-0.5, 4]; },"
                                     "          { span = \"\"; } );",
                                     &e),
                   RB_OK);
  assert_true(e.parts[0].span[0] == 2 && e.parts[0].span[1] == 2);
  assert_true(e.parts[1].span[0] == -0.5 && e.parts[1].span[1] == 4);
  assert_true(isnan(e.parts[2].span[0]) && isnan(e.parts[2].span[1]));
  rb_setting_format(&rows[sizeof rows / sizeof *rows - 2], &e, text);
  assert_string_equal(text, "({ span = 2; }, { span = [-0.5, 4.0]; }, { })");
  char again[RB_SETTING_TEXT + 16];
  (void)snprintf(again, sizeof again, "parts = %s;", text);  // is read as it was written
  e = defaults();
  assert_int_equal(rb_settings_parse(&test_context, &table, "x.cfg", again, &e), RB_OK);
  assert_true(e.parts[1].span[0] == -0.5 && e.parts[1].span[1] == 4);
  EXPECT_FAILURE(parse("parts = ({ span = [1]; });"), RB_ERR_SETTING, "span must be a number or a");
  EXPECT_FAILURE(parse("parts = ({ span = [1, 2, 3]; });"), RB_ERR_SETTING,
                 "span must be a number");
  EXPECT_FAILURE(parse("parts = ({ span = \"1\"; });"), RB_ERR_SETTING,
                 "span must be a number or a");
  EXPECT_FAILURE(parse("parts = ({ span = [1, \"2\"]; });"), RB_ERR_SETTING,
                 "span must be a number");
  EXPECT_FAILURE(parse("parts = ({ span = [1, 10]; });"), RB_ERR_SETTING,
                 "span = 10 is out of range");
  EXPECT_FAILURE(parse("parts = ({ span = [2, 1.5]; });"), RB_ERR_SETTING,
                 "span = [2, 1.5]: the first end must not be above the second");
}

static void names_are_looked_up(void **state) {
  (void)state;
  char name[2][RB_SETTING_NAME];
  int count = 0;
  write_text("settings_names.cfg", "a = 1;\ngroup = { one = 1; two : { b = 2; }; three = (); };\n");
  const rb_settings_source source = {"settings_names.cfg", 0, NULL};
  assert_int_equal(rb_settings_peek_names(&test_context, &source, "group", 2, name, &count), RB_OK);
  assert_int_equal(count, 3);
  assert_string_equal(name[0], "one");
  assert_string_equal(name[1], "two");
  assert_int_equal(rb_settings_peek_names(&test_context, &source, "a", 2, name, &count), RB_OK);
  assert_int_equal(count, 0);
  write_text("settings_names.cfg", "group = { a = 1; a = 2; };\n");
  EXPECT_FAILURE(rb_settings_peek_names(&test_context, &source, "group", 2, name, &count),
                 RB_ERR_SETTING, "given twice");
}

static void defaults_are_set(void **state) {
  (void)state;
  const example e = defaults();
  assert_true(e.seed == 45 && e.count == 3 && e.rate == 5e-4 && e.on && e.paint == RED &&
              !e.exact && e.length == 1 && e.list[0] == 32 && e.name[0] == '\0');
}

static void a_file_and_overrides_are_read(void **state) {
  (void)state;
  write_text("settings_good.cfg",
             "# comment with 12345678901234567890123 and \"\n"
             "seed = 5000000000;\n"
             "net : { count = 0x7, rate = 1; inner = { deep = -2; }; };\n"
             "/* a\n comment */ other = { on = false; name = \"a\\\"b 7\"; paint = \"green\";\n"
             "  exact = \"yes\"; list = [ 1, 2,\n 3 ]; };\n");
  const char *const sets[] = {"net.count=9", " net.rate = 1e-3", "other.paint = red ",
                              "other.list=[7, 8]"};
  example e;
  assert_int_equal(rb_settings_read(&test_context, &table, "settings_good.cfg", 0, NULL, &e),
                   RB_OK);
  assert_true(e.seed == 5000000000 && e.count == 7 && e.rate == 1 && !e.on && e.deep == -2 &&
              e.paint == GREEN && e.exact && e.length == 3 && e.list[2] == 3);
  assert_string_equal(e.name, "a\"b 7");
  assert_int_equal(rb_settings_read(&test_context, &table, "settings_good.cfg", 4, sets, &e),
                   RB_OK);
  assert_true(e.count == 9 && e.rate == 1e-3 && e.paint == RED && e.length == 2 && e.list[1] == 8);
}

static void marks_of_other_systems_are_no_errors(void **state) {
  (void)state;
  example e;
  write_text("settings_marks.cfg", "\xef\xbb\xbfseed = 3;\r\nother = { on = false; };\r\n");
  assert_int_equal(rb_settings_read(&test_context, &table, "settings_marks.cfg", 0, NULL, &e),
                   RB_OK);
  assert_true(e.seed == 3 && !e.on);
}

static void wrong_files_are_refused(void **state) {
  (void)state;
  EXPECT_FAILURE(parse("\n\nsed = 3;"), RB_ERR_SETTING,
                 "x.cfg:3: unknown setting sed; did you mean seed?");
  EXPECT_FAILURE(parse("net = { cuont = 3; };"), RB_ERR_SETTING, "did you mean net.count?");
  EXPECT_FAILURE(parse("count = 3;"), RB_ERR_SETTING, "did you mean net.count?");
  EXPECT_FAILURE(parse("x = 3;"), RB_ERR_SETTING, "unknown setting x (rheobase config lists all)");
  EXPECT_FAILURE(parse("temperature = 3;"), RB_ERR_SETTING, "rheobase config lists all");
  EXPECT_FAILURE(parse("seed = 3;\nnet = { };\nseed = 4;"), RB_ERR_SETTING,
                 "x.cfg:3: this setting is given twice: seed = 4;");
  EXPECT_FAILURE(parse("net = { count = 3; };\nnet = { };"), RB_ERR_SETTING, "given twice");
  EXPECT_FAILURE(parse("seed = = 3;"), RB_ERR_SETTING, "x.cfg:1: syntax error: seed = = 3;");
  EXPECT_FAILURE(parse("seed = 3"
                       "; net = {"),
                 RB_ERR_SETTING, "syntax error");
  EXPECT_FAILURE(parse("net = 3;"), RB_ERR_SETTING, "net is a group: write net = { ... };");
  EXPECT_FAILURE(parse("seed = { };"), RB_ERR_SETTING, "seed must be a whole number");
  EXPECT_FAILURE(parse("@include \"/etc/passwd\"\n"), RB_ERR_SETTING, "cannot include");
}

static void wrong_values_are_refused(void **state) {
  (void)state;
  EXPECT_FAILURE(parse("seed = 1.5;"), RB_ERR_SETTING, "seed must be a whole number");
  EXPECT_FAILURE(parse("seed = \"3\";"), RB_ERR_SETTING, "seed must be a whole number");
  EXPECT_FAILURE(parse("seed = -1;"), RB_ERR_SETTING, "seed = -1 is out of range [0, 9e18]");
  EXPECT_FAILURE(parse("seed = 9000000000000000001;"), RB_ERR_SETTING,
                 "seed = 9000000000000000001 is out of range [0, 9e18]");
  EXPECT_FAILURE(parse("seed = 99999999999999999999;"), RB_ERR_SETTING, "is too large");
  EXPECT_FAILURE(parse("net = { count = 4294967299; };"), RB_ERR_SETTING, "out of range [1, 10]");
  EXPECT_FAILURE(parse("net = { rate = 0; };"), RB_ERR_SETTING,
                 "net.rate = 0 is out of range (0, 1] 1/ms");
  EXPECT_FAILURE(parse("net = { rate = 1e400; };"), RB_ERR_SETTING, "out of range");
  EXPECT_FAILURE(parse("net = { rate = nan; };"), RB_ERR_SETTING, "syntax error");
  EXPECT_FAILURE(parse("net = { rate = 1e-3x; };"), RB_ERR_SETTING, "syntax error");
  EXPECT_FAILURE(parse("net = { rate = true; };"), RB_ERR_SETTING, "must be a number");
  EXPECT_FAILURE(parse("other = { on = 1; };"), RB_ERR_SETTING, "must be true or false");
  EXPECT_FAILURE(parse("other = { paint = \"blue\"; };"), RB_ERR_SETTING,
                 "\"blue\" is unknown; choose one of red|green");
  EXPECT_FAILURE(parse("other = { paint = 1; };"), RB_ERR_SETTING, "must be a text in quotes");
  EXPECT_FAILURE(parse("other = { name = \"0123456789abcdef\"; };"), RB_ERR_SETTING, "too long");
  EXPECT_FAILURE(parse("other = { name = \"a\\nb\"; };"), RB_ERR_SETTING, "control character");
  EXPECT_FAILURE(parse("other = { list = []; };"), RB_ERR_SETTING,
                 "has 0 entries; it takes 1 to 4");
  EXPECT_FAILURE(parse("other = { list = [1,2,3,4,5]; };"), RB_ERR_SETTING, "has 5 entries");
  EXPECT_FAILURE(parse("other = { list = [1.5]; };"), RB_ERR_SETTING, "list of whole numbers");
  EXPECT_FAILURE(parse("other = { list = [100]; };"), RB_ERR_SETTING, "out of range [1, 99]");
  EXPECT_FAILURE(parse("other = { list = 3; };"), RB_ERR_SETTING, "list of whole numbers");
}

static void wrong_overrides_are_refused(void **state) {
  (void)state;
  EXPECT_FAILURE(override("net.cout=3"), RB_ERR_SETTING,
                 "--set net.cout=3: unknown setting net.cout; did you mean net.count?");
  EXPECT_FAILURE(override("net={count=3;}"), RB_ERR_SETTING,
                 "net is a group: write --set net.name=value");
  EXPECT_FAILURE(override(" net.cout =3"), RB_ERR_SETTING,
                 "unknown setting net.cout; did you mean net.count?");
  EXPECT_FAILURE(override("net=3"), RB_ERR_SETTING, "net is a group");
  EXPECT_FAILURE(override(" =3"), RB_ERR_SETTING, "write it as path=value");
  EXPECT_FAILURE(override("net.count"), RB_ERR_SETTING, "path=value");
  EXPECT_FAILURE(override("net.count=3; seed = 4"), RB_ERR_SETTING, "must be a whole number");
  EXPECT_FAILURE(override("net.count="), RB_ERR_SETTING, "must be a whole number");
  EXPECT_FAILURE(override("net.count=30"), RB_ERR_SETTING, "out of range");
  EXPECT_FAILURE(override("other.paint=blue"), RB_ERR_SETTING, "choose one of");
}

static void unreadable_files_are_refused(void **state) {
  (void)state;
  example e;
  EXPECT_FAILURE(rb_settings_read(&test_context, &table, "absent.cfg", 0, NULL, &e), RB_ERR_FILE,
                 "absent.cfg: cannot be read: No such file");
  EXPECT_FAILURE(rb_settings_read(&test_context, &table, ".", 0, NULL, &e), RB_ERR_FILE,
                 ".: is a folder");
  FILE *stream = fopen("settings_binary.cfg", "wb");
  assert_int_equal(fwrite("seed\0=3", 1, 7, stream), 7);
  (void)fclose(stream);
  EXPECT_FAILURE(rb_settings_read(&test_context, &table, "settings_binary.cfg", 0, NULL, &e),
                 RB_ERR_SETTING, "not an input file");
}

static void print(const example *e, bool documented, char *text, size_t size) {
  FILE *stream = fmemopen(text, size, "w");
  rb_settings_print(&table, e, documented, stream);
  (void)fclose(stream);
}

static void what_is_printed_reads_back(void **state) {
  (void)state;
  example e = defaults();
  assert_int_equal(
      rb_settings_parse(&test_context, &table, "x",
                        "seed = 9000000000000000000L; net = {rate = 0.1; inner = "
                        "{deep = -7;};}; other = { name = \"a\\\\b\\\"c\"; list = [4,"
                        "5]; on = false; exact = \"yes\"; formula = \"2*\\\"\"; pair = (1, "
                        "\"a\"); };",
                        &e),
      RB_OK);
  e.rate = 1.0 / 3;
  for (int documented = 0; documented < 2; ++documented) {
    char text[4096];
    print(&e, documented != 0, text, sizeof text);
    example back = defaults();
    assert_int_equal(rb_settings_parse(&test_context, &table, "printed", text, &back), RB_OK);
    char again[4096];
    print(&back, documented != 0, again, sizeof again);
    assert_string_equal(text, again);
    assert_true(back.rate == e.rate && back.seed == e.seed && back.deep == -7 && back.exact);
    assert_string_equal(back.name, "a\\b\"c");
    assert_string_equal(back.formula, "2*\"");
    assert_string_equal(back.pair[1], "a");
  }
}

static void lines_digests_and_differences(void **state) {
  (void)state;
  example e = defaults();
  char *before = NULL;
  char *now = NULL;
  assert_int_equal(rb_settings_lines(&test_context, &table, &e, "seed net.inner other.on", &before),
                   RB_OK);
  assert_string_equal(before, "seed = 45\nnet.inner.deep = 1\nother.on = true\n");
  char text[200];
  assert_int_equal(rb_settings_difference(before, before, NULL, text, sizeof text), 0);
  e.seed = 46;
  e.deep = 12;
  assert_int_equal(rb_settings_lines(&test_context, &table, &e, "seed net.inner other.on", &now),
                   RB_OK);
  assert_int_equal(rb_settings_difference(before, now, NULL, text, sizeof text), 2);
  assert_string_equal(text, "seed was 45 and is 46 now (and 1 more)");
  assert_int_equal(rb_settings_difference("", "seed = 46\n", NULL, text, sizeof text), 1);
  assert_string_equal(text, "seed was unset and is 46 now");
  static const char *const more = "seed = 46\nnet.low = 2\nnetwork.on = 1\n";
  assert_int_equal(rb_settings_difference(more, "seed = 46\n", "", text, sizeof text), 0);
  assert_int_equal(rb_settings_difference(more, "seed = 46\n", "seed net", text, sizeof text), 1);
  assert_string_equal(text, "net.low was 2 and is unset now");
  assert_int_equal(rb_settings_difference(more, "seed = 46\n", NULL, text, sizeof text), 2);
  // Published values of FNV-1a.
  assert_true(rb_hash(RB_HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
  assert_true(rb_hash(RB_HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
  assert_true(rb_hash(RB_HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
  free(before);
  free(now);
}

static void reals_read_back(void **state) {
  (void)state;
  static const double values[] = {0, 0.1, 1.0 / 3, 5e-4, 1e300, -2.2250738585072014e-308, 200};
  char text[32];
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    rb_format_real(values[i], text);
    assert_true(strtod(text, NULL) == values[i]);
  }
  assert_string_equal(text, "200");
  rb_format_real(0.1, text);
  assert_string_equal(text, "0.1");
}

static void markdown_has_a_row_per_setting(void **state) {
  (void)state;
  const example e = defaults();
  char text[4096];
  FILE *stream = fmemopen(text, sizeof text, "w");
  rb_settings_markdown(&table, &e, stream);
  (void)fclose(stream);
  assert_non_null(strstr(text, "| `net.rate` | `0.0005` | 1/ms | (0, 1] | how fast |"));
  assert_non_null(strstr(text, "red\\|green"));
  assert_non_null(strstr(text, "## `net.inner`"));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(defaults_are_set),
                                          cmocka_unit_test(expressions_are_numbers_or_texts),
                                          cmocka_unit_test(lists_of_texts),
                                          cmocka_unit_test(lists_of_groups),
                                          cmocka_unit_test(ranges),
                                          cmocka_unit_test(names_are_looked_up),
                                          cmocka_unit_test(a_file_and_overrides_are_read),
                                          cmocka_unit_test(marks_of_other_systems_are_no_errors),
                                          cmocka_unit_test(wrong_files_are_refused),
                                          cmocka_unit_test(wrong_values_are_refused),
                                          cmocka_unit_test(wrong_overrides_are_refused),
                                          cmocka_unit_test(unreadable_files_are_refused),
                                          cmocka_unit_test(what_is_printed_reads_back),
                                          cmocka_unit_test(lines_digests_and_differences),
                                          cmocka_unit_test(reals_read_back),
                                          cmocka_unit_test(markdown_has_a_row_per_setting)};
RB_TEST_MAIN(tests)
