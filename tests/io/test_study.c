#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "rb_test.h"
#include "rheobase/io/folder.h"
#include "rheobase/io/provenance.h"
#include "rheobase/io/settings.h"
#include "rheobase/io/study.h"

static char folder[64];
static char lock[128];

static int set_up(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "study_%d/inner", test_context.size);
  (void)snprintf(lock, sizeof lock, "%s/rheobase.lock", folder);
  if (test_context.rank == 0) (void)unlink(lock);
  MPI_Barrier(test_context.comm);
  return 0;
}

static bool locked(void) {
  int there = access(lock, F_OK) == 0;
  MPI_Bcast(&there, 1, MPI_INT, 0, test_context.comm);
  return there != 0;
}

static void a_folder_is_made_and_locked(void **state) {
  (void)state;
  rb_study study;
  rb_study second;
  assert_all_ok(rb_study_open(&test_context, folder, &study));
  assert_all_true(locked());
  EXPECT_FAILURE(rb_study_open(&test_context, folder, &second), RB_ERR_STUDY,
                 "another job works in this folder (host ");
  rb_study_close(&test_context, &second);
  assert_all_true(locked());
  rb_study_close(&test_context, &study);
  assert_all_true(!locked());
  rb_study_close(&test_context, &study);
}

// Opens the folder with a lock of `host`, `pid`, `start` and `job` in it.
static rb_status open_with_lock(const char *host, long pid, const char *start, const char *job) {
  char text[512];
  char here[256];
  (void)gethostname(here, sizeof here);
  (void)snprintf(text, sizeof text, "host %s process %ld start %s job %s\n",
                 host != NULL ? host : here, pid, start, job);
  if (test_context.rank == 0) {
    int made = 0;
    assert_int_equal(rb_folder_make(&test_context, folder, &made), RB_OK);
    write_text(lock, text);
  }
  MPI_Barrier(test_context.comm);
  rb_study study;
  const rb_status status = rb_study_open(&test_context, folder, &study);
  rb_study_close(&test_context, &study);
  return status;
}

static long dead_process(void) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  (void)waitpid(child, NULL, 0);
  return (long)child;
}

// A process that has ended without its parent's asking for it, with its start; to be waited for.
static pid_t zombie(char start[32]) {
  char path[64];
  char text[1024] = "";
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info;
  (void)waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
  (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)child);
  FILE *stream = fopen(path, "re");
  assert_non_null(stream);
  (void)fread(text, 1, sizeof text - 1, stream);
  (void)fclose(stream);
  assert_int_equal(sscanf(strrchr(text, ')'),
                          ") Z %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d "
                          "%*d %*d %31s",
                          start),
                   1);
  return child;
}

static void stale_locks_are_taken_over(void **state) {
  (void)state;
  (void)unsetenv("SLURM_JOB_ID");
  char start[32];
  const pid_t child = zombie(start);
  assert_all_ok(open_with_lock(NULL, (long)child, start, "-"));
  (void)waitpid(child, NULL, 0);
  assert_all_ok(open_with_lock(NULL, dead_process(), "5", "-"));
  // The number of a living process that began at another time: rank 0's own.
  assert_all_ok(open_with_lock(NULL, (long)getpid(), "1", "-"));
  EXPECT_FAILURE(open_with_lock("elsewhere", dead_process(), "5", "77"), RB_ERR_STUDY,
                 "host elsewhere");
  EXPECT_FAILURE(open_with_lock("elsewhere", 5, "5", "-"), RB_ERR_STUDY, "delete study_");
  (void)setenv("SLURM_JOB_ID", "77", 1);
  assert_all_ok(open_with_lock("elsewhere", 5, "5", "77"));
  EXPECT_FAILURE(open_with_lock("elsewhere", 5, "5", "78"), RB_ERR_STUDY, "job 78");
  (void)unsetenv("SLURM_JOB_ID");
}

/* The tests on one and on two ranks run at the same time. @param path (64) */
static void own_path(const char *stem, char *path) {
  (void)snprintf(path, 64, "study_%s_%d", stem, test_context.size);
}

