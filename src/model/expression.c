#include "expression.h"

#include <ctype.h>
#include <math.h>
#include <muParserDLL.h>
#include <string.h>

#include "rheobase/base/memory.h"
#include "rheobase/io/nearest.h"

struct rb_expression {
  muParserHandle_t parser;
  uint32_t uses;
};

/* Errors are asked for after the calls that can make them. */
static void no_handler(muParserHandle_t parser) { (void)parser; }

/* muParser's = assigns: an expression that changes what it refers to is no expression. */
static bool assigns(const char *text) {
  for (const char *c = strchr(text, '='); c != NULL; c = strchr(c + 1, '=')) {
    const bool comparison = c[1] == '=' || (c > text && strchr("=<>!", c[-1]) != NULL);
    if (!comparison) return true;
  }
  return false;
}

static bool is_known(const char *word, int names, const char *const *name) {
  for (int i = 0; i < names; ++i) {
    if (strcmp(word, name[i]) == 0) return true;
  }
  return false;
}

static rb_status not_understood(rb_context *ctx, muParserHandle_t parser, const char *where,
                                const char *text, int names, const char *const *name) {
  const int at = mupGetErrorPos(parser);
  const char *token = mupGetErrorToken(parser);
  if (rb_expression_name_is_valid(token) && !is_known(token, names, name)) {
    const char *nearest = rb_nearest(token, name, sizeof *name, names);
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s = \"%s\" refers to %.60s, which is unknown%s%s%s",
                   where, text, token, nearest != NULL ? "; did you mean " : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
  }
  return RB_FAIL(ctx, RB_ERR_SETTING, "%s = \"%s\" is not understood from character %d on", where,
                 text, (at >= 0 ? at : (int)strlen(text)) + 1);
}

static void find_uses(rb_expression *e, int names, const double *value) {
  const int used = mupGetExprVarNum(e->parser);
  for (int k = 0; k < used; ++k) {
    const char *name = NULL;
    double *at = NULL;
    mupGetExprVar(e->parser, (unsigned)k, &name, &at);
    if (at >= value && at < value + names) e->uses |= UINT32_C(1) << (at - value);
  }
}

rb_status rb_expression_create(rb_context *ctx, const char *where, const char *text, int names,
                               const char *const *name, double *value, rb_expression **expression) {
  rb_status status = RB_OK;
  rb_expression *e = NULL;
  int values = 0;
  if (assigns(text)) {
    return RB_FAIL(ctx, RB_ERR_SETTING, "%s = \"%s\" assigns; write a formula", where, text);
  }
  RB_TRY(RB_ALLOCATE(ctx, e, 1));
  e->parser = mupCreate(muBASETYPE_FLOAT);
  if (e->parser == NULL) RB_TRY(RB_FAIL(ctx, RB_ERR_MEMORY, "out of memory"));
  mupSetErrorHandler(e->parser, no_handler);
  for (int i = 0; i < names; ++i) mupDefineVar(e->parser, name[i], &value[i]);
  mupSetExpr(e->parser, text);
  (void)mupEvalMulti(e->parser, &values);
  // Asking for an error forgets it.
  if (mupError(e->parser)) RB_TRY(not_understood(ctx, e->parser, where, text, names, name));
  find_uses(e, names, value);
  if (values != 1)
    RB_TRY(RB_FAIL(ctx, RB_ERR_SETTING, "%s = \"%s\" is not one number", where, text));
  *expression = e;
  e = NULL;
cleanup:
  rb_expression_free(e);
  return status;
}

void rb_expression_free(rb_expression *expression) {
  if (expression == NULL) return;
  if (expression->parser != NULL) mupRelease(expression->parser);
  free(expression);
}

double rb_expression_value(const rb_expression *expression) {
  const double value = mupEval(expression->parser);
  return mupError(expression->parser) ? NAN : value;
}

uint32_t rb_expression_uses(const rb_expression *expression) { return expression->uses; }

bool rb_expression_name_is_valid(const char *name) {
  if (!isalpha((unsigned char)name[0])) return false;
  for (const char *c = name; *c != '\0'; ++c) {
    if (!isalnum((unsigned char)*c) && *c != '_') return false;
  }
  return true;
}
