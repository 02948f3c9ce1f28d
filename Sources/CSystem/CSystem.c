#include "CSystem.h"
#include <sys/resource.h>
#ifdef __linux__
#include <sys/timex.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

static void prepare_sqlite(void) {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  ostler_keep_pages_apart();
}

void ostler_sqlite_prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prepare_sqlite);
}

void ostler_bound_arenas(int count) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, count);
#else
  (void)count;
#endif
}

void ostler_lower_priority(void) {
#ifdef __linux__
  // On Linux this is the thread and not its process.
  setpriority(PRIO_PROCESS, 0, 10);
#endif
}

int ostler_clock_is_kept(void) {
#ifdef __linux__
  struct timex clock = {0};
  return adjtimex(&clock) != TIME_ERROR;
#else
  return 1;
#endif
}

static EVP_MD *sha256;
static void fetch_sha256(void) { sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); }

int ostler_sha256(const void *bytes, size_t count, unsigned char *digest) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, fetch_sha256);
  return sha256 && EVP_Digest(bytes, count, digest, NULL, sha256, NULL);
}

int ostler_bind_text(sqlite3_stmt *statement, int index, const char *text, int bytes) {
  return sqlite3_bind_text(statement, index, text, bytes, SQLITE_TRANSIENT);
}

int ostler_bind_blob(sqlite3_stmt *statement, int index, const void *blob, int bytes) {
  return sqlite3_bind_blob(statement, index, blob, bytes, SQLITE_TRANSIENT);
}
