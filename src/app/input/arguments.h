#ifndef RB_APP_ARGUMENTS_H
#define RB_APP_ARGUMENTS_H

#include <stdbool.h>

#include "rheobase/base/context.h"

/** @file arguments.h
 * The command line: `rheobase COMMAND [INPUT...] [options]`. A subcommand is a row of a table that
 * says which options it takes. */

enum { RB_MAX_ARGUMENTS = 1024 };

/** Options a command may declare; --help, --version and --quiet are everybody's. */
enum {
  RB_OPTION_OUTPUT = 1 << 0,       ///< -o DIR
  RB_OPTION_SET = 1 << 1,          ///< --set path=value
  RB_OPTION_FORCE = 1 << 2,        ///< --force
  RB_OPTION_DATA = 1 << 3,         ///< --data FILE
  RB_OPTION_OBSERVATION = 1 << 4,  ///< --observation FILE, --interval-ms DT
  RB_OPTION_FORMAT = 1 << 5,       ///< --format NAME
  RB_OPTION_JSON = 1 << 6,         ///< --json
  RB_OPTION_MARKDOWN = 1 << 7,     ///< --markdown, not shown in help
  RB_OPTION_TABLE = 1 << 8,        ///< -o DIR for a table and its figure
  RB_OPTION_SCRATCH = 1 << 9,      ///< -o DIR for a file that is removed again
  RB_OPTION_MODEL = 1 << 10,       ///< --model NAME
  RB_OPTION_RECORDING = 1 << 11,   ///< -o FILE and what is said of recordings
  RB_OPTION_REPLAY = 1 << 12,      ///< --replay FILE
  RB_OPTION_SWEEPS = 1 << 13       ///< --recording FILE, --sweeps LIST
};

/** What is said of recordings that are imported. */
typedef struct rb_recording_arguments {
  bool list;
  const char *sweeps, *from, *to, *dt, *tref, *columns, *units, *voltage, *current;
  const char *series_resistance, *electrode, *junction_potential, *current_offset, *delay;
  const char *threshold, *rearm, *dead, *onset_slope, *onset_back, *slope_width;
} rb_recording_arguments;

/** What the user asked for. Strings point into argv. */
typedef struct rb_arguments {
  int inputs;
  const char *input[RB_MAX_ARGUMENTS];  ///< what is not an option, after the command
  int sets;
  const char *set[RB_MAX_ARGUMENTS];  ///< "path=value", checked to have a '='
  const char *output;                 ///< NULL where not given; so the others
  const char *data, *observation, *interval, *format, *model, *replay;
  int recordings;
  const char *recorded[RB_MAX_ARGUMENTS];  ///< files of --recording
  rb_recording_arguments recording;
  bool force, json, markdown, quiet, help, version;
} rb_arguments;

/** A subcommand. */
typedef struct rb_command {
  const char *name;
  const char *operands;  ///< as help shows them, e.g. "INPUT"
  const char *summary;   ///< one line
  unsigned options;      ///< RB_OPTION_*
  int inputs_min, inputs_max;
  rb_status (*run)(rb_context *ctx, const rb_arguments *arguments);  ///< collective
} rb_command;

/** Parses a command line. Local, the same on all ranks. Nothing at all, and the word `help` in
 * front, ask for help. *command is NULL with help or --version alone. Fails with RB_ERR_USAGE:
 * unknown command or option (names the nearest), an option the command does not take, a missing or
 * repeated value, too few or too many inputs.
 * @param commands (count) */
RB_NODISCARD rb_status rb_arguments_parse(rb_context *ctx, int argc, char **argv,
                                          const rb_command *commands, int count,
                                          rb_arguments *arguments, const rb_command **command);

/** Prints help on all commands with the exit codes, or on one if @p command is not NULL, on rank 0.
 * Local. */
void rb_arguments_help(const rb_context *ctx, const rb_command *commands, int count,
                       const rb_command *command);

#endif
