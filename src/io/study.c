#include "rheobase/io/study.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rheobase/io/folder.h"
#include "rheobase/parallel/agree.h"
#include "slurm.h"

/* Who holds a lock. */
typedef struct owner {
  char host[256];
  long pid;
  unsigned long long start;  // of the process, in ticks since the machine's start
  char job[RB_SLURM_JOB];    // of Slurm; "-" for none
} owner;

enum { PATH_SIZE = RB_STUDY_PATH + 320 };

static void lock_path(const rb_study *study, char *path) {
  (void)snprintf(path, PATH_SIZE, "%s/rheobase.lock", study->folder);
}

// When a process started, which tells two with the same number apart; 0 where /proc does not say.
// @param state its letter, 'Z' for one that has ended but that nobody has asked for; may be NULL
static unsigned long long start_of(long pid, char *state) {
  char path[64];
  char text[1024] = "";
  (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  FILE *stream = fopen(path, "re");
  if (stream == NULL) return 0;
  (void)fread(text, 1, sizeof text - 1, stream);
  (void)fclose(stream);
  // Fields 3 and 22; the second, in parentheses, may hold anything.
  const char *at = strrchr(text, ')');
  if (state != NULL && at != NULL && at[1] == ' ') *state = at[2];
  for (int field = 2; at != NULL && field < 22; ++field) {
    at = strchr(at + 1, ' ');
  }
  return at != NULL ? strtoull(at + 1, NULL, 10) : 0;
}

static owner this_process(void) {
  owner me = {.pid = (long)getpid()};
  (void)gethostname(me.host, sizeof me.host - 1);
  if (me.host[0] == '\0') (void)snprintf(me.host, sizeof me.host, "unknown");
  me.start = start_of(me.pid, NULL);
  rb_slurm_this_job(me.job);
  return me;
}

static void format_owner(const owner *o, char *text, size_t size) {
  (void)snprintf(text, size, "host %s process %ld start %llu job %s\n", o->host, o->pid, o->start,
                 o->job);
}

static bool parse_owner(const char *text, owner *o) {
  return sscanf(text, "host %255s process %ld start %llu job %127s", o->host, &o->pid, &o->start,
                o->job) == 4;
}

static bool read_small(const char *path, char *text, size_t size) {
  FILE *stream = fopen(path, "re");
  if (stream == NULL) return false;
  const size_t length = fread(text, 1, size - 1, stream);
  text[length] = '\0';
  (void)fclose(stream);
  return true;
}

static bool is_stale(const char *text, const owner *me) {
  owner holder;
  if (!parse_owner(text, &holder)) return false;
  if (strcmp(holder.host, me->host) == 0) {
    if (kill((pid_t)holder.pid, 0) != 0 && errno == ESRCH) return true;
    char state = ' ';
    const unsigned long long start = start_of(holder.pid, &state);
    // In a container the first process may never ask for those that were killed.
    if (state == 'Z') return true;
    return start != 0 && holder.start != 0 && start != holder.start;
  }
  // Of a process on another host only Slurm can tell.
  if (strcmp(me->job, "-") == 0 || strcmp(holder.job, "-") == 0) return false;
  return strcmp(holder.job, me->job) == 0 || rb_slurm_has_ended(holder.job, me->job);
}

// Sets a stale lock aside. Two processes may try at once: what was moved has to be what was judged,
// else it is somebody's new lock and is put back.
static void remove_stale(const char *lock, const char *judged, const owner *me) {
  char aside[PATH_SIZE + 256];
  char text[512] = "";
  (void)snprintf(aside, sizeof aside, "%s.stale.%.200s.%ld", lock, me->host, me->pid);
  if (rename(lock, aside) != 0) return;
  if (read_small(aside, text, sizeof text) && strcmp(text, judged) != 0) (void)link(aside, lock);
  (void)unlink(aside);
}

// Creates the lock with its content in one step, so that nobody sees it empty.
// @return 0, or an errno; EEXIST if there is a lock
static int create_lock(const char *lock, const char *text, const owner *me) {
  char mine[PATH_SIZE + 256];
  (void)snprintf(mine, sizeof mine, "%s.%.200s.%ld", lock, me->host, me->pid);
  const int fd = open(mine, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  const ssize_t length = (ssize_t)strlen(text);
  errno = 0;
  int reason = write(fd, text, (size_t)length) == length ? 0 : errno != 0 ? errno : EIO;
  if (close(fd) != 0 && reason == 0) reason = errno;
  if (reason == 0 && link(mine, lock) != 0) reason = errno;
  if (reason == EPERM || reason == EOPNOTSUPP) {  // a file system without hard links
    const int plain = open(lock, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    reason = plain < 0 ? errno : 0;
    if (plain >= 0 && write(plain, text, (size_t)length) != length) reason = EIO;
    if (plain >= 0) (void)close(plain);
  }
  (void)unlink(mine);
  return reason;
}

static rb_status take_lock(rb_context *ctx, rb_study *study) {
  const owner me = this_process();
  char lock[PATH_SIZE];
  char mine[512];
  char holder[512] = "";
  lock_path(study, lock);
  format_owner(&me, mine, sizeof mine);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const int reason = create_lock(lock, mine, &me);
    if (reason == 0) {
      memcpy(study->owner, mine, sizeof mine);
      return RB_OK;
    }
    if (reason != EEXIST) {
      return RB_FAIL(ctx, RB_ERR_FILE, "%s: cannot be written: %s", study->folder,
                     strerror(reason));
    }
    holder[0] = '\0';
    if (!read_small(lock, holder, sizeof holder)) continue;  // just released
    if (!is_stale(holder, &me)) break;
    remove_stale(lock, holder, &me);
  }
  holder[strcspn(holder, "\n")] = '\0';
  return RB_FAIL(ctx, RB_ERR_STUDY,
                 "%s: another job works in this folder (%s); if it does not run any more, delete "
                 "%s",
                 study->folder, holder, lock);
}

rb_status rb_study_open(rb_context *ctx, const char *folder, rb_study *study) {
  rb_status status = RB_OK;
  *study = (rb_study){0};
  if (*folder == '\0' || strlen(folder) >= sizeof study->folder) {
    return RB_FAIL(ctx, RB_ERR_FILE, "the name of the study's folder is empty or too long");
  }
  (void)snprintf(study->folder, sizeof study->folder, "%s", folder);
  if (ctx->rank == 0) {
    status = rb_folder_make(ctx, folder, &study->made);
    if (status == RB_OK) status = take_lock(ctx, study);
  }
  return rb_agree(ctx, status);
}

void rb_study_close(rb_context *ctx, rb_study *study) {
  char lock[PATH_SIZE];
  char text[512];
  if (ctx->rank != 0) return;
  lock_path(study, lock);
  if (study->owner[0] != '\0' && read_small(lock, text, sizeof text) &&
      strcmp(text, study->owner) == 0) {
    (void)unlink(lock);
  }
  rb_folder_unmake(study->folder, study->made);
  *study = (rb_study){0};
}
