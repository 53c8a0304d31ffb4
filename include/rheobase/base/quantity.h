#ifndef RHEOBASE_QUANTITY_H
#define RHEOBASE_QUANTITY_H

/** @file quantity.h
 * A named number with its unit, as it appears in files, tables and figures. */

typedef struct rb_quantity {
  const char *name;         ///< e.g. "mass"; also the name in files
  const char *unit;         ///< e.g. "kg"; "1" where there is none
  const char *description;  ///< one line, e.g. "mass of the weight"
} rb_quantity;

#endif
