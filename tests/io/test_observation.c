#include "expect.h"
#include "rb_test.h"
#include "rheobase/hdf5_file.h"
#include "rheobase/observation.h"

/* Collective where it reads good files; failures are the same on all ranks. */

static const char good[] =
    "\xef\xbb\xbf# recorded yesterday\r\n"
    "voltage_mV; \"time_ms\"; spike ;comment\r\n"
    "-70.5;0;0;a\r\n"
    "\r\n"
    "-6.05e1;0.2;1;b\r\n"
    "-71;0.4;0;c\r\n";

static void put(const char *path, const char *text) {
  if (test_context.rank == 0) write_text(path, text);
  MPI_Barrier(test_context.comm);
}

static rb_status read_text_file(const char *text) {
  char path[64];
  (void)snprintf(path, sizeof path, "observation_%d.csv", test_context.size);
  put(path, text);
  rb_observation o;
  const rb_status status = rb_observation_read(&test_context, path, 3, 0.2, &o);
  rb_observation_free(&o);
  return status;
}

static void csv_is_read(void **state) {
  (void)state;
  char path[64];
  (void)snprintf(path, sizeof path, "observation_good_%d.csv", test_context.size);
  put(path, good);
  rb_observation o;
  assert_all_ok(rb_observation_read(&test_context, path, 3, 0.2, &o));
  assert_all_true(o.length == 3 && o.time_ms[1] == 0.2 && o.voltage_mV[0] == -70.5F &&
                  o.voltage_mV[1] == -60.5F && o.spike[1] == 1 && o.spike[2] == 0);
  rb_observation_free(&o);
  assert_all_ok(rb_observation_read(&test_context, path, -1, 0.2, &o));
  assert_all_true(o.length == 3);
  rb_observation_free(&o);
}

static void hdf5_is_read(void **state) {
  (void)state;
  char path[64];
  (void)snprintf(path, sizeof path, "observation_%d.h5", test_context.size);
  const double time[3] = {0, 0.2, 0.4};
  float voltage[3] = {-70, -60, -71};
  const uint8_t spike[3] = {0, 1, 0};
  const rb_field fields[3] = {{"time_ms", RB_F64, "3", "ms", "time", false},
                              {"voltage_mV", RB_F32, "3", "mV", "voltage", false},
                              {"spike", RB_U8, "3", "1", "spikes", false}};
  for (int bad = 0; bad < 2; ++bad) {
    rb_file *file = NULL;
    rb_observation o;
    if (bad) voltage[2] = NAN;
    assert_all_ok(rb_file_create(&test_context, path, "recording", 1, &file));
    assert_all_ok(rb_file_write(&test_context, file, &fields[0], time));
    assert_all_ok(rb_file_write(&test_context, file, &fields[1], voltage));
    assert_all_ok(rb_file_write(&test_context, file, &fields[2], spike));
    assert_all_ok(rb_file_commit(&test_context, &file));
    if (bad) {
      EXPECT_FAILURE(rb_observation_read(&test_context, path, 3, 0.2, &o), RB_ERR_FORMAT,
                     "voltage_mV holds a value that is not a number in row 2");
    } else {
      assert_all_ok(rb_observation_read(&test_context, path, 3, 0.2, &o));
      assert_all_true(o.length == 3 && o.voltage_mV[2] == -71 && o.spike[1] == 1);
    }
    rb_observation_free(&o);
  }
}

static void wrong_observations_are_refused(void **state) {
  (void)state;
  rb_observation o;
  EXPECT_FAILURE(rb_observation_read(&test_context, "absent.csv", 3, 0.2, &o), RB_ERR_FILE,
                 "absent.csv: cannot be read: No such file");
  EXPECT_FAILURE(rb_observation_read(&test_context, ".", 3, 0.2, &o), RB_ERR_FILE, "is a folder");
  EXPECT_FAILURE(read_text_file(""), RB_ERR_FORMAT, "is empty");
  EXPECT_FAILURE(read_text_file("time_ms,voltage,spike\n0,-70,0\n"), RB_ERR_FORMAT,
                 "the header has no column voltage_mV");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mv,spike\n0,-70,0\n"), RB_ERR_FORMAT,
                 "no column voltage_mV (but voltage_mv)");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike,spike\n"), RB_ERR_FORMAT, "twice");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike\n0,-70,0\n0.2,-70\n"), RB_ERR_FORMAT,
                 ":3: has 2 columns where the header has 3");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike\n0,-70,0\n0.2,nan,0\n0.4,-70,0\n"),
                 RB_ERR_FORMAT, ":3: voltage_mV is not a number: 'nan'");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike\n0,-70,0\n0.2,,0\n0.4,-70,0\n"),
                 RB_ERR_FORMAT, ":3: voltage_mV is not a number: ''");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike\n0,-70,0\n0.2,-70,2\n0.4,-70,0\n"),
                 RB_ERR_FORMAT, ":3: spike is 2; it must be 0 or 1");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike\n0,-70,0\n0.2,-70,0\n0.5,-70,0\n"),
                 RB_ERR_FORMAT, ":4: time_ms is 0.5 where steps of dt_ms = 0.2 lead to 0.4");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike\n0,-7e8,0\n0.2,-70,0\n0.4,-70,0\n"),
                 RB_ERR_FORMAT, "are these millivolts?");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike\n0,-70,0\n0.2,-70,0\n"), RB_ERR_FORMAT,
                 "has 2 samples where the input's T_ms and dt_ms make 3");
  EXPECT_FAILURE(read_text_file("time_ms,voltage_mV,spike\n"), RB_ERR_FORMAT, "has 0 samples");
}

static void currents_are_read(void **state) {
  (void)state;
  char path[64];
  double *pA = NULL;
  (void)snprintf(path, sizeof path, "current_%d.csv", test_context.size);
  static const char *const forms[] = {"200\n210.5\n", "current_pA\n200\n210.5\n",
                                      "time_ms\tcurrent_pA\n0\t200\n0.2\t210.5\n"};
  for (int i = 0; i < 3; ++i) {
    put(path, forms[i]);
    assert_all_ok(rb_current_read(&test_context, path, 2, &pA));
    assert_all_true(pA[0] == 200 && pA[1] == 210.5);
    free(pA);
  }
  put(path, "200\n2x\n");
  EXPECT_FAILURE(rb_current_read(&test_context, path, 2, &pA), RB_ERR_FORMAT,
                 ":2: current_pA is not a number: '2x'");
  put(path, "200\n");
  EXPECT_FAILURE(rb_current_read(&test_context, path, 2, &pA), RB_ERR_FORMAT, "has 1 samples");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(csv_is_read), cmocka_unit_test(hdf5_is_read),
    cmocka_unit_test(wrong_observations_are_refused), cmocka_unit_test(currents_are_read)};
RB_TEST_MAIN(tests)
