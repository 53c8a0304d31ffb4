#include <stdio.h>
#include <string.h>

#include "../commands.h"
#include "rheobase/model/model_type.h"

/* `rheobase models`: what a user can choose with `model = "name"`. */

enum { NAME = 16, WIDTH = 80 };  // columns of the name, and of all

/* Name and unit of each parameter, in lines as wide as fit. */
static void print_parameters(const rb_model_type *type) {
  int column = WIDTH;
  if (type->describe != NULL) {
    (void)printf("%*s parameters %s\n", NAME, "", type->parameters_from);
    return;
  }
  for (int r = 0; r < type->parameters; ++r) {
    const rb_prior_row *row = &type->prior[r];
    const bool pure = strcmp(row->unit, "1") == 0;
    char text[2 * sizeof row->name + 8];
    const int length = snprintf(text, sizeof text, "%s%s%s%s", row->name, pure ? "" : " ",
                                pure ? "" : row->unit, r + 1 < type->parameters ? "," : "");
    if (column + 1 + length > WIDTH) {
      (void)printf("%s%*s", r > 0 ? "\n" : "", NAME, "");
      column = NAME;
    }
    (void)printf(" %s", text);
    column += 1 + length;
  }
  (void)printf("\n");
}

rb_status rb_cmd_models(rb_context *ctx, const rb_arguments *arguments) {
  (void)arguments;
  if (ctx->rank != 0) return RB_OK;
  (void)printf("%-*s title; parameters; source\n", NAME, "model");
  for (const rb_model_type *const *type = rb_model_types; *type != NULL; ++type) {
    (void)printf("\n%-*s %s\n", NAME, (*type)->name, (*type)->title);
    print_parameters(*type);
    (void)printf("%*s %s\n", NAME, "", (*type)->source);
  }
  return RB_OK;
}
