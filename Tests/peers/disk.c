// A disk that fails on demand. Preloaded into a program (LD_PRELOAD), it stands between that program and the C library
// for the files of one folder, and follows orders that a test writes into shared memory: full, slow, broken, or without
// power.
//
// The power cut. What is written reaches the file at once, so that the program reads it back; what it replaced is kept
// until the file is synced. When the power goes, each file is first brought back to what was synced, and then each write
// since is done again whole, in part (by sectors), or not at all, as the dice fall: a disk promises no more. So with
// names: a file that was made, renamed or removed has its new name for certain only once its folder was synced.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, DESCRIPTORS = 65536, NAME = 512 };

// MARK: Orders

/// Shared with the test. All are off where they are 0; the countdowns stop at the operation that they hit.
struct orders {
  int64_t full;        // 1: no file can grow; 2: nothing can be written at all
  int64_t sync_ms;     // how long each sync takes
  int64_t fail_write;  // so many writes from now the first one fails with EIO, and all after it
  int64_t fail_read;
  int64_t fail_sync;   // so many syncs from now one fails with EIO, and the next ones claim that all is well
  int64_t lies;        // syncs claim to have worked and do nothing
  int64_t cut;         // so many writes and syncs from now the power goes, in the middle of that one
  int64_t seed;
  int64_t writes_fail, reads_fail;  // set once such a countdown is over
  int64_t writes, reads, syncs;     // counted for the test
  char only[64];       // files whose name ends so; all where it is empty
};

static struct orders *orders;
static char folder[NAME];
static int is_powered;  // whether what is not synced is kept track of
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t dice_state;

static uint64_t dice(uint64_t sides) {  // xorshift64*
  dice_state ^= dice_state >> 12, dice_state ^= dice_state << 25, dice_state ^= dice_state >> 27;
  return (dice_state * 2685821657736338717ULL >> 33) % sides;
}

/// True at the operation that a countdown hits.
static int strikes(int64_t *countdown) { return *countdown > 0 && --*countdown == 0; }

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int real_fsync(int descriptor) { REAL(fsync); return real(descriptor); }
static int real_close(int descriptor) { REAL(close); return real(descriptor); }
static int real_unlink(const char *path) { REAL(unlink); return real(path); }
static int real_rename(const char *from, const char *to) { REAL(rename); return real(from, to); }
static int real_open(const char *path, int flags, mode_t mode) { REAL(open64); return real(path, flags, mode); }
static int real_truncate(int descriptor, off_t size) { REAL(ftruncate64); return real(descriptor, size); }
static ssize_t real_read(int descriptor, void *to, size_t count, off_t at) {
  REAL(pread64);
  return real(descriptor, to, count, at);
}
static ssize_t real_write(int descriptor, const void *from, size_t count, off_t at) {
  REAL(pwrite64);
  return real(descriptor, from, count, at);
}

__attribute__((constructor)) static void begin(void) {
  const char *place = getenv("DISK_FOLDER"), *shared = getenv("DISK_ORDERS");
  if (!place || !shared) return;
  int descriptor = real_open(shared, O_RDWR | O_CLOEXEC, 0);
  void *memory = mmap(NULL, sizeof(struct orders), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  real_close(descriptor);
  if (memory == MAP_FAILED) abort();
  snprintf(folder, sizeof folder, "%s", place);
  is_powered = getenv("DISK_POWER") != NULL;
  orders = memory;
  dice_state = (uint64_t)orders->seed * 0x9E3779B97F4A7C15ULL | 1;
}

// MARK: What is not synced

/// A write or a change of size that a power cut may undo.
struct change {
  struct change *before, *after;
  off_t at, size_before, size_after;
  size_t count, old_count;  // what it wrote, and how much of that was there before
  unsigned char *old, *new;
};

struct file {
  struct file *next;
  dev_t device;
  ino_t number;
  int is_folder;
  char path[NAME];
  struct change *first, *last;
};

/// A name that a power cut may undo. `kept` is a second name for what a removal or a rename would destroy.
struct naming {
  struct naming *before;
  enum { MADE, REMOVED, RENAMED } kind;
  char from[NAME], to[NAME], kept[NAME + 64];
};

static struct file *files, *by_descriptor[DESCRIPTORS];
static struct naming *namings;

static int is_ours(const char *path) {
  size_t length = strlen(folder);
  return orders && strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]);
}

static struct file *file_of(int descriptor) {
  return descriptor >= 0 && descriptor < DESCRIPTORS ? by_descriptor[descriptor] : NULL;
}

