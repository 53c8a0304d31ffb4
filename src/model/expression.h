#ifndef RB_MODEL_EXPRESSION_H
#define RB_MODEL_EXPRESSION_H

#include <stdint.h>

#include "rheobase/base/context.h"

/** @file expression.h
 * A formula of named numbers, such as "min(a - 0.5, 2 * b)". Operators, functions (min, max, exp,
 * ln, sqrt, abs, ...) and the constants _pi and _e are muParser's. All functions are local. */

enum { RB_EXPRESSION_NAMES = 32 };

typedef struct rb_expression rb_expression;

/** Compiles @p text. @param where what it is the value of, for errors @param name (names) what it
 * may refer to @param value (names) where the values of these stand when it is evaluated; has to
 * outlive it
 * @param expression the caller calls rb_expression_free
 * Fails with RB_ERR_SETTING and what is wrong; a name that is unknown is given with the nearest
 * known one. */
RB_NODISCARD rb_status rb_expression_create(rb_context *ctx, const char *where, const char *text,
                                            int names, const char *const *name, double *value,
                                            rb_expression **expression);

void rb_expression_free(rb_expression *expression);

/** Its value for the values of now; may be infinite or NaN. */
double rb_expression_value(const rb_expression *expression);

/** Bit i is set if it refers to name i. */
uint32_t rb_expression_uses(const rb_expression *expression);

/** Whether a name can stand in expressions: a letter, then letters, digits and underscores. */
bool rb_expression_name_is_valid(const char *name);

#endif
