#include "arguments.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "rheobase/io/nearest.h"

/* An option. Its value lands in a member of rb_arguments: a string if it has an operand, else a
 * bool. */
typedef struct option_row {
  const char *name, *letter, *operand, *help;
  unsigned option;  // 0: every command takes it
  size_t offset;
} option_row;

#define ROW_OF(name, letter, operand, help, option, member) \
  { name, letter, operand, help, option, offsetof(rb_arguments, member) }

static const option_row table[] = {
    ROW_OF("--output", "-o", "DIR", "the study's folder (default: results/<input>)",
           RB_OPTION_OUTPUT, output),
    ROW_OF("--output", "-o", "DIR",
           "folder for collection.csv and its figure (default: the table is printed only)",
           RB_OPTION_TABLE, output),
    ROW_OF("--output", "-o", "DIR", "folder of the file that io writes (default: .)",
           RB_OPTION_SCRATCH, output),
    ROW_OF("--set", NULL, "PATH=VALUE", "overrides a setting; may be repeated", RB_OPTION_SET, set),
    ROW_OF("--model", NULL, "NAME", "the model, as --set model=NAME", RB_OPTION_MODEL, model),
    ROW_OF("--force", NULL, NULL, "replaces results that another input made", RB_OPTION_FORCE,
           force),
    ROW_OF(
        "--data", NULL, "FILE",
        "simulations to train on (a simulations.h5, or HDF5: train, val / theta, <each channel>)",
        RB_OPTION_DATA, data),
    ROW_OF("--observation", NULL, "FILE",
           "recorded data (HDF5 or CSV: the model's axis and its channels)", RB_OPTION_OBSERVATION,
           observation),
    ROW_OF("--recording", NULL, "FILE", "recorded data: a recording.h5 of import; may be repeated",
           RB_OPTION_SWEEPS, recorded),
    ROW_OF("--sweeps", NULL, "LIST", "of the recording, such as 0,2-5 (default: all)",
           RB_OPTION_SWEEPS, recording.sweeps),
    ROW_OF("--interval-ms", NULL, "DT",
           "samples of the recording are DT ms apart, whatever its times", RB_OPTION_OBSERVATION,
           interval),
    ROW_OF("--format", NULL, "NAME", "output format", RB_OPTION_FORMAT, format),
    ROW_OF("--output", "-o", "FILE",
           "the recording.h5 that is written; its figure gets the same name", RB_OPTION_RECORDING,
           output),
    ROW_OF("--list", NULL, NULL, "prints the sweeps, and writes nothing without -o",
           RB_OPTION_RECORDING, recording.list),
    ROW_OF("--sweeps", NULL, "LIST",
           "such as 0,2-5, of the numbers that --list shows (default: all)", RB_OPTION_RECORDING,
           recording.sweeps),
    ROW_OF("--from", NULL, "MS", "start of the window, since the start of the sweep (default: 0)",
           RB_OPTION_RECORDING, recording.from),
    ROW_OF("--to", NULL, "MS", "end of the window (default: of the sweep)", RB_OPTION_RECORDING,
           recording.to),
    ROW_OF("--dt", NULL, "MS", "step of the model (default: the time between samples)",
           RB_OPTION_RECORDING, recording.dt),
    ROW_OF("--tref", NULL, "MS", "how long a spike is blanked (default: 2)", RB_OPTION_RECORDING,
           recording.tref),
    ROW_OF("--columns", NULL, "LIST",
           "columns of a text in their order, sample,current_pA,voltage_mV, or of HDF5 and text by "
           "name, voltage_mV=/data/vm,current_nA=/data/im",
           RB_OPTION_RECORDING, recording.columns),
    ROW_OF("--interval-ms", NULL, "MS", "time between samples, whatever a column of times says",
           RB_OPTION_RECORDING, interval),
    ROW_OF("--units", NULL, "LIST", "of channels that have none, in their order, such as mV,pA",
           RB_OPTION_RECORDING, recording.units),
    ROW_OF("--voltage", NULL, "CHANNEL", "name or number of the potential, where there is a choice",
           RB_OPTION_RECORDING, recording.voltage),
    ROW_OF("--current", NULL, "CHANNEL",
           "the same of the current; \"command\": the amplifier's table of epochs, \"command:1\": "
           "that of output 1",
           RB_OPTION_RECORDING, recording.current),
    ROW_OF("--series-resistance", NULL, "MOHM",
           "taken off; three of the current at the next, the same and the last sample, or "
           "\"estimate\"",
           RB_OPTION_RECORDING, recording.series_resistance),
    ROW_OF(
        "--electrode", NULL, "FILE",
        "a recording.h5 of the same cell and electrode under weak noise, of all its samples: the "
        "response of the electrode that it tells is taken off",
        RB_OPTION_RECORDING, recording.electrode),
    ROW_OF("--junction-potential", NULL, "MV", "liquid junction potential, subtracted",
           RB_OPTION_RECORDING, recording.junction_potential),
    ROW_OF("--current-offset", NULL, "PA", "added to the current", RB_OPTION_RECORDING,
           recording.current_offset),
    ROW_OF("--delay", NULL, "MS", "by which the current is shifted to later times",
           RB_OPTION_RECORDING, recording.delay),
    ROW_OF("--threshold", NULL, "MV", "a spike crosses it (default: -10)", RB_OPTION_RECORDING,
           recording.threshold),
    ROW_OF("--rearm", NULL, "MV",
           "how far the potential falls below it between spikes (default: 5)", RB_OPTION_RECORDING,
           recording.rearm),
    ROW_OF("--dead", NULL, "MS", "between two crossings at least (default: 1)", RB_OPTION_RECORDING,
           recording.dead),
    ROW_OF("--onset-slope", NULL, "MV_PER_MS",
           "a spike rises so fast from its onset on (default: 10)", RB_OPTION_RECORDING,
           recording.onset_slope),
    ROW_OF("--onset-back", NULL, "MS", "of an onset before its crossing at most (default: 2)",
           RB_OPTION_RECORDING, recording.onset_back),
    ROW_OF("--slope-width", NULL, "MS", "over which the slope is taken (default: 0.1)",
           RB_OPTION_RECORDING, recording.slope_width),
    ROW_OF("--replay", NULL, "FILE", "simulates what a simulator failed for, of failed_rank_N.csv",
           RB_OPTION_REPLAY, replay),
    ROW_OF("--json", NULL, NULL, "prints JSON", RB_OPTION_JSON, json),
    ROW_OF("--markdown", NULL, NULL, NULL, RB_OPTION_MARKDOWN, markdown),
    ROW_OF("--quiet", "-q", NULL, "prints errors and warnings only", 0, quiet),
    ROW_OF("--help", "-h", NULL, "prints this text", 0, help),
    ROW_OF("--version", NULL, NULL, "prints the versions of program and libraries", 0, version)};
