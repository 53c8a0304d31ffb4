#include "rheobase/base/cpu.h"

#include <stdlib.h>
#include <string.h>

#include "rheobase/base/context.h"

const char *rb_isa_name(rb_isa isa) {
  static const char *const names[RB_ISA_COUNT] = {"portable", "x86-64", "x86-64-v3", "x86-64-v4"};
  return (unsigned)isa < RB_ISA_COUNT ? names[isa] : "unknown";
}

rb_isa rb_cpu_best_isa(void) {
#if defined(RB_HAVE_X86_64_KERNELS) && defined(__clang__)
  // clang learnt the names of the levels late (17): by what tells them apart in practice
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("bmi2")) {
    return RB_ISA_X86_64;
  }
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512vl")
             ? RB_ISA_X86_64_V4
             : RB_ISA_X86_64_V3;
#elif defined(RB_HAVE_X86_64_KERNELS)
  if (__builtin_cpu_supports("x86-64-v4")) return RB_ISA_X86_64_V4;
  if (__builtin_cpu_supports("x86-64-v3")) return RB_ISA_X86_64_V3;
  return RB_ISA_X86_64;
#else
  return RB_ISA_PORTABLE;
#endif
}

/* The set of that name; RB_ISA_COUNT: none. */
static rb_isa isa_of(const char *name) {
  int i = 0;
  while (i < RB_ISA_COUNT && strcmp(name, rb_isa_name((rb_isa)i)) != 0) ++i;
  return (rb_isa)i;
}

rb_isa rb_cpu_wanted_isa(void) {
  const char *name = getenv("RB_KERNEL");
  const rb_isa wanted = name != NULL ? isa_of(name) : RB_ISA_COUNT;
  return wanted < RB_ISA_COUNT ? wanted : rb_cpu_best_isa();
}

rb_status rb_cpu_isa(rb_context *ctx, rb_isa *isa) {
  const rb_isa best = rb_cpu_best_isa();
  *isa = best;
  const char *name = getenv("RB_KERNEL");
  if (name == NULL || *name == '\0') return RB_OK;
  *isa = isa_of(name);
  if (*isa == RB_ISA_COUNT) {
    return RB_FAIL(ctx, RB_ERR_SETTING,
                   "RB_KERNEL=%s is unknown; use portable, x86-64, x86-64-v3 or x86-64-v4", name);
  }
  if (*isa > best) {
    return RB_FAIL(ctx, RB_ERR_UNSUPPORTED,
                   "RB_KERNEL=%s: this processor or build offers %s at most", name,
                   rb_isa_name(best));
  }
  return RB_OK;
}
