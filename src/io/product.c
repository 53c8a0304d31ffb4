#include "rheobase/io/product.h"

#define RB_PRODUCT(name, stage, file, schema, version) {stage, file, schema, version},
const rb_product_row rb_products[RB_PRODUCTS] = {
#include "rheobase/io/product_list.h"
};
#undef RB_PRODUCT

rb_status rb_product_create(rb_context *ctx, rb_product product, const char *path, rb_file **file) {
  return rb_file_create(ctx, path, rb_products[product].schema, rb_products[product].version, file);
}

rb_status rb_product_open(rb_context *ctx, rb_product product, const char *path, rb_file **file) {
  return rb_file_open(ctx, path, rb_products[product].schema, rb_products[product].version, file);
}

rb_status rb_product_open_one(rb_context *ctx, rb_product product, const char *path,
                              rb_file **file) {
  return rb_file_open_one(ctx, path, rb_products[product].schema, rb_products[product].version,
                          file);
}
