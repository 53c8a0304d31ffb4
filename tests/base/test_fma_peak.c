#include "rb_test.h"
#include "rheobase/base/fma_peak.h"

/* No timing: only that every instruction set of this machine gives a rate. */
static void every_instruction_set_has_a_rate(void **state) {
  (void)state;
  for (int isa = RB_ISA_PORTABLE; isa <= (int)rb_cpu_best_isa(); ++isa) {
    const double rate = rb_fma_peak_gflops((rb_isa)isa, 0);
    assert_true(isfinite(rate) && rate > 0);
  }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(every_instruction_set_has_a_rate)};
RB_TEST_MAIN(tests)
