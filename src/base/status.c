#include "rheobase/base/status.h"

static const struct {
  int exit_code;
  const char *name, *meaning;
} table[] = {
#define RB_STATUS_ROW(name, exit_code, text) [name] = {exit_code, #name, text},
    RB_STATUS_LIST(RB_STATUS_ROW)
#undef RB_STATUS_ROW
};

int rb_status_exit_code(rb_status status) {
  return (unsigned)status < RB_STATUS_COUNT ? table[status].exit_code : 70;
}

const char *rb_status_meaning(rb_status status) {
  return (unsigned)status < RB_STATUS_COUNT ? table[status].meaning : "unknown status";
}

const char *rb_status_name(rb_status status) {
  return (unsigned)status < RB_STATUS_COUNT ? table[status].name : "unknown status";
}