// A squeue that knows job 70 as running, 71 as ended, 72 no more, and fails for others.
static void write_squeue(const char *bin) {
  if (test_context.rank == 0) {
    char squeue[80];
    (void)snprintf(squeue, sizeof squeue, "%s/squeue", bin);
    (void)mkdir(bin, 0777);
    write_text(squeue,
               "#!/bin/sh\n"
               "[ \"$1 $2 $3\" = \"--noheader --format=%T --jobs\" ] || exit 9\n"
               "case $4 in\n"
               "70) echo RUNNING ;;\n"
               "71) ;;\n"
               "72) echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1 ;;\n"
               "*) echo 'Unable to contact slurm controller' >&2; exit 1 ;;\n"
               "esac\n");
    (void)chmod(squeue, 0777);
  }
  MPI_Barrier(test_context.comm);
}

static void slurm_is_asked_about_other_jobs(void **state) {
  (void)state;
  char path[4096], with_squeue[4200], bin[64];
  own_path("bin", bin);
  (void)snprintf(path, sizeof path, "%s", getenv("PATH"));
  (void)snprintf(with_squeue, sizeof with_squeue, "%s:%s", bin, path);
  write_squeue(bin);
  (void)setenv("SLURM_JOB_ID", "77", 1);
  (void)setenv("SLURM_CLUSTER_NAME", "here", 1);
  (void)setenv("PATH", with_squeue, 1);
  EXPECT_FAILURE(open_with_lock("elsewhere", 5, "5", "70@here"), RB_ERR_STUDY, "job 70@here");
  assert_all_ok(open_with_lock("elsewhere", 5, "5", "71@here"));
  assert_all_ok(open_with_lock("elsewhere", 5, "5", "72@here"));
  assert_all_ok(open_with_lock("elsewhere", 5, "5", "77@here"));
  EXPECT_FAILURE(open_with_lock("elsewhere", 5, "5", "73@here"), RB_ERR_STUDY, "job 73@here");
  EXPECT_FAILURE(open_with_lock("elsewhere", 5, "5", "71@there"), RB_ERR_STUDY, "job 71@there");
  EXPECT_FAILURE(open_with_lock("elsewhere", 5, "5", "71"), RB_ERR_STUDY, "job 71");
  EXPECT_FAILURE(open_with_lock("elsewhere", 5, "5", "x71@here"), RB_ERR_STUDY, "job x71");
  (void)setenv("PATH", "study_none", 1);
  EXPECT_FAILURE(open_with_lock("elsewhere", 5, "5", "71@here"), RB_ERR_STUDY, "job 71@here");
  (void)setenv("PATH", path, 1);
  (void)unsetenv("SLURM_CLUSTER_NAME");
  (void)unsetenv("SLURM_JOB_ID");
}

static void folders_that_cannot_be(void **state) {
  (void)state;
  rb_study study;
  char file[64], within[80];
  own_path("file", file);
  (void)snprintf(within, sizeof within, "%s/x", file);
  if (test_context.rank == 0) write_text(file, "x");
  MPI_Barrier(test_context.comm);
  EXPECT_FAILURE(rb_study_open(&test_context, file, &study), RB_ERR_FILE, file);
  EXPECT_FAILURE(rb_study_open(&test_context, within, &study), RB_ERR_FILE,
                 "cannot be created: Not a directory");
  EXPECT_FAILURE(rb_study_open(&test_context, "/proc/rheobase", &study), RB_ERR_FILE,
                 "/proc/rheobase: cannot be created");
  EXPECT_FAILURE(rb_study_open(&test_context, "/proc/self", &study), RB_ERR_FILE,
                 "/proc/self: cannot be written");
  EXPECT_FAILURE(rb_study_open(&test_context, "", &study), RB_ERR_FILE, "empty");
}

static rb_status write_product(const char *path, const rb_recipe *recipe) {
  rb_status status = RB_OK;
  rb_file *file = NULL;
  const rb_provenance provenance = {"seed = 45;\n", 45, MPI_Wtime(), test_context.size};
  RB_TRY(rb_file_create(&test_context, path, "product", 1, &file));
  RB_TRY(rb_recipe_write(&test_context, file, recipe));
  RB_TRY(rb_provenance_write(&test_context, file, &provenance));
  RB_TRY(rb_file_commit(&test_context, &file));
cleanup:
  rb_file_abort(&test_context, &file);
  return status;
}

