#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/io/recording.h"

/* Reads recordings for recording_checks.py. Each line of the input is a case: columns, interval,
 * voltage, current, units (all may be empty) and files, between tabs; its answer is a line of JSON.
 */

enum { MOST_FIELDS = 64, FIXED = 5 };

static void print_text(const char *key, const char *text) {
  (void)printf("\"%s\": \"", key);
  for (; text != NULL && *text != '\0'; ++text) {
    if (*text == '\n') {
      (void)printf("\\n");
    } else {
      if (*text == '"' || *text == '\\') (void)putchar('\\');
      (void)putchar(*text);
    }
  }
  (void)printf("\", ");
}

static void print_trace(const char *key, int64_t samples, const double *value) {
  (void)printf("\"%s\": [", key);
  for (int64_t i = 0; value != NULL && i < samples; ++i) {
    (void)printf(isfinite(value[i]) ? "%s%.17g" : "%sNaN", i > 0 ? ", " : "", value[i]);
  }
  (void)printf("], ");
}

static void print_sweep(const rb_sweep *s) {
  (void)printf("{");
  print_text("source", s->source);
  print_text("sha256", s->sha256);
  print_text("kind", s->kind);
  print_text("name", s->name);
  print_text("current_source", s->current_source);
  print_text("lacks", s->lacks);
  print_text("damaged", s->damaged);
  print_text("warnings", s->warnings);
  print_trace("voltage", s->samples, s->voltage_mV);
  print_trace("current", s->samples, s->current_pA);
  (void)printf("\"bridge\": %.17g, \"interval\": %.17g, \"start\": %.17g}", s->bridge_balance_MOhm,
               s->interval_ms, s->start_ms);
}

static void answer(rb_context *ctx, char *line) {
  const char *field[MOST_FIELDS];
  int fields = 0;
  rb_recording recording;
  for (char *part = strsep(&line, "\t"); part != NULL && fields < MOST_FIELDS;
       part = strsep(&line, "\t")) {
    field[fields++] = part;
  }
  const char *const *said = field;
  const rb_recording_choice choice = {.columns = *said[0] != '\0' ? said[0] : NULL,
                                      .interval_ms = strtod(said[1], NULL),
                                      .voltage = *said[2] != '\0' ? said[2] : NULL,
                                      .current = *said[3] != '\0' ? said[3] : NULL,
                                      .units = *said[4] != '\0' ? said[4] : NULL};
  rb_error_clear(ctx);
  const rb_status status =
      rb_recording_read(ctx, fields - FIXED, field + FIXED, &choice, &recording);
  (void)printf("{\"status\": %d, ", (int)status);
  print_text("error", ctx->error.message);
  (void)printf("\"sweeps\": [");
  for (int64_t s = 0; status == RB_OK && s < recording.sweeps; ++s) {
    if (s > 0) (void)printf(", ");
    print_sweep(&recording.sweep[s]);
  }
  (void)printf("]}\n");
  rb_recording_free(&recording);
}

int main(int argc, char **argv) {
  rb_context ctx;
  char *line = NULL;
  size_t size = 0;
  MPI_Init(&argc, &argv);
  if (rb_context_create(&ctx, MPI_COMM_WORLD) != RB_OK) return 1;
  for (ssize_t n = getline(&line, &size, stdin); n > 0; n = getline(&line, &size, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    answer(&ctx, line);
  }
  free(line);
  rb_context_destroy(&ctx);
  MPI_Finalize();
  return 0;
}
