#include <gsl/gsl_errno.h>
#include <mpi.h>
#include <stdio.h>

#include "commands.h"
#include "input/arguments.h"
#include "rheobase/base/blas.h"
#include "rheobase/base/context.h"
#include "rheobase/base/log.h"
#include "rheobase/base/signals.h"
#include "rheobase/base/streams.h"
#include "rheobase/io/provenance.h"
#include "rheobase/parallel/agree.h"

enum {
  STUDY = RB_OPTION_OUTPUT | RB_OPTION_SET | RB_OPTION_FORCE,
};

static const rb_command commands[] = {
    {"run", "INPUT", "all stages of a study, in order; skips what is finished",
     STUDY | RB_OPTION_DATA | RB_OPTION_OBSERVATION | RB_OPTION_SWEEPS | RB_OPTION_FORMAT, 1, 1,
     rb_cmd_run},
    {"simulate", "INPUT", "draw parameters and simulate: simulations.h5", STUDY, 1, 1,
     rb_cmd_simulate},
    {"train", "INPUT", "train the network: checkpoint.h5", STUDY | RB_OPTION_DATA, 1, 1,
     rb_cmd_train},
    {"baseline", "INPUT", "fit the linear-Gaussian baseline and calibrate it: baseline.h5", STUDY,
     1, 1, rb_cmd_baseline},
    {"calibrate", "INPUT", "diagnose the network on fresh data sets: calibration.h5", STUDY, 1, 1,
     rb_cmd_calibrate},
    {"infer", "INPUT", "posterior of one observation: posterior.h5",
     STUDY | RB_OPTION_OBSERVATION | RB_OPTION_SWEEPS, 1, 1, rb_cmd_infer},
    {"predict", "INPUT|DIR",
     "posterior predictive check: predictive.h5; with --recording of other sweeps: prediction.h5",
     STUDY | RB_OPTION_SWEEPS, 1, 1, rb_cmd_predict},
    {"import", "FILE...", "read recordings (text, HDF5, NWB, ABF, Igor waves): recording.h5",
     RB_OPTION_RECORDING, 1, RB_MAX_ARGUMENTS, rb_cmd_import},
    {"collect", "DIR...", "diagnostics of many studies: collection.csv, collection.png",
     RB_OPTION_TABLE, 1, RB_MAX_ARGUMENTS, rb_cmd_collect},
    {"config", "[INPUT]", "print all settings with their meaning, as an input file",
     RB_OPTION_SET | RB_OPTION_MODEL | RB_OPTION_MARKDOWN, 0, 1, rb_cmd_config},
    {"models", "", "list what can be simulated, with parameters and sources", 0, 0, 0,
     rb_cmd_models},
    {"try", "INPUT", "simulate a few data sets: what they are like, and how long all would take",
     RB_OPTION_SET | RB_OPTION_REPLAY | RB_OPTION_SWEEPS, 1, 1, rb_cmd_try},
    {"info", "FILE|DIR...", "describe what a file holds, or a study's folder", RB_OPTION_MARKDOWN,
     1, RB_MAX_ARGUMENTS, rb_cmd_info},
    {"refine", "INPUT|DIR", "exact posterior of the observation and of test data sets: exact.h5",
     STUDY, 1, 1, rb_cmd_refine},
    {"bench", "[WHAT] [INPUT]",
     "speed of simulate, features, train, summary, sample, io, allreduce, or all",
     RB_OPTION_SET | RB_OPTION_SCRATCH | RB_OPTION_JSON, 0, 2, rb_cmd_bench},
    {"scale", "INPUT", "how all this scales on the ranks of the job, and a model: scaling.h5",
     RB_OPTION_SET | RB_OPTION_OUTPUT | RB_OPTION_FORMAT, 1, 1, rb_cmd_scale},
    {"report", "DIR", "figures and report.html of a study's folder (--format png, svg or pdf)",
     RB_OPTION_FORMAT, 1, 1, rb_cmd_report},
    {"verify", "FILE...", "recompute reference files and print the largest errors", 0, 1,
     RB_MAX_ARGUMENTS, rb_cmd_verify},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_version(const rb_context *ctx) {
  if (ctx->rank != 0) return;
  char versions[RB_VERSIONS_SIZE];
  rb_library_versions(versions);
  (void)fputs(versions, stdout);
}

static rb_status run(rb_context *ctx, int argc, char **argv) {
  rb_arguments arguments;
  const rb_command *command = NULL;
  rb_status status = rb_arguments_parse(ctx, argc, argv, commands, COMMANDS, &arguments, &command);
  if (status != RB_OK) return status;
  ctx->quiet = arguments.quiet;
  if (arguments.version) {
    print_version(ctx);
  } else if (arguments.help || command == NULL) {
    rb_arguments_help(ctx, commands, COMMANDS, command);
  } else {
    status = command->run(ctx, &arguments);
  }
  return status == RB_OK ? rb_agree(ctx, rb_streams_flush(ctx)) : status;
}

int main(int argc, char **argv) {
  rb_streams_open();
  rb_blas_choose_kernels(argv);
  rb_signals_block();
  (void)gsl_set_error_handler_off();  // GSL would abort; its results are checked instead
  MPI_Init(&argc, &argv);
  rb_context ctx;
  rb_status status = rb_context_create(&ctx, MPI_COMM_WORLD);
  if (status == RB_OK) status = rb_agree(&ctx, rb_blas_reserve(&ctx));
  if (status == RB_OK) status = run(&ctx, argc, argv);
  if (ctx.error.code != RB_OK) rb_log_error(&ctx);
  rb_context_destroy(&ctx);
  MPI_Finalize();
  return rb_status_exit_code(status);
}
