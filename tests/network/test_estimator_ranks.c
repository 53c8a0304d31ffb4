/* A micro-batch gives the same bits whichever rank computes it. */
#include "estimator_fixture.h"

/* A micro-batch's loss and gradient have the same bits on every rank, and when repeated. */
static void test_same_bits(void **state) {
  (void)state;
  const rb_network_settings settings = base_settings();
  fixture *f = new_fixture(&settings);
  const size_t bytes = (size_t)f->parameters->count * sizeof(rb_real);
  rb_real *root = NULL;
  assert_all_ok(RB_ALLOCATE(&test_context, root, f->parameters->count));
  for (int repeat = 0; repeat <= test_context.rank; ++repeat) evaluate(f, f->gradient);
  memcpy(root, f->gradient, bytes);
  MPI_Bcast(root, (int)bytes, MPI_BYTE, 0, test_context.comm);
  assert_all_true(memcmp(root, f->gradient, bytes) == 0);
  free(root);
  free_fixture(f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_same_bits),
};

RB_TEST_MAIN(tests)
