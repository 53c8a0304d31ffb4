#include "rb_test.h"
#include "rheobase/random/philox.h"

/* Known answers of Random123 (kat_vectors, philox4x32 10): counter, key, output. */
static void known_answers(void **state) {
  (void)state;
  static const uint32_t answers[3][10] = {
      {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
      {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
       0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
      {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
       0x94fdcceb, 0x5001e420, 0x24126ea1}};
  for (int i = 0; i < 3; ++i) {
    const uint32_t *a = answers[i];
    const rb_stream stream = {
        .seed = a[4] | (uint64_t)a[5] << 32, .word = a[1], .item = a[2] | (uint64_t)a[3] << 32};
    uint32_t out[4];
    rb_stream_block(stream, a[0], out);
    assert_memory_equal(out, &a[6], sizeof out);
  }
}

static void the_counter_holds_position_word_and_item(void **state) {
  (void)state;
  const rb_stream stream =
      rb_stream_make(45, RB_FOR_SBC, RB_RANDOM_CHAINS, 0xabcd, UINT64_C(0x123456789abcdef0));
  assert_int_equal(stream.word, RB_FOR_SBC << 24 | RB_RANDOM_CHAINS << 16 | 0xabcd);
  assert_true(stream.seed == 45 && stream.item == UINT64_C(0x123456789abcdef0));
}

static int compare_words(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* Purpose, kind and sub-index never share a stream word, so no two uses share numbers. */
static void streams_are_disjoint(void **state) {
  (void)state;
  static const uint16_t subs[] = {0, 1, 2, 255, 256, 257, 32767, 32768, 65535};
  enum { SUBS = sizeof subs / sizeof *subs };
  static uint32_t words[RB_PURPOSE_COUNT * RB_RANDOM_KIND_COUNT * SUBS];
  size_t n = 0;
  assert_true(RB_PURPOSE_COUNT <= 256 && RB_RANDOM_KIND_COUNT <= 256);
  for (int p = 0; p < RB_PURPOSE_COUNT; ++p) {
    for (int k = 0; k < RB_RANDOM_KIND_COUNT; ++k) {
      for (int s = 0; s < SUBS; ++s) {
        words[n++] = rb_stream_make(1, (rb_purpose)p, (rb_random_kind)k, subs[s], 0).word;
      }
    }
  }
  qsort(words, n, sizeof *words, compare_words);
  for (size_t i = 1; i < n; ++i) assert_true(words[i] != words[i - 1]);
}

static void uniforms_follow_their_definition(void **state) {
  (void)state;
  const rb_stream stream = rb_stream_make(7, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, 3);
  for (uint32_t index = 0; index < 100; ++index) {
    uint32_t block[4];
    rb_stream_block(stream, index / 2, block);
    const uint32_t low = block[index % 2 * 2], high = block[index % 2 * 2 + 1];
    const long double u = ((long double)((low | (uint64_t)high << 32) >> 12) + 0.5L) * 0x1p-52L;
    assert_true(rb_stream_uniform(stream, index) == (double)u);
    assert_true(u > 0 && u < 1);
  }
}

/* Mean and variance of 2e5 uniforms, and counts of integers; 5.5 standard errors: 4e-8. */
static void uniforms_and_integers_are_uniform(void **state) {
  (void)state;
  enum { N = 200000, FACES = 6 };
  const rb_stream stream = rb_stream_make(11, RB_FOR_TESTS, RB_RANDOM_PICKS, 0, 0);
  double sum = 0, squares = 0;
  int count[FACES] = {0};
  for (uint32_t i = 0; i < N; ++i) {
    const double u = rb_stream_uniform(stream, i) - 0.5;
    sum += u;
    squares += u * u;
    const int64_t face = rb_stream_integer(stream, i, FACES);
    assert_true(face >= 0 && face < FACES);
    ++count[face];
  }
  assert_near(sum / N, 0, 5.5 * sqrt(1.0 / 12 / N));
  assert_near(squares / N, 1.0 / 12, 5.5 * sqrt((1.0 / 80 - 1.0 / 144) / N));
  for (int f = 0; f < FACES; ++f) {
    assert_near(count[f], N / 6.0, 5.5 * sqrt(N * (1.0 / 6) * (5.0 / 6)));
  }
  assert_int_equal(rb_stream_integer(stream, 0, 1), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(known_answers), cmocka_unit_test(the_counter_holds_position_word_and_item),
    cmocka_unit_test(streams_are_disjoint), cmocka_unit_test(uniforms_follow_their_definition),
    cmocka_unit_test(uniforms_and_integers_are_uniform)};
RB_TEST_MAIN(tests)
