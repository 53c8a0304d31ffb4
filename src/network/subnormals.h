#ifndef RB_NETWORK_SUBNORMALS_H
#define RB_NETWORK_SUBNORMALS_H

#include <stdint.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/** @file subnormals.h
 * Subnormal numbers taken for 0 by the calling thread, for a while. Gradients decay through a
 * thousand time steps into them, and many processors (Intel's above all) need over a hundred cycles
 * for each operation on one: a step of training took 12 times as long. */

typedef uint64_t rb_float_mode;

/** From now on subnormal operands and results are 0, where the processor can. Local.
 * @return what rb_subnormals_restore() needs */
static inline rb_float_mode rb_subnormals_flush(void) {
#if defined(__x86_64__)
  enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x40 };
  const unsigned mode = _mm_getcsr();
  _mm_setcsr(mode | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
  return mode;
#elif defined(__aarch64__)
  const uint64_t flush_to_zero = UINT64_C(1) << 24;
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  __asm__ volatile("msr fpcr, %0" : : "r"(mode | flush_to_zero));
  return mode;
#else
  return 0;
#endif
}

/** Back to the mode before rb_subnormals_flush(). Local. */
static inline void rb_subnormals_restore(rb_float_mode mode) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)mode);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
  (void)mode;
#endif
}

#endif