static void recipes_are_compared(void **state) {
  (void)state;
  char path[64];
  char why[RB_STUDY_WHY];
  rb_product_state found;
  const rb_recipe recipe = {"seed = 45\ntraining.epochs = 10\n", 7, NULL};
  const rb_recipe longer = {"seed = 45\ntraining.epochs = 20\n", 7, NULL};
  const rb_recipe other_data = {"seed = 45\ntraining.epochs = 10\n", 8, NULL};
  (void)snprintf(path, sizeof path, "product_%d.h5", test_context.size);
  if (test_context.rank == 0) (void)unlink(path);
  MPI_Barrier(test_context.comm);
  assert_all_ok(rb_recipe_check(&test_context, path, "product", 1, &recipe, &found, why));
  assert_all_true(found == RB_PRODUCT_ABSENT);
  assert_all_ok(write_product(path, &recipe));
  assert_all_ok(rb_recipe_check(&test_context, path, "product", 1, &recipe, &found, why));
  assert_all_true(found == RB_PRODUCT_CURRENT);
  assert_all_ok(rb_recipe_check(&test_context, path, "product", 1, &longer, &found, why));
  assert_all_true(found == RB_PRODUCT_DIFFERENT &&
                  strcmp(why, "training.epochs was 10 and is 20 now") == 0);
  assert_all_ok(rb_recipe_check(&test_context, path, "product", 1, &other_data, &found, why));
  assert_all_true(found == RB_PRODUCT_DIFFERENT && strstr(why, "files it was made from") != NULL);
  assert_all_ok(rb_recipe_check(&test_context, path, "product", 2, &recipe, &found, why));
  assert_all_true(found == RB_PRODUCT_DIFFERENT && strstr(why, "has version 1") != NULL);

  rb_file *file = NULL;
  uint64_t digest = 0;
  assert_all_ok(rb_file_open(&test_context, path, "product", 1, &file));
  assert_all_ok(rb_recipe_read_digest(&test_context, file, &digest));
  assert_all_true(digest == rb_recipe_digest(&recipe) && digest != rb_recipe_digest(&other_data));
  rb_file_close(&file);

  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) write_text(path, "no more");
  MPI_Barrier(test_context.comm);
  assert_all_ok(rb_recipe_check(&test_context, path, "product", 1, &recipe, &found, why));
  assert_all_true(found == RB_PRODUCT_DIFFERENT && strstr(why, "not a whole HDF5 file") != NULL);
  assert_all_true(test_context.error.code == RB_OK);
}

static void origins_are_listed(void **state) {
  (void)state;
  char path[64], *list = NULL, *read = NULL;
  size_t size = 0;
  rb_file *file = NULL;
  rb_origin origin;
  FILE *out = open_memstream(&list, &size);
  assert_non_null(out);
  rb_recipe_add_file(out, 0x12, NULL, "checkpoint.h5");
  rb_recipe_add_file(out, UINT64_MAX, "--observation", "a folder/- 2\n.csv");
  (void)fclose(out);
  const rb_recipe recipe = {"seed = 45\n", 7, list};
  (void)snprintf(path, sizeof path, "origins_%d.h5", test_context.size);
  assert_all_ok(write_product(path, &recipe));
  assert_all_ok(rb_file_open(&test_context, path, "product", 1, &file));
  assert_all_ok(rb_recipe_read_made_from(&test_context, file, &read));
  const char *line = rb_recipe_next_file(read, &origin);
  assert_all_true(line != NULL && origin.digest == 0x12 && origin.option[0] == '\0' &&
                  strcmp(origin.name, "checkpoint.h5") == 0);
  line = rb_recipe_next_file(line, &origin);
  assert_all_true(line != NULL && origin.digest == UINT64_MAX &&
                  strcmp(origin.option, "--observation") == 0 &&
                  strcmp(origin.name, "a folder/- 2?.csv") == 0);
  assert_all_true(rb_recipe_next_file(line, &origin) == NULL);
  static const char *const damaged[] = {"12 - a", "00000000000000zz - a", "0000000000000012",
                                        "0000000000000012 ", "0000000000000012 -\n"};
  for (size_t k = 0; k < sizeof damaged / sizeof *damaged; ++k) {
    assert_null(rb_recipe_next_file(damaged[k], &origin));
  }
  rb_file_close(&file);
  free(list);
  free(read);
}

