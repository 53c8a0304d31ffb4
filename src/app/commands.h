#ifndef RB_APP_COMMANDS_H
#define RB_APP_COMMANDS_H

#include "input/arguments.h"

/** @file commands.h
 * The subcommands, one file cmd_<name>.c each (the stages of a study share cmd_stage.c).
 * Collective. */

RB_NODISCARD rb_status rb_cmd_run(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_simulate(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_train(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_baseline(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_calibrate(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_infer(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_predict(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_refine(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_report(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_collect(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_config(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_models(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_try(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_info(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_bench(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_import(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_scale(rb_context *ctx, const rb_arguments *arguments);
RB_NODISCARD rb_status rb_cmd_verify(rb_context *ctx, const rb_arguments *arguments);

#endif
