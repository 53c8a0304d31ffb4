#include "app/input/settings.h"
#include "fuzz.h"

/* The reader of input files and of --set. Input: the file; after a byte 0, if there is one, the
 * override. What is read must read back from its own printed form as the same settings. */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  fuzz_begin();
  return 0;
}

static void reads_back(rb_input *input) {
  char *first = NULL, *second = NULL;
  static rb_input again;
  memset(&again, 0, sizeof again);
  fuzz_require(rb_input_text(&fuzz_context, input, false, &first) == RB_OK, "printing");
  again.type = input->type;  // tables of the same type name the same settings
  again.table = input->table;
  fuzz_require(rb_settings_parse(&fuzz_context, &input->table, "printed", first, &again) == RB_OK,
               "the printed settings are refused");
  fuzz_require(rb_input_text(&fuzz_context, &again, false, &second) == RB_OK, "printing again");
  fuzz_require(strcmp(first, second) == 0, "the settings do not read back");
  free(first);
  free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static rb_input input;
  static rb_arguments arguments;
  char path[64];
  const uint8_t *zero = memchr(data, 0, size);
  const size_t length = zero != NULL ? (size_t)(zero - data) : size;
  char *set =
      strndup(zero != NULL ? (const char *)zero + 1 : "", zero != NULL ? size - length - 1 : 0);
  const int fd = fuzz_file(data, length, path);
  arguments = (rb_arguments){.inputs = 1, .input = {path}, .sets = zero != NULL, .set = {set}};
  const rb_status status = rb_input_read(&fuzz_context, &arguments, &input);
  fuzz_outcome(status);
  if (status == RB_OK) reads_back(&input);
  rb_input_free(&input);
  (void)close(fd);
  free(set);
  return 0;
}