static int is_meant(const struct file *file) {
  size_t length = strlen(file->path), end = strlen(orders->only);
  return !file->is_folder && length >= end && !strcmp(file->path + length - end, orders->only);
}

static struct file *know(int descriptor, const char *path) {
  struct stat status;
  if (fstat(descriptor, &status) || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) return NULL;
  struct file *file = files;
  while (file && !(file->device == status.st_dev && file->number == status.st_ino)) file = file->next;
  if (!file) {
    file = calloc(1, sizeof *file);
    *file = (struct file){.next = files, .device = status.st_dev, .number = status.st_ino};
    files = file;
  }
  file->is_folder = S_ISDIR(status.st_mode);
  snprintf(file->path, sizeof file->path, "%s", path);
  return file;
}

/// Keeps what a write of `count` bytes (or, with `from` NULL, a new size) replaces.
static void remember(struct file *file, int descriptor, const void *from, size_t count, off_t at) {
  struct stat status;
  if (!is_powered || fstat(descriptor, &status)) return;
  struct change *change = calloc(1, sizeof *change);
  change->size_before = status.st_size;
  if (from) {
    change->at = at, change->count = count;
    change->size_after = at + (off_t)count > status.st_size ? at + (off_t)count : status.st_size;
    change->new = malloc(count);
    memcpy(change->new, from, count);
  } else {
    change->at = change->size_after = at;
    count = at < status.st_size ? (size_t)(status.st_size - at) : 0;  // what the truncation takes away
  }
  change->old = malloc(count + 1);
  ssize_t got = real_read(descriptor, change->old, count, at);
  change->old_count = got > 0 ? (size_t)got : 0;
  change->before = file->last;
  if (file->last) file->last->after = change; else file->first = change;
  file->last = change;
}

static void forget(struct file *file) {
  for (struct change *change = file->first, *after; change; change = after) {
    after = change->after;
    free(change->old), free(change->new), free(change);
  }
  file->first = file->last = NULL;
}

static void remember_name(int kind, const char *from, const char *to) {
  static int number;
  if (!is_powered) return;
  struct naming *naming = calloc(1, sizeof *naming);
  naming->kind = kind, naming->before = namings;
  snprintf(naming->from, NAME, "%s", from);
  snprintf(naming->to, NAME, "%s", to);
  const char *doomed = kind == REMOVED ? from : to;
  if (kind != MADE) {
    snprintf(naming->kept, sizeof naming->kept, "%s/.kept-%d-%d", folder, (int)getpid(), number++);
    if (link(doomed, naming->kept)) naming->kept[0] = 0;
  }
  namings = naming;
}

static void forget_names(void) {
  for (struct naming *naming = namings, *before; naming; naming = before) {
    before = naming->before;
    if (naming->kept[0]) real_unlink(naming->kept);
    free(naming);
  }
  namings = NULL;
}

// MARK: The power goes

static void undo(struct file *file) {
  int descriptor = real_open(file->path, O_RDWR, 0);
  if (descriptor < 0) return;
  for (struct change *change = file->last; change; change = change->before) {
    if (change->old_count) real_write(descriptor, change->old, change->old_count, change->at);
    real_truncate(descriptor, change->size_before);
  }
  int mood = (int)dice(4);  // nothing was written behind the program's back, or all, or each as it happened
  for (struct change *change = file->first; change; change = change->after) {
    int part = mood == 0 ? 0 : mood == 1 ? 2 : (int)dice(3);
    if (part == 0) continue;
    if (!change->new) {
      real_truncate(descriptor, change->size_after);
      continue;
    }
    for (size_t at = 0; at < change->count; at += SECTOR) {
      size_t count = change->count - at < SECTOR ? change->count - at : SECTOR;
      if (part == 2 || dice(2)) real_write(descriptor, change->new + at, count, change->at + (off_t)at);
    }
  }
  real_close(descriptor);
}

