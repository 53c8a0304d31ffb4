#include <hdf5.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"
#include "rb_test.h"
#include "rheobase/io/observation.h"

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

static const rb_column columns[2] = {
    {.name = "voltage_mV", .other = "voltage", .unit = "mV", .least = 1, .most = 1e4},
    {.name = "spike", .other = "spikes", .unit = "1", .binary = true}};
static const char remedy[] = "do something else";

static rb_sampling every(double step, int64_t length) {
  return (rb_sampling){
      .name = "time_ms", .unit = "ms", .step = step, .length = length, .remedy = remedy};
}

static int64_t found;  // samples, of the last recording
static float *x;       // (2, found)

static rb_status read_file(const char *path, rb_sampling sampling) {
  free(x);
  x = NULL;
  return rb_observation_read(&test_context, path, 2, columns, &sampling, &found, &x);
}

/* The name of a file of this number of ranks. */
static const char *own_path(const char *ending) {
  static char path[64];
  (void)snprintf(path, sizeof path, "observation_%d%s", test_context.size, ending);
  return path;
}

static rb_status read_sampled(const char *text, rb_sampling sampling) {
  const char *path = own_path(".csv");
  put(path, text);
  return read_file(path, sampling);
}

static rb_status read_text_file(const char *text) { return read_sampled(text, every(0.2, 3)); }

/* A file whose times are text(i, NULL) printed by a format. */
static rb_status read_times(const char *format, double first, double spacing, double step,
                            int lost) {
  enum { ROWS = 40 };
  char text[ROWS * 64] = "time_ms,voltage_mV,spike\n";
  for (int i = 0, row = 0; i < ROWS; ++i) {
    if (i == lost) continue;
    char line[64], time[40];
    (void)snprintf(time, sizeof time, format,
                   first + (double)(row + (i > lost && lost > 0)) * spacing);
    (void)snprintf(line, sizeof line, "%s,-65,0\n", time);
    (void)strcat(text, line);
    ++row;
  }
  return read_sampled(text, every(step, -1));
}

static void csv_is_read(void **state) {
  (void)state;
  static const char *const forms[] = {
      good,
      "# time_ms,voltage_mV,spike\n0,-70.5,0\n0.2,-60.5,1\n0.4,-71,0\n",
      "# by numpy\n# time_ms voltage_mV spike\n#\n0.0e+00 -7.05e+01 0\n2.0e-01 -60.5 1\n4e-1 -71 "
      "0\n",
      "time_ms  voltage   spikes\n 0  -70.5  0\n 0.2  -60.5  1\n 0.4 -71 0\n",
      ",time_ms,voltage,spikes\n0,0,-70.5,False\n1,0.2,-60.5,True\n2,0.4,-71,False\n",
      "time_ms\tvoltage_mV\tspike\r\n0\t-70.5\t0\r\n0.2\t-60.5\t1\r\n0.4\t-71\t0\r\n"};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; ++i) {
    assert_all_ok(read_text_file(forms[i]));
    assert_all_true(found == 3 && x[0] == -70.5F && x[1] == -60.5F && x[2] == -71);
    assert_all_true(x[3] == 0 && x[4] == 1 && x[5] == 0);
  }
  assert_all_ok(read_sampled(good, every(0.2, -1)));
  assert_all_true(found == 3);
}

/* --- HDF5 --- */

/* An array of the file that is being written, as h5py and others would. Rank 0 writes. */
typedef struct stored {
  const char *name;
  hid_t type;  // in the file
  double value[3];
  const char *unit;  // NULL: none
  double factor;     // scale_factor, 0: none
  double offset;     // add_offset
  int missing;       // marks in `mark`
  const char *mark_name;
  double mark[2];
  double fill;       // of the array's own, for what is not written; 0: none
  bool is_unsigned;  // says that its signed numbers are not
  int rank;          // 2: one row, else a vector
} stored;

