#include "records_column.h"

enum { D = 3, Q = 5, S = 4 };

static double number(int64_t dataset, rb_record field, int64_t index) {
  return (double)(dataset * 1000 + field * 20 + index);
}

static void fill(rb_records *records) {
  for (int64_t round = 0; round < records->partition.rounds; ++round) {
    const rb_range range = rb_partition_round(&records->partition, round);
    const int64_t row = rb_records_row(records, round);
    for (int64_t i = 0; i < range.count; ++i) {
      for (int f = 0; f < RB_RECORD_COUNT; ++f) {
        for (int64_t c = 0; c < records->columns[f]; ++c) {
          const double value = number(range.first + i, (rb_record)f, c);
          void *at = rb_records_at(records, (rb_record)f, row + i);
          switch (rb_record_fields()[f].type) {
            case RB_F32:
              ((float *)at)[c] = (float)value;
              break;
            case RB_I32:
              ((int32_t *)at)[c] = (int32_t)value;
              break;
            default:
              ((double *)at)[c] = value;
          }
        }
      }
    }
  }
}

/* For numbers of data sets with every kind of remainder, also fewer than ranks. */
static void columns_come_in_the_order_of_data_sets(void **state) {
  (void)state;
  for (int64_t N = 1; N < 40; N += 2) {
    rb_records records;
    double column[40];
    assert_all_ok(rb_records_create(&test_context, N, 4, D, Q, S, true, &records));
    fill(&records);
    bool same = true;
    for (int f = 0; f < RB_RECORD_COUNT; ++f) {
      const int64_t last = records.columns[f] - 1;
      records_column(&records, (rb_record)f, last, column);
      for (int64_t i = 0; i < N; ++i) same &= column[i] == number(i, (rb_record)f, last);
      int64_t row[40];
      for (int64_t i = 0; i < records.rows; ++i) row[i] = i;
      rb_records_own_column(&records, (rb_record)f, last, records.rows, row, column);
      for (int64_t round = 0; round < records.partition.rounds; ++round) {
        const rb_range range = rb_partition_round(&records.partition, round);
        const double *own = column + rb_records_row(&records, round);
        for (int64_t i = 0; i < range.count; ++i) {
          same &= own[i] == number(range.first + i, (rb_record)f, last);
        }
      }
    }
    assert_all_true(same);
    rb_records_free(&records);
  }
}

static void blocks_of_rows_are_gathered(void **state) {
  (void)state;
  enum { CHUNK = 4, BLOCK = 12 };
  for (int64_t N = 1; N < 60; N += 7) {
    rb_records records;
    int32_t rows[BLOCK * Q];
    assert_all_ok(rb_records_create(&test_context, N, CHUNK, D, Q, S, false, &records));
    assert_all_true(records.columns[RB_RECORD_DRAWS] == 0);
    fill(&records);
    bool same = true;
    for (int64_t first = 0; first < N; first += BLOCK) {
      const int64_t count = N - first < BLOCK ? N - first : BLOCK;
      assert_all_ok(rb_records_gather(&test_context, &records, RB_RECORD_RANK, first, count, rows));
      for (int64_t i = 0; i < count * Q && test_context.rank == 0; ++i) {
        same &= rows[i] == (int32_t)number(first + i / Q, RB_RECORD_RANK, i % Q);
      }
    }
    assert_all_true(same);
    rb_records_free(&records);
  }
}

/* What rank 0 deals out is what was gathered from other records. */
static void blocks_of_rows_are_scattered(void **state) {
  (void)state;
  enum { CHUNK = 4, BLOCK = 12 };
  for (int64_t N = 1; N < 60; N += 7) {
    rb_records records, copy;
    double rows[BLOCK * D], column[60];
    assert_all_ok(rb_records_create(&test_context, N, CHUNK, D, Q, S, false, &records));
    assert_all_ok(rb_records_create(&test_context, N, CHUNK, D, Q, S, false, &copy));
    fill(&records);
    for (int64_t first = 0; first < N; first += BLOCK) {
      const int64_t count = N - first < BLOCK ? N - first : BLOCK;
      assert_all_ok(rb_records_gather(&test_context, &records, RB_RECORD_SD, first, count, rows));
      assert_all_ok(rb_records_scatter(&test_context, &copy, RB_RECORD_SD, first, count, rows));
    }
    records_column(&copy, RB_RECORD_SD, D - 1, column);
    bool same = true;
    for (int64_t i = 0; i < N; ++i) same &= column[i] == number(i, RB_RECORD_SD, D - 1);
    assert_all_true(same);
    rb_records_free(&records);
    rb_records_free(&copy);
  }
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(columns_come_in_the_order_of_data_sets),
                                          cmocka_unit_test(blocks_of_rows_are_gathered),
                                          cmocka_unit_test(blocks_of_rows_are_scattered)};
RB_TEST_MAIN(tests)