static void empty_folders_are_removed(void **state) {
  (void)state;
  rb_study study;
  char top[64], deep[128];
  (void)snprintf(top, sizeof top, "made_%d", test_context.size);
  (void)snprintf(deep, sizeof deep, "%s//b/c/", top);
  assert_all_ok(rb_study_open(&test_context, deep, &study));
  rb_study_close(&test_context, &study);
  MPI_Barrier(test_context.comm);
  assert_all_true(access(top, F_OK) != 0);
  // What was there before stays, and so does what holds something.
  assert_all_true(test_context.rank != 0 || mkdir(top, 0777) == 0);
  assert_all_ok(rb_study_open(&test_context, deep, &study));
  rb_study_close(&test_context, &study);
  MPI_Barrier(test_context.comm);
  assert_all_true(access(top, F_OK) == 0);
  (void)snprintf(deep, sizeof deep, "%s/b", top);
  assert_all_true(access(deep, F_OK) != 0);
  MPI_Barrier(test_context.comm);
  if (test_context.rank == 0) (void)rmdir(top);
}

static void provenance_is_complete(void **state) {
  (void)state;
  char path[64];
  rb_file *file = NULL;
  const rb_recipe recipe = {"seed = 45\n", 0, NULL};
  (void)snprintf(path, sizeof path, "provenance_%d.h5", test_context.size);
  assert_all_ok(write_product(path, &recipe));
  assert_all_ok(rb_file_open(&test_context, path, "product", 1, &file));
  for (const rb_field *field = rb_provenance_fields; field->path != NULL; ++field) {
    assert_all_true(rb_file_has(file, field->path));
  }
  int64_t ranks = 0;
  assert_all_ok(
      rb_file_read(&test_context, file, "provenance/ranks", RB_I64, false, 0, NULL, &ranks));
  char *text = NULL;
  assert_all_ok(rb_file_read_text(&test_context, file, "provenance/input", &text));
  assert_all_true(ranks == test_context.size && strcmp(text, "seed = 45;\n") == 0);
  free(text);
  char versions[RB_VERSIONS_SIZE];
  rb_library_versions(versions);
  assert_all_true(strstr(versions, "HDF5 1.") && strstr(versions, "MPI: ") &&
                  strstr(versions, "GSL ") && strstr(versions, "OpenBLAS") &&
                  strstr(versions, "libconfig 1.") && strstr(versions, "ScaLAPACK "));
  rb_file_close(&file);
}

static void files_are_hashed(void **state) {
  (void)state;
  char path[64];
  uint64_t digest = 0;
  (void)snprintf(path, sizeof path, "hash_%d", test_context.size);
  if (test_context.rank == 0) write_text(path, "foobar");
  assert_all_ok(rb_study_hash_file(&test_context, path, &digest));
  assert_all_true(digest == UINT64_C(0x85944171f73967e8));
  EXPECT_FAILURE(rb_study_hash_file(&test_context, "absent", &digest), RB_ERR_FILE, "absent");
  EXPECT_FAILURE(rb_study_hash_file(&test_context, ".", &digest), RB_ERR_FILE, "is a folder");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(a_folder_is_made_and_locked, set_up),
    cmocka_unit_test_setup(stale_locks_are_taken_over, set_up),
    cmocka_unit_test_setup(slurm_is_asked_about_other_jobs, set_up),
    cmocka_unit_test(folders_that_cannot_be),
    cmocka_unit_test(recipes_are_compared),
    cmocka_unit_test(origins_are_listed),
    cmocka_unit_test(empty_folders_are_removed),
    cmocka_unit_test(provenance_is_complete),
    cmocka_unit_test(files_are_hashed)};
RB_TEST_MAIN(tests)
