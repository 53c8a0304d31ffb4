#ifndef RB_NEURON_SETUP_H
#define RB_NEURON_SETUP_H

/* A neuron of the table of models with settings as an input file would write them. */

#include "model/neuron/neuron.h"
#include "rb_test.h"

static rb_status neuron_settings(const char *name, const char *text, rb_neuron_settings *settings,
                                 const rb_model_type **type) {
  rb_status status = RB_OK;
  RB_TRY(rb_model_type_find(&test_context, name, type));
  const rb_settings_table table = {(*type)->setting, (*type)->settings};
  memset(settings, 0, sizeof *settings);
  RB_TRY(rb_settings_defaults(&test_context, &table, settings));
  RB_TRY(rb_settings_parse(&test_context, &table, "test", text, settings));
  RB_TRY((*type)->load(&test_context, settings));
  RB_TRY((*type)->check(&test_context, settings));
cleanup:
  return status;
}

/* With the default prior. */
static rb_status neuron_model(const char *name, const char *text, rb_model *model) {
  rb_status status = RB_OK;
  rb_neuron_settings settings;
  const rb_model_type *type = NULL;
  RB_TRY(neuron_settings(name, text, &settings, &type));
  RB_TRY(rb_model_create(&test_context, type, &settings, 0, NULL, model));
cleanup:
  rb_neuron_unload(&settings);
  return status;
}

static void assert_neuron(const char *name, const char *text, rb_model *model) {
  const rb_status status = neuron_model(name, text, model);
  if (status != RB_OK) print_error("%s\n", test_context.error.message);
  assert_int_equal(status, RB_OK);
}

static inline const rb_neuron_state *neuron_state(const rb_model *model) { return model->state; }

#endif
