#ifndef RHEOBASE_PRODUCT_H
#define RHEOBASE_PRODUCT_H

#include "rheobase/io/hdf5_file.h"

/** @file product.h
 * The files of a study as a table: which stage writes which file, of which schema. */

typedef enum rb_product {
#define RB_PRODUCT(name, stage, file, schema, version) RB_PRODUCT_##name,
#include "rheobase/io/product_list.h"
#undef RB_PRODUCT
  RB_PRODUCTS
} rb_product;

typedef struct rb_product_row {
  const char *stage;   ///< command that makes it
  const char *file;    ///< its name in the study's folder
  const char *schema;  ///< rb_file_create
  int version;
} rb_product_row;

extern const rb_product_row rb_products[RB_PRODUCTS];

/** rb_file_create, rb_file_open and rb_file_open_one for the product's schema and version; the file
 * may have another name. @{ */
RB_NODISCARD rb_status rb_product_create(rb_context *ctx, rb_product product, const char *path,
                                         rb_file **file);
RB_NODISCARD rb_status rb_product_open(rb_context *ctx, rb_product product, const char *path,
                                       rb_file **file);
RB_NODISCARD rb_status rb_product_open_one(rb_context *ctx, rb_product product, const char *path,
                                           rb_file **file);
/** @} */

#endif