enum { OPTIONS = sizeof table / sizeof *table };

/* The command line while it is read. */
typedef struct reader {
  int argc, at;
  char **argv;
} reader;

static bool takes(const rb_command *command, const option_row *row) {
  return row->option == 0 || (command != NULL && (command->options & row->option) != 0);
}

/* The row of that name; of several, which differ in what they mean, the one the command takes. */
static const option_row *find_option(const char *text, const rb_command *command,
                                     const char **value) {
  const option_row *found = NULL;
  const char *equals = strchr(text, '=');
  const size_t length = equals != NULL ? (size_t)(equals - text) : strlen(text);
  *value = equals != NULL ? equals + 1 : NULL;
  for (const option_row *row = table; row < table + OPTIONS; ++row) {
    const bool named = strlen(row->name) == length && strncmp(row->name, text, length) == 0;
    if (!named && (row->letter == NULL || strcmp(row->letter, text) != 0)) continue;
    if (found == NULL || takes(command, row)) found = row;
  }
  return found;
}

static rb_status unknown(rb_context *ctx, const char *kind, const char *text, const char *nearest) {
  const char *quote = *text == '\0' || strchr(text, ' ') != NULL ? "'" : "";
  return RB_FAIL(ctx, RB_ERR_USAGE, "unknown %s %s%s%s%s%s%s", kind, quote, text, quote,
                 nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                 nearest != NULL ? "?" : " (rheobase --help lists them)");
}