static void put_number(hid_t array, const char *name, int count, const double *value) {
  const hsize_t length = (hsize_t)count;
  const hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &length, NULL);
  const hid_t attribute = H5Acreate2(array, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Awrite(attribute, H5T_NATIVE_DOUBLE, value) >= 0);
  H5Aclose(attribute);
  H5Sclose(space);
}

static void put_text(hid_t array, const char *name, const char *value) {
  const hid_t space = H5Screate(H5S_SCALAR), type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  const hid_t attribute = H5Acreate2(array, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(H5Awrite(attribute, type, &value) >= 0);
  H5Aclose(attribute);
  H5Tclose(type);
  H5Sclose(space);
}

static void put_array(hid_t file, const stored *s) {
  const hsize_t shape[2] = {s->rank == 2 ? 1 : 3, 3};
  const hid_t space = H5Screate_simple(s->rank == 2 ? 2 : 1, shape, NULL);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  if (s->fill != 0) H5Pset_fill_value(list, H5T_NATIVE_DOUBLE, &s->fill);
  const hid_t array = H5Dcreate2(file, s->name, s->type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  H5Pclose(list);
  if (H5Tget_class(s->type) == H5T_ENUM || H5Tget_class(s->type) == H5T_BITFIELD) {
    const signed char bytes[3] = {(signed char)s->value[0], (signed char)s->value[1],
                                  (signed char)s->value[2]};
    assert_true(H5Dwrite(array, s->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0);
  } else {
    assert_true(H5Dwrite(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, s->value) >= 0);
  }
  if (s->unit != NULL) put_text(array, "units", s->unit);
  if (s->factor != 0) put_number(array, "scale_factor", 1, &s->factor);
  if (s->offset != 0) put_number(array, "add_offset", 1, &s->offset);
  if (s->missing > 0) put_number(array, s->mark_name, s->missing, s->mark);
  if (s->is_unsigned) put_text(array, "_Unsigned", "true");
  H5Dclose(array);
  H5Sclose(space);
}

/* @param group of the arrays, "/" or "/observation" @param user_block 0, or bytes before the file's
 * signature, as MATLAB writes them */
static const char *put_hdf5(const char *group, hsize_t user_block, const stored *time,
                            const stored *voltage, const stored *spike) {
  const char *path = own_path(".h5");
  if (test_context.rank == 0) {
    const hid_t list = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(list, user_block);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, list, H5P_DEFAULT);
    assert_true(file >= 0);
    const hid_t place = strcmp(group, "/") == 0
                            ? H5Gopen2(file, group, H5P_DEFAULT)
                            : H5Gcreate2(file, group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (time != NULL) put_array(file, time);
    put_array(place, voltage);
    put_array(place, spike);
    H5Gclose(place);
    H5Fclose(file);
    H5Pclose(list);
  }
  MPI_Barrier(test_context.comm);
  return path;
}

static stored some_time(void) {
  return (stored){.name = "time_ms", .type = H5T_IEEE_F64LE, .value = {0, 0.2, 0.4}};
}
static stored some_voltage(void) {
  return (stored){.name = "voltage_mV", .type = H5T_IEEE_F64LE, .value = {-70, -60, -71}};
}
static stored some_spike(void) {
  return (stored){.name = "spike", .type = H5T_STD_U8LE, .value = {0, 1, 0}};
}

static rb_status read_hdf5(const stored *time, const stored *voltage, const stored *spike) {
  const stored t = some_time(), v = some_voltage(), s = some_spike();
  return read_file(put_hdf5("/", 0, time != NULL ? time : &t, voltage != NULL ? voltage : &v,
                            spike != NULL ? spike : &s),
                   every(0.2, 3));
}

static void expect_values(void) {
  assert_all_true(found == 3 && x[0] == -70 && x[1] == -60 && x[2] == -71);
  assert_all_true(x[3] == 0 && x[4] == 1 && x[5] == 0);
}

static void hdf5_is_read(void **state) {
  (void)state;
  assert_all_ok(read_hdf5(NULL, NULL, NULL));
  expect_values();
  // MATLAB: a user block, vectors that are matrices.
  stored t = some_time(), v = some_voltage(), s = some_spike();
  t.rank = v.rank = s.rank = 2;
  assert_all_ok(read_file(put_hdf5("/", 512, &t, &v, &s), every(0.2, 3)));
  expect_values();
  assert_all_ok(read_file(put_hdf5("/", 2048, &t, &v, &s), every(0.2, 3)));
  expect_values();
  // Our own files: another group, other names.
  v = some_voltage(), s = some_spike();
  v.name = "voltage";
  s.name = "spikes";
  assert_all_ok(read_file(put_hdf5("/observation", 0, &t, &v, &s), every(0.2, 3)));
  expect_values();
  v.value[2] = NAN;
  EXPECT_FAILURE(read_hdf5(NULL, &v, NULL), RB_ERR_FORMAT, "voltage: row 2 is missing (nan)");
}

static void booleans_are_read(void **state) {
  (void)state;
  stored s = some_spike();
  const signed char no = 0, yes = 1;
  s.type = H5Tenum_create(H5T_NATIVE_SCHAR);
  H5Tenum_insert(s.type, "FALSE", &no);
  H5Tenum_insert(s.type, "TRUE", &yes);
  assert_all_ok(read_hdf5(NULL, NULL, &s));
  expect_values();
  H5Tclose(s.type);
  s.type = H5T_STD_B8LE;  // of PyTables
  assert_all_ok(read_hdf5(NULL, NULL, &s));
  expect_values();
  s.type = H5T_IEEE_F32LE;
  s.value[2] = 0.5;
  EXPECT_FAILURE(read_hdf5(NULL, NULL, &s), RB_ERR_FORMAT,
                 "row 2: spike is 0.5; it must be 0 or 1");
}

static void units_are_converted(void **state) {
  (void)state;
  static const struct {
    const char *unit;
    double size;  // of a millivolt
  } potentials[] = {{"V", 1e-3},         {"volt", 1e-3},
                    {"Volts", 1e-3},     {"mV", 1},
                    {" mV ", 1},         {"millivolt", 1},
                    {"millivolts", 1},   {"uV", 1e3},
                    {"\xc2\xb5V", 1e3},  {"\xce\xbcV", 1e3},
                    {"microvolts", 1e3}, {"nV", 1e6},
                    {"kV", 1e-6},        {"", 1}};
  for (size_t i = 0; i < sizeof potentials / sizeof *potentials; ++i) {
    stored v = some_voltage();
    v.unit = potentials[i].unit;
    for (int k = 0; k < 3; ++k) v.value[k] *= potentials[i].size;
    assert_all_ok(read_hdf5(NULL, &v, NULL));
    expect_values();
  }
  static const struct {
    const char *unit;
    double size;  // of a millisecond
  } times[] = {{"s", 1e-3},
               {"sec", 1e-3},
               {"seconds", 1e-3},
               {"ms", 1},
               {"msec", 1},
               {"us", 1e3},
               {"microseconds", 1e3},
               {"ns", 1e6},
               {"milliseconds since 2020-01-01 00:00:00", 1}};
  for (size_t i = 0; i < sizeof times / sizeof *times; ++i) {
    stored t = some_time();
    t.unit = times[i].unit;
    for (int k = 0; k < 3; ++k) t.value[k] *= times[i].size;
    assert_all_ok(read_hdf5(&t, NULL, NULL));
    expect_values();
  }
  static const char *const wrong[] = {"GV", "pA", "s", "mv", "furlong", "S", "1", "dimensionless"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    stored v = some_voltage();
    v.unit = wrong[i];
    EXPECT_FAILURE(read_hdf5(NULL, &v, NULL), RB_ERR_FORMAT,
                   "which is not understood: give it in mV");
  }
}

static void packed_numbers_are_unpacked(void **state) {
  (void)state;
  stored v = some_voltage();
  v = (stored){.name = "voltage_mV",
               .type = H5T_STD_I16LE,
               .value = {-20000, 0, -22000},
               .unit = "V",
               .factor = 0.5e-6,
               .offset = -0.06};
  assert_all_ok(read_hdf5(NULL, &v, NULL));
  expect_values();
  static const struct {
    const char *name;
    int count;
    double mark[2], number;
    int kind;  // 0: int16, 1: float32, 2: float64
  } missing[] = {{"_FillValue", 1, {-32768}, -32768, 0},
                 {"missing_value", 2, {-9999, 32767}, 32767, 0},
                 {"_FillValue", 1, {1e20}, 1e20, 1},
                 {"missing_value", 1, {-999}, -999, 2},
                 {"valid_range", 2, {-22000, 5}, 6, 0},
                 {"valid_min", 1, {-22000}, -22001, 0},
                 {"valid_max", 1, {0}, 1, 2}};
  for (size_t i = 0; i < sizeof missing / sizeof *missing; ++i) {
    v.type = missing[i].kind == 0   ? H5T_STD_I16LE
             : missing[i].kind == 1 ? H5T_IEEE_F32LE
                                    : H5T_IEEE_F64LE;
    v.mark_name = missing[i].name;
    v.missing = missing[i].count;
    memcpy(v.mark, missing[i].mark, sizeof v.mark);
    v.value[1] = missing[i].number;
    EXPECT_FAILURE(read_hdf5(NULL, &v, NULL), RB_ERR_FORMAT, "voltage_mV: row 1 is missing");
    v.value[1] = 0;
    assert_all_ok(read_hdf5(NULL, &v, NULL));
    expect_values();
  }
  v.missing = 0;
  v.fill = v.value[2];
  EXPECT_FAILURE(read_hdf5(NULL, &v, NULL), RB_ERR_FORMAT, "voltage_mV: row 2 is missing");
  v.fill = 0;
  v.factor = NAN;
  EXPECT_FAILURE(read_hdf5(NULL, &v, NULL), RB_ERR_FORMAT, "scale_factor is not a finite number");
  // Times that are whole numbers of microseconds.
  const stored t = {.name = "time_ms", .type = H5T_STD_I64LE, .value = {0, 333, 667}, .unit = "us"};
  const stored own = some_voltage(), s = some_spike();
  assert_all_ok(read_file(put_hdf5("/", 0, &t, &own, &s), every(1.0 / 3, 3)));
}

/* As NetCDF 3 writes whole numbers from 0 to 65535. */
static void unsigned_numbers_in_signed_ones(void **state) {
  (void)state;
  stored v = {.name = "voltage_mV",
              .type = H5T_STD_I16LE,
              .value = {-25536, -5536, -27536},
              .unit = "V",
              .factor = 0.5e-6,
              .offset = -0.09,
              .is_unsigned = true};
  assert_all_ok(read_hdf5(NULL, &v, NULL));
  expect_values();
  v.mark_name = "valid_range";
  v.missing = 2;
  v.mark[0] = 0;
  v.mark[1] = -5537;  // 59999
  EXPECT_FAILURE(read_hdf5(NULL, &v, NULL), RB_ERR_FORMAT, "voltage_mV: row 1 is missing");
}

static void wrong_hdf5_is_refused(void **state) {
  (void)state;
  stored v = some_voltage(), t = some_time(), s = some_spike();
  v.name = "voltage_V";
  EXPECT_FAILURE(read_hdf5(NULL, &v, NULL), RB_ERR_FORMAT, "no array voltage_mV (but voltage_V)");
  t.name = "time";
  EXPECT_FAILURE(read_hdf5(&t, NULL, NULL), RB_ERR_FORMAT, "has no array time_ms (but time)");
  // The same column under both names.
  v = some_voltage();
  s.name = "voltage";
  EXPECT_FAILURE(read_hdf5(NULL, &v, &s), RB_ERR_FORMAT,
                 "column voltage_mV is there twice: voltage_mV and voltage");
  for (int k = 0; k < 3; ++k) v.value[k] = -0.07;
  EXPECT_FAILURE(read_hdf5(NULL, &v, NULL), RB_ERR_FORMAT,
                 "voltage_mV is nowhere larger than 0.07; is that in mV?");
}

static size_t no_filter(unsigned flags, size_t count, const unsigned *values, size_t bytes,
                        size_t *size, void **buffer) {
  (void)flags, (void)count, (void)values, (void)size, (void)buffer;
  return bytes;
}

static void an_absent_filter_is_named(void **state) {
  (void)state;
  const stored t = some_time(), v = some_voltage(), s = some_spike();
  const char *path = put_hdf5("/", 0, &t, &v, &s);
  if (test_context.rank == 0) {
    // A filter as h5py has one of its own; it is known only while the file is written.
    static const H5Z_class2_t lzf = {H5Z_CLASS_T_VERS, 32000, 1, 1, "lzf", NULL, NULL, no_filter};
    assert_true(H5Zregister(&lzf) >= 0);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hsize_t length = 3;
    const hid_t space = H5Screate_simple(1, &length, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
    H5Ldelete(file, "voltage_mV", H5P_DEFAULT);
    H5Pset_chunk(list, 1, &length);
    H5Pset_filter(list, 32000, H5Z_FLAG_OPTIONAL, 0, NULL);
    const hid_t array =
        H5Dcreate2(file, "voltage_mV", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(H5Dwrite(array, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v.value) >= 0);
    H5Dclose(array);
    H5Pclose(list);
    H5Sclose(space);
    H5Fclose(file);
    assert_true(H5Zunregister(lzf.id) >= 0);
  }
  MPI_Barrier(test_context.comm);
  EXPECT_FAILURE(read_file(path, every(0.2, 3)), RB_ERR_UNSUPPORTED,
                 "voltage_mV is compressed by the filter lzf (number 32000)");
}

static void a_link_that_leads_nowhere_is_named(void **state) {
  (void)state;
  const stored t = some_time(), v = some_voltage(), s = some_spike();
  for (int external = 0; external < 2; ++external) {
    const char *path = put_hdf5("/", 0, &t, &v, &s);
    if (test_context.rank == 0) {
      const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
      H5Ldelete(file, "voltage_mV", H5P_DEFAULT);
      if (external == 1) {
        H5Lcreate_external("gone.h5", "/v", file, "voltage_mV", H5P_DEFAULT, H5P_DEFAULT);
      } else {
        H5Lcreate_soft("/v", file, "voltage_mV", H5P_DEFAULT, H5P_DEFAULT);
      }
      H5Fclose(file);
    }
    MPI_Barrier(test_context.comm);
    EXPECT_FAILURE(read_file(path, every(0.2, 3)), RB_ERR_FORMAT,
                   external == 1 ? "voltage_mV is a link to gone.h5, which is not there"
                                 : "voltage_mV is a link to /v, which is not there");
  }
}

/* --- Refusals --- */

/* Asserts that times are refused as other ones, not as rounded ones. */
static void assert_off(rb_status status) {
  assert_all_true(status == RB_ERR_FORMAT &&
                  strstr(test_context.error.message, ": time_ms is ") != NULL &&
                  strstr(test_context.error.message, "coarsely") == NULL);
  rb_error_clear(&test_context);
}

static void times_have_to_lie_on_the_grid(void **state) {
  (void)state;
  // What is rounded, in text or as float32, is accepted wherever the recording begins.
  assert_all_ok(read_times("%.4f", 0, 0.2, 0.2, -1));
  assert_all_ok(read_times("%.1f", 43200000, 0.2, 0.2, -1));
  assert_all_ok(read_times("%.18e", 200000, 0.2, 0.2, -1));
  assert_all_ok(read_times("%.2f", -3, 0.05, 0.05, -1));
  assert_all_ok(read_times("%.3f", 0, 1.0 / 30, 1.0 / 30, -1));
  // Lost samples, another step and other units are not, wherever it begins.
  static const double begins[] = {0, 200000, 43200000};
  for (int i = 0; i < 3; ++i) {
    EXPECT_FAILURE(read_times("%.4f", begins[i], 0.2, 0.2, 20), RB_ERR_FORMAT,
                   ".csv:22: time_ms is ");
    EXPECT_FAILURE(read_times("%.4f", begins[i], 0.1, 0.2, -1), RB_ERR_FORMAT,
                   ".csv:3: time_ms is ");
    EXPECT_FAILURE(read_times("%.4f", begins[i], 0.21, 0.2, -1), RB_ERR_FORMAT, ": time_ms is ");
    EXPECT_FAILURE(read_times("%.7f", begins[i] / 1000, 0.0002, 0.2, -1), RB_ERR_FORMAT,
                   ".csv:3: time_ms is ");
    EXPECT_FAILURE(read_times("%.4f", begins[i], -0.2, 0.2, -1), RB_ERR_FORMAT,
                   ".csv:3: time_ms is ");
  }
  EXPECT_FAILURE(read_times("%.4f", 0, 0.201, 0.2, -1), RB_ERR_FORMAT, ".csv:3: time_ms is 0.201");
  // Zeros that are left out ("0", "10") make no time coarser than the others of its size.
  assert_all_ok(read_times("%g", 0, 0.2, 0.2, -1));
  assert_all_ok(read_times("%.17g", 0, 0.2, 0.2, -1));
  assert_all_ok(read_times("%.5g", 990, 0.25, 0.25, -1));
  assert_off(read_times("%g", 0, 0.1998, 0.2, -1));
  assert_off(read_times("%g", 0, 0.1, 0.2, -1));
  assert_off(read_times("%g", 0, 0.2, 0.2, 20));
  // Rounded more coarsely than a tenth of a step: no column of times then.
  EXPECT_FAILURE(read_times("%.2f", 0, 0.025, 0.025, -1), RB_ERR_FORMAT,
                 "where steps of 0.025 ms lead to 0.025; the times are rounded too coarsely: "
                 "do something else");
  rb_sampling known = every(0.025, 3);
  known.known = true;
  assert_all_ok(read_sampled("time_ms,voltage_mV,spike\n0,-65,0\n0.03,-66,1\n0.05,-67,0\n", known));
  assert_all_true(x[2] == -67 && x[4] == 1);
  assert_all_ok(read_sampled("voltage_mV,spike\n-65,0\n-66,1\n-67,0\n", known));
  EXPECT_FAILURE(read_sampled("voltage_mV,spike\n-65,0\n-66,1\n", known), RB_ERR_FORMAT,
                 "has 2 samples");
}

static void wrong_observations_are_refused(void **state) {
  (void)state;
  EXPECT_FAILURE(read_file("absent.csv", every(0.2, 3)), RB_ERR_FILE,
                 "absent.csv: cannot be read: No such file");
  EXPECT_FAILURE(read_file(".", every(0.2, 3)), RB_ERR_FILE, "is a folder");
  EXPECT_FAILURE(read_file("/dev/zero", every(0.2, 3)), RB_ERR_FILE, "is not a file");
  if (test_context.rank == 0) (void)mkfifo("observation_pipe", 0600);  // nobody writes into it
  MPI_Barrier(MPI_COMM_WORLD);
  EXPECT_FAILURE(read_file("observation_pipe", every(0.2, 3)), RB_ERR_FILE, "is not a file");
  if (test_context.rank == 0) (void)unlink("observation_pipe");
  static const struct {
    const char *text, *words;
  } wrong[] = {
      {"", "is empty"},
      {"\n# only a comment\n", "is empty"},
      {"time_ms,Vm,spike\n0,-70,0\n", "the header has no column voltage_mV"},
      {"time_ms,voltage_mv,spike\n0,-70,0\n", "no column voltage_mV (but voltage_mv)"},
      {"time_ms,voltage_V,spike\n0,-0.07,0\n", "no column voltage_mV (but voltage_V)"},
      {"time_s,voltage_mV,spike\n0,-70,0\n", "no column time_ms (but time_s)"},
      {"time_ms,voltage (mV),spike\n0,-70,0\n", "no column voltage_mV (but "},
      {"time_ms,voltage_mV,spike,spike\n", "column spike is there twice"},
      {"time_ms,voltage_mV,spike,spikes\n", "column spike is there twice"},
      {"0,-70,0\n0.2,-70,0\n0.4,-70,0\n", ":1: there is no header"},
      {"# a,b,c\n0,-70,0\n", ":1: the header has no column time_ms (but a)"},
      {"#\n0 -70 0\n", "there is no header"},
      {"time_ms,voltage_mV,spike\n0,-70,0\n0.2,-70\n", ":3: has 2 columns where the header has 3"},
      {"time_ms,voltage_mV,spike\n0,-70,0\n0.2,nan,0\n0.4,-70,0\n",
       ":3: voltage_mV is not a number: 'nan'"},
      {"time_ms,voltage_mV,spike\n0,-70,0\n0.2,,0\n0.4,-70,0\n",
       ":3: voltage_mV is not a number: ''"},
      {"time_ms,voltage_mV,spike\n0,-70,0\n0.2,-70,2\n0.4,-70,0\n",
       ":3: spike is 2; it must be 0 or 1"},
      {"time_ms,voltage_mV,spike\n0,-70,0\n0.2,true,0\n0.4,-70,0\n",
       ":3: voltage_mV is not a number: 'true'"},
      {"time_ms;voltage_mV;spike\n0,0;-71,65;0\n",
       ":2: time_ms is not a number: '0,0' (write a decimal point"},
      {"time_ms,voltage_mV,spike\n0,-70,0\n0.2,-70,0\n0.5,-70,0\n",
       ":4: time_ms is 0.5 where steps of 0.2 ms lead to 0.4"},
      {"time_ms,voltage_mV,spike\n0,-7e8,0\n0.2,-70,0\n0.4,-70,0\n",
       ":2: voltage_mV is -7e+08; is that in mV?"},
      {"time_ms,voltage_mV,spike\n0,-70,0\n0.2,1e39,0\n0.4,-70,0\n",
       ":3: voltage_mV is 1e+39: beyond all recordings"},
      {"time_ms,voltage_mV,spike\n0,-.07,0\n0.2,-.06,0\n0.4,-.05,0\n",
       "voltage_mV is nowhere larger than 0.07; is that in mV?"},
      {"time_ms,voltage_mV,spike\n0,-70,0\n0.2,-70,0\n",
       "has 2 samples where the model has 3, 0.2 ms apart"},
      {"time_ms,voltage_mV,spike\r0,-70,0\r0.2,-70,0\r", "has a carriage return within"},
      {"time_ms,voltage_mV,spike\n", "has 0 samples"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    EXPECT_FAILURE(read_text_file(wrong[i].text), RB_ERR_FORMAT, wrong[i].words);
  }
}

static const rb_column current = {.name = "current_pA", .unit = "pA", .least = 1, .most = 1e9};

static rb_status read_current(const char *text, double **pA) {
  const char *path = own_path("_current.csv");
  const rb_sampling sampling = every(0.2, 2);
  int64_t length = 0;
  put(path, text);
  return rb_series_read(&test_context, path, &current, &sampling, &length, pA);
}

static void currents_are_read(void **state) {
  (void)state;
  double *pA = NULL;
  static const char *const forms[] = {
      "200\n210.5\n", "current_pA\n200\n210.5\n", "# current_pA\n200\n210.5\n",
      "time_ms\tcurrent_pA\n0\t200\n0.2\t210.5\n", "voltage_mV current_pA\n-70 200\n-71 210.5\n"};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; ++i) {
    assert_all_ok(read_current(forms[i], &pA));
    assert_all_true(pA[0] == 200 && pA[1] == 210.5);
    free(pA);
  }
  assert_all_ok(read_current("0\n0\n", &pA));
  free(pA);
  static const struct {
    const char *text, *words;
  } wrong[] = {
      {"200\n2x\n", ":2: current_pA is not a number: '2x'"},
      {"200\n", "has 1 samples"},
      {"current_nA\n0.2\n0.21\n", "the header has no column current_pA (but current_nA)"},
      {"# current_nA\n0.2\n0.21\n", "the header has no column current_pA (but current_nA)"},
      {"I\n200\n210\n", "the header has no column current_pA"},
      {"0.2\n0.21\n", "current_pA is nowhere larger than 0.21; is that in pA?"},
      {"time_ms,current_pA\n0,200\n0.1,210\n", ":3: time_ms is 0.1 where steps of 0.2 ms"},
      {"0,200\n0.2,210\n", "there is no header"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    EXPECT_FAILURE(read_current(wrong[i].text, &pA), RB_ERR_FORMAT, wrong[i].words);
  }
}

static void units_of_currents_are_converted(void **state) {
  (void)state;
  double *pA = NULL;
  static const struct {
    const char *unit;
    double size;  // of a picoampere
  } units[] = {{"A", 1e-12},       {"amperes", 1e-12}, {"uA", 1e-6}, {"nA", 1e-3},
               {"nanoamps", 1e-3}, {"pA", 1},          {"fA", 1e3}};
  const stored t = some_time(), s = some_spike();
  const rb_sampling sampling = every(0.2, 3);
  int64_t length = 0;
  for (size_t i = 0; i < sizeof units / sizeof *units; ++i) {
    stored c = {.name = "current_pA", .type = H5T_IEEE_F64LE, .value = {200, 210, -50}};
    c.unit = units[i].unit;
    for (int k = 0; k < 3; ++k) c.value[k] *= units[i].size;
    assert_all_ok(rb_series_read(&test_context, put_hdf5("/", 0, &t, &c, &s), &current, &sampling,
                                 &length, &pA));
    assert_all_true(fabs(pA[0] - 200) < 1e-9 && fabs(pA[1] - 210) < 1e-9 &&
                    fabs(pA[2] + 50) < 1e-9);
    free(pA);
  }
  stored late = some_time(),
         c = {.name = "current_pA", .type = H5T_IEEE_F64LE, .value = {200, 210, -50}};
  late.value[2] = 0.5;
  EXPECT_FAILURE(rb_series_read(&test_context, put_hdf5("/", 0, &late, &c, &s), &current, &sampling,
                                &length, &pA),
                 RB_ERR_FORMAT, "row 2: time_ms is 0.5 where");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(csv_is_read),
                                          cmocka_unit_test(hdf5_is_read),
                                          cmocka_unit_test(booleans_are_read),
                                          cmocka_unit_test(units_are_converted),
                                          cmocka_unit_test(packed_numbers_are_unpacked),
                                          cmocka_unit_test(unsigned_numbers_in_signed_ones),
                                          cmocka_unit_test(wrong_hdf5_is_refused),
                                          cmocka_unit_test(an_absent_filter_is_named),
                                          cmocka_unit_test(a_link_that_leads_nowhere_is_named),
                                          cmocka_unit_test(times_have_to_lie_on_the_grid),
                                          cmocka_unit_test(wrong_observations_are_refused),
                                          cmocka_unit_test(currents_are_read),
                                          cmocka_unit_test(units_of_currents_are_converted)};
RB_TEST_MAIN(tests)
