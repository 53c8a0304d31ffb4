#include "rheobase/network/density_type.h"

#include <stddef.h>

#define RB_DENSITY(name) &rb_density_##name,
const rb_density_type *const rb_density_types[] = {
#include "rheobase/network/density_list.h"
    NULL};
#undef RB_DENSITY

#define RB_DENSITY(name) "|" #name
const char rb_density_names[] =
#include "rheobase/network/density_list.h"
    ;
#undef RB_DENSITY