static rb_status store(rb_context *ctx, const option_row *row, const char *value,
                       rb_arguments *arguments) {
  void *member = (char *)arguments + row->offset;
  if (row->operand == NULL) {
    *(bool *)member = true;
    return RB_OK;
  }
  if (row->option == RB_OPTION_SET) {
    if (strchr(value, '=') == NULL) {
      return RB_FAIL(ctx, RB_ERR_USAGE, "--set %s: write it as path=value, e.g. training.epochs=10",
                     value);
    }
    arguments->set[arguments->sets++] = value;
    return RB_OK;
  }
  const char **text = member;
  if (text == arguments->recorded) {
    text[arguments->recordings++] = value;
    return RB_OK;
  }
  if (*text != NULL) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "%s is given twice: %s and %s", row->name, *text, value);
  }
  *text = value;
  return RB_OK;
}

static rb_status read_option(rb_context *ctx, reader *line, const rb_command *command,
                             rb_arguments *arguments) {
  const char *text = line->argv[line->at++];
  const char *value = NULL;
  const option_row *row = find_option(text, command, &value);
  if (row == NULL) {
    return unknown(ctx, "option", text, rb_nearest(text, &table[0].name, sizeof *table, OPTIONS));
  }
  if (!takes(command, row)) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "%s takes no option %s",
                   command == NULL ? "rheobase alone" : command->name, row->name);
  }
  if (row->operand == NULL && value != NULL) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "%s takes no value", row->name);
  }
  if (row->operand != NULL && value == NULL) {
    if (line->at == line->argc) {
      return RB_FAIL(ctx, RB_ERR_USAGE, "%s needs a value: %s", row->name, row->operand);
    }
    value = line->argv[line->at++];
  }
  if (row->operand != NULL && *value == '\0') {
    return RB_FAIL(ctx, RB_ERR_USAGE, "%s needs a value: %s", row->name, row->operand);
  }
  return store(ctx, row, value, arguments);
}

static rb_status check_inputs(rb_context *ctx, const rb_command *command,
                              const rb_arguments *arguments) {
  if (arguments->help || arguments->version) return RB_OK;
  if (command == NULL) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "a command is missing (rheobase --help lists them)");
  }
  if (arguments->inputs < command->inputs_min) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "something is missing: rheobase %s %s", command->name,
                   command->operands);
  }
  if (arguments->inputs > command->inputs_max) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "unexpected '%s': rheobase %s %s",
                   arguments->input[command->inputs_max], command->name, command->operands);
  }
  return RB_OK;
}

/* An option that says something about another one. */
static rb_status check_together(rb_context *ctx, const rb_command *command,
                                const rb_arguments *arguments) {
  if (command == NULL) return RB_OK;
  if ((command->options & RB_OPTION_SWEEPS) != 0 && arguments->recording.sweeps != NULL &&
      arguments->recordings == 0) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "--sweeps is of the recording of --recording FILE");
  }
  if ((command->options & RB_OPTION_OBSERVATION) == 0) return RB_OK;
  if (arguments->observation != NULL && arguments->recordings > 0) {
    return RB_FAIL(ctx, RB_ERR_USAGE, "give --observation FILE or --recording FILE, not both");
  }
  if (arguments->interval == NULL || arguments->observation != NULL) return RB_OK;
  return RB_FAIL(ctx, RB_ERR_USAGE, "--interval-ms is of the recording of --observation FILE");
}

