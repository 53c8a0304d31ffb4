#include "stored_attributes.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheobase/io/unit.h"

/* An attribute that makes of numbers other values, unless all its own are `neutral`. */
typedef struct packing {
  const char *attribute;
  double neutral;
} packing;

enum { MOST = 64 };                   // numbers of an attribute
static const double SINGLE = 1.2e-7;  // how far numbers in single precision are rounded

rb_status rb_stored_check_packing(rb_context *ctx, const rb_file *file, const char *path,
                                  const char *array) {
  static const packing packings[] = {
      {"scale_factor", 1}, {"add_offset", 0}, {"_FillValue", NAN}, {"missing_value", NAN}};
  rb_status status = RB_OK;
  for (size_t k = 0; k < sizeof packings / sizeof *packings; ++k) {
    const packing *p = &packings[k];
    double value[MOST];
    int count = 0;
    if (!rb_file_has_attribute(file, array, p->attribute)) continue;
    RB_TRY(rb_file_get_doubles(ctx, file, array, p->attribute, MOST, &count, value));
    for (int i = 0; i < count; ++i) {
      if (value[i] == p->neutral || (isnan(value[i]) && isnan(p->neutral))) continue;
      RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                     "%s: %s has the attribute %s = %g: its numbers are not the values; a table "
                     "takes these, as floating point, with NaN where one is missing",
                     path, array, p->attribute, value[i]));
    }
  }
cleanup:
  return status;
}

rb_status rb_stored_check_unit(rb_context *ctx, const rb_file *file, const char *path,
                               const char *array, const char *unit) {
  rb_status status = RB_OK;
  char *own = NULL;
  int exponent = 0;
  if (!rb_file_has_attribute(file, array, "units")) return RB_OK;
  RB_TRY(rb_file_get_string(ctx, file, array, "units", &own));
  const bool same = own[strspn(own, " ")] == '\0' || strcmp(own, unit) == 0 ||
                    (rb_unit_exponent(own, unit, &exponent) && exponent == 0);
  if (!same) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: %s is in %.40s, as its attribute units says, and in %s in table.channels",
                   path, array, own, unit));
  }
cleanup:
  free(own);
  return status;
}

rb_status rb_stored_check_step(rb_context *ctx, const rb_file *file, const char *path,
                               const char *group, const rb_described *described) {
  rb_status status = RB_OK;
  int64_t count = 0;
  double *at = NULL;
  char array[64], type[RB_TYPE_TEXT];
  (void)snprintf(array, sizeof array, "%s%s", group, described->axis.name);
  if (!rb_file_has(file, array)) return RB_OK;
  RB_TRY(rb_file_read_last_row(ctx, file, array, 1, &count, &at));
  RB_TRY(rb_file_stored_type(ctx, file, array, type));
  if (count < 2) goto cleanup;
  const double step = (at[count - 1] - at[0]) / (double)(count - 1);
  const double size = (fabs(at[0]) + fabs(at[count - 1])) / (double)(count - 1);
  const double rounding = (strcmp(type, "float32") == 0 ? SINGLE : DBL_EPSILON) * size;
  if (!(fabs(step - described->step) <= 1e-5 * described->step + rounding) || !isfinite(step)) {
    RB_TRY(RB_FAIL(ctx, RB_ERR_FORMAT,
                   "%s: the steps of %s are %g %s, those of the study %g (table.step)", path, array,
                   step, described->axis.unit, described->step));
  }
cleanup:
  free(at);
  return status;
}
