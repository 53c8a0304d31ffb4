#include "rheobase/network/summary_type.h"

#include <stddef.h>

#define RB_SUMMARY(name) &rb_summary_##name,
const rb_summary_type *const rb_summary_types[] = {
#include "rheobase/network/summary_list.h"
    NULL};
#undef RB_SUMMARY

#define RB_SUMMARY(name) "|" #name
const char rb_summary_names[] =
#include "rheobase/network/summary_list.h"
    ;
#undef RB_SUMMARY
