#include "FaultyDisk.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  char prefix[512], suffix[64];
  int operations, left, is_full, failed;
} plan;

/// A file of SQLite's own file system, with our methods before its own.
struct layered {
  sqlite3_file base;
  const char *name;
  sqlite3_file *real;  // right behind this one
};

static sqlite3_vfs *real_system;

static struct layered *of(sqlite3_file *file) { return (struct layered *)file; }
#define REAL(method, ...) (of(file)->real->pMethods->method(of(file)->real, ##__VA_ARGS__))

/// Counts an operation; true where it is one of those that fail.
static int fails(sqlite3_file *file, int operation) {
  const char *name = of(file)->name;
  if (!name) return 0;
  pthread_mutex_lock(&lock);
  size_t length = strlen(name), end = strlen(plan.suffix);
  int is_meant = plan.operations & operation && !strncmp(name, plan.prefix, strlen(plan.prefix)) && length >= end
                 && !strcmp(name + length - end, plan.suffix);
  int fails = is_meant && (plan.left == 0 || --plan.left == 0);
  plan.failed += fails;
  pthread_mutex_unlock(&lock);
  return fails;
}

static int fault(int code) { return plan.is_full ? SQLITE_FULL : code; }

static int read_(sqlite3_file *file, void *to, int count, sqlite3_int64 at) {
  return fails(file, FAULTY_READ) ? SQLITE_IOERR_READ : REAL(xRead, to, count, at);
}
static int write_(sqlite3_file *file, const void *from, int count, sqlite3_int64 at) {
  return fails(file, FAULTY_WRITE) ? fault(SQLITE_IOERR_WRITE) : REAL(xWrite, from, count, at);
}
static int sync_(sqlite3_file *file, int flags) {
  return fails(file, FAULTY_SYNC) ? SQLITE_IOERR_FSYNC : REAL(xSync, flags);
}

static int close_(sqlite3_file *file) { return REAL(xClose); }
static int truncate_(sqlite3_file *file, sqlite3_int64 size) { return REAL(xTruncate, size); }
static int size_(sqlite3_file *file, sqlite3_int64 *size) { return REAL(xFileSize, size); }
static int lock_(sqlite3_file *file, int level) { return REAL(xLock, level); }
static int unlock_(sqlite3_file *file, int level) { return REAL(xUnlock, level); }
static int is_reserved(sqlite3_file *file, int *result) { return REAL(xCheckReservedLock, result); }
static int control(sqlite3_file *file, int order, void *argument) { return REAL(xFileControl, order, argument); }
static int sector_size(sqlite3_file *file) { return REAL(xSectorSize); }
static int traits(sqlite3_file *file) { return REAL(xDeviceCharacteristics); }
static int map_memory(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
  return REAL(xShmMap, page, size, extend, memory);
}
static int lock_memory(sqlite3_file *file, int at, int count, int flags) { return REAL(xShmLock, at, count, flags); }
static void memory_barrier(sqlite3_file *file) { REAL(xShmBarrier); }
static int unmap_memory(sqlite3_file *file, int remove) { return REAL(xShmUnmap, remove); }

// Version 2: without memory-mapped reading, which no operation here would see.
static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = close_, .xRead = read_, .xWrite = write_, .xTruncate = truncate_, .xSync = sync_,
    .xFileSize = size_, .xLock = lock_, .xUnlock = unlock_, .xCheckReservedLock = is_reserved, .xFileControl = control,
    .xSectorSize = sector_size, .xDeviceCharacteristics = traits, .xShmMap = map_memory, .xShmLock = lock_memory,
    .xShmBarrier = memory_barrier, .xShmUnmap = unmap_memory};

static int open_(sqlite3_vfs *system, const char *name, sqlite3_file *file, int flags, int *flags_out) {
  (void)system;
  of(file)->real = (sqlite3_file *)(of(file) + 1);
  of(file)->name = name;
  int code = real_system->xOpen(real_system, name, of(file)->real, flags, flags_out);
  file->pMethods = of(file)->real->pMethods ? &methods : NULL;
  return code;
}

static int last_error(sqlite3_vfs *system, int size, char *text) {
  (void)system;
  pthread_mutex_lock(&lock);
  int failed = plan.failed;
  pthread_mutex_unlock(&lock);
  return failed ? EIO : real_system->xGetLastError(real_system, size, text);
}

static void install(void) {
  static sqlite3_vfs layer;
  real_system = sqlite3_vfs_find(NULL);
  layer = *real_system;
  layer.zName = "faulty";
  layer.szOsFile = (int)sizeof(struct layered) + real_system->szOsFile;
  layer.xOpen = open_;
  layer.xGetLastError = last_error;
  sqlite3_vfs_register(&layer, 1);
}

void faulty_disk_arm(const char *prefix, const char *suffix, int operations, int nth, int is_full) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  pthread_mutex_lock(&lock);
  snprintf(plan.prefix, sizeof plan.prefix, "%s", prefix);
  snprintf(plan.suffix, sizeof plan.suffix, "%s", suffix);
  plan.operations = operations, plan.left = nth, plan.is_full = is_full, plan.failed = 0;
  pthread_mutex_unlock(&lock);
}

int faulty_disk_disarm(void) {
  pthread_mutex_lock(&lock);
  int failed = plan.failed;
  memset(&plan, 0, sizeof plan);
  pthread_mutex_unlock(&lock);
  return failed;
}