static rb_status find_command(rb_context *ctx, const char *name, const rb_command *commands,
                              int count, const rb_command **command) {
  for (int i = 0; i < count; ++i) {
    if (strcmp(commands[i].name, name) == 0) {
      *command = &commands[i];
      return RB_OK;
    }
  }
  return unknown(ctx, "command", name,
                 rb_nearest(name, &commands[0].name, sizeof *commands, count));
}

rb_status rb_arguments_parse(rb_context *ctx, int argc, char **argv, const rb_command *commands,
                             int count, rb_arguments *arguments, const rb_command **command) {
  rb_status status = RB_OK;
  reader line = {argc, 1, argv};
  bool options = true;  // until "--"
  *command = NULL;
  memset(arguments, 0, sizeof *arguments);
  if (argc > RB_MAX_ARGUMENTS) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_USAGE, "more than %d arguments", RB_MAX_ARGUMENTS));
  }
  arguments->help = argc == 1;
  if (argc > 1 && strcmp(argv[1], "help") == 0) {  // `help run` is `run --help`
    arguments->help = true;
    line.at = 2;
  }
  if (line.at < argc && argv[line.at][0] != '-') {
    RB_TRY(find_command(ctx, argv[line.at++], commands, count, command));
  }
  while (line.at < argc) {
    const char *text = argv[line.at];
    if (options && strcmp(text, "--") == 0) {
      options = false;
      ++line.at;
    } else if (options && text[0] == '-' && text[1] != '\0') {
      RB_TRY(read_option(ctx, &line, *command, arguments));
    } else {
      arguments->input[arguments->inputs++] = text;
      ++line.at;
    }
  }
  RB_TRY(check_inputs(ctx, *command, arguments));
  RB_TRY(check_together(ctx, *command, arguments));
cleanup:
  return status;
}

static void print_option(const option_row *row) {
  char text[64];
  (void)snprintf(text, sizeof text, "%s%s%s%s%s", row->letter != NULL ? row->letter : "",
                 row->letter != NULL ? ", " : "", row->name, row->operand != NULL ? " " : "",
                 row->operand != NULL ? row->operand : "");
  (void)printf("  %-24s %s\n", text, row->help);
}

static void print_row(const char *name, const char *text) {
  (void)printf("  %-12s %s\n", name, text);
}

static void print_exit_codes(void) {
  (void)printf("\nExit codes\n");
  for (int status = 0; status < RB_STATUS_COUNT; ++status) {
    char code[16];
    (void)snprintf(code, sizeof code, "%d", rb_status_exit_code((rb_status)status));
    print_row(code, rb_status_meaning((rb_status)status));
  }
}

void rb_arguments_help(const rb_context *ctx, const rb_command *commands, int count,
                       const rb_command *command) {
  if (ctx->rank != 0) return;
  if (command != NULL) {
    (void)printf("rheobase %s %s\n  %s\n\nOptions\n", command->name, command->operands,
                 command->summary);
  } else {
    (void)printf(
        "rheobase COMMAND [INPUT] [options]\n"
        "  Simulation-based inference for models that can be simulated (rheobase models lists "
        "them).\n"
        "  Runs on any number of ranks: mpirun -n 8 rheobase run inputs/quick.cfg\n\n"
        "Commands\n");
    for (int i = 0; i < count; ++i) {
      print_row(commands[i].name, commands[i].summary);
    }
    print_row("help", "print this text, or that of a COMMAND");
    (void)printf("\nOptions (rheobase COMMAND --help tells which a command takes)\n");
  }
  for (int i = 0; i < OPTIONS; ++i) {
    if ((command == NULL || takes(command, &table[i])) && table[i].help != NULL)
      print_option(&table[i]);
  }
  if (command == NULL) print_exit_codes();
  (void)fflush(stdout);
}