/// Nothing more is done by any thread: the lock is kept until the end.
static void cut(void) {
  for (struct file *file = files; file; file = file->next)
    if (!file->is_folder) undo(file);
  for (struct naming *naming = namings; naming; naming = naming->before) {
    if (dice(2)) {
      if (naming->kind == MADE) real_unlink(naming->from);
      if (naming->kind == RENAMED) real_rename(naming->to, naming->from);
      if (naming->kept[0]) real_rename(naming->kept, naming->kind == REMOVED ? naming->from : naming->to);
    } else if (naming->kept[0]) {
      real_unlink(naming->kept);
    }
  }
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// MARK: In the program's way

static int opened(const char *path, int flags, mode_t mode) {
  if (!is_ours(path)) return real_open(path, flags, mode);
  pthread_mutex_lock(&lock);
  int is_new = (flags & O_CREAT) && access(path, F_OK);
  int descriptor = -1;
  if (is_new && orders->full) errno = ENOSPC; else descriptor = real_open(path, flags, mode);
  if (descriptor >= 0 && descriptor < DESCRIPTORS) by_descriptor[descriptor] = know(descriptor, path);
  if (descriptor >= 0 && is_new) remember_name(MADE, path, "");
  pthread_mutex_unlock(&lock);
  return descriptor;
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return opened(path, flags, mode);
}

int close(int descriptor) {
  if (file_of(descriptor)) by_descriptor[descriptor] = NULL;
  return real_close(descriptor);
}

ssize_t pread64(int descriptor, void *to, size_t count, off_t at) {
  struct file *file = file_of(descriptor);
  if (!file || !is_meant(file)) return real_read(descriptor, to, count, at);
  pthread_mutex_lock(&lock);
  orders->reads++;
  if (strikes(&orders->fail_read)) orders->reads_fail = 1;
  int fails = orders->reads_fail != 0;
  pthread_mutex_unlock(&lock);
  if (!fails) return real_read(descriptor, to, count, at);
  errno = EIO;
  return -1;
}

ssize_t pread(int descriptor, void *to, size_t count, off_t at) { return pread64(descriptor, to, count, at); }

ssize_t pwrite64(int descriptor, const void *from, size_t count, off_t at) {
  struct file *file = file_of(descriptor);
  if (!file || !is_meant(file)) return real_write(descriptor, from, count, at);
  pthread_mutex_lock(&lock);
  struct stat status;
  ssize_t written = -1;
  orders->writes++;
  if (strikes(&orders->fail_write)) orders->writes_fail = 1;
  if (orders->writes_fail) {
    errno = EIO;
  } else if (orders->full == 2
             || (orders->full == 1 && !fstat(descriptor, &status) && at + (off_t)count > status.st_size)) {
    errno = ENOSPC;
  } else {
    remember(file, descriptor, from, count, at);
    if (strikes(&orders->cut)) cut();
    written = real_write(descriptor, from, count, at);
  }
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t pwrite(int descriptor, const void *from, size_t count, off_t at) {
  return pwrite64(descriptor, from, count, at);
}

int ftruncate64(int descriptor, off_t size) {
  struct file *file = file_of(descriptor);
  if (!file || !is_meant(file)) return real_truncate(descriptor, size);
  pthread_mutex_lock(&lock);
  struct stat status;
  int result = -1;
  if (orders->full && !fstat(descriptor, &status) && size > status.st_size) {
    errno = ENOSPC;
  } else {
    remember(file, descriptor, NULL, 0, size);
    result = real_truncate(descriptor, size);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }

/// What is synced is never undone; the tests' real disk need not be asked.
int fsync(int descriptor) {
  struct file *file = file_of(descriptor);
  if (!file) return real_fsync(descriptor);
  if (file->is_folder) {
    pthread_mutex_lock(&lock);
    if (strikes(&orders->cut)) cut();
    forget_names();
    pthread_mutex_unlock(&lock);
    return 0;
  }
  if (!is_meant(file)) return 0;
  if (orders->sync_ms) usleep((useconds_t)orders->sync_ms * 1000);
  pthread_mutex_lock(&lock);
  int fails = strikes(&orders->fail_sync);
  orders->syncs++;
  if (strikes(&orders->cut)) cut();
  if (!fails && !orders->lies) forget(file);
  pthread_mutex_unlock(&lock);
  if (!fails) return 0;
  errno = EIO;
  return -1;
}

int fdatasync(int descriptor) { return fsync(descriptor); }

int unlink(const char *path) {
  if (!is_ours(path)) return real_unlink(path);
  pthread_mutex_lock(&lock);
  if (!access(path, F_OK)) remember_name(REMOVED, path, "");
  int result = real_unlink(path);
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char *from, const char *to) {
  if (!is_ours(to)) return real_rename(from, to);
  pthread_mutex_lock(&lock);
  remember_name(RENAMED, from, to);
  int result = real_rename(from, to);
  for (struct file *file = files; file && !result; file = file->next)
    if (!strcmp(file->path, from)) snprintf(file->path, NAME, "%s", to);
  pthread_mutex_unlock(&lock);
  return result;
}
