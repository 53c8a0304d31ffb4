#ifndef RHEOBASE_MODEL_TYPE_H
#define RHEOBASE_MODEL_TYPE_H

#include <stdio.h>

#include "rheobase/base/verify_report.h"
#include "rheobase/io/settings.h"
#include "rheobase/model/model.h"
#include "rheobase/model/prior.h"

/** @file model_type.h
 * The models the program knows, as a table: what a user chooses with `model = "name"`. A type makes
 * an rb_model from its settings and a prior. */

/** Bytes the settings of a type may take. */
enum { RB_MODEL_SETTINGS = 16384 };

/** Letters of rb_model_parameters_text. */
enum { RB_PARAMETERS_TEXT = 512 };

/** What an input, or a file it names, says of a model that is not compiled in. */
typedef struct rb_model_rows {
  int parameters;
  rb_prior_row prior[RB_PRIOR_ROWS];  ///< (parameters) default, in the order of theta's columns;
                                      ///< the distribution is "" where the input has to give one
  int settings;
  const rb_setting *setting;  ///< (settings) more of them, offsets into the type's own struct
} rb_model_rows;

typedef struct rb_model_type {
  const char *name;    ///< as in an input file
  const char *title;   ///< one line, e.g. "Two chemical species that eat each other"
  const char *source;  ///< publication that defines it

  const rb_setting *setting;  ///< (settings) rows "simulator.<name>", or rows of any groups that
                              ///< begin with a group's own row; offsets into the type's own struct
  int settings;
  size_t settings_size;  ///< of that struct, at most RB_MODEL_SETTINGS
  const char *recipe;    ///< settings outside of `simulator` that results depend on, as
                         ///< rb_settings_lines takes them: "program -program.batch"; NULL: none

  const rb_prior_row *prior;  ///< (parameters) the default; the order is that of theta's columns
  int parameters;
  const double *scale;  ///< (parameters) of rb_model, for the default prior; NULL: the prior's sds

  /** In place of `prior`, for a model that is not compiled in: finds its parameters, and settings
   * that only what the input names can tell, before the settings are read. @param settings zeros;
   * what it opens it keeps there, for `unload` @param rows zeros. What is missing from the input is
   * left to `check`. Collective. NULL: the type's own rows are all. */
  rb_status (*describe)(rb_context *ctx, const rb_settings_source *source, void *settings,
                        rb_model_rows *rows);
  const char *parameters_from;  ///< with describe: where they come from, as in
                                ///< "as the file says"

  /** Checks what concerns several settings. Local; fails with RB_ERR_SETTING. NULL: nothing. */
  rb_status (*check)(rb_context *ctx, const void *settings);

  /** Reads the files that settings name, and frees what was read. Collective and local. NULL:
   * there are none. @{ */
  rb_status (*load)(rb_context *ctx, void *settings);
  void (*unload)(void *settings);
  /** @} */

  /** For simulations that are there already: leaves out those that are invalid, at most that share
   * of them, when they are loaded. Called before load where they are to be skipped. Local. NULL:
   * they are found when they are made. */
  void (*skip_invalid)(void *settings, double limit);

  /** For simulations that are there already: how many there are for a purpose, once loaded. No
   * others can be made. Local. NULL: as many as one likes. */
  int64_t (*available)(const void *settings, rb_purpose purpose);

  /** Writes "simulator.<what> = <hash>" lines of what the files hold, for digests. NULL: none. */
  void (*digest)(const void *settings, FILE *stream);

  /** Fills what the simulator knows of rb_model: channels, axis, state, simulate, accepts and the
   * optional parts but the prior's, of which it may bring draw_prior. Its functions take all
   * parameters. Local. */
  rb_status (*create)(rb_context *ctx, const void *settings, rb_model *model);

  /** Give a model its features and its alternatives: tables of some MB, so only where they are
   * wanted. Local. NULL where there are none. @{ */
  rb_status (*add_features)(rb_context *ctx, rb_model *model);
  rb_status (*add_alternatives)(rb_context *ctx, rb_model *model);
  /** @} */

  const rb_verify_form *verify;  ///< its reference files, ended by a row without a name; NULL: none
} rb_model_type;

/** All types, ended by NULL; the first is the default. */
extern const rb_model_type *const rb_model_types[];

/** Its name in quotes, as an input file has it. */
extern const char rb_model_default[];

/** The type of that name. Local. Fails with RB_ERR_SETTING, naming the nearest known one. */
RB_NODISCARD rb_status rb_model_type_find(rb_context *ctx, const char *name,
                                          const rb_model_type **type);

/** Makes a model. @param settings of the type, loaded; what the model needs of them it copies
 * @param prior (parameters) in the type's order, or in the input's where that describes them; NULL:
 * the type's default
 * @param model the caller calls model->destroy. Local.
 * Fails with RB_ERR_SETTING as rb_prior_create and the type do. */
RB_NODISCARD rb_status rb_model_create(rb_context *ctx, const rb_model_type *type,
                                       const void *settings, int parameters,
                                       const rb_prior_row *prior, rb_model *model);

/** Whether the simulator takes what the prior draws, fixed parameters above all; not looked at
 * where invalid simulations are skipped, or are there already. Local. Fails with RB_ERR_SETTING. */
RB_NODISCARD rb_status rb_model_check_draw(rb_context *ctx, const rb_model *model);

/** Has invalid simulations skipped from now on (draw.h). Local. @param limit largest share of them
 */
void rb_model_skip_invalid(rb_model *model, double limit);

/** Name and value of each parameter: "omega = 3.2, tau = 10". Local. @param theta (D) @param text
 * (RB_PARAMETERS_TEXT) */
void rb_model_parameters_text(const rb_model *model, const double *theta, char *text);

/** Give a model what its type offers, if it does, and if its prior is the default: features and
 * alternatives know the default prior. Local. @{ */
RB_NODISCARD rb_status rb_model_add_features(rb_context *ctx, rb_model *model);
RB_NODISCARD rb_status rb_model_add_alternatives(rb_context *ctx, rb_model *model);
/** @} */

#endif
