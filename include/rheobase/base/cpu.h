#ifndef RHEOBASE_CPU_H
#define RHEOBASE_CPU_H

#include "rheobase/base/status.h"

/** @file cpu.h
 * Instruction sets for which kernels (files named *_kernel.c) are compiled, in ascending order. */

struct rb_context;

typedef enum rb_isa {
  RB_ISA_PORTABLE,   ///< plain C, any processor
  RB_ISA_X86_64,     ///< SSE2
  RB_ISA_X86_64_V3,  ///< AVX2 and FMA
  RB_ISA_X86_64_V4,  ///< AVX-512
  RB_ISA_COUNT
} rb_isa;

/** @return "portable", "x86-64", "x86-64-v3" or "x86-64-v4". Local. */
const char *rb_isa_name(rb_isa isa);

/** Highest instruction set this processor and this build support. Local. */
rb_isa rb_cpu_best_isa(void);

/** The set named by the environment variable RB_KERNEL if it names one, else the best one. Local.
 */
rb_isa rb_cpu_wanted_isa(void);

/** The set named by the environment variable RB_KERNEL, else the best one.
 * Local. Fails if the name is unknown (RB_ERR_SETTING) or beyond the processor
 * (RB_ERR_UNSUPPORTED). */
RB_NODISCARD rb_status rb_cpu_isa(struct rb_context *ctx, rb_isa *isa);

#define RB_KERNEL_PASTE_(name, isa) name##_##isa
#define RB_KERNEL_PASTE(name, isa) RB_KERNEL_PASTE_(name, isa)
/** Inside a *_kernel.c file: @p name with the instruction set it is being compiled for. */
#define RB_KERNEL_SYMBOL(name) RB_KERNEL_PASTE(name, RB_KERNEL_ISA)

/** Outside: declares `extern const type name_<isa>` for each set, and selects the one for @p isa.
 */
#ifdef RB_HAVE_X86_64_KERNELS
#define RB_KERNEL_DECLARE(type, name) \
  extern const type name##_portable, name##_x86_64, name##_x86_64_v3, name##_x86_64_v4
#define RB_KERNEL_SELECT(name, isa)                \
  ((isa) == RB_ISA_X86_64_V4   ? &name##_x86_64_v4 \
   : (isa) == RB_ISA_X86_64_V3 ? &name##_x86_64_v3 \
   : (isa) == RB_ISA_X86_64    ? &name##_x86_64    \
                               : &name##_portable)
#else
#define RB_KERNEL_DECLARE(type, name) extern const type name##_portable
#define RB_KERNEL_SELECT(name, isa) ((void)(isa), &name##_portable)
#endif

#endif
